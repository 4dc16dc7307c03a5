import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AwsForecast } from '../../src/ports/cost-sources.ts';
import { failure, newCall } from '../aws/harness.ts';
import { subscription } from './items.ts';
import { down, entry, hostinger, hourMs, main, newWorld, row, second, silent } from './world.ts';

let world: ReturnType<typeof newWorld>;
beforeEach(() => {
  world = newWorld('2026-11-21T12:00:00Z');
  world.answer = {
    rows: [
      row('EC2', '19', { from: '2026-11-01' }),
      row('EC2', '1', { from: '2026-11-20' }),
      row('EC2', '1', { from: '2026-11-21' }),
      row('EC2', '-4', { kind: 'credit' }),
    ],
    isFinal: false,
  };
});
afterEach(() => world.close());

const rest: AwsForecast = { currency: 'USD', mean: '12.5', low: '10', high: '16', level: 80 };
const forecast = (...accounts: (typeof main)[]) => world.costs().forecast(accounts, newCall());
const combined = (...accounts: (typeof main)[]) => world.costs().combined(accounts, newCall());

describe('the forecast', () => {
  it('is what was before today, AWS’s from today on, and what is certain of the others, for two requests', async () => {
    world.forecast = async () => rest;
    world.store.appendCostEntry(entry());
    expect(await forecast(main, hostinger)).toEqual({
      month: '2026-11',
      // 20 and 12.50 of AWS, 30 of Hostinger's month, 30 recorded.
      forecasts: [{ currency: 'USD', soFar: '63.00', forecast: '92.50', low: '90.00', high: '96.00', basis: 'aws' }],
      budget: { amount: '100.00 USD', used: '92%' },
      renewals: [
        { name: 'KVM 2', date: '2026-12-01', cost: '30.00 USD' },
        { name: 'KVM 2', date: '2027-01-01', cost: '30.00 USD' },
      ],
      ageMinutes: 0,
    });
    expect(world.asked.map(({ what, period: { from, until } }) => `${what} ${from} ${until}`)).toEqual([
      'usage 2026-11-01 2026-11-22',
      'forecast 2026-11-21 2026-12-01',
    ]);
    // The same answer as this month's.
    await world.costs().current([main, hostinger], newCall());
    await forecast(main, hostinger);
    expect(world.asked.length).toBe(2);
  });

  it('is no less than what today has cost already', async () => {
    world.at('2026-11-30T12:00:00Z');
    world.answer = { rows: [row('EC2', '20'), row('EC2', '500', { from: '2026-11-30' })], isFinal: false };
    world.forecast = async () => rest;
    expect((await forecast(main)).forecasts).toMatchObject([{ soFar: '520.00', forecast: '520.00', low: '520.00', high: '520.00' }]);
  });

  it('adds accounts, and their bounds', async () => {
    world.forecast = async () => rest;
    expect((await forecast(main, second)).forecasts).toEqual([
      { currency: 'USD', soFar: '42.00', forecast: '65.00', low: '60.00', high: '72.00', basis: 'aws' },
    ]);
  });

  it('is the trend of the days so far where AWS gives none, without bounds', async () => {
    const answer = await forecast(main, hostinger);
    // 19 in 19 days, for 30; the day that is not over, and the one before it, are left out of the trend.
    expect(answer.forecasts).toEqual([{ currency: 'USD', soFar: '42.00', forecast: '60.00', basis: 'trend' }]);
    expect(answer.missing).toMatchObject([{ account: 'main', code: 'provider_rejected' }]);
    world.now += 9 * hourMs;
    world.forecast = async (name) => (name === 'main' ? rest : Promise.reject(down));
    expect((await forecast(main, second)).forecasts).toEqual([{ currency: 'USD', soFar: '42.00', forecast: '62.50', basis: 'trend' }]);
  });

  it('has no trend of a day that AWS has billed in part only', async () => {
    world.at('2026-11-03T00:30:00Z');
    world.answer = { rows: [row('EC2', '10', { from: '2026-11-01' }), row('EC2', '2', { from: '2026-11-02' })], isFinal: false };
    expect((await forecast(main)).forecasts).toMatchObject([{ soFar: '12.00', forecast: '300.00', basis: 'trend' }]);
  });

  it('has no trend of days that an old answer does not reach', async () => {
    world.at('2026-11-11T12:00:00Z');
    const days = Array.from({ length: 10 }, (_, day) => row('EC2', '10', { from: `2026-11-${String(day + 1).padStart(2, '0')}` }));
    world.answer = { rows: [...days.slice(0, 9), row('EC2', '4', { from: '2026-11-10' })], isFinal: false };
    await forecast(main);
    world.at('2026-11-14T12:00:00Z');
    world.usage = () => Promise.reject(down);
    expect((await forecast(main)).forecasts).toMatchObject([{ soFar: '94.00', forecast: '300.00', basis: 'trend' }]);
  });

  it('is no less than what has been spent, where the trend is', async () => {
    world.at('2026-11-03T12:00:00Z');
    world.answer = { rows: [row('EC2', '1', { from: '2026-11-01' }), row('EC2', '500', { from: '2026-11-02' })], isFinal: false };
    expect((await forecast(main)).forecasts).toMatchObject([{ forecast: '501.00', basis: 'trend' }]);
  });

  it('of what is paid by the period alone is certain', async () => {
    expect((await forecast(hostinger)).forecasts).toEqual([{ currency: 'USD', soFar: '21.00', forecast: '30.00', basis: 'certain' }]);
    expect(world.asked).toEqual([]);
  });

  it('without a cloud that was asked for is not called certain', async () => {
    world.usage = () => Promise.reject(down);
    expect((await forecast(main, hostinger)).forecasts).toMatchObject([{ forecast: '30.00', basis: 'incomplete' }]);
    world.subscriptions = [subscription(), subscription({ period: { count: 1, unit: 'none' } })];
    world.now += 9 * hourMs;
    expect((await forecast(hostinger)).forecasts).toMatchObject([{ forecast: '30.00', basis: 'incomplete' }]);
  });

  it('keeps currencies side by side, and converts by the rates that are configured', async () => {
    world.forecast = async () => rest;
    world.subscriptions = [subscription({ currency: 'EUR' })];
    const plain = await forecast(main, hostinger);
    expect(plain.forecasts.map(({ currency, basis }) => `${currency} ${basis}`)).toEqual(['EUR certain', 'USD aws']);
    expect(plain).not.toHaveProperty('budget');
    expect(plain.missing).toMatchObject([{ account: 'hostinger', message: expect.stringContaining('EUR to costs.rates') }]);
    world.settings.rates.EUR = '2';
    expect(await forecast(main, hostinger)).toMatchObject({
      converted: { total: '92.50', rates: ['1 EUR = 2 USD'] },
      budget: { used: '92%' },
    });
  });

  it('leaves an account out whose costs are not known, and asks no forecast of it', async () => {
    world.forecast = async () => rest;
    world.usage = (_question, name) => (name === 'main' ? Promise.resolve(world.answer) : Promise.reject(down));
    const answer = await forecast(main, second);
    expect(answer).toMatchObject({ forecasts: [{ forecast: '32.50' }], missing: [{ account: 'second', code: 'provider_unavailable' }] });
    expect(answer).not.toHaveProperty('budget');
    expect(world.asked.filter(({ what }) => what === 'forecast').map(({ account }) => account)).toEqual(['main']);
    expect(await failure(forecast(second))).toMatchObject({ code: 'provider_unavailable' });
  });

  it('needs no forecast of AWS beyond the ceiling', async () => {
    world.settings.requestsPerDay = 1;
    expect(await forecast(main)).toMatchObject({ forecasts: [{ basis: 'trend' }], missing: [{ code: 'quota_exceeded' }] });
  });
});

