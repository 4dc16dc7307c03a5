/**
 * Invariant: a secret that a caller gives in the clear is in no record and no approval, and the whole process masks it from the moment
 * on at which policy has allowed the call: before that, anybody could have any word masked for everybody.
 */
import type { KeyObject } from 'node:crypto';
import { hashArguments } from './canonical.ts';
import type { Operation } from './operation.ts';
import { createRedactor, type Redactor } from './redact.ts';

type Secretive = Pick<Operation, 'secretInputs'>;
type Arguments = Readonly<Record<string, unknown>>;

/** What the caller gave as a secret, parsed or not. */
function secretsIn({ secretInputs }: Secretive, input: unknown): string[] {
  if (typeof input !== 'object' || input === null) return [];
  return secretInputs.flatMap((name) => {
    const value: unknown = Object.hasOwn(input, name) ? (input as Arguments)[name] : undefined;
    return typeof value === 'string' ? [value] : [];
  });
}

export function hideSecretInputs(operation: Secretive, input: unknown, redactor: Pick<Redactor, 'register'>): void {
  for (const secret of secretsIn(operation, input)) redactor.register(secret);
}

/** A redactor that knows what this one call gave as a secret, and what looks like one. It says the same in every process. */
export function redactorOf(operation: Secretive | undefined, input: unknown): Pick<Redactor, 'value'> {
  const redactor = createRedactor();
  if (operation) hideSecretInputs(operation, input, redactor);
  const names = operation?.secretInputs ?? [];
  return {
    value<T>(value: T): T {
      const masked = redactor.value(value);
      if (names.length === 0 || typeof masked !== 'object' || masked === null || Array.isArray(masked)) return masked;
      return Object.fromEntries(Object.entries(masked).map(([name, inner]) => [name, names.includes(name) ? '[redacted]' : inner])) as T;
    },
  };
}

/**
 * The arguments as a person may read them and an approval is bound to them: what was given as a secret by its keyed hash, and a text in
 * which something looks like one with that masked, and the hash of the whole behind it.
 */
export function sealSecretInputs(operation: Secretive, input: Arguments, key: KeyObject): Arguments {
  const masked = redactorOf(operation, input).value(input);
  return sealed(input, masked, key) as Arguments;
}

/** Whether a text that is not a secret input would be shown with parts of it masked. */
export function hasMaskedText(operation: Secretive, input: Arguments): boolean {
  const texts = Object.fromEntries(Object.entries(input).filter(([name]) => !operation.secretInputs.includes(name)));
  return JSON.stringify(redactorOf(operation, input).value(texts)) !== JSON.stringify(texts);
}

function sealed(plain: unknown, masked: unknown, key: KeyObject): unknown {
  if (Array.isArray(plain) && Array.isArray(masked)) return plain.map((inner, index) => sealed(inner, masked[index], key));
  if (typeof plain === 'object' && plain !== null && typeof masked === 'object' && masked !== null) {
    const shown = Object.entries(masked);
    return Object.fromEntries(
      Object.entries(plain).map(([name, inner], index) => [shown[index]?.[0] ?? name, sealed(inner, shown[index]?.[1], key)]),
    );
  }
  if (plain === masked) return plain;
  const hash = `hmac-sha256:${hashArguments(key, plain)}`;
  return typeof masked === 'string' && masked !== '[redacted]' ? `${masked} (${hash})` : hash;
}
