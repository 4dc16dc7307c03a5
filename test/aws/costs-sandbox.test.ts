import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CostAnswer, CostGroup, CostQuestion, CostRow } from '../../src/ports/cost-sources.ts';
import { costCall, main } from './cost-explorer-stub.ts';
import { failure, sandboxAws } from './harness.ts';

const noon = Date.parse('2026-11-22T12:00:00Z');
const dayMs = 86_400_000;
const text = (at: number) => new Date(at).toISOString().slice(0, 10);
const firstOf = (at: number, monthsLater: number) => Date.UTC(new Date(at).getUTCFullYear(), new Date(at).getUTCMonth() + monthsLater, 1);

const costsAt = (now: number) => sandboxAws({ now: () => now }).costs;
const announce = () => undefined;
const ask = (now: number, question: Partial<CostQuestion>): Promise<CostAnswer> =>
  costsAt(now).usage(
    main,
    {
      period: { from: text(firstOf(now, 0)), until: text(firstOf(now, 1)) },
      granularity: 'month',
      groups: ['service', 'kind'],
      ...question,
    },
    costCall(),
    announce,
  );
/** In integer units of 10⁻¹⁰ dollars. */
const unitsOf = (rows: readonly CostRow[]) => rows.reduce((sum, { amount }) => sum + Math.round(Number(amount) * 1e10), 0);
const dollarsOf = (rows: readonly CostRow[]) => unitsOf(rows) / 1e10;
const ofKind = (rows: readonly CostRow[], kind: string) => rows.filter(({ keys }) => keys[1] === kind);
const sumBy = (rows: readonly CostRow[], keyOf: (row: CostRow) => string) =>
  new Map([...Map.groupBy(rows, keyOf)].map(([key, some]) => [key, dollarsOf(some)]));
const fourteenMonths = { from: '2025-10-01', until: '2026-12-01' };

describe('fourteen months', () => {
  it('of believable costs, of which one stands out, with a credit each and one refund', async () => {
    const { rows } = await ask(noon, { period: fourteenMonths });
    const months = sumBy(ofKind(rows, 'cost'), ({ from }) => from);
    expect([...months.keys()].length).toBe(14);
    for (const [month, dollars] of months) {
      if (month === '2026-08-01') expect(dollars).toBeGreaterThan(90);
      else if (month !== '2026-11-01') expect([month, dollars > 45 && dollars < 60]).toEqual([month, true]);
    }
    expect([...sumBy(ofKind(rows, 'credit'), ({ from }) => from).values()]).toEqual(Array(14).fill(-2));
    expect(ofKind(rows, 'refund')).toEqual([
      { from: '2026-06-01', keys: ['AWS Data Transfer', 'refund'], currency: 'USD', amount: '-4.3500000000' },
    ]);
    expect(new Set(rows.map(({ keys }) => keys[0]))).toEqual(
      new Set([
        'Amazon Elastic Compute Cloud - Compute',
        'EC2 - Other',
        'AWS Data Transfer',
        'Amazon Simple Storage Service',
        'AWS Lambda',
        'AmazonCloudWatch',
        'AWS Cost Explorer',
        'Tax',
      ]),
    );
  });

  it('are final once they are over, and empty before the account was', async () => {
    expect((await ask(noon, { period: { from: '2025-10-01', until: '2026-11-01' } })).isFinal).toBe(true);
    expect((await ask(noon, {})).isFinal).toBe(false);
    expect(await ask(noon, { period: fourteenMonths })).toMatchObject({ isFinal: false, openFrom: '2026-11-01' });
    expect(await ask(noon, { period: { from: '2025-06-01', until: '2025-10-01' } })).toEqual({ rows: [], isFinal: true });
  });

  it('grow with the day, and are the same for everybody', async () => {
    const [now, again, later] = await Promise.all([ask(noon, {}), ask(noon, {}), ask(noon + 3_600_000, {})]);
    expect(again).toEqual(now);
    expect(unitsOf(later.rows)).toBeGreaterThan(unitsOf(now.rows));
    expect(dollarsOf(ofKind((await ask(Date.parse('2026-11-01T00:00:01Z'), {})).rows, 'cost'))).toBeLessThan(0.01);
  });

  it('are of this account alone', async () => {
    const question: CostQuestion = { period: fourteenMonths, granularity: 'month', groups: [] };
    const { rows } = await costsAt(noon).usage({ ...main, accountId: '210987654321' }, question, costCall(), announce);
    expect(rows).toEqual([]);
  });

  it('can be told by team for a part, by application and name for less', async () => {
    const shareOf = async (tag: string) => {
      const { rows } = await ask(noon, { groups: [{ tag }], withoutCredits: true });
      return 1 - dollarsOf(rows.filter(({ keys }) => keys[0] === '')) / dollarsOf(rows);
    };
    const [project, team, application, name] = await Promise.all(['Project', 'Team', 'Application', 'Name'].map(shareOf));
    expect([project, team, application, name].every((share = 0) => share > 0.5 && share < 0.9)).toBe(true);
    expect(application).toBeLessThan(team ?? 0);
    expect(await shareOf('CostCentre')).toBe(0);
  });
});

