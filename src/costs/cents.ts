/** Exact money. Nothing is rounded before it is shown, and no amount is ever a floating-point number. */

/** So many cents, exactly. */
export interface Cents {
  readonly numerator: bigint;
  /** Positive. */
  readonly denominator: bigint;
}

/** Whole cents of a currency, as they are shown. */
export interface Amount {
  readonly currency: string;
  readonly cents: bigint;
}

export const noCents: Cents = { numerator: 0n, denominator: 1n };

/** Far more digits than a bill has; a text with a huge exponent is not worth the memory of its value. */
const mostDigits = 60;

/**
 * Cents of an amount as AWS writes it: `12.3456789012`, `-0.5`, `1.5E-7`. Undefined for what is no decimal number.
 * @param amount in whole units of the currency
 */
export function centsOfDecimal(amount: string): Cents | undefined {
  const [, sign, whole = '', part = '', exponent = '0'] = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/.exec(amount) ?? [];
  const shift = 2 - part.length + Number(exponent);
  if (sign === undefined || whole.length + part.length > mostDigits || Math.abs(shift) > mostDigits) return undefined;
  const digits = BigInt(`${sign === '-' ? '-' : ''}${whole}${part}`);
  return shift >= 0 ? { numerator: digits * 10n ** BigInt(shift), denominator: 1n } : reduced(digits, 10n ** BigInt(-shift));
}

/** `cents × part / whole` */
export function shareOf(cents: number, part: number, whole: number): Cents {
  return reduced(BigInt(cents) * BigInt(part), BigInt(whole));
}

export function plus(a: Cents, b: Cents): Cents {
  return reduced(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator);
}

export function sumOf(all: readonly Cents[]): Cents {
  return all.reduce(plus, noCents);
}

/** Whole cents; half a cent goes away from zero, as on an invoice. */
export function rounded({ numerator, denominator }: Cents): bigint {
  const size = numerator < 0n ? -numerator : numerator;
  const cents = (2n * size + denominator) / (2n * denominator);
  return numerator < 0n ? -cents : cents;
}

/**
 * Whole cents of parts that add up to the rounded total exactly: each is rounded down, and the cents that are then missing go to
 * those that lost most (largest remainder, the first of equals). No part is off by a cent or more.
 */
export function apportioned(parts: readonly Cents[]): { readonly total: bigint; readonly parts: readonly bigint[] } {
  const total = rounded(sumOf(parts));
  const floors = parts.map(floor);
  const lost = parts.map((part, index) => plus(part, { numerator: -(floors[index] ?? 0n), denominator: 1n }));
  const byLoss = parts.map((_, index) => index).sort((a, b) => compare(lost[b] ?? noCents, lost[a] ?? noCents));
  const missing = Number(total - floors.reduce((sum, each) => sum + each, 0n));
  const raised = new Set(byLoss.slice(0, missing));
  return { total, parts: floors.map((each, index) => (raised.has(index) ? each + 1n : each)) };
}

/** `-12.34` */
export function decimalOf(cents: bigint): string {
  const digits = String(cents < 0n ? -cents : cents).padStart(3, '0');
  return `${cents < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** `-12.34 USD` @param cents integer */
export function moneyOf(cents: bigint | number, currency: string): string {
  return `${decimalOf(BigInt(cents))} ${currency}`;
}

function floor({ numerator, denominator }: Cents): bigint {
  const towardsZero = numerator / denominator;
  return numerator < 0n && towardsZero * denominator !== numerator ? towardsZero - 1n : towardsZero;
}

function compare(a: Cents, b: Cents): number {
  const difference = a.numerator * b.denominator - b.numerator * a.denominator;
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}

function reduced(numerator: bigint, denominator: bigint): Cents {
  let [a, b] = [numerator < 0n ? -numerator : numerator, denominator];
  while (b > 0n) [a, b] = [b, a % b];
  return { numerator: numerator / a, denominator: denominator / a };
}
