import { z } from 'zod';
import { defineOperation, untrusted } from '../../call/operation.ts';
import { account, alarmName, cursor, limit, missing, region } from '../fields.ts';

const state = z.enum(['ok', 'alarm', 'insufficient_data']);

export const monitoringListAlarms = defineOperation('monitoring', {
  name: 'monitoring_list_alarms',
  title: 'List alarms',
  description:
    'CloudWatch alarms of all configured accounts and regions, with state and rule, one short row each. Start here when something may be wrong: state alarm. Free.',
  effect: 'read',
  retry: 'safe',
  iam: ['cloudwatch:DescribeAlarms'],
  input: z.strictObject({
    account: account.optional(),
    region: region.optional(),
    prefix: alarmName.optional(),
    state: state.optional(),
    limit,
    cursor,
  }),
  output: z.object({
    alarms: z.array(
      z.object({
        name: untrusted(z.string(), 255),
        state,
        since: z.string().optional(),
        rule: untrusted(z.string(), 300),
        instance: untrusted(z.string(), 40).optional(),
        region: z.string(),
        account: z.string().optional(),
      }),
    ),
    nextCursor: z.string().optional(),
    missing,
  }),
  entity: 'Account',
  decide: 'any',
  targets: ({ account, region }) => [{ type: 'Account', provider: 'aws', account, region }],
  seen: ({ alarms }) => alarms.map(({ name }) => ({ type: 'Alarm', id: name, label: name })),
  run: ({ monitoring }, accounts, { limit, cursor, prefix, state }, call) =>
    monitoring.alarms(accounts, { limit, cursor, prefix, state }, call),
});
