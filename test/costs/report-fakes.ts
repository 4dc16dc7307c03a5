import type { ComputePort, InstanceMetrics, InstanceRow } from '../../src/ports/compute.ts';
import type { CostAnomaly } from '../../src/ports/cost-sources.ts';
import type { Breakdown, CostDimension, CostsPort, CurrencyTotals, Forecast, WholeMonth } from '../../src/ports/costs.ts';
import type { AccountTarget, Resolved } from '../../src/ports/domain.ts';
import { resolved } from '../aws/harness.ts';

/** Believable answers of the ports that a report is made of; a test changes what it is about. */

export const accounts: readonly Resolved<AccountTarget>[] = (
  [
    ['aws', 'main', '123456789012'],
    ['hostinger', 'hostinger', 'hostinger'],
  ] as const
).map(([provider, account, accountId]) =>
  resolved({ type: 'Account', id: account, provider, account, accountId, regions: ['eu-north-1'], tags: {} }),
);

const age = { asOf: '2026-11-01T00:00:03.000Z', ageMinutes: 0, asked: { requests: 4, usd: '0.04' } };

const trend: readonly [month: string, aws: string, hostinger: string, recorded?: string][] = [
  ['2025-11', '612.40', '31.98'],
  ['2025-12', '640.12', '31.98'],
  ['2026-01', '655.03', '31.98', '12.00'],
  ['2026-02', '601.77', '31.98', '12.00'],
  ['2026-03', '688.20', '31.98', '12.00'],
  ['2026-04', '702.51', '31.98', '12.00'],
  ['2026-05', '695.90', '44.97', '12.00'],
  ['2026-06', '731.06', '44.97', '12.00'],
  ['2026-07', '744.38', '44.97', '12.00'],
  ['2026-08', '1312.64', '44.97', '12.00'],
  ['2026-09', '798.15', '44.97', '12.00'],
  ['2026-10', '1107.62', '44.97', '82.00'],
];

export function totals(total: string, more: Partial<CurrencyTotals> = {}): CurrencyTotals {
  return { currency: 'USD', total, ...more };
}

function sum(amounts: readonly string[]): string {
  const cents = amounts.reduce((all, amount) => all + Math.round(Number(amount) * 100), 0);
  return (cents / 100).toFixed(2);
}

export function idleMetrics(values: (number | null)[], max?: number): InstanceMetrics {
  const found = max === undefined ? {} : { max };
  return {
    start: '2026-10-18T00:00Z',
    periodSeconds: 20_400,
    series: [{ metric: 'CPUUtilization', unit: 'Percent', statistic: 'Average', values, ...found }],
  };
}

export function instance(id: string, more: Partial<InstanceRow> = {}): InstanceRow {
  return { provider: 'aws', id, name: '', state: 'running', type: 't3.large', region: 'eu-north-1', account: 'main', ...more };
}

