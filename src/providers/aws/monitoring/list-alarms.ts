import type { CallScope } from '../../../ports/call-scope.ts';
import type { AccountTarget } from '../../../ports/domain.ts';
import type { AlarmPage, AlarmRow } from '../../../ports/monitoring.ts';
import type { AwsContext } from '../context.ts';
import { readPage, scopesOf } from '../pages.ts';
import { stateValue, toRow } from './alarm-facts.ts';
import { describeAlarms } from './alarms-read.ts';

/** DescribeAlarms takes from 1 to 100 as `MaxRecords`. */
const mostRecords = 100;

/** One page over all accounts and regions. Throws `invalid_input` for a foreign cursor, and the first failure when no place answered. */
export async function listAlarms(
  { accounts, sender }: AwsContext,
  targets: readonly AccountTarget[],
  query: { limit: number; cursor?: string; prefix?: string; state?: AlarmRow['state'] },
  call: CallScope,
): Promise<AlarmPage> {
  const wanted = {
    ...(query.prefix ? { AlarmNamePrefix: query.prefix } : {}),
    ...(query.state ? { StateValue: stateValue(query.state) } : {}),
  };
  const { rows, ...rest } = await readPage({
    scopes: scopesOf(accounts, targets),
    limit: query.limit,
    cursor: query.cursor,
    ask: (scope, NextToken, atMost) => {
      return describeAlarms(sender, scope, call, { ...wanted, MaxRecords: Math.min(mostRecords, atMost), NextToken });
    },
    row: (alarm, scope) => toRow(alarm, scope, accounts.length > 1),
  });
  return { alarms: rows, ...rest };
}