describe('on the first of the month', () => {
  beforeEach(() => {
    world.at('2026-12-01T06:00:00Z');
    world.answer = { rows: [row('EC2', '0.5', { from: '2026-12-01' })], isFinal: false };
  });

  it('AWS’s forecast is the whole', async () => {
    world.forecast = async () => rest;
    expect((await forecast(main)).forecasts).toMatchObject([{ soFar: '0.50', forecast: '12.50', basis: 'aws' }]);
  });

  it.each(['day', 'month'] as const)(
    'last month’s total is the trend where it is known by the %s, and nobody is asked for it',
    async (granularity) => {
      const november = { period: { from: '2026-11-01', until: '2026-12-01' }, granularity, groups: ['service', 'kind'] } as const;
      world.usage = async () => ({
        rows: [row('EC2', '45', { from: '2026-11-01' }), row('EC2', '-9', { from: '2026-11-01', kind: 'credit' })],
        isFinal: false,
      });
      if (granularity === 'day') world.at('2026-11-30T20:00:00Z');
      await world.reader().usage(main, november, newCall());
      world.at('2026-12-01T06:00:00Z');
      world.usage = async () => world.answer;
      expect(await forecast(main)).toMatchObject({ forecasts: [{ soFar: '0.50', forecast: '45.00', basis: 'trend' }] });
      expect(world.count('usage')).toBe(2);
    },
  );

  it.each([
    ['a fragment of it', '2026-11-29T23:00:00Z', undefined],
    ['the whole of it', '2026-11-30T01:00:00Z', 4_700],
  ])('last month read when there was %s', async (_, readAt, cents) => {
    world.at(readAt);
    world.subscriptions = [];
    world.answer = { rows: [row('EC2', '47', { from: '2026-11-01' })], isFinal: false };
    await world.costs().current([main], newCall());
    world.at('2026-12-01T06:00:00Z');
    world.answer = { rows: [row('EC2', '0.5', { from: '2026-12-01' })], isFinal: false };
    const answer = await forecast(main, hostinger);
    expect(answer.forecasts.map((each) => each.forecast)).toEqual(cents ? ['47.00'] : []);
    const told = world.store.spend();
    expect(told?.forecastCents).toBe(cents);
    // As old as what it was made of.
    expect(told?.forecastAt).toBe(cents ? Date.parse(readAt) : undefined);
  });

  it('nothing is said of an account of which nothing is known, nor told to decisions', async () => {
    const answer = await forecast(main, hostinger);
    expect(answer.forecasts).toEqual([{ currency: 'USD', soFar: '1.47', forecast: '30.00', basis: 'incomplete' }]);
    expect(answer.missing?.map(({ code }) => code)).toEqual(['provider_rejected', 'provider_not_found']);
    expect(answer).not.toHaveProperty('budget');
    expect(world.store.spend()).toMatchObject({ month: '2026-12', monthToDateCents: 147 });
    expect(world.store.spend()).not.toHaveProperty('forecastCents');
    expect(await combined(main, hostinger)).not.toHaveProperty('forecastCents');
  });
});

