/**
 * Invariant: what policy is told of spend is of everything that is configured. A partial view would let through what the whole forbids,
 * and is never kept.
 */
import type { CurrencyTotals } from '../ports/costs.ts';
import type { KeptSpend, StateStore } from '../ports/state.ts';
import { type Budget, inOneCurrency, type Rates } from './rates.ts';
import type { SoFar } from './so-far.ts';

type Total = Pick<CurrencyTotals, 'currency' | 'total'>;

export interface SnapshotOptions {
  readonly store: Pick<StateStore, 'keepSpend' | 'spend'>;
  readonly budget: Budget;
  readonly rates: Rates;
}

/** What the month is expected to come to. */
export interface Expected {
  readonly totals: readonly Total[];
  /** When its oldest figure was read. */
  readonly oldestAt: number;
}

/** Keeps the month so far, and what is expected of it, for decisions; nothing where a part is lacking, or a rate. */
export function keepSnapshot(
  { store, budget: { currency }, rates }: SnapshotOptions,
  { month: { name: month }, isSound, oldestAt: monthToDateAt }: SoFar,
  totals: readonly Total[],
  expected?: Expected,
): void {
  const soFar = inOneCurrency(totals, rates, currency);
  if (!isSound || !soFar) return;
  const monthToDateCents = Number(soFar.cents);
  const last = store.spend();
  const isOfNow = last?.month === month && last.currency === currency;
  const forecast = expected ? newForecast(expected, rates, currency) : isOfNow ? oldForecast(last, monthToDateCents) : {};
  const next: KeptSpend = { month, currency, monthToDateCents, monthToDateAt, ...forecast };
  // Reads by the thousand need not wait for the disk each.
  if (!last || !isSame(last, next)) store.keepSpend(next);
}

type ForecastFacts = Pick<KeptSpend, 'forecastCents' | 'forecastAt'>;

function newForecast({ totals, oldestAt }: Expected, rates: Rates, currency: string): ForecastFacts {
  const one = inOneCurrency(totals, rates, currency);
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
