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
  description: `Creates or replaces a CloudWatch alarm that notifies. The name ${highCpu} alone watches CPU > 80 % of all instances; with id, of one. Others need metric, comparison, threshold, and id or namespace. $0.10 a month per metric watched.`,
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
  const namespace = given.namespace ?? preset?.namespace ?? (id === undefined ? undefined : 'AWS/EC2');
  const wholeFleet = preset !== undefined && id === undefined && given.dimensions === undefined && namespace === preset.namespace;
  return {
    namespace,
    metric: given.metric ?? preset?.metric,
    comparison: given.comparison ?? preset?.comparison,
    threshold: given.threshold ?? preset?.threshold,
    wholeFleet,
  };
}

function missingFrom(input: Input): string | undefined {
  const { namespace, metric, comparison, threshold } = known(input);
  const absent = Object.entries({ namespace, metric, comparison, threshold }).filter(([, value]) => value === undefined);
  if (absent.length === 0) return undefined;
  return `the alarm needs ${absent.map(([key]) => key).join(', ')} (only the name ${highCpu} needs nothing else)`;
}

/**
 * PutMetricAlarm, "Period": seven days at most, and one day with periods below an hour. CloudWatch User Guide, "Metrics Insights
 * quotas": queries see the last three hours, by the minute.
 */
function badWindow(input: Input): string | undefined {
  const { periodSeconds, periods } = input;
  const { wholeFleet } = known(input);
  if (periodSeconds % 60 !== 0 && (wholeFleet || ![10, 20, 30].includes(periodSeconds))) {
    return `periodSeconds: expected ${wholeFleet ? '' : '10, 20, 30 or '}a multiple of 60`;
  }
  const longest = wholeFleet ? 10_800 : periodSeconds < 3_600 ? 86_400 : 604_800;
  if (periodSeconds * periods <= longest) return undefined;
  return `periodSeconds × periods is ${periodSeconds * periods} s, but such an alarm sees at most ${longest} s`;
}

/** `check` has seen to it that nothing is missing. */
function specOf(input: Input): AlarmSpec {
  const { wholeFleet, namespace, metric, comparison, threshold } = known(input);
  if (namespace === undefined || metric === undefined || comparison === undefined || threshold === undefined) {
    throw new Error(missingFrom(input));
  }
  const { id, periodSeconds, periods, notify, allowSilent } = input;
  const dimensions = { ...(id === undefined ? {} : { InstanceId: id }), ...input.dimensions };
  return {
    ...{ namespace, metric, comparison, threshold, periodSeconds, periods, notify, allowSilent },
    // An average over the fleet would hide the one machine that is at its limit.
    statistic: input.statistic ?? (wholeFleet ? 'Maximum' : 'Average'),
    ...(wholeFleet ? { across: 'InstanceId' } : { dimensions }),
  };
}
