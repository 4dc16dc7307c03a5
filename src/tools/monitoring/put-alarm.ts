import { z } from 'zod';
import { defineOperation, untrusted } from '../../call/operation.ts';
import type { AlarmSpec } from '../../ports/monitoring.ts';
import {
  account,
  alarmName,
  dimensionName,
  dimensionValue,
  ec2InstanceId,
  metricName,
  metricNamespace,
  region,
  statistic,
} from '../fields.ts';

const highCpu = 'ziggie-ec2-high-cpu';

const input = z.strictObject({
  name: alarmName,
  id: ec2InstanceId.optional(),
  namespace: metricNamespace.optional(),
  metric: metricName.optional(),
  dimensions: z.record(dimensionName, dimensionValue).optional(),
  statistic: statistic.optional(),
  comparison: z.enum(['>', '>=', '<', '<=']).optional(),
  threshold: z.number().optional(),
  periodSeconds: z.int().min(10).default(300),
  periods: z.int().min(1).default(2),
  notify: z
    .array(
      z
        .string()
        .regex(/^arn:aws(-[a-z]+)*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$/, 'expected the ARN of an SNS topic')
        .describe('SNS topic ARN'),
    )
    .max(5)
    .optional(),
  allowSilent: z.boolean().optional().describe('Even if it never reported'),
  region: region.optional(),
  account: account.optional(),
});
type Input = z.output<typeof input>;

export const monitoringPutAlarm = defineOperation('monitoring', {
  name: 'monitoring_put_alarm',
  title: 'Create or replace an alarm',
  description: `Creates or replaces a CloudWatch alarm that notifies. The name ${highCpu} needs only id: average CPU > 80 % of that instance, or without id of all with detailed monitoring. Others need metric, comparison, threshold, and id or namespace. $0.10 a month per metric watched.`,
  effect: 'write',
  retry: 'natural',
  iam: [
    'cloudwatch:PutMetricAlarm',
    'cloudwatch:TagResource',
    'cloudwatch:DescribeAlarms',
    'cloudwatch:ListTagsForResource',
    'cloudwatch:ListMetrics',
  ],
  input,
  output: z.object({
    name: z.string(),
    region: z.string(),
    created: z.boolean(),
    rule: untrusted(z.string()),
    warnings: z.array(z.string()).optional(),
  }),
  entity: 'Alarm',
  check: (input) => missingFrom(input) ?? badWindow(input),
  targets: ({ name, region, account }) => [{ type: 'Alarm', provider: 'aws', name, region, account, mayBeAbsent: true }],
  made: ({ name, created }) => (created ? [{ type: 'Alarm', id: name }] : []),
  run: async ({ monitoring }, [alarm], input, call) => ({
    name: alarm.name,
    region: alarm.region,
    created: !alarm.exists && !call.dryRun,
    ...(await monitoring.putAlarm(alarm, specOf(input), call)),
  }),
});

/** What of a rule is known: what was given, and otherwise what the preset or the instance says. */
function known({ name, id, ...given }: Input) {
  const preset = name === highCpu ? { namespace: 'AWS/EC2', metric: 'CPUUtilization', comparison: '>' as const, threshold: 80 } : undefined;
  return {
    namespace: given.namespace ?? preset?.namespace ?? (id === undefined ? undefined : 'AWS/EC2'),
    metric: given.metric ?? preset?.metric,
    comparison: given.comparison ?? preset?.comparison,
    threshold: given.threshold ?? preset?.threshold,
    // An instance that was launched a moment ago has not reported, and is to be watched all the same.
    allowSilent: given.allowSilent ?? preset !== undefined,
  };
}

function missingFrom(input: Input): string | undefined {
  const { namespace, metric, comparison, threshold } = known(input);
  const absent = Object.entries({ namespace, metric, comparison, threshold }).filter(([, value]) => value === undefined);
  if (absent.length === 0) return undefined;
  return `the alarm needs ${absent.map(([key]) => key).join(', ')} (only the name ${highCpu} needs nothing else)`;
}

/** PutMetricAlarm, "Period": seven days at most, and one day with periods below an hour. */
function badWindow({ periodSeconds, periods }: Input): string | undefined {
  if (periodSeconds % 60 !== 0 && ![10, 20, 30].includes(periodSeconds)) return 'periodSeconds: expected 10, 20, 30 or a multiple of 60';
  const longest = periodSeconds < 3_600 ? 86_400 : 604_800;
  if (periodSeconds * periods <= longest) return undefined;
  return `periodSeconds × periods is ${periodSeconds * periods} s, but such an alarm sees at most ${longest} s`;
}

/** `check` has seen to it that nothing is missing. */
function specOf(input: Input): AlarmSpec {
  const { namespace, metric, comparison, threshold, allowSilent } = known(input);
  if (namespace === undefined || metric === undefined || comparison === undefined || threshold === undefined) {
    throw new Error(missingFrom(input));
  }
  const { id, periodSeconds, periods, notify, statistic = 'Average' } = input;
  const dimensions = { ...(id === undefined ? {} : { InstanceId: id }), ...input.dimensions };
  return { namespace, metric, dimensions, statistic, comparison, threshold, periodSeconds, periods, notify, allowSilent };
}
