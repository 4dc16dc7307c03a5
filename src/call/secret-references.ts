/**
 * Invariant: a reference is replaced by its value only in arguments that are declared to take one, only after the intent is on
 * disk, and only when policy lets the principal use that secret, besides the call itself.
 */
import type { Resolved, SecretTarget, Target, TargetRef } from '../ports/domain.ts';
import { covers } from './canonical.ts';
import { CallError } from './errors.ts';

/** The operation that policy is asked about for each secret that a call refers to. */
export const useSecret = 'secrets_use';
/** What that operation declares for looking a secret up, whatever the operation of the call declares. */
export const useSecretFacts = 'secretsmanager:DescribeSecret';

export interface SecretReference {
  readonly name: string;
  /** Member of a JSON secret; absent: the whole value. */
  readonly field?: string;
}

/** Names as Secrets Manager takes them, without the ARN form: `ziggie/db`. */
const nameForm = /^[A-Za-z0-9/_+=.@-]{1,256}$/;
const short = /^secret:\/\/([^#]*)(?:#(.*))?$/s;
/** The form of CloudFormation's dynamic references (AWS CloudFormation User Guide, "Secrets Manager secrets"). */
const dynamic = /\{\{resolve:([^{}]*)\}\}/g;

/**
 * Every secret that an input refers to, each once.
 * @param paths where references are taken
 * @param texts paths of bulky text, in which what looks like a reference is somebody's text
 * @throws CallError `invalid_input` for a reference that cannot be read, or that stands where none is taken
 */
export function referencesIn(input: unknown, paths: readonly string[], texts: readonly string[] = []): SecretReference[] {
  const found = new Map<string, SecretReference>();
  eachText(input, [], (text, path) => {
    if (paths.some((pattern) => covers(pattern, path))) {
      for (const reference of referencesOf(text)) found.set(keyOf(reference), reference);
    } else if (text.includes('{{resolve:') && !texts.some((pattern) => covers(pattern, path))) {
      throw invalid(`${path.join('.')} does not take a reference to a secret.`, 'Give a plain value here.');
    }
  });
  return [...found.values()];
}

/** The one secret that a text names, for arguments that are a reference and nothing else. */
export function parseReference(text: string): SecretReference | undefined {
  const [reference, more] = referencesOf(text);
  const whole = short.test(text) || /^\{\{[^{}]*\}\}$/.test(text);
  return whole && !more ? reference : undefined;
}

/** Where to look for it: beside the target of the call. */
export function toRef({ name }: SecretReference, beside: Target | undefined): TargetRef<'Secret'> {
  // Secrets are AWS's: beside a target elsewhere they are looked for in every place that is configured.
  const place = beside && 'provider' in beside && beside.provider === 'aws' ? beside : undefined;
  const account = place?.account;
  const region = place && 'region' in place ? place.region : undefined;
  return { type: 'Secret', name, ...(account ? { account } : {}), ...(region ? { region } : {}) };
}

/** Secrets that a target itself refers to, by what configuration says of it. */
export function referencesOfTargets(targets: readonly Target[]): SecretReference[] {
  const texts = targets.flatMap((target) => ('secretReferences' in target ? target.secretReferences : []));
  return referencesIn(texts, ['*']);
}

/** Reads the value, or a member of it; the redaction knows it from then on. */
export type ReadSecret = (secret: Resolved<SecretTarget>, field: string | undefined) => Promise<string>;

/** One text with values in the places of references. */
export async function fillText(text: string, secrets: readonly Resolved<SecretTarget>[], read: ReadSecret): Promise<string> {
  return (await putValues([text], ['*'], secrets, read))[0] ?? '';
}

/** A copy of the input with values in the places of references. */
export async function putValues<T>(
  input: T,
  paths: readonly string[],
  secrets: readonly Resolved<SecretTarget>[],
  read: ReadSecret,
): Promise<T> {
  const values = new Map<string, string>();
  for (const reference of referencesIn(input, paths)) {
    const secret = secrets.find(({ name }) => name === reference.name);
    if (!secret) throw new Error('a reference that was not resolved');
    values.set(keyOf(reference), await read(secret, reference.field));
  }
  return mapTexts(input, [], (text, path) => (paths.some((pattern) => covers(pattern, path)) ? fill(text, values) : text)) as T;
}

function fill(text: string, values: ReadonlyMap<string, string>): string {
  const whole = short.exec(text);
  if (whole) return values.get(keyOf(shortReference(text, whole))) ?? text;
  return text.replace(dynamic, (all, body: string) => values.get(keyOf(dynamicReference(all, body))) ?? all);
}

function referencesOf(text: string): SecretReference[] {
  const whole = short.exec(text);
  if (whole && !text.slice(1).includes('secret://')) return [shortReference(text, whole)];
  if (text.includes('secret://')) throw unreadable(text);
  return [...text.matchAll(dynamic)].map(([all, body = '']) => dynamicReference(all, body));
}

function shortReference(text: string, [, name = '', field]: RegExpExecArray): SecretReference {
  if (!nameForm.test(name) || field === '') throw unreadable(text);
  return field === undefined ? { name } : { name, field };
}

function dynamicReference(all: string, body: string): SecretReference {
  const [service, name = '', kind = 'SecretString', field = '', ...rest] = body.split(':');
  const isCurrent = rest.length === 0 || (rest.length <= 2 && (rest[0] === '' || rest[0] === 'AWSCURRENT') && !rest[1]);
  if (service !== 'secretsmanager' || !nameForm.test(name) || kind !== 'SecretString' || !isCurrent) throw unreadable(all);
  return field === '' ? { name } : { name, field };
}

function keyOf({ name, field }: SecretReference): string {
  return JSON.stringify([name, field]);
}

function unreadable(text: string): CallError {
  return invalid(
    `${JSON.stringify(text.slice(0, 80))} is no reference to a secret.`,
    'Write secret://ziggie/db#password as the whole text, or {{resolve:secretsmanager:ziggie/db:SecretString:password}} inside one: a name, not an ARN, and the current version.',
  );
}

function invalid(message: string, remedy: string): CallError {
  return new CallError('invalid_input', message, { remedy, effect: 'none' });
}

function eachText(value: unknown, path: readonly string[], visit: (text: string, path: readonly string[]) => void): void {
  if (typeof value === 'string') visit(value, path);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) eachText(inner, [...path, key], visit);
  }
}

function mapTexts(value: unknown, path: readonly string[], map: (text: string, path: readonly string[]) => string): unknown {
  if (typeof value === 'string') return map(value, path);
  if (Array.isArray(value)) return value.map((inner, index) => mapTexts(inner, [...path, String(index)], map));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mapTexts(inner, [...path, key], map)]));
}
