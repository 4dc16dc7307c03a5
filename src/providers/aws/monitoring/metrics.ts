import type { CallScope } from '../../../ports/call-scope.ts';
import type { MetricsQuery, MetricsResult } from '../../../ports/monitoring.ts';
import type { Scope } from '../accounts.ts';
import type { Sender } from '../send.ts';
import { readMetricData } from './metric-data.ts';

const minuteMs = 60_000;
const fifteenDaysMs = 15 * 86_400_000;

/**
 * Several metrics of several things over the last hours, at most `points` of each. The query has at most 500 series.
 * Throws `CallError`.
 */
export async function readMetrics(sender: Sender, scope: Scope, query: MetricsQuery, call: CallScope): Promise<MetricsResult> {
  const { namespace, metrics, statistic, dimension, values, hours, points } = query;
  const periodSeconds = periodOf(hours, points);
  const end = Math.ceil(Date.now() / minuteMs) * minuteMs;
  const wanted = values.flatMap((of) => metrics.map((metric) => ({ namespace, metric, statistic, dimension, of })));
  const { start, ...read } = await readMetricData(sender, scope, wanted, { end, hours, periodSeconds, points }, call);
  const all = read.metrics.map((each, index) => ({ ...each, metric: wanted[index]?.metric ?? '', of: wanted[index]?.of ?? '' }));
  const series = all.flatMap(({ metric, of, values, summary }) => (summary ? [{ metric, of, ...summary, values }] : []));
  const silent = all.filter(({ summary, status }) => !summary && status === 'Complete').map(({ metric, of }) => `${metric} ${of}`);
  const incomplete = all.filter(({ status }) => status !== 'Complete').map(({ metric, of, status }) => `${metric} ${of} (${status})`);
  return {
    region: scope.region,
    ...(start === undefined ? {} : { start }),
    periodSeconds,
    series,
    ...(silent.length > 0 ? { silent } : {}),
    ...(incomplete.length > 0 ? { incomplete } : {}),
  };
}

/** The shortest period that gives no more points; what is older than 15 days is kept by the five minutes (GetMetricData, "StartTime"). */
export function periodOf(hours: number, points: number): number {
  const unit = hours * 60 * minuteMs > fifteenDaysMs ? 300 : 60;
  return Math.ceil((hours * 3_600) / points / unit) * unit;
}
