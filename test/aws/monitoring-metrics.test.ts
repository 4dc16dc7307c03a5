import fc from 'fast-check';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { MetricsQuery } from '../../src/ports/monitoring.ts';
import { periodOf } from '../../src/providers/aws/monitoring/metrics.ts';
import { fleet } from '../../src/providers/sandbox/index.ts';
import { monitoringGetMetrics } from '../../src/tools/monitoring/get-metrics.ts';
import { outputOf } from '../call/harness.ts';
import { accountsOf, failure, instanceTarget, newAws, newCall, resolved, sandboxAws } from './harness.ts';
import { type MonitoringStub, startMonitoringStub } from './monitoring-stub.ts';
import { roadOver } from './road.ts';

let stub: MonitoringStub;
let aws: ReturnType<typeof newAws>;
beforeAll(async () => {
  stub = await startMonitoringStub();
});
afterAll(() => stub.close());
beforeEach(() => {
  stub.requests.length = 0;
  aws = newAws({ endpoint: stub.endpoint });
});

const query: MetricsQuery = {
  ...{ namespace: 'N', metrics: ['a', 'b'], statistic: 'Sum', dimension: 'D', values: ['x', 'y'], hours: 3, points: 2 },
};
async function ask(more: Partial<MetricsQuery> = {}) {
  const [account] = await accountsOf(aws, { type: 'Account' }, newCall());
  if (!account) throw new Error('no account');
  return aws.monitoring.metrics(resolved(account), { ...query, ...more }, newCall());
}
/** @param values by minute, from the beginning of 2026 on */
function series(Id: string, StatusCode: string, values: Record<number, number>) {
  const start = Date.UTC(2026, 0, 1) / 1_000;
  const minutes = Object.keys(values).map(Number);
  return { Id, StatusCode, Timestamps: minutes.map((minute) => start + minute * 60), Values: Object.values(values) };
}

describe('metrics', () => {
  it('are put together from pages, oldest first, and no more of them than asked', async () => {
    stub.answer({
      GetMetricData: (input) => ({
        json: input.NextToken
          ? { MetricDataResults: [series('q0', 'Complete', { 180: 5 })] }
          : {
              MetricDataResults: [
                series('q0', 'PartialData', { 0: 1, 90: 3.27189 }),
                series('q1', 'Complete', {}),
                series('q2', 'InternalError', {}),
                series('q3', 'Forbidden', { 180: 1 }),
                series('nobody', 'Complete', { 0: 1 }),
              ],
              NextToken: 't',
            },
      }),
    });
    expect(await ask()).toEqual({
      region: 'eu-north-1',
      start: '2026-01-01T01:30Z',
      periodSeconds: 5_400,
      series: [
        { metric: 'a', of: 'x', latest: 5, min: 3.272, max: 5, values: [3.272, 5] },
        { metric: 'b', of: 'y', latest: 1, min: 1, max: 1, values: [null, 1] },
      ],
      silent: ['b x'],
      incomplete: ['a y (InternalError)', 'b y (Forbidden)'],
    });
    expect(stub.sent('GetMetricData')).toHaveLength(2);
    expect(stub.sent('GetMetricData')[0]).toMatchObject({
      ScanBy: 'TimestampAscending',
      MetricDataQueries: [
        {
          Id: 'q0',
          MetricStat: { Metric: { Namespace: 'N', MetricName: 'a', Dimensions: [{ Name: 'D', Value: 'x' }] }, Period: 5_400, Stat: 'Sum' },
        },
        { Id: 'q1' },
        { Id: 'q2' },
        { Id: 'q3' },
      ],
    });
  });

  it('that something else answered are no answer', async () => {
    stub.answer({ GetMetricData: { json: {} } });
    expect((await failure(ask())).code).toBe('provider_unavailable');
  });

  it('have periods that CloudWatch takes and that give no more points than asked', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 720 }), fc.integer({ min: 1, max: 120 }), (hours, points) => {
        const unit = hours > 360 ? 300 : 60;
        const period = periodOf(hours, points);
        expect(period % unit).toBe(0);
        expect((hours * 3_600) / period).toBeLessThanOrEqual(points);
        // No coarser than it has to be.
        if (period > unit) expect((hours * 3_600) / (period - unit)).toBeGreaterThan(points);
      }),
    );
  });

  it('of the sandbox are there, several instances at once', async () => {
    const road = await roadOver(sandboxAws());
    try {
      const ids = fleet.slice(0, 3).map(({ id }) => id);
      const { series } = outputOf(
        await road.call('monitoring_get_metrics', { ids, metrics: ['CPUUtilization', 'NetworkIn'], points: 10 }),
      ) as {
        series: { metric: string; of: string; values: unknown[] }[];
      };
      expect(series.map(({ metric, of }) => `${metric} ${of}`)).toEqual(ids.flatMap((id) => [`CPUUtilization ${id}`, `NetworkIn ${id}`]));
      expect(series.map(({ values }) => values.length).every((count) => count > 5 && count <= 10)).toBe(true);
    } finally {
      await road.close();
    }
  });
});

