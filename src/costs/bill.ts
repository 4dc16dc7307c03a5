import type { LedgerEntry, PaidSubscription } from '../ports/cost-sources.ts';
import type { CurrencyTotals, Renewal, ServiceCost } from '../ports/costs.ts';
import type { MissingPart } from '../ports/domain.ts';
import { type Day, dateOf, dayNamed, type MonthSpan } from './calendar.ts';
import { type Amount, apportioned, type Cents, decimalOf, moneyOf, rounded, sumOf } from './cents.ts';
import { type PaidAtHostinger, type Part, partsOf, type Sources } from './parts.ts';
import { type Schedule, scheduleOf } from './subscription.ts';

const shownServices = 10;
const shownRenewals = 10;

/** What has no name of its kind: no tag, no machine, no region. */
export const unnamed = '(none)';

/** One currency's parts under their names. */
export interface Sum {
  readonly currency: string;
  /** Whole cents of the exact total, rounded once. */
  readonly total: bigint;
  /** Add up to the total; the dearest first. */
  readonly rows: readonly { readonly name: string; readonly cents: bigint }[];
}

/**
 * What parts cost, before credits and refunds, by currency. Whatever they are told apart by, the total is the same, and the rows add
 * up to it: none is off by a cent or more.
 */
export function summed(parts: readonly Part[], nameOf: (part: Part) => string | undefined): Sum[] {
  const costs = Map.groupBy(
    parts.filter(({ kind }) => kind === 'cost'),
    ({ currency }) => currency,
  );
  return [...costs].sort(byName).map(([currency, all]) => {
    const named = [...Map.groupBy(all, (part) => nameOf(part) || unnamed)].sort(byName);
    const { total, parts: cents } = apportioned(named.map(([, same]) => exactly(same)));
    const rows = named.map(([name], index) => ({ name, cents: cents[index] ?? 0n }));
    return { currency, total, rows: rows.sort((a, b) => (a.cents === b.cents ? 0 : a.cents < b.cents ? 1 : -1)) };
  });
}

/** The exact sum of all parts. */
export function exactly(parts: readonly Part[]): Cents {
  return sumOf(parts.map(({ cents }) => cents));
}

/** What parts cost, before credits and refunds, in each currency. */
export function amountsOf(parts: readonly Part[]): Amount[] {
  return summed(parts, ({ provider }) => provider).map(({ currency, total }) => ({ currency, cents: total }));
}

/** Days `month.first` to `until` (not included) of a month, as one bill. */
export interface Bill {
  readonly parts: readonly Part[];
  readonly amounts: readonly Amount[];
  /** One a currency; credits and refunds apart. */
  readonly totals: CurrencyTotals[];
  /** The ten dearest of each currency; `other` of the totals has the rest. */
  readonly byService: ServiceCost[];
}

/** @param until the first day that is not in it; before the end of a month that runs */
export function billOf(sources: Sources, month: MonthSpan, until: Day): Bill {
  const parts = partsOf(sources, month.first, until);
  const services = summed(parts, ({ service }) => service).map(({ currency, rows }) => ({
    currency,
    rows: rows.filter(({ cents }) => cents !== 0n),
  }));
  const others = new Map(
    services.map(({ currency, rows }) => [currency, rows.slice(shownServices).reduce((sum, { cents }) => sum + cents, 0n)]),
  );
  return {
    parts,
    amounts: amountsOf(parts),
    totals: totalsOf(parts, sources, month, until).map((totals) => {
      const other = others.get(totals.currency) ?? 0n;
      return other === 0n ? totals : { ...totals, other: decimalOf(other) };
    }),
    byService: services.flatMap(({ currency, rows }) =>
      rows.slice(0, shownServices).map(({ name, cents }) => ({ service: name, cost: moneyOf(cents, currency) })),
    ),
  };
}

/**
 * Totals of `parts`, and beside them what is paid in the month and still to come. A currency in which there is nothing at all is left out,
 * unless there is no other.
 */
