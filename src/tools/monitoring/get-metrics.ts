import { z } from 'zod';
import { defineOperation } from '../../call/operation.ts';
import { account, dimensionName, dimensionValue, ec2InstanceId, metricName, metricNamespace, region, statistic } from '../fields.ts';

/** Of one reply: what a reader can take, which is about 4,000 tokens. */
const mostPoints = 900;
/** What a series costs besides its points, in points. */
const seriesCost = 12;

export const monitoringGetMetrics = defineOperation('monitoring', {
  name: 'monitoring_get_metrics',
  title: 'Get metrics',
  description:
    'Several metrics of several instances (ids), or of the values of one dimension, downsampled to points. silent names what reported nothing. $0.01 per 1,000 metrics.',
  effect: 'read',
  retry: 'safe',
  iam: ['cloudwatch:GetMetricData'],
  input: z.strictObject({
    ids: z.array(ec2InstanceId).min(1).optional(),
    dimension: dimensionName.optional().describe('e.g. FunctionName'),
    values: z.array(dimensionValue).min(1).optional(),
    namespace: metricNamespace.default('AWS/EC2'),
    metrics: z.array(metricName).min(1),
    statistic: statistic.default('Average'),
    hours: z.int().min(1).max(720).default(3),
    points: z.int().min(1).max(120).default(30).describe('Most per series'),
    region: region.optional().describe('Default: the first'),
    account: account.optional(),
  }),
  output: z.object({
    region: z.string(),
    start: z.string().optional(),
    periodSeconds: z.int(),
    series: z.array(
      z.object({
        metric: z.string(),
        of: z.string(),
        latest: z.number(),
        min: z.number(),
        max: z.number(),
        values: z.array(z.number().nullable()),
      }),
    ),
    silent: z.array(z.string()).optional(),
    incomplete: z.array(z.string()).optional(),
  }),
  entity: 'Account',
  check: ({ ids, dimension, values, metrics, points }) => {
    const byDimension = dimension !== undefined && values !== undefined;
    if ((ids !== undefined) === byDimension || (ids && (dimension ?? values))) return 'give ids, or dimension and values';
    const series = metrics.length * (ids ?? values ?? []).length;
    if (series * (points + seriesCost) <= mostPoints) return undefined;
    const fitting = Math.floor(mostPoints / series) - seriesCost;
    if (fitting > 0)
      return `${series} series with ${points} points do not fit a reply: use points up to ${fitting}, or ask for fewer series`;
    return `${series} series do not fit a reply, at most ${Math.floor(mostPoints / (1 + seriesCost))} do: name fewer metrics or things`;
  },
  targets: ({ region, account }) => [{ type: 'Account', provider: 'aws', region, account }],
  run: ({ monitoring }, [target], { namespace, metrics, statistic, hours, points, ...of }, call) => {
    const { dimension = 'InstanceId', values = of.ids ?? [] } = of;
    return monitoring.metrics(target, { namespace, metrics, statistic, dimension, values, hours, points }, call);
  },
});
