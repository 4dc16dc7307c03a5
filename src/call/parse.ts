import type { z } from 'zod';
import { findUncanonical } from './canonical.ts';
import { CallError } from './errors.ts';
import type { Operation } from './operation.ts';
import { referencesIn, type SecretReference } from './secret-references.ts';

export interface ParsedInput {
  /** Without `dryRun`. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly dryRun: boolean;
  /** Secrets that it refers to. */
  readonly references: readonly SecretReference[];
}

/** Finds an operation by its name. */
export function findOperation(
  operations: ReadonlyMap<string, Operation>,
  name: string,
  nearest: (name: string) => string | undefined,
): Operation {
  const operation = operations.get(name);
  if (operation) return operation;
  const what = /^(\w+):/.exec(name)?.[1];
  if (what !== undefined) {
    // Resource addresses and prompt names come this way when nothing stands behind them.
    throw new CallError(
      'unknown_operation',
      `There is no ${what === 'prompt' ? 'prompt' : 'resource'} ${JSON.stringify(name.slice(0, 100))}.`,
      {
        remedy: `List the ${what === 'prompt' ? 'prompts' : 'resources and their templates'} and use one of them.`,
        effect: 'none',
      },
    );
  }
  const suggestion = nearest(name);
  throw new CallError('unknown_operation', `There is no tool ${JSON.stringify(name.slice(0, 60))}.`, {
    remedy: suggestion ? `Did you mean ${suggestion}?` : 'List the tools and use one of their names.',
    effect: 'none',
  });
}

/** Step 2: strict, canonical, complete. Nothing that is not declared gets past it. */
export function parseInput(operation: Operation, raw: unknown): ParsedInput {
  const uncanonical = findUncanonical(raw, operation.freeText);
  if (uncanonical) throw invalid(`${uncanonical.path} ${uncanonical.problem}.`, operation);
  const parsed = operation.input.safeParse(raw ?? {});
  if (!parsed.success) throw invalid(parsed.error.issues.slice(0, 5).map(describeIssue).join('; '), operation);
  const { dryRun, ...input } = parsed.data;
  const problem = operation.check?.(input);
  if (problem) throw invalid(problem, operation);
  return { input, dryRun: dryRun === true, references: referencesIn(input, operation.secretReferences, operation.freeText) };
}

/** Keys are short printable ASCII, so that every store can hold them. */
export function parseIdempotencyKey(key: unknown): string | undefined {
  if (key === undefined || (typeof key === 'string' && /^[\x21-\x7e]{1,128}$/.test(key))) return key;
  throw new CallError('invalid_input', 'ziggie/idempotencyKey is not a key.', {
    remedy: 'Use 1 to 128 printable ASCII characters without spaces, such as a UUID.',
    effect: 'none',
  });
}

function invalid(problem: string, operation: Operation): CallError {
  const keys = Object.keys(operation.input.shape).join(', ');
  return new CallError('invalid_input', `${operation.name}: ${problem}`, {
    remedy: keys ? `Correct the arguments and call again; ${operation.name} takes: ${keys}.` : `${operation.name} takes no arguments.`,
    effect: 'none',
  });
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const where = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') return `unknown key ${issue.keys.map((key) => JSON.stringify(key.slice(0, 60))).join(', ')}`;
  // Without a colon: behind the name of a secret the redaction would take the words for its value.
  return where ? `${where} – ${issue.message}` : issue.message;
}
