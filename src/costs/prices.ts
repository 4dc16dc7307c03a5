import type { PriceList } from '../ports/spend.ts';
import { pricedFamilies, pricedRegions, pricesOf, unlikeTheirFamily } from './price-table.ts';

/** As AWS counts a month in its own calculator. */
const hoursAMonth = 730;

/**
 * What EC2 costs by its list price. A size is worth so much of its family (EC2 User Guide, "Normalization factors"), and each hour's
 * price is rounded to what the list shows; the month is rounded once, half a cent up.
 */
export const prices: PriceList = {
  asOf: pricesOf,
  monthlyCents({ provider, region, instanceType }) {
    const hour = provider === 'aws' ? hourlyMicroDollars(region, instanceType) : undefined;
    return hour === undefined ? undefined : halfUp(hour * hoursAMonth, 10_000);
  },
};

/** Millionths of a dollar an hour, exactly; undefined for a type that the table or AWS does not have there. */
function hourlyMicroDollars(region: string, instanceType: string): number | undefined {
  const exception = own(unlikeTheirFamily, `${instanceType} ${region}`);
  if (exception !== undefined) return microDollars(exception);
  const [name = '', size = '', ...rest] = instanceType.split('.');
  const family = own(pricedFamilies, name);
  if (!family || rest.length > 0 || !family.sizes.split(' ').includes(size)) return undefined;
  const price = family.of16xlarge.split(' ')[pricedRegions.indexOf(region)];
  if (price === undefined || price === '-') return undefined;
  const step = family.places === 5 ? 10 : 100;
  return halfUp(microDollars(price) * quartersOf(size), step * quartersOf('16xlarge')) * step;
}

/** Normalization factors, in quarters: nano is a quarter, and an xlarge eight wholes. */
const quarters: Readonly<Record<string, number>> = { nano: 1, micro: 2, small: 4, medium: 8, large: 16, xlarge: 32 };

function quartersOf(size: string): number {
  return own(quarters, size) ?? 32 * Number.parseInt(size, 10);
}

function microDollars(decimal: string): number {
  const [whole = '', part = ''] = decimal.split('.');
  return Number(whole + part.padEnd(6, '0'));
}

/** Of whole numbers, which stay far below what a double holds exactly. */
function halfUp(numerator: number, denominator: number): number {
  return Math.floor((2 * numerator + denominator) / (2 * denominator));
}

function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
