import type { BudgetUse, Converted, CurrencyTotals } from '../ports/costs.ts';
import { type Cents, centsOfDecimal, decimalOf, noCents, rounded, sumOf } from './cents.ts';

/** Decimal text: how much of the budget's currency one unit of another is. */
export type Rates = Readonly<Record<string, string>>;

export interface Budget {
  readonly cents: number;
  readonly currency: string;
}

type Total = Pick<CurrencyTotals, 'currency' | 'total'>;

/**
 * Totals, as they are shown, in one currency: exact products, rounded once. Undefined where a rate is lacking.
 * `rates` names those that were used: `1 EUR = 1.08 USD`.
 */
export function inOneCurrency(totals: readonly Total[], rates: Rates, currency: string): { cents: bigint; rates: string[] } | undefined {
  const each = totals.map((total) => ({ from: total.currency, cents: exchanged(total, rates, currency) }));
  if (each.some(({ cents }) => cents === undefined)) return undefined;
  const used = new Set(each.map(({ from }) => from).filter((from) => from !== currency));
  return {
    cents: rounded(sumOf(each.map(({ cents }) => cents ?? noCents))),
    rates: [...used].map((from) => `1 ${from} = ${rates[from]} ${currency}`),
  };
}

/** Undefined also where nothing needs a rate. */
export function convert(totals: readonly Total[], rates: Rates, currency: string): Converted | undefined {
  const one = inOneCurrency(totals, rates, currency);
  return one && one.rates.length > 0 ? { currency, total: decimalOf(one.cents), rates: one.rates } : undefined;
}

/** How much of the budget is used, rounded down: 100% is not said a cent too early. Undefined where a rate is lacking. */
export function budgetUse(totals: readonly Total[], rates: Rates, { cents, currency }: Budget): BudgetUse | undefined {
  const one = inOneCurrency(totals, rates, currency);
  if (!one || cents <= 0) return undefined;
  const percent = (one.cents * 100n) / BigInt(cents);
  return { amount: `${decimalOf(BigInt(cents))} ${currency}`, used: `${percent}%` };
}

function exchanged({ currency: from, total }: Total, rates: Rates, currency: string): Cents | undefined {
  const cents = centsOfDecimal(total);
  if (from === currency) return cents;
  const rate = Object.hasOwn(rates, from) ? centsOfDecimal(rates[from] ?? '') : undefined;
  if (!cents || !rate) return undefined;
  return { numerator: cents.numerator * rate.numerator, denominator: cents.denominator * rate.denominator * 100n };
}
