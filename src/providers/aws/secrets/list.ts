import type { Filter } from '@aws-sdk/client-secrets-manager';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { AccountTarget } from '../../../ports/domain.ts';
import type { SecretPage } from '../../../ports/secrets.ts';
import type { AwsContext } from '../context.ts';
import { answered } from '../errors.ts';
import { readPage, scopesOf } from '../pages.ts';
import { toRow } from './facts.ts';

/** `ListSecrets` takes from 1 to 100 as `MaxResults`. */
const mostResults = 100;

/** One page over all accounts and regions, those scheduled for deletion included. */
export async function list(
  { accounts, sender }: AwsContext,
  targets: readonly AccountTarget[],
  { limit, cursor, prefix }: { limit: number; cursor?: string; prefix?: string },
  call: CallScope,
): Promise<SecretPage> {
  const Filters: Filter[] | undefined = prefix ? [{ Key: 'name', Values: [prefix] }] : undefined;
  const { rows, ...rest } = await readPage({
    scopes: scopesOf(accounts, targets),
    limit,
    ...(cursor === undefined ? {} : { cursor }),
    ask: async (scope, NextToken, atMost) => {
      const input = { IncludePlannedDeletion: true, MaxResults: Math.min(mostResults, atMost), NextToken, Filters };
      const reply = await sender.ask('secretsmanager', scope, call, (sdk) => new sdk.ListSecretsCommand(input));
      return {
        items: answered(reply.SecretList, 'ListSecrets'),
        ...(reply.NextToken ? { nextToken: reply.NextToken } : {}),
      };
    },
    // Whatever the service takes for a match of its filter: this is the last word.
    row: (secret, scope) => (secret.Name?.startsWith(prefix ?? '') ? toRow(secret, scope, accounts.length > 1) : undefined),
  });
  return { secrets: rows, ...rest };
}
