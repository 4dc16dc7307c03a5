import type { MetricDataResult } from '@aws-sdk/client-cloudwatch';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { MetricsQuery, MetricsResult, ValueSeries } from '../../../ports/monitoring.ts';
import type { Scope } from '../accounts.ts';
import { answered } from '../errors.ts';
import type { Sender } from '../send.ts';

const minuteMs = 60_000;
const fifteenDaysMs = 15 * 86_400_000;

interface Collected {
  readonly metric: string;
  readonly of: string;
  readonly points: Map<number, number>;
  status: string;
}

/**
 * Several metrics of several things over the last hours, at most `points` of each. The query has at most 500 series, which one request
 * takes (GetMetricData). Throws `CallError`.
 */
export async function readMetrics(sender: Sender, scope: Scope, query: MetricsQuery, call: CallScope): Promise<MetricsResult> {
  const { namespace, metrics, statistic, dimension, values, hours, points } = query;
  const periodSeconds = periodOf(hours, points);
  const end = Math.ceil(Date.now() / minuteMs) * minuteMs;
  const wanted = values.flatMap((of) => metrics.map((metric): Collected => ({ metric, of, points: new Map(), status: 'Complete' })));
  const input = {
    StartTime: new Date(end - hours * 60 * minuteMs),
    EndTime: new Date(end),
    ScanBy: 'TimestampAscending' as const,
    MetricDataQueries: wanted.map(({ metric, of }, index) => ({
      Id: `q${index}`,
      MetricStat: {
        Metric: { Namespace: namespace, MetricName: metric, Dimensions: [{ Name: dimension, Value: of }] },
        Period: periodSeconds,
        Stat: statistic,
      },
    })),
  };
  let NextToken: string | undefined;
  do {
    const reply = await sender.ask('cloudwatch', scope, call, (sdk) => new sdk.GetMetricDataCommand({ ...input, NextToken }));
    for (const result of answered(reply.MetricDataResults, 'GetMetricData')) collect(wanted, result);
    NextToken = reply.NextToken || undefined;
  } while (NextToken);

  const series = wanted.flatMap((each) => toSeries(each, points) ?? []);
  const silent = wanted.filter((each) => each.points.size === 0 && each.status === 'Complete').map(({ metric, of }) => `${metric} ${of}`);
  const incomplete = wanted.filter(({ status }) => status !== 'Complete').map(({ metric, of, status }) => `${metric} ${of} (${status})`);
  return {
    region: scope.region,
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

/** The pages of one answer say `PartialData` until the last one: the last word counts. */
function collect(wanted: readonly Collected[], { Id = '', Timestamps = [], Values = [], StatusCode }: MetricDataResult): void {
  const each = wanted[Number(Id.slice(1))];
  if (!each) return;
  each.status = StatusCode ?? each.status;
  Timestamps.forEach((time, index) => {
    const value = Values[index];
    if (value !== undefined) each.points.set(time.getTime(), Number(value.toPrecision(4)));
  });
}

/** CloudWatch may lay its periods across both ends of the time, which makes one more than asked: the oldest goes. */
function toSeries({ metric, of, points: collected }: Collected, most: number): ValueSeries | undefined {
  const shown = [...collected].sort(([a], [b]) => a - b).slice(-most);
  const values = shown.map(([, value]) => value);
  const latest = values.at(-1);
  if (latest === undefined) return undefined;
  const points = Object.fromEntries(shown.map(([time, value]) => [`${new Date(time).toISOString().slice(0, 16)}Z`, value]));
  return { metric, of, latest, min: Math.min(...values), max: Math.max(...values), points };
}
