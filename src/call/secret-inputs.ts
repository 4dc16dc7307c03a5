/** Invariant: a secret that a caller gives in the clear is known to the redactor before anything is refused, recorded or asked. */
import type { KeyObject } from 'node:crypto';
import { hashArguments } from './canonical.ts';
import type { Operation } from './operation.ts';
import type { Redactor } from './redact.ts';

type Secretive = Pick<Operation, 'secretInputs'>;

/** @param raw not parsed yet: also what is refused must not be shown */
export function hideSecretInputs({ secretInputs }: Secretive, raw: unknown, redactor: Pick<Redactor, 'register'>): void {
  if (typeof raw !== 'object' || raw === null) return;
  for (const name of secretInputs) {
    const value: unknown = Object.hasOwn(raw, name) ? (raw as Record<string, unknown>)[name] : undefined;
    if (typeof value === 'string') redactor.register(value);
  }
}

/** The arguments as a person may read them and an approval is bound to them: secrets by their keyed hash. */
export function sealSecretInputs(
  { secretInputs }: Secretive,
  input: Readonly<Record<string, unknown>>,
  key: KeyObject,
): Readonly<Record<string, unknown>> {
  if (secretInputs.every((name) => input[name] === undefined)) return input;
  return Object.fromEntries(
    Object.entries(input).map(([name, value]) => [name, secretInputs.includes(name) ? `hmac-sha256:${hashArguments(key, value)}` : value]),
  );
}
