import { createHash } from 'node:crypto';
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { Resolved, SecretTarget } from '../../../ports/domain.ts';
import type { NewSecret, NewValue, SecretChange, SecretWrite } from '../../../ports/secrets.ts';
import { type Scope, scopeOf } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { answered } from '../errors.ts';
import type { Sender } from '../send.ts';
import { describeSecret } from './resolver.ts';
import { type CurrentValue, currentValue, hideValue, newValue, objectOf } from './value.ts';

type Target = Resolved<SecretTarget>;

/** The token makes AWS answer a repeated request with the secret that the first one made, as long as the value is the same. */
export async function create({ accounts, sender }: AwsContext, secret: Target, write: NewSecret, call: CallScope): Promise<SecretChange> {
  const { name } = secret;
  if (call.dryRun) {
    if (secret.state !== 'absent') throw nameTaken(secret);
    return plan(secret, { state: 'active', ...describeWrite(write), ...describeNew(write) });
  }
  const scope = scopeOf(accounts, secret);
  const value = await newValue(sender, scope, write.value, call);
  const text = write.field === undefined ? value : JSON.stringify({ [write.field]: value });
  hideValue(text, call.hide);
  const input = {
    Name: name,
    SecretString: text,
    ClientRequestToken: tokenOf(call),
    Description: write.description,
    Tags: Object.entries(write.tags).map(([Key, Value]) => ({ Key, Value })),
  };
  const { VersionId } = await sender.change('secretsmanager', scope, 'token', call, (sdk) => new sdk.CreateSecretCommand(input));
  return written(VersionId, 'CreateSecret');
}

/** Writes a whole value, or sets one member and leaves the others. */
export async function update({ accounts, sender }: AwsContext, secret: Target, write: SecretWrite, call: CallScope): Promise<SecretChange> {
  refuseDeleted(secret);
  if (call.dryRun) return plan(secret, describeWrite(write));
  const scope = scopeOf(accounts, secret);
  const value = await newValue(sender, scope, write.value, call);
  if (write.field === undefined) return put(sender, scope, secret, value, call);
  // Read last, so that nothing else passes between reading and writing.
  const before = await currentValue(sender, scope, secret, call);
  const change = await put(sender, scope, secret, withMember(before, secret, write.field, value), call);
  await refuseLostUpdate(sender, scope, secret, { before: before.versionId, written: change.versionId }, call);
  return change;
}

export async function remove(
  { accounts, sender }: AwsContext,
  secret: Target,
  { recoveryDays }: { recoveryDays: number },
  call: CallScope,
): Promise<SecretChange> {
  refuseDeleted(secret);
  if (call.dryRun) return plan(secret, { state: 'deleted', recoverable: `${recoveryDays} days, with secrets_restore` });
  const input = { SecretId: secret.name, RecoveryWindowInDays: recoveryDays };
  const scope = scopeOf(accounts, secret);
  const { DeletionDate } = await sender.change('secretsmanager', scope, 'natural', call, (sdk) => new sdk.DeleteSecretCommand(input));
  return { deletesAt: answered(DeletionDate, 'DeleteSecret', 'unknown').toISOString() };
}

export async function restore({ accounts, sender }: AwsContext, secret: Target, call: CallScope): Promise<SecretChange> {
  if (call.dryRun) return plan(secret, secret.state === 'deleted' ? { state: 'active' } : {});
  const input = { SecretId: secret.name };
  const scope = scopeOf(accounts, secret);
  const { Name } = await sender.change('secretsmanager', scope, 'natural', call, (sdk) => new sdk.RestoreSecretCommand(input));
  answered(Name, 'RestoreSecret', 'unknown');
  return {};
}