describe('what decisions are told', () => {
  it('is what is expected of everything, and the age of its oldest figure', async () => {
    world.forecast = async () => rest;
    await forecast(main, hostinger);
    const at = Date.parse('2026-11-21T12:00:00Z');
    expect(world.store.spend()).toEqual({
      month: '2026-11',
      currency: 'USD',
      monthToDateCents: 4_200,
      monthToDateAt: at,
      forecastCents: 6_250,
      forecastAt: at,
    });
    world.now += hourMs / 2;
    await forecast(main, hostinger);
    expect(world.store.spend()?.forecastAt).toBe(at);
  });

  it('may be a trend, but is never of a part', async () => {
    await forecast(main, hostinger);
    expect(world.store.spend()?.forecastCents).toBe(6_000);
    world.now += 9 * hourMs;
    const before = world.store.spend();
    await forecast(main);
    world.subscriptions = silent;
    await forecast(main, hostinger);
    expect(world.store.spend()).toEqual(before);
  });
});

describe('what is recorded below zero', () => {
  const rows = (cents: number[]) =>
    cents.map((each, index) => entry({ id: `ent_${index}`, cents: each, ...(index > 0 ? { corrects: 'ent_0' } : {}) }));

  it.each<[string, number[]]>([
    ['an entry', [-90_000]],
    ['a correction', [3_000, -93_000]],
    ['several corrections', [3_000, 2_000, -6_000]],
  ])('(%s) lowers what people are shown, and neither decisions nor alerts', async (_, cents) => {
    world.forecast = async () => rest;
    for (const each of rows(cents)) world.store.appendCostEntry(each);
    const recorded = cents.reduce((sum, each) => sum + each, 0) / 100;
    await world.costs().current([main, hostinger], newCall());
    expect(world.store.spend()?.monthToDateCents).toBe(4_200);
    const [shown] = (await forecast(main, hostinger)).forecasts;
    expect(world.store.spend()).toMatchObject({ monthToDateCents: 4_200, forecastCents: 6_250 });
    expect(shown).toMatchObject({ forecast: (62.5 + recorded).toFixed(2) });
    expect(await combined(main, hostinger)).toMatchObject({ monthToDateCents: 4_200, forecastCents: 6_250 });
  });

  it('is told from a correction that leaves something, or nothing', async () => {
    world.forecast = async () => rest;
    const [first, ...corrections] = rows([3_000, -2_000, -1_000]);
    for (const each of [first, ...corrections.slice(0, 1)]) if (each) world.store.appendCostEntry(each);
    // The days so far of 10.00.
    expect(await combined(main, hostinger)).toMatchObject({ monthToDateCents: 4_900, forecastCents: 7_250 });
    for (const each of corrections.slice(1)) world.store.appendCostEntry(each);
    expect(await combined(main, hostinger)).toMatchObject({ monthToDateCents: 4_200, forecastCents: 6_250 });
  });
});

describe('what combined budgets are compared with', () => {
  it('is both clouds and the ledger in the budget’s currency', async () => {
    world.forecast = async () => rest;
    expect(await combined(main, hostinger)).toEqual({ month: '2026-11', currency: 'USD', monthToDateCents: 4_200, forecastCents: 6_250 });
  });

  it('says what it lacks, and foretells nothing then', async () => {
    world.forecast = async () => rest;
    world.subscriptions = silent;
    const part = await combined(main, hostinger);
    expect(part).toMatchObject({ monthToDateCents: 2_100, missing: [{ provider: 'hostinger', code: 'timeout' }] });
    expect(part).not.toHaveProperty('forecastCents');
    world.at('2026-11-21T15:00:00Z');
    world.subscriptions = [subscription({ currency: 'EUR' })];
    expect(await failure(combined(main, hostinger))).toMatchObject({
      code: 'provider_not_configured',
      message: expect.stringContaining('EUR'),
      details: { remedy: expect.stringContaining('costs.rates') },
    });
  });
});
