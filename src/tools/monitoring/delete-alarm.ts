import { z } from 'zod';
import { defineOperation, untrusted } from '../../call/operation.ts';
import { account, alarmName, region } from '../fields.ts';

export const monitoringDeleteAlarm = defineOperation('monitoring', {
  name: 'monitoring_delete_alarm',
  title: 'Delete an alarm',
  description: 'Deletes a CloudWatch alarm: nobody is told any more. The reply says what it watched, for making it again.',
  effect: 'destructive',
  retry: 'natural',
  iam: ['cloudwatch:DeleteAlarms', 'cloudwatch:DescribeAlarms', 'cloudwatch:ListTagsForResource'],
  input: z.strictObject({ name: alarmName, region: region.optional(), account: account.optional() }),
  output: z.object({ name: z.string(), region: z.string(), rule: untrusted(z.string()) }),
  entity: 'Alarm',
  targets: ({ name, region, account }) => [{ type: 'Alarm', provider: 'aws', name, region, account }],
  run: async ({ monitoring }, [alarm], _, call) => ({
    name: alarm.name,
    region: alarm.region,
    ...(await monitoring.deleteAlarm(alarm, call)),
  }),
});
