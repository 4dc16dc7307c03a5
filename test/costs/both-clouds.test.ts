import { afterEach, beforeEach, expect, it } from 'vitest';
import { createCosts } from '../../src/costs/index.ts';
import { createBilling } from '../../src/providers/hostinger/billing/index.ts';
import { newCall, sandboxAws } from '../aws/harness.ts';
import { apiFor, type Stub, startStub } from '../hostinger/stub.ts';
import { hostinger, main, newWorld } from './world.ts';

/** The real adapters of both clouds, over the sandbox and over Hostinger's routes behind a real server. */

const now = () => Date.parse('2026-11-20T12:00:00Z');
let stub: Stub;
let world: ReturnType<typeof newWorld>;
beforeEach(async () => {
  stub = await startStub({ now });
  world = newWorld();
});
afterEach(async () => {
  world.close();
  await stub.close();
});

it('are one bill, and one of them without the other while its API is down', async () => {
  const costs = createCosts({ aws: sandboxAws({ now }).costs, hostinger: createBilling({ api: apiFor(stub) }), store: world.store, now });
  const both = await costs.current([main, hostinger], newCall());
  const [usd] = both.totals;
  expect(both.totals.length).toBe(1);
  expect(Number(usd?.aws) + Number(usd?.hostinger)).toBeCloseTo(Number(usd?.total), 5);
  expect(both.byService.map(({ service }) => service)).toEqual(expect.arrayContaining(['AWS Lambda', 'Hostinger KVM 4']));
  expect(both.renewals).toEqual([{ name: 'KVM 4', date: '2026-12-02', cost: '19.99 USD' }]);
  expect(both).not.toHaveProperty('missing');

  stub.fail(/subscriptions/, ...Array.from({ length: 9 }, () => ({ kind: 'status', status: 503 }) as const));
  const rest = await costs.current([main, hostinger], newCall());
  expect(rest).toMatchObject({
    totals: [{ currency: 'USD', total: usd?.aws, aws: usd?.aws }],
    asked: { requests: 1 },
    missing: [{ provider: 'hostinger', account: 'hostinger', code: 'provider_unavailable' }],
  });
  stub.heal();
});
