/**
 * Invariant: what policy is told of spend is of everything that is configured, and nothing that anybody records lowers it. A partial view
 * would let through what the whole forbids, and is never kept.
 */
import type { KeptSpend, StateStore } from '../ports/state.ts';
import { amountsOf, unspread } from './bill.ts';
import type { Amount } from './cents.ts';
import { partsOf } from './parts.ts';
import { type Budget, inOneCurrency, type Rates } from './rates.ts';
import type { SoFar } from './so-far.ts';

export interface SnapshotOptions {
  readonly store: Pick<StateStore, 'keepSpend' | 'spend'>;
  readonly budget: Budget;
  readonly rates: Rates;
}

/** What the month is expected to come to, of guarded sources. */
export interface Expected {
  readonly amounts: readonly Amount[];
  /** When its oldest figure was read. */
  readonly oldestAt: number;
}

/**
 * Keeps the month so far, and what is expected of it, for decisions; nothing where a part is lacking, or a rate. What nobody can spread over
 * days counts as spent whole: that denies too early rather than never.
 */
export function keepSnapshot(
  { store, budget: { currency }, rates }: SnapshotOptions,
  { month: { name: month, first, today }, guarded, isSound, oldestAt: monthToDateAt }: SoFar,
  expected?: Expected,
): void {
  const whole = unspread(guarded.hostinger).map((each) => ({
    currency: each.currency,
    cents: BigInt(Math.max(each.totalCents, each.renewalCents)),
  }));
  const soFar = inOneCurrency([...amountsOf(partsOf(guarded, first, today + 1)), ...whole], rates, currency);
  if (!isSound || !soFar) return;
  const monthToDateCents = Number(soFar.cents);
  const last = store.spend();
  const isOfNow = last?.month === month && last.currency === currency;
  const forecast = expected
    ? newForecast({ ...expected, amounts: [...expected.amounts, ...whole] }, rates, currency)
    : isOfNow
      ? oldForecast(last, monthToDateCents)
      : {};
  const next: KeptSpend = { month, currency, monthToDateCents, monthToDateAt, ...forecast };
  // Reads by the thousand need not wait for the disk each.
  if (!last || !isSame(last, next)) store.keepSpend(next);
}

type ForecastFacts = Pick<KeptSpend, 'forecastCents' | 'forecastAt'>;

function newForecast({ amounts, oldestAt }: Expected, rates: Rates, currency: string): ForecastFacts {
  const one = inOneCurrency(amounts, rates, currency);
  return one ? { forecastCents: Number(one.cents), forecastAt: oldestAt } : {};
}

/** What has been spent since is not undone by what was expected before. */
function oldForecast({ forecastCents, forecastAt }: KeptSpend, spentCents: number): ForecastFacts {
  return forecastCents === undefined || forecastAt === undefined ? {} : { forecastCents: Math.max(forecastCents, spentCents), forecastAt };
}

function isSame(a: KeptSpend, b: KeptSpend): boolean {
  const facts = ({ month, currency, monthToDateCents, monthToDateAt, forecastCents, forecastAt }: KeptSpend) =>
    JSON.stringify([month, currency, monthToDateCents, monthToDateAt, forecastCents, forecastAt]);
  return facts(a) === facts(b);
}
