import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCosts } from '../../src/costs/index.ts';
import type { CostDimension } from '../../src/ports/costs.ts';
import { createBilling } from '../../src/providers/hostinger/billing/index.ts';
import { newCall, sandboxAws } from '../aws/harness.ts';
import { apiFor, type Stub, startStub } from '../hostinger/stub.ts';
import { both, hostinger, main } from './bill-world.ts';
import { newStore, type TestStore } from './test-store.ts';

/** The real adapters of both clouds, over the sandbox and over Hostinger's routes behind a real server. */

const now = () => Date.parse('2026-11-20T12:00:00Z');
const settings = {
  budget: { cents: 10_000, currency: 'USD' },
  requestsPerDay: 100,
  rates: {},
  tags: { team: 'Team', application: 'Application', instance: 'Name' },
};
let stub: Stub;
let world: TestStore;
let costs: ReturnType<typeof createCosts>;
beforeEach(async () => {
  stub = await startStub({ now });
  world = newStore();
  costs = createCosts({
    aws: sandboxAws({ now }).costs,
    hostinger: createBilling({ api: apiFor(stub), servers: [] }),
    store: world.store,
    settings,
    everything: ['main', 'hostinger'],
    nearest: (_, candidates) => candidates[0],
    now,
  });
});
afterEach(async () => {
  world.close();
  await stub.close();
});

const call = () => newCall({ iam: ['ce:GetCostAndUsage', 'ce:GetCostForecast', 'ce:GetAnomalies'] });
const cents = (text = '0.00') => Number(text.split(' ')[0]?.replace('.', ''));

it('are one bill, and one of them without the other while its API is down', async () => {
  const together = await costs.current(both, call());
  const [usd] = together.totals;
  expect(together.totals.length).toBe(1);
  expect(cents(usd?.aws) + cents(usd?.hostinger)).toBe(cents(usd?.total));
  expect(together.byService.map(({ service }) => service)).toEqual(expect.arrayContaining(['AWS Lambda', 'Hostinger KVM 4']));
  expect(together.renewals).toEqual([{ name: 'KVM 4', date: '2026-12-02', cost: '19.99 USD' }]);
  expect(together).not.toHaveProperty('missing');

  const alone = await costs.current([main], call());
  expect(alone.totals).toMatchObject([{ currency: 'USD' }]);
  expect(Math.abs(cents(alone.totals[0]?.total) - cents(usd?.aws))).toBeLessThanOrEqual(1);
  expect(alone.asked.requests).toBe(1);
});

it('name what is down', async () => {
  stub.fail(/subscriptions/, ...Array.from({ length: 9 }, () => ({ kind: 'status', status: 503 }) as const));
  const rest = await costs.current(both, call());
  expect(rest.totals).toMatchObject([{ currency: 'USD' }]);
  expect(rest.totals[0]).not.toHaveProperty('hostinger');
  expect(rest.missing).toMatchObject([{ provider: 'hostinger', account: 'hostinger', code: 'provider_unavailable' }]);
  stub.heal();
});

describe('a month that was dear', () => {
  it('tells why: service, usage type and day, in four requests', async () => {
    const bill = await costs.month(both, '2026-08', call());
    expect(bill.incomplete).toBe(false);
    expect(costs.reader.requestsToday()).toBe(4);
    const [first] = bill.movers ?? [];
    expect(first).toMatchObject({
      service: expect.stringContaining('Elastic Compute Cloud'),
      usage: expect.stringMatching(/BoxUsage:m5\.4xlarge \+\d/),
    });
    expect(first?.day).toMatch(/^2026-08-\d\d \+\d/);
    expect(bill.previous).toMatchObject({ month: '2026-07', change: expect.stringMatching(/^\+/) });
    await costs.month(both, '2026-08', call());
    expect(costs.reader.requestsToday()).toBe(4);
  });

  it('is the same whatever it is told apart by', async () => {
    const [bill] = (await costs.month(both, '2026-08', call())).totals;
    const ways: CostDimension[] = [
      'provider',
      'account',
      'service',
      'usageType',
      'region',
      'day',
      'team',
      'application',
      'instance',
      'entry',
    ];
    for (const by of ways) {
      const { rows, totals } = await costs.breakdown(both, { by, month: '2026-08', limit: 100 }, call());
      expect([by, ...totals]).toEqual([by, `${bill?.total} USD`]);
      expect(rows.reduce((sum, { cost }) => sum + cents(cost), 0)).toBe(cents(bill?.total));
    }
  });

  it('stands out of the twelve', async () => {
    const trend = await costs.trend(both, '2026-10', 12, call());
    expect(trend.map(({ month }) => month)).toEqual([
      '2025-11',
      '2025-12',
      ...Array.from({ length: 10 }, (_, index) => `2026-${String(index + 1).padStart(2, '0')}`),
    ]);
    const dearest = trend.reduce((most, each) => (cents(each.totals[0]?.aws) > cents(most.totals[0]?.aws) ? each : most));
    expect(dearest.month).toBe('2026-08');
    expect(costs.reader.requestsToday()).toBe(1);
  });
});

it('a machine of Hostinger has its price', async () => {
  const { rows } = await costs.breakdown([hostinger], { by: 'instance', month: '2026-10', limit: 10 }, call());
  // 30 of the 31 days that begin on 2 October, and one of the 30 before them.
  expect(rows.find(({ name }) => name.startsWith('hostinger/'))?.cost).toBe('20.01 USD');
});
