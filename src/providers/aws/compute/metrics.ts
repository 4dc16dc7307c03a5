import type { CallScope } from '../../../ports/call-scope.ts';
import type { InstanceMetrics, MetricQuery } from '../../../ports/compute.ts';
import type { InstanceTarget } from '../../../ports/domain.ts';
import type { Scope } from '../accounts.ts';
import { readMetricData } from '../monitoring/metric-data.ts';
import type { Sender } from '../send.ts';

const asked = [
  { metric: 'CPUUtilization', statistic: 'Average', unit: 'Percent' },
  { metric: 'NetworkIn', statistic: 'Sum', unit: 'Bytes' },
  { metric: 'NetworkOut', statistic: 'Sum', unit: 'Bytes' },
  { metric: 'StatusCheckFailed', statistic: 'Maximum', unit: 'Count' },
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
): Promise<InstanceMetrics> {
  const periodMs = Math.ceil((hours * 3_600_000) / mostPoints / reportedEveryMs) * reportedEveryMs;
  const periodSeconds = periodMs / 1_000;
  // Not to the period, which may be hours: the latest value would be as old.
  const end = Math.floor(Date.now() / reportedEveryMs) * reportedEveryMs;
  const wanted = asked.map(({ metric, statistic }) => ({ namespace: 'AWS/EC2', metric, statistic, dimension: 'InstanceId', of: id }));
  const { start, ...read } = await readMetricData(sender, scope, wanted, { end, hours, periodSeconds, points: mostPoints }, call);
  const series = asked.map((each, index) => ({ ...each, values: read.metrics[index]?.values ?? [], ...read.metrics[index]?.summary }));
  const incomplete = asked.flatMap(({ metric }, index) => {
    const status = read.metrics[index]?.status;
    return status === 'Complete' ? [] : [`${metric} (${status})`];
  });
  return {
    ...(start === undefined ? {} : { start }),
    periodSeconds,
    series,
    ...(incomplete.length > 0 ? { incomplete } : {}),
  };
}
