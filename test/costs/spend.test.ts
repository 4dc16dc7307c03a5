import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createSpend } from '../../src/costs/spend.ts';
import type { Addition, PriceList } from '../../src/ports/spend.ts';
import type { StateStore } from '../../src/ports/state.ts';
import { openSqliteStore } from '../../src/state/sqlite-store.ts';

/** Spend as decisions see it, over a real store. */

const hourMs = 3_600_000;
let folder: string;
let store: StateStore;
let now: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ziggie-spend-'));
  store = openSqliteStore(folder);
  now = Date.parse('2026-11-22T12:00:00Z');
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

const prices: PriceList = { asOf: '2026-11-01', monthlyCents: ({ instanceType }) => (instanceType === 't3.micro' ? 100 : undefined) };
const micro: Addition = { provider: 'aws', region: 'eu-north-1', instanceType: 't3.micro' };
const spendOf = (currency = 'USD', dollarRate?: number) =>
  createSpend({
    store,
    budget: { cents: 10_000, currency },
    prices: async () => prices,
    ...(dollarRate === undefined ? {} : { dollarRate }),
    now: () => now,
  });
const know = (currency = 'USD') =>
  store.keepSpend({
    month: '2026-11',
    currency,
    monthToDateCents: 4_000,
    monthToDateAt: now - hourMs,
    forecastCents: 8_000,
    forecastAt: now,
  });

it('knows the budget alone until something was read', async () => {
  expect(await spendOf().facts(undefined)).toEqual({ currency: 'USD', budgetCents: 10_000, monthlyCostCents: 0 });
});

it('is as old as its oldest figure', async () => {
  know();
  expect(await spendOf().facts(undefined)).toEqual({
    currency: 'USD',
    budgetCents: 10_000,
    monthToDateCents: 4_000,
    forecastCents: 8_000,
    monthlyCostCents: 0,
    ageMinutes: 60,
  });
});

it('has prices in the currency of the budget, exact where they are, else a cent more; without a rate none', async () => {
  expect((await spendOf('EUR', 1.1).facts(micro)).monthlyCostCents).toBe(110);
  expect((await spendOf('EUR', 0.927).facts(micro)).monthlyCostCents).toBe(93);
  expect((await spendOf('EUR').facts(micro)).monthlyCostCents).toBeUndefined();
  expect((await spendOf().facts({ ...micro, instanceType: 'm9.huge' })).monthlyCostCents).toBeUndefined();
});

it('adds what was reserved since the forecast was read, or a day before that, which AWS has not billed yet', async () => {
  know();
  const spend = spendOf();
  const at = (time: number, key: string) => store.reserveSpend('agent-marcus', '2026-11', key, key, 500, 10_000, time);
  at(now - 25 * hourMs, 'long ago');
  expect((await spend.facts(micro)).forecastCents).toBe(8_000);
  at(now - 23 * hourMs, 'yesterday');
  expect((await spend.facts(micro)).forecastCents).toBe(8_500);
  spend.reserve('agent-marcus', 'now', 'call-1', 500, 10_000);
  expect((await spend.facts(micro)).forecastCents).toBe(9_000);
  expect((await spend.facts(micro, 'call-1')).forecastCents).toBe(8_500);
  // Not what one call may leave out of account.
  expect((await spend.facts(undefined)).forecastCents).toBe(9_000);
});

it('is read again for what adds something, and for the rest a moment later', async () => {
  know();
  const spend = spendOf();
  await spend.facts(undefined);
  store.keepSpend({ month: '2026-11', currency: 'USD', monthToDateCents: 1, monthToDateAt: now, forecastCents: 9_999, forecastAt: now });
  expect((await spend.facts(undefined)).forecastCents).toBe(8_000);
  expect((await spend.facts(micro)).forecastCents).toBe(9_999);
  know();
  now += 1_000;
  expect((await spend.facts(undefined)).forecastCents).toBe(8_000);
  // A clock that was set back makes nothing last.
  store.keepSpend({
    month: '2026-11',
    currency: 'USD',
    monthToDateCents: 1,
    monthToDateAt: 0,
    forecastCents: 7_777,
    forecastAt: now - 2 * hourMs,
  });
  now -= hourMs;
  expect((await spend.facts(undefined)).forecastCents).toBe(7_777);
});
