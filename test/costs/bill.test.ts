import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { billOf, comingRenewals, exactly, schedulesOf, summed, totalsOf } from '../../src/costs/bill.ts';
import { addMonths, type Day, dateOf, dayNamed, type MonthSpan, monthOf } from '../../src/costs/calendar.ts';
import { type Cents, decimalOf, rounded, sumOf } from '../../src/costs/cents.ts';
import { type Part, partsOf, type Sources } from '../../src/costs/parts.ts';
import type { CostGroup, LedgerEntry, PaidMachine, PaidSubscription } from '../../src/ports/cost-sources.ts';
import { type Item, rowsOf, subscription, unit } from './items.ts';

/**
 * The bill against an oracle that works it out another way: day by day, with integers over one common denominator, and calendar
 * arithmetic of its own.
 */

const tags = { team: 'Team', application: 'App', instance: 'Name' };

// --- The oracle -------------------------------------------------------------------------------------------------------------------

interface Fraction {
  n: bigint;
  d: bigint;
}
const add = (a: Fraction, b: Fraction): Fraction => ({ n: a.n * b.d + b.n * a.d, d: a.d * b.d });
const over = (n: number | bigint, d: number | bigint): Fraction => ({ n: BigInt(n), d: BigInt(d) });
const zero = over(0, 1);
const total = (all: readonly Fraction[]) => all.reduce(add, zero);
const halfUp = ({ n, d }: Fraction) => (n < 0n ? -((-n * 2n + d) / (2n * d)) : (n * 2n + d) / (2n * d));
const same = (cents: Cents, { n, d }: Fraction) => cents.numerator * d === n * cents.denominator;

const ms = 86_400_000;
const days = (month: string): string[] => {
  const found: string[] = [];
  for (let at = Date.parse(`${month}-01`); new Date(at).toISOString().startsWith(month); at += ms)
    found.push(new Date(at).toISOString().slice(0, 10));
  return found;
};
const lengthOf = (year: number, month: number) => {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month === 1 ? 28 + Number(isLeap) : [3, 5, 8, 10].includes(month) ? 30 : 31;
};
const daysBetween = (from: string, until: string) => Math.round((Date.parse(until) - Date.parse(from)) / ms);
const shift = (date: string, months: number): string => {
  const [year, month, day] = date.split('-').map(Number) as [number, number, number];
  const index = year * 12 + month - 1 + months;
  const name = `${String(Math.floor(index / 12)).padStart(4, '0')}-${String((index % 12) + 1).padStart(2, '0')}`;
  return `${name}-${String(Math.min(day, lengthOf(Math.floor(index / 12), index % 12))).padStart(2, '0')}`;
};
/** What was bought on a later day of its month than the last day of a shorter one is billed on that day again. */
const step = (anchor: string, { period: { count, unit: name }, createdAt = '' }: PaidSubscription, times: number): string => {
  if (name === 'month' || name === 'year') {
    const [year, month, own] = anchor.split('-').map(Number) as [number, number, number];
    const bought = new Date(createdAt).getUTCDate();
    const target = shift(`${anchor.slice(0, 7)}-01`, times * count * (name === 'year' ? 12 : 1));
    const [toYear, toMonth] = target.split('-').map(Number) as [number, number];
    const wanted = own === lengthOf(year, month - 1) && bought > own ? bought : own;
    return `${target.slice(0, 7)}-${String(Math.min(wanted, lengthOf(toYear, toMonth - 1))).padStart(2, '0')}`;
  }
  return new Date(Date.parse(anchor) + times * count * (name === 'week' ? 7 : 1) * ms).toISOString().slice(0, 10);
};

/** What a subscription that renews costs on one day: its period is looked for step by step. */
function onDay(paid: PaidSubscription, day: string): Fraction {
  const anchor = new Date(paid.nextBillingAt ?? '').toISOString().slice(0, 10);
  if (day < new Date(paid.createdAt ?? '').toISOString().slice(0, 10)) return zero;
  let index = 0;
  while (step(anchor, paid, index) > day) index -= 1;
  while (step(anchor, paid, index + 1) <= day) index += 1;
  const length = daysBetween(step(anchor, paid, index), step(anchor, paid, index + 1));
  return over(index < 0 ? paid.totalCents : paid.renewalCents, length);
}

