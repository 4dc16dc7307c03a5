import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addMonths, dateOf, dayOf, monthAt } from '../../src/costs/calendar.ts';
import { decimalOf, rounded, sumOf } from '../../src/costs/cents.ts';
import { type Schedule, scheduleOf } from '../../src/costs/subscription.ts';
import type { PaidSubscription } from '../../src/ports/cost-sources.ts';
import { subscription } from './items.ts';

const at = (date: string) => dayOf(Date.parse(date));

function paid(facts: Partial<PaidSubscription> = {}): PaidSubscription {
  return subscription({ renewalCents: 3_100, createdAt: '2020-01-15T09:00:00Z', nextBillingAt: '2026-12-01T12:00:00Z', ...facts });
}
function scheduled(facts: Partial<PaidSubscription> = {}): Schedule {
  const schedule = scheduleOf(paid(facts));
  if (!schedule) throw new Error('it has no schedule');
  return schedule;
}
const cost = (schedule: Schedule, from: string, until: string) => decimalOf(rounded(schedule.spread(at(from), at(until))));

describe('the calendar', () => {
  it.each([
    ['2026-11-22T23:59:59.999Z', '2026-11', '2026-11-01', '2026-11-22', '2026-12-01'],
    ['2026-11-30T23:59:59.999Z', '2026-11', '2026-11-01', '2026-11-30', '2026-12-01'],
    ['2026-12-01T00:00:00.000Z', '2026-12', '2026-12-01', '2026-12-01', '2027-01-01'],
    ['2026-12-01T01:30:00+02:00', '2026-11', '2026-11-01', '2026-11-30', '2026-12-01'],
    ['2028-02-29T12:00:00Z', '2028-02', '2028-02-01', '2028-02-29', '2028-03-01'],
    ['2027-02-28T12:00:00Z', '2027-02', '2027-02-01', '2027-02-28', '2027-03-01'],
  ])('has %s in %s, by UTC', (now, name, first, today, end) => {
    const month = monthAt(Date.parse(now));
    expect([month.name, ...[month.first, month.today, month.end].map(dateOf)]).toEqual([name, first, today, end]);
  });

  it.each([
    ['2026-01-31', 1, '2026-02-28'],
    ['2028-01-31', 1, '2028-02-29'],
    ['2026-01-31', 2, '2026-03-31'],
    ['2026-03-31', -1, '2026-02-28'],
    ['2028-02-29', 12, '2029-02-28'],
    ['2026-12-15', 1, '2027-01-15'],
    ['2026-01-15', -13, '2024-12-15'],
  ])('%s and %i months is %s', (day, months, there) => {
    expect(dateOf(addMonths(at(day), months))).toBe(there);
  });
});