describe('the spike', () => {
  const august = { from: '2026-08-01', until: '2026-09-01' };
  const ec2 = 'Amazon Elastic Compute Cloud - Compute';

  it('is found by service, usage type, day, region, and by the team that nobody named', async () => {
    const july = { from: '2026-07-01', until: '2026-08-01' };
    const [before, during] = await Promise.all(
      [july, august].map((period) => ask(noon, { period, groups: ['service'], withoutCredits: true })),
    );
    const changes = [...sumBy(during?.rows ?? [], ({ keys }) => keys[0] ?? '')].map(
      ([service, dollars]) => [service, dollars - (sumBy(before?.rows ?? [], ({ keys }) => keys[0] ?? '').get(service) ?? 0)] as const,
    );
    expect(changes.toSorted((a, b) => b[1] - a[1])[0]).toEqual([ec2, expect.closeTo(40.8, 0)]);
    const { rows } = await ask(noon, { period: august, granularity: 'day', groups: ['usageType', 'region'], withoutCredits: true });
    const large = rows.filter(({ keys }) => keys[0] === 'EUN1-BoxUsage:m5.4xlarge');
    expect(large.map(({ from }) => from)).toEqual([11, 12, 13, 14, 15].map((day) => `2026-08-${day}`));
    expect(new Set(large.map(({ keys }) => keys[1]))).toEqual(new Set(['eu-north-1']));
    const teams = await ask(noon, { period: august, groups: ['usageType', { tag: 'Team' }] });
    expect(teams.rows.filter(({ keys }) => keys[0] === 'EUN1-BoxUsage:m5.4xlarge').map(({ keys }) => keys[1])).toEqual(['']);
  });

  it('doubles what machines cost', async () => {
    const { rows } = await ask(noon, { period: august, groups: ['service', 'usageType'], withoutCredits: true });
    const machines = rows.filter(({ keys }) => keys[0] === ec2);
    const large = dollarsOf(machines.filter(({ keys }) => keys[1] === 'EUN1-BoxUsage:m5.4xlarge'));
    expect(dollarsOf(machines) / (dollarsOf(machines) - large)).toBeCloseTo(2, 1);
  });

  it('is the one anomaly, of the month in which it ended', async () => {
    const find = (period: { from: string; until: string }) => costsAt(noon).anomalies(main, period, costCall(), announce);
    expect(await find(august)).toEqual([
      {
        id: expect.any(String),
        from: '2026-08-11',
        until: '2026-08-15',
        service: ec2,
        region: 'eu-north-1',
        usageType: 'EUN1-BoxUsage:m5.4xlarge',
        impact: '40.80',
      },
    ]);
    expect(await find({ from: '2026-09-01', until: '2026-12-01' })).toEqual([]);
    expect(await find({ from: '2026-08-01', until: '2026-08-15' })).toEqual([]);
    expect((await find({ from: '2026-08-15', until: '2026-08-16' })).length).toBe(1);
  });

  it('is always in the third month that is over', async () => {
    for (const now of ['2026-01-31T23:59:59Z', '2028-03-01T00:00:00Z']) {
      const at = Date.parse(now);
      const { rows } = await ask(at, { period: { from: text(firstOf(at, -12)), until: text(firstOf(at, 1)) }, groups: ['usageType'] });
      expect(rows.filter(({ keys }) => keys[0]?.endsWith('m5.4xlarge')).map(({ from }) => from)).toEqual([text(firstOf(at, -3))]);
    }
  });
});