export function newFakes() {
  const fakes = {
    month: {
      month: '2026-10',
      incomplete: false,
      totals: [totals('1234.59', { aws: '1107.62', hostinger: '44.97', recorded: '82.00', credits: '-25.00', cash: '1189.62' })],
      budget: { amount: '1000.00 USD', used: '123%' },
      previous: { month: '2026-09', total: '855.12 USD', change: '+379.47 USD (+44%)' },
      byService: [{ service: 'Amazon Elastic Compute Cloud - Compute', cost: '702.11 USD' }],
      movers: [
        {
          service: 'Amazon Elastic Compute Cloud - Compute',
          change: '+301.44 USD',
          was: '400.67 → 702.11',
          usage: 'EUN1-BoxUsage:m5.4xlarge +288.20',
          day: '2026-10-14 +16.90',
          anomaly: '+250.10 USD unusual from 2026-10-14: EUN1-BoxUsage:m5.4xlarge in eu-north-1',
        },
        { service: 'Figma', change: '+70.00 USD', was: '0.00 → 70.00' },
        {
          service: 'Amazon Relational Database Service',
          change: '-12.20 USD',
          was: '168.20 → 156.00',
          usage: 'EUN1-InstanceUsage:db.t4g.large -12.20',
        },
      ],
      ...age,
    } as WholeMonth,
    trend: trend.map(([month, aws, hostinger, recorded]) => ({
      month,
      totals: [totals(sum([aws, hostinger, recorded ?? '0']), { aws, hostinger, ...(recorded ? { recorded } : {}) })],
    })) as { month: string; totals: CurrencyTotals[] }[],
    forecast: {
      month: '2026-11',
      forecasts: [{ currency: 'USD', soFar: '1.20', forecast: '1180.00', low: '1101.50', high: '1263.20', basis: 'aws' }],
      budget: { amount: '1000.00 USD', used: '118%' },
      renewals: [
        { name: 'KVM 2', date: '2026-11-30', cost: '19.99 USD' },
        { name: 'KVM 4', date: '2026-12-09', cost: '299.88 USD' },
        { name: '.com domain', date: '2026-12-21', cost: '15.99 USD' },
      ],
      ...age,
    } as Forecast,
    breakdowns: {
      service: [
        ['Amazon Elastic Compute Cloud - Compute', '702.11'],
        ['Amazon Relational Database Service', '156.00'],
        ['EC2 - Other', '98.70'],
        ['Figma', '70.00'],
        ['AWS Support (Developer)', '64.10'],
        ['Amazon Simple Storage Service', '41.33'],
        ['Hostinger KVM 4', '24.99'],
        ['Hostinger KVM 2', '19.98'],
        ['Amazon CloudWatch', '18.22'],
        ['AWS Lambda', '14.06'],
        ['Registrar', '12.00'],
        ['Amazon CloudFront', '9.80'],
        ['AWS Key Management Service', '3.30'],
      ],
      team: [
        ['backend', '688.00'],
        ['(none)', '301.59'],
        ['frontend', '162.00'],
        ['coordinator', '83.00'],
      ],
      entry: [
        // What the clouds bill is of none.
        ['(none)', '1152.59'],
        ['ent_2 Figma: design seats, yearly by months', '70.00'],
        ['ent_1 Registrar: ziggie.example', '12.00'],
      ],
    } as Partial<Record<CostDimension, [string, string][]>>,
    tag: 'Team' as string | undefined,
    anomalies: [
      {
        id: 'a',
        from: '2026-10-14',
        until: '2026-10-31',
        service: 'Amazon Elastic Compute Cloud - Compute',
        region: 'eu-north-1',
        usageType: 'EUN1-BoxUsage:m5.4xlarge',
        impact: '250.1034',
      },
    ] as CostAnomaly[],
    stopped: [instance('i-0aa11bb22cc33dd44', { name: 'old-ci', state: 'stopped', type: 'm5.xlarge' })],
    running: [instance('i-0123456789abcdef0', { name: 'web-1' }), instance('i-0bbbbbbbbbbbbbbb0', { name: 'batch', type: 'm5.4xlarge' })],
    metrics: (id: string): InstanceMetrics | Promise<never> =>
      id === 'i-0bbbbbbbbbbbbbbb0'
        ? idleMetrics(
            Array.from({ length: 59 }, () => 1.2),
            3.4,
          )
        : idleMetrics(
            Array.from({ length: 59 }, () => 30),
            88,
          ),
    asked: [] as string[],
    costs: undefined as unknown as CostsPort,
    compute: undefined as unknown as Pick<ComputePort, 'list' | 'metrics'>,
  };
  const unused = async (): Promise<never> => {
    throw new Error('not asked by a report');
  };
  fakes.costs = {
    current: unused,
    record: unused,
    correct: unused,
    month: async () => fakes.month,
    trend: async () => fakes.trend,
    forecast: async () => fakes.forecast,
    breakdown: async (_, { by, month }): Promise<Breakdown> => {
      const rows = (fakes.breakdowns[by] ?? []).map(([name, amount]) => ({ name, cost: `${amount} USD` }));
      const tag = by === 'team' && fakes.tag !== undefined ? { tag: fakes.tag } : {};
      return { ...age, month: month ?? '', incomplete: false, rows, totals: [], ...tag };
    },
  };
  fakes.compute = {
    async list(_, { state, limit }) {
      const instances = state === 'stopped' ? fakes.stopped : fakes.running;
      return { instances: instances.slice(0, limit), ...(instances.length > limit ? { nextCursor: 'more' } : {}) };
    },
    async metrics({ id }) {
      fakes.asked.push(id);
      return fakes.metrics(id);
    },
  };
  return fakes;
}

export type Fakes = ReturnType<typeof newFakes>;

export function sourcesOf(fakes: Fakes, now: () => number) {
  return {
    costs: fakes.costs,
    compute: fakes.compute,
    anomalies: async () => ({ value: fakes.anomalies, fetchedAt: 0 }),
    budgetCurrency: 'USD',
    now,
  };
}
