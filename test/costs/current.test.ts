import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CostAnswer } from '../../src/ports/cost-sources.ts';
import type { MonthSoFar } from '../../src/ports/costs.ts';
import { failure, newCall } from '../aws/harness.ts';
import { subscription } from './items.ts';
import { account, down, entry, hostinger, hourMs, main, newWorld, row, second, silent } from './world.ts';

let world: ReturnType<typeof newWorld>;
beforeEach(() => {
  world = newWorld();
});
afterEach(() => world.close());

const current = (...accounts: (typeof main)[]) => world.costs().current(accounts, newCall());
const bill = (...rows: CostAnswer['rows'][number][]) => {
  world.answer = { rows, isFinal: false };
};

describe('this month', () => {
  it('is both clouds and the ledger in one, for one request', async () => {
    bill(
      row('Amazon EC2', '12.3449', { from: '2026-11-01' }),
      row('Amazon EC2', '-2.5', { kind: 'credit' }),
      row('Amazon EC2', '-0.1', { kind: 'refund' }),
      row('AWS Lambda', '0.0101', { from: '2026-11-22' }),
    );
    world.store.appendCostEntry(entry());
    expect(await current(main, hostinger)).toEqual({
      month: '2026-11',
      asOf: '2026-11-22T12:00:00.000Z',
      ageMinutes: 0,
      incomplete: true,
      totals: [
        expect.objectContaining({
          currency: 'USD',
          total: '56.36',
          aws: '12.36',
          hostinger: '22.00',
          recorded: '22.00',
          hostingerMonth: '30.00',
          credits: '-2.50',
          refunds: '-0.10',
        }),
      ],
      budget: { amount: '100.00 USD', used: '56%' },
      byService: [
        { service: 'Hostinger KVM 2', cost: '22.00 USD' },
        { service: 'Registrar', cost: '22.00 USD' },
        { service: 'Amazon EC2', cost: '12.35 USD' },
        { service: 'AWS Lambda', cost: '0.01 USD' },
      ],
      renewals: [{ name: 'KVM 2', date: '2026-12-01', cost: '30.00 USD' }],
      asked: { requests: 1, usd: '0.01' },
    });
    expect(world.asked.map(({ question }) => question)).toEqual([
      { period: { from: '2026-11-01', until: '2026-11-23' }, granularity: 'day', groups: ['service', 'kind'] },
    ]);
  });

  it.each([
    ['2026-11-01T00:00:00Z', '2026-11-01', '2026-11-02'],
    ['2026-11-30T23:59:59Z', '2026-11-01', '2026-12-01'],
    ['2026-12-31T23:59:59Z', '2026-12-01', '2027-01-01'],
    ['2028-02-29T10:00:00Z', '2028-02-01', '2028-03-01'],
  ])('at %s goes from %s to before %s', async (now, from, until) => {
    world.at(now);
    bill();
    await current(main);
    expect(world.asked[0]?.period).toEqual({ from, until });
  });

  it('is of one cloud where one is asked for, without the ledger and without a budget', async () => {
    world.store.appendCostEntry(entry());
    const ofAws = await current(main);
    expect(ofAws.totals).toEqual([{ currency: 'USD', total: '10.00', aws: '10.00' }]);
    expect(ofAws).not.toHaveProperty('budget');
    const [own] = (await current(hostinger)).totals;
    expect(own).toMatchObject({ total: '22.00', hostinger: '22.00' });
    expect(own).not.toHaveProperty('aws');
    expect(own).not.toHaveProperty('recorded');
    expect(world.asked.length).toBe(1);
    // Where there is only one cloud, one is all of it.
    const [all] = (await world.costs({ everything: ['main'] }).current([main], newCall())).totals;
    expect(all).toMatchObject({ total: '32.00', recorded: '22.00' });
  });

  it('says so when it has cost nothing', async () => {
    bill();
    expect(await current(main)).toMatchObject({ totals: [{ currency: 'USD', total: '0.00', aws: '0.00' }], byService: [] });
  });

  it('takes two names of one account for one bill, and two accounts for two', async () => {
    const answer = await current(main, account('aws', 'alias', main.accountId), second);
    expect(world.asked.map((each) => each.account)).toEqual(['main', 'second']);
    expect(answer.totals).toEqual([{ currency: 'USD', total: '20.00', aws: '20.00' }]);
  });

  it('keeps currencies side by side, and converts them by the rates that are configured, by name', async () => {
    world.subscriptions = [subscription({ currency: 'EUR' })];
    const plain = await current(main, hostinger);
    expect(plain.totals.map(({ currency, total }) => `${total} ${currency}`)).toEqual(['22.00 EUR', '10.00 USD']);
    expect(plain).not.toHaveProperty('converted');
    expect(plain).not.toHaveProperty('budget');
    expect(plain.missing).toEqual([
      {
        provider: 'hostinger',
        account: 'hostinger',
        code: 'provider_not_configured',
        message: expect.stringContaining('EUR to costs.rates'),
      },
    ]);
    world.settings.rates.EUR = '1.08';
    const converted = await current(main, hostinger);
    expect(converted).toMatchObject({
      converted: { currency: 'USD', total: '33.76', rates: ['1 EUR = 1.08 USD'] },
      budget: { used: '33%' },
    });
    expect(converted).not.toHaveProperty('missing');
  });

  it('needs no rate for what costs nothing in a currency', async () => {
    world.subscriptions = [subscription(), subscription({ id: 'B', currency: 'EUR', status: 'transferred' })];
    bill(row('Amazon S3', '10'), row('Free', '0', { currency: 'SEK' }));
    const answer = await current(main, hostinger);
    expect(answer.totals.map(({ currency }) => currency)).toEqual(['USD']);
    expect(answer).toMatchObject({ budget: { used: '32%' } });
    expect(answer).not.toHaveProperty('missing');
    expect(world.store.spend()?.monthToDateCents).toBe(3_200);
  });

  it('needs no rate for a renewal that is still to come in another currency', async () => {
    world.subscriptions = [subscription({ currency: 'EUR', createdAt: '2026-11-25T00:00:00Z', nextBillingAt: '2026-11-25T00:00:00Z' })];
    const answer = await current(main, hostinger);
    expect(answer.totals.map(({ currency, total }) => `${total} ${currency}`)).toEqual(['0.00 EUR', '10.00 USD']);
    expect(answer).toMatchObject({ budget: { used: '10%' } });
  });

  it('names a subscription that nobody can spread', async () => {
    world.subscriptions = [subscription({ name: 'odd', period: { count: 1, unit: 'none' } })];
    expect((await current(hostinger)).missing).toEqual([
      { provider: 'hostinger', account: 'hostinger', code: 'provider_rejected', message: expect.stringContaining('odd is left out') },
    ]);
  });

  it('shows its age', async () => {
    await current(main);
    world.now += 8 * hourMs - 1;
    expect(await current(main)).toMatchObject({ ageMinutes: 479, asOf: '2026-11-22T12:00:00.000Z', asked: { requests: 1, usd: '0.01' } });
    world.now += 1;
    expect(await current(main)).toMatchObject({ ageMinutes: 0, asked: { requests: 2, usd: '0.02' } });
  });
});

