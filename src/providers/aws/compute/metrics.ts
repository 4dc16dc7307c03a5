import type { MetricDataResult } from '@aws-sdk/client-cloudwatch';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { MetricQuery, MetricSeries } from '../../../ports/compute.ts';
import type { InstanceTarget } from '../../../ports/domain.ts';
import type { Scope } from '../accounts.ts';
import type { Sender } from '../send.ts';

const asked = [
  { id: 'cpu', metric: 'CPUUtilization', statistic: 'Average', unit: 'Percent' },
  { id: 'in', metric: 'NetworkIn', statistic: 'Sum', unit: 'Bytes' },
  { id: 'out', metric: 'NetworkOut', statistic: 'Sum', unit: 'Bytes' },
  { id: 'status', metric: 'StatusCheckFailed', statistic: 'Maximum', unit: 'Count' },
] as const;

const mostPoints = 60;
/** EC2 reports every five minutes unless detailed monitoring is paid for. */
const reportedEveryMs = 300_000;

/** What an instance did over the last hours: one request, at most 60 points a series. Throws `CallError`. */
export async function metrics(
  sender: Sender,
  scope: Scope,
  { id }: InstanceTarget,
  { hours }: MetricQuery,
  call: CallScope,
): Promise<MetricSeries[]> {
  const periodMs = Math.ceil((hours * 3_600_000) / mostPoints / reportedEveryMs) * reportedEveryMs;
  const end = Math.floor(Date.now() / periodMs) * periodMs;
  const { MetricDataResults } = await sender.ask('cloudwatch', scope, call, (sdk) => {
    return new sdk.GetMetricDataCommand({
      StartTime: new Date(end - hours * 3_600_000),
      EndTime: new Date(end),
      ScanBy: 'TimestampAscending',
      MetricDataQueries: asked.map(({ id: queryId, metric, statistic }) => ({
        Id: queryId,
        MetricStat: {
          Metric: { Namespace: 'AWS/EC2', MetricName: metric, Dimensions: [{ Name: 'InstanceId', Value: id }] },
          Period: periodMs / 1_000,
          Stat: statistic,
        },
      })),
    });
  });
  return asked.map(({ id: queryId, metric, statistic, unit }) => {
    const points = toPoints(MetricDataResults?.find(({ Id }) => Id === queryId));
    return { metric, unit, statistic, points, ...summary(points.map(([, value]) => value)) };
  });
}

function toPoints(result: MetricDataResult | undefined): [string, number][] {
  return (result?.Timestamps ?? [])
    .flatMap((time, index): [string, number][] => {
      const value = result?.Values?.[index];
      return value === undefined ? [] : [[time.toISOString(), Number(value.toPrecision(4))]];
    })
    .slice(-mostPoints);
}

function summary(values: readonly number[]): { latest?: number; min?: number; max?: number } {
  const latest = values.at(-1);
  return latest === undefined ? {} : { latest, min: Math.min(...values), max: Math.max(...values) };
}
