import type { Instance } from '@aws-sdk/client-ec2';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { InstancePage, InstanceQuery } from '../../../ports/compute.ts';
import type { AccountTarget } from '../../../ports/domain.ts';
import type { AwsAccount } from '../accounts.ts';
import { answered } from '../errors.ts';
import { readPage, scopesOf } from '../pages.ts';
import type { Sender } from '../send.ts';
import { tagsOf, toFilters, toRow } from './instance-facts.ts';

/** EC2 takes from 5 to 1,000 as `MaxResults`. */
const fewestResults = 5;
const mostResults = 1_000;

/** One page over all accounts and regions. Throws `invalid_input` for a foreign cursor, and the first failure when no place answered. */
export async function list(
  accounts: readonly AwsAccount[],
  sender: Sender,
  targets: readonly AccountTarget[],
  query: InstanceQuery,
  call: CallScope,
): Promise<InstancePage> {
  const Filters = toFilters(query);
  if (!Filters) return { instances: [] };
  const { rows, ...rest } = await readPage({
    scopes: scopesOf(accounts, targets),
    limit: query.limit,
    cursor: query.cursor,
    ask: async (scope, NextToken, atMost) => {
      const MaxResults = Math.min(mostResults, Math.max(fewestResults, atMost));
      const input = { MaxResults, NextToken, ...(Filters.length > 0 ? { Filters } : {}) };
      const reply = await sender.ask('ec2', scope, call, (sdk) => new sdk.DescribeInstancesCommand(input));
      return {
        items: answered(reply.Reservations, 'DescribeInstances').flatMap(({ Instances }) => Instances ?? []),
        nextToken: reply.NextToken || undefined,
      };
    },
    row: (instance, scope) => (carries(instance, query.tag) ? toRow(instance, scope, accounts.length > 1) : undefined),
  });
  return { instances: rows, ...rest };
}

/** EC2's filter has wildcards and escapes of its own; this is the last word. */
function carries(instance: Instance, tag: InstanceQuery['tag']): boolean {
  return tag === undefined || tagsOf(instance)[tag.key] === tag.value;
}