export function totalsOf(parts: readonly Part[], { aws, hostinger, ledger }: Sources, month: MonthSpan, until: Day): CurrencyTotals[] {
  const schedules = schedulesOf(hostinger);
  const sums = new Map(summed(parts, ({ provider }) => provider).map((sum) => [sum.currency, sum]));
  const currencies = new Set([
    ...parts.map(({ currency }) => currency),
    ...schedules.map(({ subscription }) => subscription.currency),
    ...ledger.filter((entry) => isPaidIn(entry, month)).map(({ currency }) => currency),
  ]);
  // An account without a row has cost nothing, which is said.
  const saidOfAws = aws.length > 0 && !parts.some(({ provider }) => provider === 'aws') ? 'USD' : undefined;
  if (saidOfAws) currencies.add(saidOfAws);
  const all = [...currencies].sort().map((currency) => {
    const own = parts.filter((part) => part.currency === currency);
    const paid = schedules.filter(({ subscription }) => subscription.currency === currency);
    const entries = ledger.filter((entry) => entry.currency === currency && isPaidIn(entry, month));
    const { total = 0n, rows = [] } = sums.get(currency) ?? {};
    const of = (provider: Part['provider']) => rows.find(({ name }) => name === provider)?.cents ?? 0n;
    const ofKind = (kind: Part['kind']) => rounded(exactly(own.filter((part) => part.kind === kind)));
    const hasAws = own.some(({ provider }) => provider === 'aws') || (currency === 'USD' && aws.length > 0);
    const billed = paid.reduce((sum, each) => sum + BigInt(each.billed(month.first, month.end)), 0n);
    const recorded = entries.reduce((sum, { cents }) => sum + BigInt(cents), 0n);
    const due = paid.reduce((sum, each) => sum + dueIn(each, month), 0n);
    const whole = rounded(sumOf(paid.map(({ spread }) => spread(month.first, month.end))));
    const [credits, refunds] = [ofKind('credit'), ofKind('refund')];
    return {
      currency,
      figures: {
        total,
        aws: hasAws ? of('aws') : undefined,
        hostinger: paid.length > 0 ? of('hostinger') : undefined,
        recorded: unlessZero(of('recorded')),
        hostingerMonth: paid.length > 0 && until < month.end ? whole : undefined,
        credits: unlessZero(credits),
        refunds: unlessZero(refunds),
        cash: paid.length > 0 || entries.length > 0 ? of('aws') + credits + refunds + billed + recorded : undefined,
        due: unlessZero(due),
      },
    };
  });
  const said = all.filter(({ currency, figures }) => currency === saidOfAws || Object.values(figures).some((cents) => cents));
  return (said.length > 0 ? said : all.slice(0, 1)).map(({ currency, figures: { total, ...beside } }) => {
    const shown = Object.entries(beside).flatMap(([name, cents]) => (cents === undefined ? [] : [[name, decimalOf(cents)]]));
    return { currency, total: decimalOf(total), ...Object.fromEntries(shown) };
  });
}

/** Everything that is known of how subscriptions lie on the calendar. */
export function schedulesOf(hostinger: PaidAtHostinger | undefined): Schedule[] {
  return (hostinger?.subscriptions ?? []).flatMap((subscription) => scheduleOf(subscription) ?? []);
}

/** Subscriptions that are in no bill, because nobody can say which days they are for. */
export function unspread(hostinger: PaidAtHostinger | undefined): PaidSubscription[] {
  return (hostinger?.subscriptions ?? []).filter((each) => (each.totalCents !== 0 || each.renewalCents !== 0) && !scheduleOf(each));
}

/** The same, as they are named beside the bill. */
export function unspreadParts(hostinger: PaidAtHostinger | undefined): MissingPart[] {
  return unspread(hostinger).map(({ name, period }) => ({
    provider: 'hostinger',
    account: 'hostinger',
    code: 'provider_rejected',
    message: `The subscription ${name} is left out: billed every ${period.count} ${period.unit}, with no date to count from or in a unit that is not known here.`,
  }));
}

/** Renewals from `from` to `until` (not included), soonest first; at most ten. What renews several times is one row a day. */
export function renewalsOf(schedules: readonly Schedule[], from: Day, until: Day): Renewal[] {
  return schedules
    .filter(({ subscription }) => subscription.renewalCents > 0)
    .flatMap((each) => each.renewals(from, until).map((day) => ({ day, each })))
    .sort((a, b) => a.day - b.day)
    .slice(0, shownRenewals)
    .map(({ day, each }) => renewal(each, day));
}

/** Renewals of the month, else the next one wherever that is. */
export function comingRenewals(schedules: readonly Schedule[], month: MonthSpan): Renewal[] {
  const now = renewalsOf(schedules, month.first, month.end);
  if (now.length > 0) return now;
  const later = schedules.filter(({ next, subscription }) => next !== undefined && next >= month.end && subscription.renewalCents > 0);
  const [first] = later.sort((a, b) => (a.next ?? 0) - (b.next ?? 0));
  return first?.next === undefined ? [] : [renewal(first, first.next)];
}

function renewal({ subscription: { name, renewalCents, currency } }: Schedule, day: Day): Renewal {
  return { name, date: dateOf(day), cost: moneyOf(renewalCents, currency) };
}

/** What is billed once is not billed any more: the next billing that Hostinger names is still to come, whatever its day. */
function dueIn({ subscription, renewals }: Schedule, month: MonthSpan): bigint {
  return BigInt(subscription.renewalCents) * BigInt(renewals(month.first, month.end).length);
}

function isPaidIn({ date }: LedgerEntry, month: MonthSpan): boolean {
  const day = dayNamed(date);
  return day >= month.first && day < month.end;
}

function unlessZero(cents: bigint): bigint | undefined {
  return cents === 0n ? undefined : cents;
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