describe('a subscription is spread', () => {
  it('over the days of its own period, whose length is that of its month', () => {
    expect(cost(scheduled(), '2026-11-01', '2026-12-01')).toBe('30.00');
    expect(cost(scheduled(), '2026-11-01', '2026-11-23')).toBe('22.00');
    // December is in a period that is billed at the new price, and is a day longer.
    expect(cost(scheduled(), '2026-12-01', '2026-12-11')).toBe('10.00');
    expect(cost(scheduled(), '2026-02-01', '2026-02-15')).toBe('15.00');
  });

  it('over both of the periods that share a month', () => {
    const middle = scheduled({ nextBillingAt: '2026-11-16T00:00:00Z' });
    // 15 of 31 days of October's period, and 15 of 30 days of the next.
    expect(cost(middle, '2026-11-01', '2026-12-01')).toBe(decimalOf(BigInt(Math.round((3_000 * 15) / 31 + (3_100 * 15) / 30))));
  });

  it('by years, leap years too', () => {
    const domain = { period: { count: 1, unit: 'year' }, totalCents: 36_600, renewalCents: 36_500 };
    expect(cost(scheduled({ ...domain, nextBillingAt: '2028-03-01T00:00:00Z' }), '2028-02-01', '2028-03-01')).toBe('29.00');
    expect(cost(scheduled({ ...domain, nextBillingAt: '2028-02-29T00:00:00Z' }), '2028-02-29', '2028-03-01')).toBe('1.00');
  });

  it('by quarters, weeks and days', () => {
    const quarter = scheduled({ period: { count: 3, unit: 'month' }, totalCents: 9_200, nextBillingAt: '2026-12-31T00:00:00Z' });
    expect(cost(quarter, '2026-11-01', '2026-12-01')).toBe(decimalOf(BigInt(Math.round((9_200 * 30) / 92))));
    const week = { period: { count: 2, unit: 'week' }, totalCents: 1_400, renewalCents: 1_400 };
    expect(cost(scheduled({ ...week, nextBillingAt: '2026-11-10T00:00:00Z' }), '2026-11-01', '2026-12-01')).toBe('30.00');
    expect(cost(scheduled({ period: { count: 1, unit: 'day' }, nextBillingAt: '2026-11-03T00:00:00Z' }), '2026-11-01', '2026-11-04')).toBe(
      '91.00',
    );
  });

  it('from its first day on, and to its last', () => {
    expect(cost(scheduled({ createdAt: '2026-11-16T18:00:00Z', nextBillingAt: '2026-12-16T00:00:00Z' }), '2026-11-01', '2026-12-01')).toBe(
      '15.00',
    );
    expect(cost(scheduled({ createdAt: '2026-12-05T00:00:00Z' }), '2026-11-01', '2026-12-01')).toBe('0.00');
    const ending = { autoRenews: false, status: 'not_renewing', expiresAt: '2026-11-11T00:00:00Z', nextBillingAt: '2026-11-11T00:00:00Z' };
    expect(cost(scheduled(ending), '2026-11-01', '2026-12-01')).toBe(decimalOf(BigInt(Math.round((3_000 * 10) / 31))));
    expect(cost(scheduled({ ...ending, status: 'cancelled', autoRenews: true }), '2026-11-11', '2026-12-01')).toBe('0.00');
    expect(
      cost(
        scheduled({ autoRenews: false, nextBillingAt: undefined as never, expiresAt: '2026-12-01T00:00:00Z' }),
        '2026-11-01',
        '2026-12-01',
      ),
    ).toBe('30.00');
  });

  it('not at all before it begins, once it is somebody else’s, or on trial', () => {
    for (const status of ['future', 'transferred']) {
      expect(cost(scheduled({ status }), '2026-11-01', '2027-11-01')).toBe('0.00');
      expect(scheduled({ status }).renewals(at('2026-11-01'), at('2027-11-01'))).toEqual([]);
    }
    const trial = scheduled({ status: 'in_trial', nextBillingAt: '2026-11-21T00:00:00Z' });
    expect(cost(trial, '2026-11-01', '2026-12-01')).toBe('10.33');
  });

  it.each([
    ['a unit that is not known', { period: { count: 1, unit: 'fortnight' } }],
    ['a period of no length', { period: { count: 0, unit: 'month' } }],
    ['a period of centuries', { period: { count: 2_000_000, unit: 'year' } }],
    ['no date', { nextBillingAt: undefined as never }],
    ['a date that is none', { nextBillingAt: 'soon' }],
  ])('not with %s', (_, facts) => {
    expect(scheduleOf(paid(facts))).toBeUndefined();
  });

  const anyDay = fc.integer({ min: at('2019-01-01'), max: at('2035-01-01') });
  const anyPaid = fc
    .record({
      next: anyDay,
      created: anyDay,
      count: fc.integer({ min: 1, max: 24 }),
      unit: fc.constantFrom('day', 'week', 'month', 'year'),
      totalCents: fc.nat(100_000),
      renewalCents: fc.nat(100_000),
      autoRenews: fc.boolean(),
    })
    .map(({ next, created, count, unit, ...rest }) =>
      paid({ ...rest, period: { count, unit }, nextBillingAt: dateOf(next), createdAt: dateOf(created) }),
    );

  it('so that any cut of its time into months adds up, whatever its period', () => {
    fc.assert(
      fc.property(anyPaid, anyDay, fc.array(fc.nat(70), { minLength: 1, maxLength: 12 }), (subscription, from, steps) => {
        const schedule = scheduleOf(subscription) as Schedule;
        const cuts = [from];
        for (const step of steps) cuts.push((cuts.at(-1) as number) + step);
        const pieces = cuts.slice(1).map((until, index) => schedule.spread(cuts[index] as number, until));
        expect(sumOf(pieces)).toEqual(schedule.spread(from, cuts.at(-1) as number));
      }),
    );
  });

  it('so that a whole period costs its price', () => {
    fc.assert(
      fc.property(anyPaid, (subscription) => {
        const schedule = scheduleOf({ ...subscription, autoRenews: true, createdAt: '2000-01-01' }) as Schedule;
        const next = dayOf(Date.parse(subscription.nextBillingAt as string));
        const [, after] = schedule.renewals(next, next + 366 * 25);
        expect(schedule.spread(next, after as number)).toEqual({ numerator: BigInt(subscription.renewalCents), denominator: 1n });
      }),
    );
  });
});

