import type { SpendFacts } from '../ports/spend.ts';

/** `{forecast}` and the like in an `@advice`, so that whoever is denied for money hears how much. */
export const adviceWords = ['monthToDate', 'forecast', 'budget', 'monthlyCost', 'spendAge'] as const;

/** `123.45 USD`; the integer cents of a fact. */
export function moneyOf(cents: number | undefined, currency: string): string {
  if (cents === undefined) return 'unknown';
  const digits = String(Math.abs(Math.round(cents))).padStart(3, '0');
  return `${cents < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)} ${currency}`;
}

/** Spend in words, by the names that advice uses. */
export function spendInWords(spend: SpendFacts): Record<(typeof adviceWords)[number], string> {
  const { currency, budgetCents, monthToDateCents, forecastCents, monthlyCostCents, ageMinutes } = spend;
  return {
    monthToDate: moneyOf(monthToDateCents, currency),
    forecast: moneyOf(forecastCents, currency),
    budget: moneyOf(budgetCents, currency),
    monthlyCost: moneyOf(monthlyCostCents, currency),
    spendAge: ageMinutes === undefined ? 'unknown' : `${ageMinutes} minutes`,
  };
}

/** @param spend absent where nothing is known of it */
export function filledAdvice(advice: readonly string[], spend: SpendFacts = { currency: 'USD', budgetCents: 0 }): string[] {
  const words: Readonly<Record<string, string>> = spendInWords(spend);
  return advice.map((text) =>
    text.replace(/\{(\w+)\}/g, (whole, word: string) => (Object.hasOwn(words, word) ? (words[word] ?? whole) : whole)),
  );
}
