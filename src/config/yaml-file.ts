import { readFileSync } from 'node:fs';
import { isMap, isScalar, LineCounter, type ParsedNode, parseDocument } from 'yaml';
import { z } from 'zod';
import { ConfigError, type ConfigProblem, didYouMean } from './problem.ts';

/**
 * Reads a YAML file and checks it against a strict schema.
 * @throws ConfigError with file, line, column and a suggestion for each problem
 */
export function readYamlFile<S extends z.ZodType>(file: string, schema: S): z.output<S> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError([{ file, message: `cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}` }]);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const at = (offset: number | undefined) => {
    const { line, col } = lines.linePos(offset ?? 0);
    return { file, line, column: col };
  };
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map((error) => ({ ...at(error.pos[0]), message: error.message.split('\n')[0] ?? error.message })),
    );
  }
  const parsed = schema.safeParse(document.toJS() ?? {});
  if (parsed.success) return parsed.data;
  throw new ConfigError(parsed.error.issues.flatMap((issue) => describe(issue, document.contents, schema, at)));
}

function describe(
  issue: z.core.$ZodIssue,
  root: ParsedNode | null,
  schema: z.ZodType,
  at: (offset: number | undefined) => { file: string; line: number; column: number },
): ConfigProblem[] {
  const { node, offset } = locate(root, issue.path);
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(schema, issue.path);
    return issue.keys.map((key) => {
      const pair = isMap(node) ? node.items.find((item) => isScalar(item.key) && item.key.value === key) : undefined;
      const place = at((pair?.key as ParsedNode | undefined)?.range?.[0] ?? offset);
      const suggestion = didYouMean(key, known) ?? (known.length > 0 ? `known keys: ${known.join(', ')}` : undefined);
      return { ...place, message: `unknown key "${key}"`, ...(suggestion ? { suggestion } : {}) };
    });
  }
  const where = issue.path.length > 0 ? `${issue.path.join('.')}: ` : '';
  return [{ ...at(offset), message: `${where}${issue.message}` }];
}

/** The node at a path, or the deepest that exists, and where it starts. */
function locate(root: ParsedNode | null, path: readonly PropertyKey[]): { node: unknown; offset: number | undefined } {
  let node: unknown = root;
  let offset = root?.range?.[0];
  for (const key of path) {
    const next = (node as { get?: (key: PropertyKey, keep: true) => unknown } | null)?.get?.(key, true);
    if (next === undefined) break;
    node = next;
    offset = (next as ParsedNode).range?.[0] ?? offset;
  }
  return { node, offset };
}

/** Keys that the schema knows at a path. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const def = schema.def as { innerType?: z.ZodType; element?: z.ZodType; valueType?: z.ZodType };
  if (def.innerType) return keysAt(def.innerType, path);
  const [head, ...rest] = path;
  if (schema instanceof z.ZodObject) {
    if (head === undefined) return Object.keys(schema.shape);
    const field = schema.shape[String(head)];
    return field ? keysAt(field as z.ZodType, rest) : [];
  }
  const inner = def.element ?? def.valueType;
  return inner && head !== undefined ? keysAt(inner, rest) : [];
}