describe('a cloud that is down', () => {
  const missing = (answer: MonthSoFar) => answer.missing?.map(({ provider, code }) => `${provider} ${code}`);

  it('is named, and the other is shown', async () => {
    world.usage = () => Promise.reject(down);
    const withoutAws = await current(main, hostinger);
    expect(missing(withoutAws)).toEqual(['aws provider_unavailable']);
    expect(withoutAws.totals).toMatchObject([{ currency: 'USD', total: '22.00', hostinger: '22.00' }]);
    expect(withoutAws).not.toHaveProperty('budget');
    world.now += 2 * hourMs;
    world.usage = async () => ({ rows: [row('Amazon S3', '3')], isFinal: false });
    world.subscriptions = silent;
    const old = await current(main, hostinger);
    expect(missing(old)).toEqual(['hostinger timeout']);
    expect(old.missing?.[0]?.message).toContain('120 minutes ago');
    expect(old.totals).toMatchObject([{ total: '25.00', aws: '3.00', hostinger: '22.00' }]);
  });

  it('is the answer when there is no other, whatever the ledger has', async () => {
    world.store.appendCostEntry(entry());
    world.usage = () => Promise.reject(down);
    world.subscriptions = silent;
    expect(await failure(current(main, hostinger))).toBe(down);
  });

  it('is shown as it was, with its age', async () => {
    await current(main);
    world.now += 10 * hourMs;
    world.usage = () => Promise.reject(down);
    expect(await current(main)).toMatchObject({
      ageMinutes: 600,
      totals: [{ aws: '10.00' }],
      asked: { requests: 2 },
      missing: [{ provider: 'aws', account: 'main', code: 'provider_unavailable', message: expect.stringContaining('600 minutes ago') }],
    });
  });

  it('is shown as it was beyond the ceiling, which the reason names', async () => {
    world.at('2026-11-22T00:00:00Z');
    world.settings.requestsPerDay = 1;
    await current(main);
    world.now += 9 * hourMs;
    expect((await current(main)).missing).toMatchObject([
      { code: 'quota_exceeded', message: expect.stringMatching(/540 minutes ago.*costs\.requestsPerDay/) },
    ]);
  });

  it('is not what a cancelled call finds, whatever else is known', async () => {
    await current(main);
    world.now += 9 * hourMs;
    await current(hostinger);
    world.usage = () => new Promise(() => undefined);
    for (const accounts of [[main], [second, hostinger]]) {
      const call = newCall();
      const asking = failure(world.costs().current(accounts, call));
      call.cancel();
      expect((await asking).code).toBe('cancelled');
    }
  });

  it('hides no fault of our own', async () => {
    world.usage = () => Promise.reject(new TypeError('a bug'));
    await expect(current(main, hostinger)).rejects.toThrow('a bug');
  });
});