describe('what began on the last days of a long month', () => {
  it('has periods of its own day again after a shorter month', () => {
    const monthly = scheduled({ createdAt: '2026-01-31T10:00:00Z', nextBillingAt: '2026-02-28T10:00:00Z' });
    expect(cost(monthly, '2026-01-01', '2026-02-28')).toBe('30.00');
    expect(monthly.renewals(at('2026-02-01'), at('2026-06-01')).map(dateOf)).toEqual([
      '2026-02-28',
      '2026-03-31',
      '2026-04-30',
      '2026-05-31',
    ]);
    expect(cost(monthly, '2026-02-28', '2026-03-31')).toBe('31.00');
    const yearly = { period: { count: 1, unit: 'year' }, createdAt: '2024-02-29T10:00:00Z', nextBillingAt: '2027-02-28T10:00:00Z' };
    expect(scheduled(yearly).renewals(at('2027-01-01'), at('2029-01-01')).map(dateOf)).toEqual(['2027-02-28', '2028-02-29']);
  });

  it('is billed when Hostinger says, where that is no last day', () => {
    const monthly = scheduled({ createdAt: '2026-01-31T10:00:00Z', nextBillingAt: '2026-02-27T10:00:00Z' });
    expect(monthly.renewals(at('2026-02-01'), at('2026-04-01')).map(dateOf)).toEqual(['2026-02-27', '2026-03-27']);
    const earlier = scheduled({ createdAt: '2026-01-15T10:00:00Z', nextBillingAt: '2026-02-28T10:00:00Z' });
    expect(earlier.renewals(at('2026-02-01'), at('2026-04-01')).map(dateOf)).toEqual(['2026-02-28', '2026-03-28']);
  });
});

describe('renewals', () => {
  const dates = (schedule: Schedule, from: string, until: string) => schedule.renewals(at(from), at(until)).map(dateOf);

  it('fall on the day of the first one, or on the last of a shorter month', () => {
    const monthly = scheduled({ nextBillingAt: '2027-01-31T00:00:00Z' });
    expect(dates(monthly, '2027-01-01', '2027-05-01')).toEqual(['2027-01-31', '2027-02-28', '2027-03-31', '2027-04-30']);
    expect(dates(monthly, '2026-11-01', '2027-01-31')).toEqual([]);
  });

  it('of weeks are several a month', () => {
    const weekly = scheduled({ period: { count: 1, unit: 'week' }, nextBillingAt: '2026-11-20T00:00:00Z' });
    expect(dates(weekly, '2026-11-01', '2026-12-01')).toEqual(['2026-11-20', '2026-11-27']);
  });

  it('are none where nothing renews', () => {
    for (const facts of [{ autoRenews: false }, { status: 'cancelled' }, { status: 'paused' }]) {
      expect(dates(scheduled(facts), '2026-11-01', '2027-11-01')).toEqual([]);
    }
  });
});
