/** Invariant: a value is hidden from everything that is shown before anything else is done with it, and no error holds one. */
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { SecretTarget } from '../../../ports/domain.ts';
import type { NewValue } from '../../../ports/secrets.ts';
import { type Scope, scopeOf } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { answered } from '../errors.ts';
import type { Sender } from '../send.ts';
import { bytesNotText } from './not-text.ts';

export interface CurrentValue {
  readonly text: string;
  readonly versionId?: string;
}

/**
 * Members that say where and as whom, not with what: of a database's secret (Secrets Manager User Guide, "JSON structure of
 * secrets") and of this server's own. Hidden one by one they would mask the names of users and hosts in every answer from then on.
 */
const plainMembers: ReadonlySet<string> = new Set([
  'engine',
  'host',
  'port',
  'dbname',
  'username',
  'dbInstanceIdentifier',
  'dbClusterIdentifier',
  'user',
  'key_path',
  'host_key',
]);

/** Hides a value, and the members of a JSON object on their own as well, since they are used one by one. */
export function hideValue(text: string, hide: CallScope['hide']): void {
  hide(text);
  hideMembers(objectOf(text), hide);
}

function hideMembers(value: unknown, hide: CallScope['hide']): void {
  if (typeof value === 'string') hide(value);
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) if (!plainMembers.has(key)) hideMembers(inner, hide);
}

/** ECMAScript's "JSON.parse source text access", which TypeScript's library does not have yet. */
const sourceAccess = JSON as unknown as {
  parse(text: string, reviver: (key: string, value: unknown, context: { source: string }) => unknown): unknown;
  rawJSON(text: string): object;
  isRawJSON(value: unknown): boolean;
};

/**
 * The members of a JSON object; undefined for any other text. Numbers are kept by their text (`JSON.rawJSON`), since many a
 * long one would not come out of a double as it went in.
 */
export function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value = sourceAccess.parse(text, (_key, inner, { source }) => (typeof inner === 'number' ? sourceAccess.rawJSON(source) : inner));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** The value that is in force. Throws `target_unresolved` when it is binary. */
export async function currentValue(sender: Sender, scope: Scope, { name }: SecretTarget, call: CallScope): Promise<CurrentValue> {
  const reply = await sender.ask('secretsmanager', scope, call, (sdk) => new sdk.GetSecretValueCommand({ SecretId: name }));
  if (reply.SecretBinary) throw bytesNotText(name);
  const text = answered(reply.SecretString, 'GetSecretValue');
  hideValue(text, call.hide);
  return { text, ...(reply.VersionId === undefined ? {} : { versionId: reply.VersionId }) };
}

/** For the road: the current value, or a member of it. Throws `target_unresolved` naming the field when there is no such text. */
export async function read(
  { accounts, sender }: AwsContext,
  secret: SecretTarget,
  field: string | undefined,
  call: CallScope,
): Promise<string> {
  const { text } = await currentValue(sender, scopeOf(accounts, secret), secret, call);
  if (field === undefined) return longEnough(text, secret, field);
  const members = objectOf(text);
  const member = members?.[field];
  if (typeof member === 'string') return plainMembers.has(field) ? member : longEnough(member, secret, field);
  if (typeof member === 'boolean' || sourceAccess.isRawJSON(member)) return JSON.stringify(member);
  const problem = members ? `has no text in a field ${JSON.stringify(field)}` : 'is no JSON object, and so has no fields';
  throw new CallError('target_unresolved', `The value of ${secret.name} ${problem}.`, {
    remedy: members
      ? `Ask whoever keeps the secret how the field is called; secrets_update with field ${JSON.stringify(field)} would add it.`
      : `Refer to the whole value: secret://${secret.name}`,
  });
}

/** Characters below which the redaction cannot mask a value without masking ordinary words. */
const shortestHidden = 6;

/** Throws for a value that could not be hidden from what comes back. */
function longEnough(value: string, { name }: SecretTarget, field: string | undefined): string {
  if (value.length >= shortestHidden) return value;
  const which = field === undefined ? name : `${name}#${field}`;
  throw new CallError(
    'provider_rejected',
    `The value of ${which} has fewer than ${shortestHidden} characters, and could not be hidden from answers and logs.`,
    {
      remedy: 'Give the secret a longer value (secrets_update with generate).',
      effect: 'none',
    },
  );
}

/** A value to write. What AWS generates is hidden before anybody else gets it. */
export async function newValue(sender: Sender, scope: Scope, value: NewValue, call: CallScope): Promise<string> {
  const text = value.from === 'given' ? value.value : await generate(sender, scope, value, call);
  hideValue(text, call.hide);
  return text;
}

async function generate(
  sender: Sender,
  scope: Scope,
  { length, punctuation }: Extract<NewValue, { from: 'generated' }>,
  call: CallScope,
): Promise<string> {
  const input = { PasswordLength: length, ExcludePunctuation: !punctuation, RequireEachIncludedType: true };
  const { RandomPassword } = await sender.ask('secretsmanager', scope, call, (sdk) => new sdk.GetRandomPasswordCommand(input));
  return answered(RandomPassword, 'GetRandomPassword');
}