/** An entry is spread over all the days of its months. */
function entryOnDay(entry: LedgerEntry, day: string): Fraction {
  const first = `${entry.date.slice(0, 7)}-01`;
  const end = shift(first, entry.months);
  return day >= first && day < end ? over(entry.cents, daysBetween(first, end)) : zero;
}

// --- What is billed ---------------------------------------------------------------------------------------------------------------

const anyDate = (from: string, until: string) => fc.integer({ min: dayNamed(from), max: dayNamed(until) }).map(dateOf);
/** Times with offsets, and close to midnight: their day is that of UTC. */
const anyTime = (from: string, until: string) =>
  fc
    .record({
      date: anyDate(from, until),
      clock: fc.constantFrom('00:00:00', '00:30:00', '23:30:00', '23:59:59', '12:00:00'),
      zone: fc.constantFrom('Z', '+02:00', '-05:00', '+13:45', '-11:00'),
    })
    .map(({ date, clock, zone }) => `${date}T${clock}${zone}`);

const currency = fc.constantFrom('USD', 'EUR', 'SEK');
const tagged = fc.record(
  { Team: fc.constantFrom('web', 'data'), App: fc.constantFrom('shop', 'blog'), Name: fc.constantFrom('a', 'b') },
  { requiredKeys: [] },
);

const anyItem: fc.Arbitrary<Item> = fc
  .record({
    account: fc.constantFrom('main', 'other'),
    day: anyDate('2027-11-20', '2028-04-05'),
    service: fc.constantFrom('Amazon S3', 'AWS Lambda', 'Tax', 'Amazon EC2'),
    usageType: fc.constantFrom('Bytes', 'Requests', 'BoxUsage'),
    region: fc.constantFrom('eu-north-1', 'us-east-1', 'global'),
    kind: fc.constantFrom('cost' as const, 'cost' as const, 'cost' as const, 'credit' as const, 'refund' as const),
    currency,
    units: fc.bigInt({ min: -3n * unit, max: 500n * unit }),
    tags: tagged,
  })
  .map((each) => ({ ...each, units: each.kind === 'cost' ? each.units : -(each.units < 0n ? -each.units : each.units) }));

const anyPaid: fc.Arbitrary<PaidSubscription> = fc.record({
  id: fc.uuid(),
  name: fc.constantFrom('KVM 2', 'KVM 4', 'Domain'),
  status: fc.constant('active'),
  period: fc.constantFrom(
    { count: 1, unit: 'month' },
    { count: 3, unit: 'month' },
    { count: 1, unit: 'year' },
    { count: 2, unit: 'year' },
    { count: 90, unit: 'day' },
    { count: 5, unit: 'week' },
    { count: 1, unit: 'week' },
  ),
  currency,
  totalCents: fc.nat(50_000),
  renewalCents: fc.nat(50_000),
  autoRenews: fc.constant(true),
  createdAt: anyTime('2026-01-01', '2028-03-10'),
  nextBillingAt: anyTime('2027-12-01', '2029-01-31'),
});

const anyEntry: fc.Arbitrary<LedgerEntry> = fc.record(
  {
    id: fc.uuid(),
    recordedAt: fc.constant(0),
    recordedBy: fc.constant('agent-ziggie'),
    date: anyDate('2026-06-01', '2028-04-30'),
    months: fc.constantFrom(1, 1, 2, 3, 12, 13, 24, 120),
    vendor: fc.constantFrom('GitHub', 'Figma'),
    description: fc.constantFrom('plan', 'seats'),
    currency,
    cents: fc.integer({ min: -20_000, max: 90_000 }),
    team: fc.constantFrom('web', 'data'),
    application: fc.constantFrom('shop', 'blog'),
  },
  { requiredKeys: ['id', 'recordedAt', 'recordedBy', 'date', 'months', 'vendor', 'description', 'currency', 'cents'] },
);

interface World {
  items: Item[];
  subscriptions: PaidSubscription[];
  machines: PaidMachine[];
  ledger: LedgerEntry[];
}

