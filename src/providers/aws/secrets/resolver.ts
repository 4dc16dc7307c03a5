/** Invariant: what policy decides on is what AWS says now of exactly this name; an absence counts as a fact only where one place is meant. */
import type { DescribeSecretCommandOutput } from '@aws-sdk/client-secrets-manager';
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { SecretTarget, TargetRef } from '../../../ports/domain.ts';
import type { Found } from '../../../ports/resolve.ts';
import { checkAccountId, matchAccounts, type Scope, scopeKey } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { findEverywhere } from '../find.ts';
import type { Sender, SendScope } from '../send.ts';
import { ownerOf, toTarget } from './facts.ts';

/** The description of a secret; undefined when there is none of this name here. Throws `CallError`. */
export async function describeSecret(
  sender: Sender,
  scope: Scope,
  name: string,
  call: SendScope,
): Promise<DescribeSecretCommandOutput | undefined> {
  try {
    const found = await sender.ask('secretsmanager', scope, call, (sdk) => new sdk.DescribeSecretCommand({ SecretId: name }));
    // AWS takes a part of an ARN for an id as well: only the name itself is meant.
    return found.Name === name ? found : undefined;
  } catch (error) {
    if (error instanceof CallError && error.code === 'provider_not_found') return undefined;
    throw error;
  }
}

/** The secret wherever it is. With `mayBeAbsent`, one that is nowhere is `absent` in the one place that the call means. */
export async function resolveSecret(context: AwsContext, ref: TargetRef<'Secret'>, call: CallScope): Promise<Found<SecretTarget>> {
  const { accounts, sender, identify } = context;
  try {
    return await findEverywhere(
      accounts,
      ref,
      async (scope) => {
        const found = await describeSecret(sender, scope, ref.name, call);
        if (!found) return undefined;
        checkAccountId(scope.account, ownerOf(found));
        return toTarget(found, scope);
      },
      (where) => (ref.region === undefined ? noSuchSecret(ref.name, where, 'target_unresolved') : notThere(ref.name, where)),
    );
  } catch (error) {
    if (!ref.mayBeAbsent || !isAbsent(error)) throw error;
    const scope = onlyPlace(context, ref);
    const { accountId } = await identify(scope.account, call);
    const place = { provider: 'aws', account: scope.account.name, accountId, region: scope.region } as const;
    return { targets: [{ type: 'Secret', id: ref.name, name: ref.name, ...place, state: 'absent', tags: {} }] };
  }
}

function onlyPlace({ accounts }: AwsContext, ref: TargetRef<'Secret'>): Scope {
  const scopes = matchAccounts(accounts, ref).flatMap((account): Scope[] =>
    (ref.region === undefined ? account.regions : [ref.region]).map((region) => ({ account, region })),
  );
  const [first, ...others] = scopes;
  if (first && others.length === 0) return first;
  throw new CallError(
    'target_unresolved',
    `There is no secret ${ref.name} yet, and it could be made in ${scopes.map(scopeKey).join(', ')}.`,
    {
      remedy: 'Name the account and the region to make it in, and call again.',
    },
  );
}

const notFound = 'ResourceNotFoundException';

function isAbsent(error: unknown): boolean {
  return error instanceof CallError && error.code === 'target_unresolved' && error.details.provider?.code === notFound;
}

/** For one that was looked for in one region: the one that the caller named, or that of what the secret is to be used for. */
function notThere(name: string, where: string): CallError {
  return new CallError('target_unresolved', `There is no secret ${name} in ${where}, and nowhere else was looked for it.`, {
    remedy:
      'secrets_list shows where it is. A secret:// reference is looked for in the account and region of what the call is about: make the secret there with secrets_create, or have it replicated there.',
    provider: { code: notFound },
  });
}

/** @param code the error of a place where the secret should have been */
export function noSuchSecret(name: string, where: string, code: 'target_unresolved' | 'provider_not_found'): CallError {
  return new CallError(code, `There is no secret ${name} in ${where}.`, {
    remedy: 'Look for its name with secrets_list. It may lie in an account or region that is not configured.',
    provider: { code: notFound },
  });
}