it('tells the same sums by whatever groups, filters and granularity', async () => {
  const groups: CostGroup[] = ['service', 'usageType', 'kind', 'region', { tag: 'Team' }, { tag: 'Name' }, { tag: 'Nobody' }];
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        now: fc.integer({ min: Date.parse('2024-01-01T00:00:00Z'), max: Date.parse('2029-01-01T00:00:00Z') }),
        monthsAgo: fc.integer({ min: 0, max: 13 }),
        days: fc.tuple(fc.integer({ min: 0, max: 27 }), fc.integer({ min: 1, max: 40 })),
        by: fc.subarray(groups, { minLength: 0, maxLength: 2 }),
        withoutCredits: fc.boolean(),
      }),
      async ({ now, monthsAgo, days, by, withoutCredits }) => {
        const from = Math.min(firstOf(now, -monthsAgo) + days[0] * dayMs, now - (now % dayMs));
        const period = { from: text(from), until: text(Math.min(from + days[1] * dayMs, firstOf(now, 1))) };
        const filter = { period, withoutCredits };
        const [total, byMonth, byDay] = await Promise.all([
          ask(now, { ...filter, groups: [] }),
          ask(now, { ...filter, groups: by }),
          ask(now, { ...filter, groups: by, granularity: 'day' }),
        ]);
        expect(unitsOf(byMonth.rows)).toBe(unitsOf(total.rows));
        expect(unitsOf(byDay.rows)).toBe(unitsOf(total.rows));
        const monthly = (row: CostRow) => [row.from.slice(0, 7), ...row.keys].join('\n');
        const sorted = (rows: readonly CostRow[]) => [...Map.groupBy(rows, monthly)].map(([key, some]) => `${key} ${unitsOf(some)}`).sort();
        expect(sorted(byDay.rows).filter((line) => !line.endsWith(' 0'))).toEqual(
          sorted(byMonth.rows).filter((line) => !line.endsWith(' 0')),
        );
      },
    ),
    { numRuns: 40 },
  );
});

describe('the forecast', () => {
  it('goes on as the days so far, so that the month stays below the default budget with two machines at Hostinger', async () => {
    for (const now of [
      '2026-11-01T00:00:00Z',
      '2026-11-22T12:00:00Z',
      '2027-02-28T23:00:00Z',
      '2028-02-29T01:00:00Z',
      '2027-12-31T10:00:00Z',
    ]) {
      const at = Date.parse(now);
      const month = { from: text(firstOf(at, 0)), until: text(firstOf(at, 1)) };
      const rest = await costsAt(at).forecast(main, { from: text(at), until: month.until }, costCall(), announce);
      const daysLeft = (Date.parse(month.until) - at + (at % dayMs)) / dayMs;
      const perDay = Number(rest.mean) / daysLeft;
      expect(perDay).toBeGreaterThan(1.2);
      expect(perDay).toBeLessThan(2.1);
      expect(Number(rest.low)).toBeCloseTo(Number(rest.mean) * 0.88, 5);
      expect(Number(rest.high)).toBeCloseTo(Number(rest.mean) * 1.12, 5);
      expect(rest).toMatchObject({ currency: 'USD', level: 80 });
      const past = text(at) > month.from ? { from: month.from, until: text(at) } : undefined;
      const soFar = past ? dollarsOf((await ask(at, { period: past, groups: [], withoutCredits: true })).rows) : 0;
      // Hostinger's KVM 4 and KVM 2 are 33.98 USD a month in the sandbox.
      expect(soFar + Number(rest.mean) + 33.98).toBeGreaterThan(80);
      expect(soFar + Number(rest.mean) + 33.98).toBeLessThan(92);
    }
  });

  it('keeps what is over out of it', async () => {
    expect(await failure(costsAt(noon).forecast(main, { from: '2026-12-01', until: '2026-12-01' }, costCall(), announce))).toMatchObject({
      code: 'provider_rejected',
      details: { provider: { code: 'ValidationException' } },
    });
  });
});

describe('what AWS refuses', () => {
  it.each<[string, Partial<CostQuestion>, RegExp]>([
    ['an end before its start', { period: { from: '2026-11-02', until: '2026-11-01' } }, /before end date/],
    ['no days', { period: { from: '2026-11-01', until: '2026-11-01' } }, /before end date/],
    ['no date', { period: { from: 'soon', until: '2026-11-01' } }, /before end date/],
    ['a start to come', { period: { from: '2026-11-25', until: '2026-12-01' } }, /after the current date/],
    ['an end beyond the first of the next month', { period: { from: '2026-11-01', until: '2026-12-02' } }, /beginning of next month/],
    ['days of long ago', { period: { from: '2025-09-01', until: '2025-10-01' }, granularity: 'day' }, /14 months/],
    ['half a month of long ago', { period: { from: '2025-09-02', until: '2025-10-01' } }, /first day of the month/],
    ['three groups', { groups: ['service', 'kind', 'region'] }, /two groups/],
  ])('the sandbox refuses: %s', async (_, question, message) => {
    expect(await failure(ask(noon, question))).toMatchObject({
      code: 'provider_rejected',
      details: { provider: { code: 'ValidationException', message: expect.stringMatching(message) } },
    });
  });
});