const anyWorld: fc.Arbitrary<World> = fc
  .record({
    items: fc.array(anyItem, { maxLength: 30 }),
    subscriptions: fc.array(anyPaid, { maxLength: 4 }),
    named: fc.array(tagged, { maxLength: 4 }),
    entries: fc.array(anyEntry, { maxLength: 6 }),
    corrected: fc.array(fc.record({ index: fc.nat(5), cents: fc.integer({ min: -9_000, max: 9_000 }) }), { maxLength: 3 }),
  })
  .map(({ items, subscriptions, named, entries, corrected }) => ({
    items,
    subscriptions,
    machines: named.map((own, index) => ({
      id: String(index + 1),
      name: `vps-${index}`,
      tags: own,
      ...(subscriptions[index] ? { subscription: subscriptions[index].id } : {}),
    })),
    ledger: [
      ...entries,
      ...corrected.flatMap(({ index, cents }, number) => {
        const first = entries[index];
        return first ? [{ ...first, id: `correction-${number}`, cents, corrects: first.id }] : [];
      }),
    ],
  }));

const anyMonth = fc.constantFrom('2027-12', '2028-01', '2028-02', '2028-03').map((name) => monthOf(dayNamed(`${name}-01`)));

function sourcesOf(
  { items, subscriptions, machines, ledger }: World,
  month: MonthSpan,
  groups: readonly CostGroup[],
  granularity: 'month' | 'day' = 'month',
): Sources {
  const period = { from: dateOf(month.first), until: dateOf(month.end) };
  const rows = (account: string) =>
    rowsOf(
      items.filter((each) => each.account === account),
      { period, granularity, groups, ...(groups.includes('kind') ? {} : { withoutCredits: true }) },
    );
  return {
    aws: ['main', 'other'].map((account) => ({ account, granularity, groups, rows: rows(account) })),
    hostinger: { subscriptions, machines },
    ledger,
    tags,
  };
}

/** Each currency's cost of the month, exactly, as the oracle has it. */
function expected(
  { items, subscriptions, ledger }: World,
  month: MonthSpan,
): Map<string, { aws: Fraction; hostinger: Fraction; recorded: Fraction }> {
  const found = new Map<string, { aws: Fraction; hostinger: Fraction; recorded: Fraction }>();
  const of = (name: string) => {
    const entry = found.get(name) ?? { aws: zero, hostinger: zero, recorded: zero };
    found.set(name, entry);
    return entry;
  };
  for (const each of items)
    if (each.kind === 'cost' && each.day.startsWith(month.name))
      of(each.currency).aws = add(of(each.currency).aws, over(each.units * 100n, unit));
  for (const paid of subscriptions)
    of(paid.currency).hostinger = add(of(paid.currency).hostinger, total(days(month.name).map((day) => onDay(paid, day))));
  for (const entry of ledger)
    of(entry.currency).recorded = add(of(entry.currency).recorded, total(days(month.name).map((day) => entryOnDay(entry, day))));
  return found;
}

const centsOf = (text: string | undefined) => BigInt((text ?? '0.00').replace('.', ''));

