import { cleanDeep } from './canonical.ts';
import { CallError } from './errors.ts';
import type { Operation } from './operation.ts';
import type { Redactor } from './redact.ts';

/**
 * Step 9: the declared shape and nothing else, secrets masked, text from outside cleaned.
 * @throws CallError `internal` when a provider's answer does not fit the declared output
 */
export function projectOutput(operation: Operation, result: unknown, redactor: Redactor): Record<string, unknown> {
  const parsed = operation.output.safeParse(result);
  if (!parsed.success) {
    throw new CallError('internal', `${operation.name} got an answer that does not fit its declared output.`, {
      remedy: 'This is a fault of ziggie-cloud; report it with the call id. Check the target before calling again.',
      cause: parsed.error,
    });
  }
  const shown = dropEmpty(parsed.data);
  const output = redactor.value(shown) as Record<string, unknown>;
  for (const name of operation.namesOnly) setAt(output, name, redactor.value(memberOf(shown, name)));
  for (const name of operation.presigned) setAt(output, name, memberOf(shown, name));
  for (const { path, limit } of operation.untrusted) cleanAt(output, path.split('.'), limit);
  return output;
}

/** Undefined and null members only cost the reader tokens. */
function dropEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropEmpty);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (inner === undefined || inner === null ? [] : [[key, dropEmpty(inner)]])),
  );
}

function cleanAt(holder: unknown, [head, ...rest]: readonly string[], limit: number): void {
  if (typeof holder !== 'object' || holder === null || head === undefined) return;
  const record = holder as Record<string, unknown>;
  for (const key of head === '*' ? Object.keys(record) : [head]) {
    if (rest.length > 0) cleanAt(record[key], rest, limit);
    else if (record[key] !== undefined) record[key] = cleanDeep(record[key], limit);
  }
}

/** What is marked as an exception stands at the root of an output, under a name. */
function memberOf(output: unknown, name: string): unknown {
  return (output as Record<string, unknown>)[name];
}

function setAt(output: Record<string, unknown>, name: string, value: unknown): void {
  if (value !== undefined) output[name] = value;
}