describe('the arguments', () => {
  const check = (input: object) => monitoringGetMetrics.check?.(monitoringGetMetrics.input.parse({ metrics: ['m'], ...input }));
  const ids = Array.from({ length: 60 }, (_, index) => `i-${String(index).padStart(8, '0')}`);
  const metrics = Array.from({ length: 10 }, (_, index) => `m${index}`);

  it.each([
    {},
    { dimension: 'D' },
    { values: ['x'] },
    { ids: ids.slice(0, 1), dimension: 'D', values: ['x'] },
    { ids: ids.slice(0, 1), dimension: 'D' },
  ])('name ids, or a dimension and its values: not %j', (input) => expect(check(input)).toBe('give ids, or dimension and values'));

  it('stay within what one request and one reply can take', () => {
    expect(check({ ids: ids.slice(0, 1) })).toBeUndefined();
    expect(check({ dimension: 'D', values: ['x'] })).toBeUndefined();
    expect(check({ ids, metrics, points: 1 })).toMatch(/600 series .* at most 69/);
    expect(check({ ids: ids.slice(0, 50), points: 6 })).toBeUndefined();
    expect(check({ ids: ids.slice(0, 50) })).toBe(
      '50 series with 30 points do not fit a reply: use points up to 6, or ask for fewer series',
    );
  });

  it.each([
    [6, 120],
    [21, 30],
    [69, 1],
  ])('give a reply below 4,000 tokens: up to %i series with %i points', async (count, points) => {
    const values = Array.from({ length: count + 1 }, (_, index) => `i-0a1b2c3d4e5f6${1_000 + index}`);
    const most = [count, count + 1].map((each) => check({ ids: values.slice(0, each), points }));
    expect(most).toEqual([undefined, expect.any(String)]);
    const start = Date.UTC(2026, 0, 1);
    stub.answer({
      GetMetricData: ({ MetricDataQueries }) => ({
        json: {
          MetricDataResults: (MetricDataQueries as { Id: string; MetricStat: { Period: number } }[]).map(({ Id, MetricStat }) => ({
            Id,
            StatusCode: 'Complete',
            Timestamps: Array.from({ length: points }, (_, index) => start / 1_000 + index * MetricStat.Period),
            Values: Array.from({ length: points }, (_, index) => 1_234_567 * (index + 1)),
          })),
        },
      }),
    });
    const reply = await ask({ metrics: ['CPUUtilization'], dimension: 'InstanceId', values: values.slice(0, count), points });
    expect(reply.series.every((each) => each.values.length === points)).toBe(true);
    expect(encode(JSON.stringify(reply)).length).toBeLessThan(4_000);
  });
});

describe('the metrics of one instance', () => {
  const metrics = () => aws.compute.metrics(instanceTarget(), { hours: 168 }, newCall());

  it('are read to the last page, and what CloudWatch did not give is named', async () => {
    stub.answer({
      GetMetricData: ({ NextToken }) => ({
        json: NextToken
          ? { MetricDataResults: [series('q0', 'Complete', { 510: 3 })] }
          : { MetricDataResults: [series('q0', 'PartialData', { 0: 1 }), series('q1', 'InternalError', { 170: 7 })], NextToken: 't' },
      }),
    });
    expect(await metrics()).toEqual({
      start: '2026-01-01T00:00Z',
      periodSeconds: 10_200,
      series: [
        { metric: 'CPUUtilization', statistic: 'Average', unit: 'Percent', values: [1, null, null, 3], latest: 3, min: 1, max: 3 },
        { metric: 'NetworkIn', statistic: 'Sum', unit: 'Bytes', values: [null, 7], latest: 7, min: 7, max: 7 },
        { metric: 'NetworkOut', statistic: 'Sum', unit: 'Bytes', values: [] },
        { metric: 'StatusCheckFailed', statistic: 'Maximum', unit: 'Count', values: [] },
      ],
      incomplete: ['NetworkIn (InternalError)'],
    });
  });

  it('that something else answered are no silence', async () => {
    stub.answer({ GetMetricData: { json: {} } });
    expect((await failure(metrics())).code).toBe('provider_unavailable');
  });
});