describe('what decisions are told', () => {
  const told = () => world.store.spend();

  it('is the whole month so far, and when its oldest figure was read', async () => {
    await current(main, hostinger);
    expect(told()).toEqual({
      month: '2026-11',
      currency: 'USD',
      monthToDateCents: 3_200,
      monthToDateAt: Date.parse('2026-11-22T12:00:00Z'),
    });
    world.now += hourMs / 2;
    await current(main, hostinger);
    expect(told()?.monthToDateAt).toBe(Date.parse('2026-11-22T12:00:00Z'));
  });

  it.each<[string, (typeof main)[], () => void]>([
    ['one cloud alone', [main], () => undefined],
    ['the other alone', [hostinger], () => undefined],
    [
      'what failed in part',
      [main, hostinger],
      () => {
        world.subscriptions = silent;
      },
    ],
    [
      'a currency without a rate',
      [main, hostinger],
      () => {
        world.subscriptions = [subscription({ currency: 'EUR' })];
      },
    ],
  ])('is never %s', async (_what, accounts, prepare) => {
    prepare();
    await current(...accounts);
    expect(told()).toBeUndefined();
  });

  it('has what nobody can spread as spent whole, at the dearer of its prices', async () => {
    world.subscriptions = [subscription(), subscription({ period: { count: 1, unit: 'none' }, totalCents: 500, renewalCents: 700 })];
    const answer = await current(main, hostinger);
    expect(answer).toMatchObject({ totals: [{ total: '32.00' }], missing: [{ code: 'provider_rejected' }] });
    expect(told()?.monthToDateCents).toBe(3_900);
    await world.costs().forecast([main, hostinger], newCall());
    // AWS's 10 of 20 days for 30, Hostinger's month, and the 7 of what is left out.
    expect(told()?.forecastCents).toBe(5_200);
    world.subscriptions = [subscription({ currency: 'EUR', period: { count: 1, unit: 'none' } })];
    world.now += 2 * hourMs;
    const before = told();
    await current(main, hostinger);
    expect(told()).toEqual(before);
  });

  it('is not a view that an account was left out of', async () => {
    await world.costs({ everything: ['main', 'second', 'hostinger'] }).current([main, hostinger], newCall());
    expect(told()).toBeUndefined();
    await world.costs({ everything: ['main', 'second', 'hostinger'] }).current([main, second, hostinger], newCall());
    expect(told()?.monthToDateCents).toBe(4_200);
  });

  it('stays as it was when a part is only known of old', async () => {
    await current(main, hostinger);
    const before = told();
    // A day more of Hostinger's.
    world.now += 13 * hourMs;
    world.usage = () => Promise.reject(down);
    expect((await current(main, hostinger)).totals).toMatchObject([{ total: '33.00' }]);
    expect(told()).toEqual(before);
  });

  it('is in the budget’s currency', async () => {
    world.settings.budget = { cents: 10_000, currency: 'EUR' };
    world.settings.rates.USD = '0.5';
    await current(main, hostinger);
    expect(told()).toMatchObject({ currency: 'EUR', monthToDateCents: 1_600 });
  });

  it('keeps what was expected of the month, but no less than is spent by now', async () => {
    const at = world.now - hourMs;
    const expected = { month: '2026-11', currency: 'USD', monthToDateCents: 1, monthToDateAt: at, forecastAt: at };
    world.store.keepSpend({ ...expected, forecastCents: 4_000 });
    await current(main, hostinger);
    expect(told()).toMatchObject({ monthToDateCents: 3_200, forecastCents: 4_000, forecastAt: at });
    world.store.keepSpend({ ...expected, forecastCents: 2_000 });
    await current(main, hostinger);
    expect(told()).toMatchObject({ forecastCents: 3_200, forecastAt: at });
    world.store.keepSpend({ ...expected, month: '2026-10', forecastCents: 9_999 });
    await current(main, hostinger);
    expect(told()).not.toHaveProperty('forecastCents');
    world.store.keepSpend({ ...expected, currency: 'EUR', forecastCents: 9_999 });
    await current(main, hostinger);
    expect(told()).not.toHaveProperty('forecastCents');
  });
});
