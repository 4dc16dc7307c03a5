import { cleanText } from '../../call/canonical.ts';
import { centsOfDecimal, decimalOf, rounded } from '../cents.ts';
import type { Money, Row } from './data.ts';

/** Longest name that a page shows. */
const longestName = 120;

/** Text from outside on one line: no controls, no line breaks, nothing that turns the reading direction. */
export function oneLine(text: string, limit = longestName): string {
  return cleanText(text.replace(/[\s\u2028\u2029]+/gu, ' ').trim(), limit);
}

/** `12.34 USD`, `+40.00 USD`. @throws Error for what no part of the bill writes */
export function moneyFrom(text: string): Money {
  const [, amount = '', currency = ''] = /^([+-]?\d+(?:\.\d+)?) ([A-Z]{3})$/.exec(text) ?? [];
  const cents = centsOfDecimal(amount);
  if (!cents) throw new Error(`no amount: ${text}`);
  return { cents: rounded(cents), currency };
}

/** Of decimal text without a currency. @throws Error */
export function centsOf(amount: string): bigint {
  const cents = centsOfDecimal(amount);
  if (!cents) throw new Error(`no amount: ${amount}`);
  return rounded(cents);
}

export function shown({ cents, currency }: Money): string {
  return `${grouped(cents)} ${currency}`;
}

/** `+40.00 USD` */
export function shownChange({ cents, currency }: Money): string {
  return `${cents < 0n ? '−' : '+'}${grouped(cents < 0n ? -cents : cents)} ${currency}`;
}

/** For reading: `1,234.50`. */
export function grouped(cents: bigint): string {
  return decimalOf(cents)
    .replace(/\B(?=(\d{3})+\.)/g, ',')
    .replace('-', '−');
}

/** Amounts in a text of ours, as they are read: `+1,379.47 USD (+44%)`. */
export function readable(text: string): string {
  return text.replace(/-?\d+\.\d{2}\b/g, (amount) => grouped(centsOf(amount)));
}

/** In whole percent, rounded. */
export function share(part: bigint, whole: bigint): number {
  return whole === 0n ? 0 : Math.round(Number((part * 10_000n) / whole) / 100);
}

export const rest = 'All others';

/** The dearest rows, and one for all that they do not hold, so that they add up to the total. */
export function addingUp(rows: readonly Row[], total: bigint, most: number): Row[] {
  const all = rows.filter(({ cents }) => cents !== 0n).sort((a, b) => Number(b.cents - a.cents) || (a.name < b.name ? -1 : 1));
  const shownRows = all.slice(0, most);
  const left = total - shownRows.reduce((sum, { cents }) => sum + cents, 0n);
  return left === 0n ? shownRows : [...shownRows, { name: rest, cents: left }];
}

const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

/** `October 2026` */
export function monthTitle(month: string): string {
  return `${months[Number(month.slice(5)) - 1]} ${month.slice(0, 4)}`;
}

/** `Oct` */
export function shortMonth(month: string): string {
  return monthTitle(month).slice(0, 3);
}
