import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CallError } from '../../src/call/errors.ts';
import type { CostLine, MonthSoFar } from '../../src/ports/costs.ts';
import { failure, newCall } from '../aws/harness.ts';
import { account, hostinger, hourMs, line, main, newWorld, subscription } from './world.ts';

let world: ReturnType<typeof newWorld>;
beforeEach(() => {
  world = newWorld();
});
afterEach(() => world.close());

const down = new CallError('provider_unavailable', 'AWS has a problem.', { remedy: 'Try again.' });
const current = (...accounts: (typeof main)[]) => world.costs.current(accounts, newCall());
const cents = (amount = '0') => Math.round(Number.parseFloat(amount) * 100);

describe('this month', () => {
  it('is both clouds in one', async () => {
    world.answer = async () => [
      line('Amazon EC2', '12.3449'),
      line('Amazon EC2', '-2.5', { isCredit: true }),
      line('AWS Lambda', '0.0101'),
    ];
    expect(await current(main, hostinger)).toEqual({
      month: '2026-11',
      asOf: '2026-11-22T12:00:00.000Z',
      ageMinutes: 0,
      incomplete: true,
      totals: [{ currency: 'USD', total: '34.36', aws: '12.36', hostinger: '22.00', hostingerMonth: '30.00', credits: '-2.50' }],
      byService: [
        { service: 'Hostinger KVM 2', cost: '22.00 USD' },
        { service: 'Amazon EC2', cost: '12.35 USD' },
        { service: 'AWS Lambda', cost: '0.01 USD' },
      ],
      renewals: [{ name: 'KVM 2', date: '2026-12-01', cost: '30.00 USD' }],
      asked: { requests: 1, usd: '0.01' },
    });
    expect(world.asked[0]?.period).toEqual({ from: '2026-11-01', until: '2026-11-23' });
  });

  it.each([
    ['2026-11-01T00:00:00Z', '2026-11-01', '2026-11-02'],
    ['2026-11-30T23:59:59Z', '2026-11-01', '2026-12-01'],
    ['2026-12-31T23:59:59Z', '2026-12-01', '2027-01-01'],
    ['2028-02-29T10:00:00Z', '2028-02-01', '2028-03-01'],
    ['2027-02-28T10:00:00Z', '2027-02-01', '2027-03-01'],
  ])('at %s goes from %s to before %s', async (now, from, until) => {
    world.at(now);
    await current(main);
    expect(world.asked[0]?.period).toEqual({ from, until });
  });

  it('is of one cloud where one is asked for', async () => {
    expect((await current(main)).totals).toEqual([{ currency: 'USD', total: '10.00', aws: '10.00' }]);
    expect(await current(hostinger)).toMatchObject({ totals: [{ total: '22.00', hostinger: '22.00' }] });
    expect((await current(hostinger)).totals[0]).not.toHaveProperty('aws');
    expect(world.asked.length).toBe(1);
  });

  it('says so when it has cost nothing', async () => {
    world.answer = async () => [];
    expect(await current(main)).toMatchObject({ totals: [{ currency: 'USD', total: '0.00', aws: '0.00' }], byService: [] });
  });

  it('takes two names of one account for one bill, and two accounts for two', async () => {
    const answer = await current(main, account('aws', 'alias', main.accountId), account('aws', 'second', '210987654321'));
    expect(world.asked.map((each) => each.account)).toEqual(['main', 'second']);
    expect(answer.totals).toEqual([{ currency: 'USD', total: '20.00', aws: '20.00' }]);
  });

  it('keeps currencies side by side', async () => {
    world.subscriptions = [subscription({ currency: 'EUR' })];
    expect((await current(main, hostinger)).totals).toEqual([
      { currency: 'EUR', total: '22.00', hostinger: '22.00', hostingerMonth: '30.00' },
      { currency: 'USD', total: '10.00', aws: '10.00' },
    ]);
  });

  it('shows ten services and the sum of the others', async () => {
    world.answer = async () => Array.from({ length: 13 }, (_, index) => line(`service ${index}`, `${index + 1}`));
    const { byService, totals } = await current(main);
    expect(byService.map(({ cost }) => cost)).toEqual(Array.from({ length: 10 }, (_, index) => `${13 - index}.00 USD`));
    expect(totals[0]).toMatchObject({ total: '91.00', other: '6.00' });
  });

  it('has what is still to be paid this month, soonest first', async () => {
    world.subscriptions = [
      subscription({ name: 'late', nextBillingAt: '2026-11-28T00:00:00Z', renewalCents: 1_999 }),
      subscription({ name: 'soon', nextBillingAt: '2026-11-24T00:00:00Z', renewalCents: 1_000 }),
      subscription({ name: 'weekly', period: { count: 1, unit: 'week' }, nextBillingAt: '2026-11-23T00:00:00Z', renewalCents: 100 }),
      subscription({ name: 'next month' }),
      subscription({ name: 'ends', autoRenews: false, nextBillingAt: '2026-11-25T00:00:00Z' }),
    ];
    expect(await current(hostinger)).toMatchObject({
      totals: [{ due: '31.99' }],
      renewals: [
        { name: 'weekly', date: '2026-11-23', cost: '2.00 USD' },
        { name: 'soon', date: '2026-11-24', cost: '10.00 USD' },
        { name: 'late', date: '2026-11-28', cost: '19.99 USD' },
      ],
    });
  });

  it('names a subscription that nobody can spread, unless it is free', async () => {
    world.subscriptions = [
      subscription({ name: 'odd', period: { count: 1, unit: 'none' } }),
      subscription({ totalCents: 0, renewalCents: 0, period: { count: 1, unit: 'none' } }),
    ];
    expect((await current(hostinger)).missing).toEqual([
      { provider: 'hostinger', account: 'hostinger', code: 'provider_rejected', message: expect.stringContaining('odd is left out') },
    ]);
  });

  it('is the sum of its parts to the cent, whatever the bills are', async () => {
    const amount = fc
      .bigInt({ min: 0n, max: 10n ** 13n })
      .map((units) => `${units / 10n ** 10n}.${String(units % 10n ** 10n).padStart(10, '0')}`);
    const lines = fc.array(
      fc.record({
        service: fc.constantFrom('EC2', 'S3', 'Tax', 'Lambda', 'RDS'),
        amount,
        isCredit: fc.boolean(),
        currency: fc.constantFrom('USD', 'EUR'),
      }),
      { maxLength: 30 },
    );
    const subscriptions = fc.array(
      fc.record({
        cents: fc.nat(50_000),
        day: fc.integer({ min: 1, max: 28 }),
        count: fc.integer({ min: 1, max: 24 }),
        name: fc.string(),
        currency: fc.constantFrom('USD', 'EUR'),
      }),
      { maxLength: 12 },
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(lines, subscriptions, async (bill, paid) => {
        run += 1;
        world.answer = async () => bill;
        world.subscriptions = paid.map(({ cents: totalCents, day, count, name, currency }) =>
          subscription({
            name,
            currency,
            totalCents,
            period: { count, unit: 'month' },
            nextBillingAt: `2026-12-${String(day).padStart(2, '0')}`,
          }),
        );
        const { totals, byService } = await current(account('aws', 'x', `${run}`), hostinger);
        for (const { currency, total, aws, hostinger: own, other } of totals) {
          const shown = byService.filter(({ cost }) => cost.endsWith(currency)).reduce((sum, { cost }) => sum + cents(cost), 0);
          expect(shown + cents(other)).toBe(cents(total));
          expect(cents(aws) + cents(own)).toBe(cents(total));
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('what AWS said', () => {
  it('is good for eight hours, in every process', async () => {
    await current(main);
    world.now += 8 * hourMs - 1;
    expect(await current(main)).toMatchObject({ ageMinutes: 479, asOf: '2026-11-22T12:00:00.000Z' });
    expect(await world.another().current([main], newCall())).toMatchObject({ ageMinutes: 479 });
    expect(world.asked.length).toBe(1);
    world.now += 1;
    expect(await current(main)).toMatchObject({ ageMinutes: 0, asked: { requests: 2, usd: '0.02' } });
    expect(world.asked.length).toBe(2);
  });

  it('is of its month only, and counted by day', async () => {
    world.at('2026-11-30T23:59:00Z');
    await current(main);
    world.at('2026-12-01T00:01:00Z');
    expect(await current(main)).toMatchObject({ month: '2026-12', ageMinutes: 0, asked: { requests: 1 } });
    expect(world.asked.map(({ period }) => period.from)).toEqual(['2026-11-01', '2026-12-01']);
  });

  it('is not trusted when it lies ahead of the clock', async () => {
    await current(main);
    world.now -= hourMs;
    expect(await current(main)).toMatchObject({ ageMinutes: 0 });
    expect(world.asked.length).toBe(2);
  });

  it('is asked once for ten who ask at once', async () => {
    const gate = Promise.withResolvers<CostLine[]>();
    world.answer = () => gate.promise;
    const ten = Array.from({ length: 10 }, () => current(main, hostinger));
    gate.resolve([line('Amazon S3', '1.23')]);
    const answers = await Promise.all(ten);
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({ totals: [{ aws: '1.23' }], asked: { requests: 1 } });
    expect(world.asked.length).toBe(1);
  });

  it('reaches the others when the first who asked is cancelled, and stops when all are', async () => {
    const gate = Promise.withResolvers<CostLine[]>();
    world.answer = () => gate.promise;
    const [first, second] = [newCall(), newCall()];
    const one = failure(world.costs.current([main], first));
    const two = world.costs.current([main], second);
    first.cancel();
    expect((await one).code).toBe('cancelled');
    expect(world.asked[0]?.call.signal.aborted).toBe(false);
    gate.resolve([line('Amazon S3', '1')]);
    expect(await two).toMatchObject({ totals: [{ aws: '1.00' }] });

    world.now += 9 * hourMs;
    world.answer = () => new Promise(() => undefined);
    const third = newCall();
    const three = failure(world.costs.current([main], third));
    third.cancel();
    expect((await three).code).toBe('cancelled');
    expect(world.asked[1]?.call.signal.aborted).toBe(true);
    // Who comes now does not wait for what was given up.
    world.answer = async () => [line('Amazon S3', '2')];
    expect(await current(main)).toMatchObject({ totals: [{ aws: '2.00' }] });
  });

  it('is not asked for a call that was cancelled before', async () => {
    const call = newCall();
    call.cancel();
    expect((await failure(world.costs.current([main], call))).code).toBe('cancelled');
    expect(world.asked).toEqual([]);
  });

  it('is shown with its age when AWS does not answer again', async () => {
    await current(main);
    world.now += 10 * hourMs;
    world.answer = async () => Promise.reject(down);
    expect(await current(main)).toMatchObject({
      ageMinutes: 600,
      totals: [{ aws: '10.00' }],
      asked: { requests: 2, usd: '0.02' },
      missing: [{ provider: 'aws', account: 'main', code: 'provider_unavailable', message: expect.stringContaining('600 minutes ago') }],
    });
    world.answer = async () => [line('Amazon S3', '11')];
    expect(await current(main)).toMatchObject({ ageMinutes: 0, totals: [{ aws: '11.00' }] });
  });

  it('is neither shown nor kept when it is no number', async () => {
    world.answer = async () => [line('Amazon S3', 'a lot')];
    expect(await failure(current(main))).toMatchObject({ code: 'provider_unavailable', message: expect.stringContaining('a lot') });
    expect(world.store.keptCosts(main.accountId, '2026-11')).toBeUndefined();
  });
});

describe('a cloud that is down', () => {
  const missing = (answer: MonthSoFar) => answer.missing?.map(({ provider, code }) => `${provider} ${code}`);

  it('is named, and the other is shown', async () => {
    world.answer = async () => Promise.reject(down);
    const withoutAws = await current(main, hostinger);
    expect(missing(withoutAws)).toEqual(['aws provider_unavailable']);
    expect(withoutAws.totals).toEqual([{ currency: 'USD', total: '22.00', hostinger: '22.00', hostingerMonth: '30.00' }]);
    world.answer = async () => [line('Amazon S3', '3')];
    world.subscriptions = new CallError('timeout', 'Hostinger is silent.', { remedy: 'Try again.' });
    const withoutHostinger = await current(main, hostinger);
    expect(missing(withoutHostinger)).toEqual(['hostinger timeout']);
    expect(withoutHostinger.totals).toEqual([{ currency: 'USD', total: '3.00', aws: '3.00' }]);
  });

  it('is the answer when there is no other', async () => {
    world.answer = async () => Promise.reject(down);
    expect(await failure(current(main))).toBe(down);
    world.subscriptions = new CallError('timeout', 'Hostinger is silent.', { remedy: 'Try again.' });
    expect(await failure(current(main, hostinger))).toBe(down);
  });

  it('is not what a cancelled call finds, whatever else is known', async () => {
    await current(main);
    world.now += 9 * hourMs;
    world.answer = () => new Promise(() => undefined);
    for (const accounts of [[main], [account('aws', 'new', '210987654321'), hostinger]]) {
      const call = newCall();
      const asking = failure(world.costs.current(accounts, call));
      call.cancel();
      expect((await asking).code).toBe('cancelled');
    }
  });

  it('hides no fault of our own', async () => {
    world.answer = async () => Promise.reject(new TypeError('a bug'));
    await expect(current(main, hostinger)).rejects.toThrow('a bug');
  });
});
