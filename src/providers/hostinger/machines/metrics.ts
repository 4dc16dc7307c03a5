import type { CallScope } from '../../../ports/call-scope.ts';
import type { InstanceMetrics, MetricQuery, MetricSeries } from '../../../ports/compute.ts';
import type { HostingerApi } from '../api/index.ts';
import { metrics as metricsShape } from './shapes.ts';

/** In the words that EC2's metrics have, where they mean the same. */
const asked = [
  { metric: 'CPUUtilization', member: 'cpu_usage' },
  { metric: 'MemoryUsed', member: 'ram_usage' },
  { metric: 'DiskUsed', member: 'disk_space' },
  { metric: 'NetworkIn', member: 'incoming_traffic' },
  { metric: 'NetworkOut', member: 'outgoing_traffic' },
] as const;
const units: Readonly<Record<string, string>> = { '%': 'Percent', bytes: 'Bytes' };

const mostPoints = 60;
const shortestPeriodMs = 300_000;

/** What a machine did over the last hours: one request, at most 60 points a series, each the average of what was reported in its period. Throws `CallError`. */
export async function metrics(
  api: HostingerApi,
  virtualMachineId: number,
  { hours }: MetricQuery,
  call: CallScope,
): Promise<InstanceMetrics> {
  const periodMs = Math.ceil((hours * 3_600_000) / mostPoints / shortestPeriodMs) * shortestPeriodMs;
  const points = Math.ceil((hours * 3_600_000) / periodMs);
  const end = Math.ceil(Date.now() / shortestPeriodMs) * shortestPeriodMs;
  const from = end - points * periodMs;
  const query = { date_from: seconds(from), date_to: seconds(end) };
  const answer = await api.ask({ tool: 'VPS_getMetricsV1', path: { virtualMachineId }, query }, metricsShape, call);
  const read = asked.map(({ metric, member }) => {
    const reported = answer[member];
    const samples = Object.entries(reported?.usage ?? {}).flatMap(([at, value]) =>
      value === null ? [] : [{ at: Number(at) * 1_000, value }],
    );
    const unit = reported?.unit ?? '';
    return { metric, unit: units[unit] ?? unit, ...averages(samples, from, periodMs, points) };
  });
  const first = Math.min(...read.map(({ values }) => values.findIndex((value) => value !== null)).filter((index) => index >= 0));
  const series = read.map(({ metric, unit, values, ...summary }): MetricSeries => {
    const shown = values.slice(first, values.findLastIndex((value) => value !== null) + 1);
    return { metric, unit, statistic: 'Average', values: shown, ...summary };
  });
  const silent = read.filter(({ values }) => values.every((value) => value === null)).map(({ metric }) => `${metric} (nothing reported)`);
  return {
    ...(Number.isFinite(first) ? { start: `${new Date(from + first * periodMs).toISOString().slice(0, 16)}Z` } : {}),
    periodSeconds: periodMs / 1_000,
    series,
    ...(silent.length > 0 ? { incomplete: silent } : {}),
  };
}

function averages(samples: readonly { at: number; value: number }[], from: number, periodMs: number, points: number) {
  const periods = Array.from({ length: points }, (): number[] => []);
  const within = samples.filter(({ at }) => at >= from).sort((a, b) => a.at - b.at);
  for (const { at, value } of within) periods[Math.floor((at - from) / periodMs)]?.push(value);
  const values = periods.map((each) => (each.length === 0 ? null : short(each.reduce((sum, value) => sum + value, 0) / each.length)));
  const seen = within.map(({ value }) => value);
  const latest = seen.at(-1);
  return {
    values,
    ...(latest === undefined ? {} : { latest: short(latest), min: short(Math.min(...seen)), max: short(Math.max(...seen)) }),
  };
}

/** Digits beyond these cost tokens and say nothing. */
function short(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 100) / 100;
}

function seconds(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