describe('the month of both clouds and the ledger', () => {
  const dimensions: [string, readonly CostGroup[], 'month' | 'day', (part: Part) => string | undefined][] = [
    ['provider', ['service', 'kind'], 'month', ({ provider }) => provider],
    ['account', ['service', 'kind'], 'month', ({ account }) => account],
    ['service', ['service', 'kind'], 'month', ({ service }) => service],
    ['entry', ['service', 'kind'], 'month', ({ entry }) => entry],
    ['day', ['service', 'kind'], 'day', ({ day }) => (day === undefined ? undefined : dateOf(day))],
    ['usage type', ['service', 'usageType'], 'month', ({ usageType }) => usageType],
    ['region', ['region', 'kind'], 'month', ({ region }) => region],
    ['team', [{ tag: 'Team' }, 'kind'], 'month', ({ team }) => team],
    ['application', ['service', { tag: 'App' }], 'month', ({ application }) => application],
    ['instance', ['service', { tag: 'Name' }], 'month', ({ instance }) => instance],
  ];

  it.each(dimensions)('is the sum of its parts by %s, to the cent', (name, groups, granularity, nameOf) => {
    fc.assert(
      fc.property(anyWorld, anyMonth, (world, month) => {
        const parts = partsOf(sourcesOf(world, month, groups, granularity), month.first, month.end, name === 'day');
        const sums = new Map(summed(parts, nameOf).map((sum) => [sum.currency, sum]));
        for (const [each, { aws, hostinger, recorded }] of expected(world, month)) {
          const sum = sums.get(each);
          const exact = total([aws, hostinger, recorded]);
          expect(sum?.total ?? 0n).toBe(halfUp(exact));
          expect((sum?.rows ?? []).reduce((all, { cents }) => all + cents, 0n)).toBe(halfUp(exact));
          expect(new Set(sum?.rows.map((row) => row.name)).size).toBe(sum?.rows.length ?? 0);
          expect(same(exactly(parts.filter((part) => part.currency === each && part.kind === 'cost')), exact)).toBe(true);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('has totals whose parts add up, credits and refunds apart, and what is paid beside them', () => {
    fc.assert(
      fc.property(anyWorld, anyMonth, (world, month) => {
        const { totals, byService } = billOf(sourcesOf(world, month, ['service', 'kind']), month, month.end);
        const exact = expected(world, month);
        expect(totals.map((each) => each.currency)).toEqual([...new Set(totals.map((each) => each.currency))].sort());
        for (const { currency: each, ...amounts } of totals) {
          const { aws = zero, hostinger = zero, recorded = zero } = exact.get(each) ?? {};
          expect(centsOf(amounts.total)).toBe(halfUp(total([aws, hostinger, recorded])));
          expect(centsOf(amounts.aws) + centsOf(amounts.hostinger) + centsOf(amounts.recorded)).toBe(centsOf(amounts.total));
          for (const kind of ['credit', 'refund'] as const) {
            const own = world.items.filter((one) => one.kind === kind && one.currency === each && one.day.startsWith(month.name));
            expect(centsOf(amounts[`${kind}s`])).toBe(halfUp(total(own.map(({ units }) => over(units * 100n, unit)))));
          }
          const shown = byService.filter(({ cost }) => cost.endsWith(each)).map(({ cost }) => centsOf(cost.split(' ')[0]));
          expect(shown.reduce((all, cents) => all + cents, 0n) + centsOf(amounts.other)).toBe(centsOf(amounts.total));
          const billed = world.subscriptions.filter((one) => one.currency === each).map((paid) => billedIn(paid, month.name));
          const dated = world.ledger
            .filter((one) => one.currency === each && one.date.startsWith(month.name))
            .map(({ cents }) => BigInt(cents));
          const ofAws = centsOf(amounts.aws) + centsOf(amounts.credits) + centsOf(amounts.refunds);
          if (amounts.cash !== undefined)
            expect(centsOf(amounts.cash)).toBe([...billed, ...dated].reduce((all, cents) => all + cents, ofAws));
          else expect([...billed, ...dated].every((cents) => cents === 0n)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is cut into months without a loss: all months of a thing are its whole price', () => {
    fc.assert(
      fc.property(anyEntry, (entry) => {
        const sources: Sources = { aws: [], ledger: [entry], tags };
        const first = monthOf(dayNamed(entry.date)).first;
        const months = Array.from({ length: entry.months + 2 }, (_, index) => monthOf(addMonths(first, index - 1)));
        const pieces = months.map((month) => exactly(partsOf(sources, month.first, month.end)));
        expect(sumOf(pieces)).toEqual({ numerator: BigInt(entry.cents), denominator: 1n });
        expect(pieces[0]).toEqual({ numerator: 0n, denominator: 1n });
        expect(pieces.at(-1)).toEqual({ numerator: 0n, denominator: 1n });
        expect(rounded(sumOf(pieces))).toBe(BigInt(entry.cents));
      }),
    );
  });

  it('so far is the days so far, and never the rest', () => {
    fc.assert(
      fc.property(anyWorld, anyMonth, fc.nat(30), (world, month, offset) => {
        const until = Math.min(month.first + offset, month.end);
        const by = (from: Day, end: Day) => exactly(partsOf(sourcesOf(world, month, ['service', 'kind'], 'day'), from, end));
        expect(sumOf([by(month.first, until), by(until, month.end)])).toEqual(by(month.first, month.end));
      }),
    );
  });
});

/** Looked for day by day: the first day of a period, or the day on which it was bought, is billed. */
function billedIn(paid: PaidSubscription, month: string): bigint {
  const anchor = new Date(paid.nextBillingAt ?? '').toISOString().slice(0, 10);
  const bought = new Date(paid.createdAt ?? '').toISOString().slice(0, 10);
  let sum = 0n;
  for (const day of days(month)) {
    if (day < bought) continue;
    let index = 0;
    while (step(anchor, paid, index) > day) index -= 1;
    while (step(anchor, paid, index + 1) <= day) index += 1;
    if (step(anchor, paid, index) === day || day === bought) sum += BigInt(index < 0 ? paid.totalCents : paid.renewalCents);
  }
  return sum;
}

describe('a bill', () => {
  const november = monthOf(dayNamed('2026-11-01'));
  const vps = subscription({ renewalCents: 3_100 });
  const entry: LedgerEntry = {
    id: 'e1',
    recordedAt: 0,
    recordedBy: 'agent-ziggie',
    date: '2026-11-30',
    months: 1,
    vendor: 'GitHub',
    description: 'plan',
    currency: 'USD',
    cents: 1_000,
  };
  const aws = (rows: [string, string, string][], currencyOf = 'USD') => [
    {
      account: 'main',
      granularity: 'month' as const,
      groups: ['service', 'kind'] as const,
      rows: rows.map(([service, kind, amount]) => ({ from: '2026-11-01', keys: [service, kind], currency: currencyOf, amount })),
    },
  ];
  const none: Sources = { aws: [], ledger: [], tags };

  it('says what is used up, what the month comes to, and what is paid in it', () => {
    const sources = {
      ...none,
      aws: aws([
        ['Amazon S3', 'cost', '10.004'],
        ['Amazon S3', 'credit', '-4'],
        ['Tax', 'refund', '-1.5'],
      ]),
      hostinger: { subscriptions: [vps], machines: [] },
      ledger: [entry],
    };
    expect(billOf(sources, november, dayNamed('2026-11-16'))).toMatchObject({
      totals: [
        {
          currency: 'USD',
          total: '30.00',
          aws: '10.00',
          hostinger: '15.00',
          recorded: '5.00',
          hostingerMonth: '30.00',
          credits: '-4.00',
          refunds: '-1.50',
          // 4.50 of AWS, the renewal, and the entry.
          cash: '44.50',
        },
      ],
      byService: [
        { service: 'Hostinger KVM 2', cost: '15.00 USD' },
        { service: 'Amazon S3', cost: '10.00 USD' },
        { service: 'GitHub', cost: '5.00 USD' },
      ],
    });
    const [whole] = billOf(sources, november, november.end).totals;
    expect(whole).toMatchObject({ total: '50.00', hostinger: '30.00', recorded: '10.00' });
    expect(whole).not.toHaveProperty('hostingerMonth');
    // December’s is due; November’s was paid.
    const december = monthOf(dayNamed('2026-12-01'));
    expect(totalsOf([], sources, december, dayNamed('2026-12-02'))[0]).toMatchObject({ due: '31.00', cash: '31.00' });
    expect(whole).not.toHaveProperty('due');
  });

  it('rounds once: halves of cents that make a whole are one', () => {
    const sources = {
      ...none,
      aws: aws([
        ['A', 'cost', '0.004'],
        ['B', 'cost', '0.004'],
        ['C', 'cost', '0.004'],
      ]),
    };
    expect(billOf(sources, november, november.end)).toMatchObject({
      totals: [{ total: '0.01' }],
      byService: [{ service: 'A', cost: '0.01 USD' }],
    });
  });

  it('of an account without a row is nothing, and is said', () => {
    expect(billOf({ ...none, aws: aws([]) }, november, november.end).totals).toEqual([{ currency: 'USD', total: '0.00', aws: '0.00' }]);
    expect(billOf(none, november, november.end).totals).toEqual([]);
  });

  it('leaves a currency out in which there is nothing, unless there is no other', () => {
    const transferred = { ...vps, id: 'B', currency: 'EUR', status: 'transferred' };
    const of = (...subscriptions: PaidSubscription[]) =>
      billOf({ ...none, hostinger: { subscriptions, machines: [] } }, november, november.end).totals.map((each) => each.currency);
    expect(of(vps, transferred)).toEqual(['USD']);
    expect(of(transferred, { ...transferred, id: 'C', currency: 'SEK' })).toEqual(['EUR']);
    const sources = { ...none, aws: aws([]), hostinger: { subscriptions: [{ ...vps, currency: 'EUR' }], machines: [] } };
    expect(billOf(sources, november, november.end).totals).toMatchObject([
      { currency: 'EUR' },
      { currency: 'USD', total: '0.00', aws: '0.00' },
    ]);
  });

  it('names the next renewal of all where the month has none, and no past one', () => {
    const [next, later] = ['2026-12-15', '2027-01-10'].map((day, index) => ({
      ...vps,
      id: day,
      name: `N${index}`,
      period: { count: 1, unit: 'year' },
      nextBillingAt: `${day}T00:00:00Z`,
    })) as [PaidSubscription, PaidSubscription];
    const overdue = { ...next, name: 'overdue', period: { count: 1, unit: 'year' }, nextBillingAt: '2026-10-20T00:00:00Z' };
    const coming = (...subscriptions: PaidSubscription[]) =>
      comingRenewals(schedulesOf({ subscriptions, machines: [] }), november).map(({ name, date }) => `${name} ${date}`);
    expect(coming(later, overdue, next)).toEqual(['N0 2026-12-15']);
    expect(coming(overdue)).toEqual([]);
  });

  it('looks corrections up without going through the ledger for each', () => {
    let reads = 0;
    const ledger = Array.from({ length: 300 }, (_, index) => {
      const each = { ...entry, ...(index > 0 ? { corrects: 'e0' } : {}) };
      const id = () => {
        reads += 1;
        return `e${index}`;
      };
      return Object.defineProperty(each, 'id', { enumerable: true, get: id });
    });
    partsOf({ ...none, ledger: [...ledger.slice(1), ...ledger.slice(0, 1)] }, november.first, november.end);
    expect(reads).toBeLessThan(3 * 300);
  });

  it('keeps currencies side by side', () => {
    const sources = { ...none, aws: [...aws([['A', 'cost', '1']]), ...aws([['A', 'cost', '2']], 'EUR')] };
    expect(billOf(sources, november, november.end).totals.map(({ currency: each, total: amount }) => `${amount} ${each}`)).toEqual([
      '2.00 EUR',
      '1.00 USD',
    ]);
  });

  it('shows ten services of a currency, and the rest as one', () => {
    const rows = Array.from({ length: 13 }, (_, index): [string, string, string] => [`S${index}`, 'cost', String(index + 1)]);
    const { totals, byService } = billOf({ ...none, aws: aws(rows) }, november, november.end);
    expect(byService.map(({ cost }) => cost)).toEqual([13, 12, 11, 10, 9, 8, 7, 6, 5, 4].map((cents) => `${cents}.00 USD`));
    expect(totals).toMatchObject([{ total: '91.00', other: '6.00' }]);
  });

  it('gives a machine and its tags to the subscription that pays for it, and a correction to its entry', () => {
    const machines: PaidMachine[] = [{ id: '1001', name: 'vps-1', subscription: 'A', tags: { Team: 'web', App: 'shop' } }];
    const sources = {
      ...none,
      hostinger: { subscriptions: [vps, { ...vps, id: 'B', name: 'Domain' }], machines },
      ledger: [entry, { ...entry, id: 'e2', corrects: 'e1', description: 'typo', cents: -400 }],
    };
    const parts = partsOf(sources, november.first, november.end);
    const rows = (nameOf: (part: Part) => string | undefined) =>
      summed(parts, nameOf)[0]?.rows.map(({ name, cents }) => `${name} ${decimalOf(cents)}`);
    expect(rows(({ instance }) => instance)).toEqual(['(none) 36.00', 'hostinger/1001 vps-1 30.00']);
    expect(rows(({ team }) => team)).toEqual(['(none) 36.00', 'web 30.00']);
    expect(rows(({ application }) => application)).toEqual(['(none) 36.00', 'shop 30.00']);
    expect(rows(({ entry: name }) => name)).toEqual(['(none) 60.00', 'e1 GitHub: plan 6.00']);
  });

  it('refuses an amount that is no number', () => {
    expect(() => partsOf({ ...none, aws: aws([['A', 'cost', 'NaN']]) }, november.first, november.end)).toThrow(
      'an amount for A, cost that is no number: NaN',
    );
  });
});
