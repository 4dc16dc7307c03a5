import type { BudgetUse, Converted } from '../ports/costs.ts';
import type { MissingPart } from '../ports/domain.ts';
import { amountsOf } from './bill.ts';
import { type Amount, type Cents, centsOfDecimal, decimalOf, moneyOf, noCents, rounded, sumOf } from './cents.ts';
import type { Part } from './parts.ts';

/** Decimal text: how much of the budget's currency one unit of another is. */
export type Rates = Readonly<Record<string, string>>;

export interface Budget {
  readonly cents: number;
  readonly currency: string;
}

/**
 * Amounts, as they are shown, in one currency: exact products, rounded once. Undefined where a rate is lacking; nothing is nothing in any
 * currency, and needs none. `rates` names those that were used: `1 EUR = 1.08 USD`.
 */
export function inOneCurrency(amounts: readonly Amount[], rates: Rates, currency: string): { cents: bigint; rates: string[] } | undefined {
  const each = spent(amounts).map((amount) => ({ from: amount.currency, cents: exchanged(amount, rates, currency) }));
  if (each.some(({ cents }) => cents === undefined)) return undefined;
  const used = new Set(each.map(({ from }) => from).filter((from) => from !== currency));
  return {
    cents: rounded(sumOf(each.map(({ cents }) => cents ?? noCents))),
    rates: [...used].map((from) => `1 ${from} = ${rates[from]} ${currency}`),
  };
}

/** Undefined also where nothing needs a rate. */
export function convert(amounts: readonly Amount[], rates: Rates, currency: string): Converted | undefined {
  const one = inOneCurrency(amounts, rates, currency);
  return one && one.rates.length > 0 ? { currency, total: decimalOf(one.cents), rates: one.rates } : undefined;
}

/** How much of the budget is used, rounded down: 100% is not said a cent too early. Undefined where a rate is lacking. */
export function budgetUse(amounts: readonly Amount[], rates: Rates, { cents, currency }: Budget): BudgetUse | undefined {
  const one = inOneCurrency(amounts, rates, currency);
  if (!one || cents <= 0) return undefined;
  const percent = (one.cents * 100n) / BigInt(cents);
  return { amount: moneyOf(cents, currency), used: `${percent}%` };
}

/** Currencies in which something is spent, and of which nobody can say how much that is. */
export function withoutRate(amounts: readonly Amount[], rates: Rates, currency: string): string[] {
  return [
    ...new Set(
      spent(amounts)
        .filter((amount) => exchanged(amount, rates, currency) === undefined)
        .map((amount) => amount.currency),
    ),
  ];
}

export function rateRemedy(currencies: readonly string[], currency: string): string {
  return `Let the operator add ${currencies.join(' and ')} to costs.rates in ziggie.yaml: how much ${currency} one unit is.`;
}

/** What the budget is not compared with, and decisions are not told of, because a rate is lacking: one row a currency. */
export function unconverted(parts: readonly Part[], rates: Rates, { currency }: Budget): MissingPart[] {
  return withoutRate(amountsOf(parts), rates, currency).map((from) => {
    const first = parts.find((part) => part.currency === from);
    return {
      provider: first?.provider === 'hostinger' ? 'hostinger' : 'aws',
      account: first?.account ?? from,
      code: 'provider_not_configured',
      message: `There is no rate for ${from}, so that nothing is said of the budget or all in ${currency}. ${rateRemedy([from], currency)}`,
    };
  });
}

function spent(amounts: readonly Amount[]): Amount[] {
  return amounts.filter(({ cents }) => cents !== 0n);
}

function exchanged({ currency: from, cents }: Amount, rates: Rates, currency: string): Cents | undefined {
  if (from === currency) return { numerator: cents, denominator: 1n };
  const rate = Object.hasOwn(rates, from) ? centsOfDecimal(rates[from] ?? '') : undefined;
  return rate && { numerator: cents * rate.numerator, denominator: rate.denominator * 100n };
}
