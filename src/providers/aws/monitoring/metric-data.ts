import type { MetricDataResult } from '@aws-sdk/client-cloudwatch';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { Statistic } from '../../../ports/monitoring.ts';
import type { Scope } from '../accounts.ts';
import { answered } from '../errors.ts';
import type { Sender } from '../send.ts';

export interface WantedMetric {
  readonly namespace: string;
  readonly metric: string;
  readonly statistic: Statistic;
  readonly dimension: string;
  readonly of: string;
}

export interface Window {
  /** Epoch milliseconds. */
  readonly end: number;
  readonly hours: number;
  readonly periodSeconds: number;
  /** Most of a series. */
  readonly points: number;
}

export interface ReadMetric {
  /** `Complete`, or CloudWatch's word for why not all of it is there. */
  readonly status: string;
  /** One a period from the common start on; null: nothing was reported. Empty: nothing at all was. */
  readonly values: (number | null)[];
  readonly summary?: { readonly latest: number; readonly min: number; readonly max: number };
}

interface Collected {
  status: string;
  readonly points: Map<number, number>;
}

/**
 * What metrics reported, in the order in which they are wanted, on one grid of periods. At most 500, which one request takes
 * (GetMetricData). Throws `CallError`.
 * @returns start: ISO time to the minute of everybody's first value; absent when nothing reported
 */
export async function readMetricData(
  sender: Sender,
  scope: Scope,
  wanted: readonly WantedMetric[],
  { end, hours, periodSeconds, points }: Window,
  call: CallScope,
): Promise<{ start?: string; metrics: ReadMetric[] }> {
  const input = {
    StartTime: new Date(end - hours * 3_600_000),
    EndTime: new Date(end),
    ScanBy: 'TimestampAscending' as const,
    MetricDataQueries: wanted.map(({ namespace, metric, statistic, dimension, of }, index) => ({
      Id: `q${index}`,
      MetricStat: {
        Metric: { Namespace: namespace, MetricName: metric, Dimensions: [{ Name: dimension, Value: of }] },
        Period: periodSeconds,
        Stat: statistic,
      },
    })),
  };
  const collected = wanted.map((): Collected => ({ status: 'Complete', points: new Map() }));
  let NextToken: string | undefined;
  do {
    const reply = await sender.ask('cloudwatch', scope, call, (sdk) => new sdk.GetMetricDataCommand({ ...input, NextToken }));
    for (const result of answered(reply.MetricDataResults, 'GetMetricData')) collect(collected, result);
    NextToken = reply.NextToken || undefined;
  } while (NextToken);

  const times = collected.flatMap((each) => [...each.points.keys()]).sort((a, b) => a - b);
  const [oldest, newest] = [times[0], times.at(-1)];
  if (oldest === undefined || newest === undefined) return { metrics: collected.map(({ status }) => ({ status, values: [] })) };
  // CloudWatch may lay its periods across both ends of the time, which makes one more than asked: the oldest goes.
  const periodMs = periodSeconds * 1_000;
  const start = Math.max(oldest, newest - (points - 1) * periodMs);
  return { start: `${new Date(start).toISOString().slice(0, 16)}Z`, metrics: collected.map((each) => onGrid(each, start, periodMs)) };
}

/** The pages of one answer say `PartialData` until the last one: the last word counts. */
function collect(collected: readonly Collected[], { Id = '', Timestamps = [], Values = [], StatusCode }: MetricDataResult): void {
  const each = collected[Number(Id.slice(1))];
  if (!each) return;
  each.status = StatusCode ?? each.status;
  Timestamps.forEach((time, index) => {
    const value = Values[index];
    if (value !== undefined) each.points.set(time.getTime(), Number(value.toPrecision(4)));
  });
}

function onGrid({ status, points }: Collected, start: number, periodMs: number): ReadMetric {
  const values: (number | null)[] = [];
  for (const [time, value] of [...points].sort(([a], [b]) => a - b)) {
    const place = Math.round((time - start) / periodMs);
    if (place < 0) continue;
    while (values.length < place) values.push(null);
    values[place] = value;
  }
  const reported = values.filter((value) => value !== null);
  const latest = reported.at(-1);
  if (latest === undefined) return { status, values };
  return { status, values, summary: { latest, min: Math.min(...reported), max: Math.max(...reported) } };
}