async function put(sender: Sender, scope: Scope, { name }: Target, text: string, call: CallScope): Promise<SecretChange> {
  hideValue(text, call.hide);
  const input = { SecretId: name, SecretString: text, ClientRequestToken: tokenOf(call) };
  try {
    const { VersionId } = await sender.change('secretsmanager', scope, 'token', call, (sdk) => new sdk.PutSecretValueCommand(input));
    return written(VersionId, 'PutSecretValue');
  } catch (error) {
    if (!(error instanceof CallError) || error.details.provider?.code !== 'ResourceExistsException') throw error;
    throw new CallError('provider_conflict', `The secret ${name} already has a version of this idempotency key with another value.`, {
      ...error.details,
      remedy: 'An earlier call with this key wrote its value. Check with secrets_describe; use a new key to write another.',
    });
  }
}

function withMember({ text }: CurrentValue, { name }: Target, field: string, value: string): string {
  const members = objectOf(text);
  if (!members) {
    throw new CallError('provider_conflict', `The value of ${name} is no JSON object, and so has no fields.`, {
      remedy: 'Leave field out to replace the whole value, or keep this field in a secret of its own.',
    });
  }
  // Built of entries: a field called __proto__ is a field like any other.
  return JSON.stringify(Object.fromEntries([...Object.entries(members), [field, value]]));
}

/**
 * The version before ours must be the one that was read. If it is not, somebody wrote in between, and what they wrote was
 * overwritten with what had been read before; it is still there as that version.
 */
async function refuseLostUpdate(
  sender: Sender,
  scope: Scope,
  { name }: Target,
  versions: { before: string | undefined; written: string | undefined },
  call: CallScope,
): Promise<void> {
  // A repeated request: the version was written by the call before.
  if (versions.before === versions.written) return;
  const stages = (await describeSecret(sender, scope, name, call))?.VersionIdsToStages ?? {};
  const at = (stage: string) => Object.keys(stages).find((id) => stages[id]?.includes(stage));
  if (at('AWSCURRENT') === versions.written && at('AWSPREVIOUS') === versions.before) return;
  // A description from before our writing, as a service of many machines may give for a moment.
  if (at('AWSCURRENT') === versions.before && !Object.hasOwn(stages, versions.written ?? '')) return;
  throw new CallError('provider_conflict', `Somebody else wrote ${name} at the same moment: one of the two changes is not in its value.`, {
    remedy:
      'Both versions are kept; secrets_describe shows them. Agree with whoever else changes the secret (its rotation, perhaps), then set what is missing once more.',
    effect: 'applied',
  });
}

function written(versionId: string | undefined, action: string): SecretChange {
  return { versionId: answered(versionId, action, 'unknown') };
}

/** Secrets Manager takes from 32 to 64 characters, and makes them the version's id. */
function tokenOf({ clientToken }: CallScope): string {
  return createHash('sha256').update(clientToken).digest('hex');
}

function refuseDeleted({ name, state }: Target): void {
  if (state !== 'deleted') return;
  throw new CallError('provider_conflict', `The secret ${name} is scheduled for deletion.`, {
    remedy: 'Bring it back with secrets_restore, then call again.',
    effect: 'none',
  });
}

function nameTaken({ name, state }: Target): CallError {
  return new CallError('provider_conflict', `There is a secret ${name} already.`, {
    remedy:
      state === 'deleted'
        ? 'It is scheduled for deletion: bring it back with secrets_restore, or choose another name.'
        : 'Change it with secrets_update, or choose another name.',
    effect: 'none',
  });
}

function plan({ state }: Target, change: Record<string, string>): SecretChange {
  return { plan: { current: { state }, change, providerChecked: false } };
}

function describeWrite({ value, field }: SecretWrite): Record<string, string> {
  return { value: wordsOf(value), ...(field === undefined ? {} : { field }) };
}

function describeNew({ description, tags }: NewSecret): Record<string, string> {
  const tagged = Object.entries(tags).map(([key, value]) => [`tag ${key}`, value]);
  return { ...(description === undefined ? {} : { description }), ...Object.fromEntries(tagged) };
}

function wordsOf(value: NewValue): string {
  return value.from === 'given' ? 'as given' : `generated, ${value.length} characters`;
}
