/** Invariant: what policy decides on is what Lambda says now: tags that cannot be read are a failure, never an empty set. */
import type { FunctionConfiguration } from '@aws-sdk/client-lambda';
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { AccountTarget, FunctionTarget, TargetRef } from '../../../ports/domain.ts';
import type { FunctionDetail, FunctionPage } from '../../../ports/functions.ts';
import type { Found } from '../../../ports/resolve.ts';
import { checkAccountId, type Scope, scopeKey, scopeOf } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { answered } from '../errors.ts';
import { findEverywhere } from '../find.ts';
import { readPage, scopesOf } from '../pages.ts';
import type { Sender } from '../send.ts';
import { ownerOf, toDetail, toRow, toTarget } from './facts.ts';

/** `ListFunctions` gives at most 50 at once. */
const mostItems = 50;

/** The function wherever it is. */
export function resolveFunction(
  { accounts, sender }: AwsContext,
  ref: TargetRef<'Function'>,
  call: CallScope,
): Promise<Found<FunctionTarget>> {
  return findEverywhere(
    accounts,
    ref,
    async (scope) => {
      const found = await findFunction(sender, scope, ref.name, call);
      if (!found) return undefined;
      checkAccountId(scope.account, ownerOf(found));
      const { Tags } = await sender.ask('lambda', scope, call, (sdk) => new sdk.ListTagsCommand({ Resource: found.FunctionArn }));
      return toTarget(found, Tags ?? {}, scope);
    },
    (where) => noSuchFunction(ref.name, where, 'target_unresolved'),
  );
}

export async function get({ accounts, sender }: AwsContext, target: FunctionTarget, call: CallScope): Promise<FunctionDetail> {
  const scope = scopeOf(accounts, target);
  const [found, aliases] = await Promise.all([findFunction(sender, scope, target.name, call), aliasesOf(sender, scope, target.name, call)]);
  if (!found) throw noSuchFunction(target.name, scopeKey(scope), 'provider_not_found');
  return toDetail(found, aliases, target.tags, scope);
}

/** One page over all accounts and regions. Lambda filters by nothing: names are compared here. */
export async function list(
  { accounts, sender }: AwsContext,
  targets: readonly AccountTarget[],
  { limit, cursor, prefix = '' }: { limit: number; cursor?: string; prefix?: string },
  call: CallScope,
): Promise<FunctionPage> {
  const { rows, ...rest } = await readPage({
    scopes: scopesOf(accounts, targets),
    limit,
    ...(cursor === undefined ? {} : { cursor }),
    ask: async (scope, Marker, atMost) => {
      // Whole pages where most rows may not be shown.
      const MaxItems = prefix === '' ? Math.min(mostItems, atMost) : mostItems;
      const reply = await sender.ask('lambda', scope, call, (sdk) => new sdk.ListFunctionsCommand({ Marker, MaxItems }));
      return {
        items: answered(reply.Functions, 'ListFunctions'),
        ...(reply.NextMarker ? { nextToken: reply.NextMarker } : {}),
      };
    },
    row: (found, scope) => (found.FunctionName?.startsWith(prefix) ? toRow(found, scope, accounts.length > 1) : undefined),
  });
  return { functions: rows, ...rest };
}

async function findFunction(sender: Sender, scope: Scope, name: string, call: CallScope): Promise<FunctionConfiguration | undefined> {
  try {
    const found = await sender.ask('lambda', scope, call, (sdk) => new sdk.GetFunctionConfigurationCommand({ FunctionName: name }));
    answered(found.FunctionArn, 'GetFunctionConfiguration');
    return found.FunctionName === name ? found : undefined;
  } catch (error) {
    if (error instanceof CallError && error.code === 'provider_not_found') return undefined;
    throw error;
  }
}

async function aliasesOf(sender: Sender, scope: Scope, name: string, call: CallScope): Promise<Record<string, string>> {
  const found: [string, string][] = [];
  let Marker: string | undefined;
  do {
    const page = await sender.ask('lambda', scope, call, (sdk) => new sdk.ListAliasesCommand({ FunctionName: name, Marker }));
    for (const { Name = '', FunctionVersion = '' } of page.Aliases ?? []) found.push([Name, FunctionVersion]);
    Marker = page.NextMarker || undefined;
  } while (Marker !== undefined);
  return Object.fromEntries(found);
}

function noSuchFunction(name: string, where: string, code: 'target_unresolved' | 'provider_not_found'): CallError {
  return new CallError(code, `There is no function ${name} in ${where}.`, {
    remedy: 'Look for its name with functions_list. It may lie in an account or region that is not configured.',
    provider: { code: 'ResourceNotFoundException' },
  });
}
