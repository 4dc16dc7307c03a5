import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apportioned, type Cents, centsOfDecimal, decimalOf, plus, rounded, shareOf, sumOf } from '../../src/costs/cents.ts';

/** Amounts as AWS writes them, with a value that the test knows by other means: ten-billionths of a dollar. */
const amounts = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }).map((units) => ({
  units,
  text: `${units < 0n ? '-' : ''}${String(units < 0n ? -units : units).padStart(11, '0')}`.replace(/(\d{10})$/, '.$1'),
}));

const exact = (text: string): Cents => {
  const cents = centsOfDecimal(text);
  if (!cents) throw new Error(`${text} was not taken`);
  return cents;
};
const show = (text: string) => decimalOf(rounded(exact(text)));

describe('cents of a decimal', () => {
  it.each([
    ['0', '0.00'],
    ['12.3456789012', '12.35'],
    ['0.0049999999', '0.00'],
    ['0.005', '0.01'],
    ['-0.005', '-0.01'],
    ['-0.0049999999999999', '0.00'],
    ['1.005', '1.01'],
    ['1.5E-7', '0.00'],
    ['1.25e1', '12.50'],
    ['-3.', '-3.00'],
    ['+7', '7.00'],
    ['9007199254740993.01', '9007199254740993.01'],
  ])('%s is %s', (amount, shown) => {
    expect(show(amount)).toBe(shown);
  });

  it.each(['', '.5', '1,5', '0x10', 'NaN', 'Infinity', '1.2.3', '1 ', '--1', '1e999', `1e-${'9'.repeat(3)}`, '9'.repeat(61)])(
    '%j is none',
    (amount) => {
      expect(centsOfDecimal(amount)).toBeUndefined();
    },
  );

  it('are exact for every amount, and so are their sums', () => {
    fc.assert(
      fc.property(fc.array(amounts, { minLength: 1, maxLength: 40 }), (list) => {
        const { numerator, denominator } = sumOf(list.map(({ text }) => exact(text)));
        const units = list.reduce((sum, each) => sum + each.units, 0n);
        expect(numerator * 10n ** 8n).toBe(units * denominator);
      }),
    );
  });
});

describe('parts of a total', () => {
  it('add up to it to the cent, each less than a cent from its own amount, in any order', () => {
    fc.assert(
      fc.property(fc.array(amounts, { maxLength: 40 }), (list) => {
        const cents = list.map(({ text }) => exact(text));
        const { total, parts } = apportioned(cents);
        expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(total);
        expect(total).toBe(rounded(sumOf(cents)));
        for (const [index, part] of parts.entries()) {
          const { numerator, denominator } = plus(cents[index] as Cents, { numerator: -part, denominator: 1n });
          expect(numerator > -denominator && numerator < denominator).toBe(true);
        }
        expect(apportioned(cents.toReversed()).total).toBe(total);
      }),
    );
  });

  it('are raised where most was cut off, and first come first served among equals', () => {
    const parts = (...texts: string[]) => apportioned(texts.map(exact)).parts.map(decimalOf);
    expect(parts('0.333', '0.333', '0.334')).toEqual(['0.33', '0.33', '0.34']);
    expect(parts('0.335', '0.335', '0.33')).toEqual(['0.34', '0.33', '0.33']);
    expect(parts('1.00', '2.00')).toEqual(['1.00', '2.00']);
    expect(parts('5.009', '-0.004')).toEqual(['5.01', '0.00']);
    expect(apportioned([])).toEqual({ total: 0n, parts: [] });
  });

  it('hold for shares of days as well', () => {
    const share = fc.record({ cents: fc.nat(100_000), part: fc.nat(31), whole: fc.integer({ min: 28, max: 366 }) });
    fc.assert(
      fc.property(fc.array(share, { maxLength: 20 }), (shares) => {
        const { total, parts } = apportioned(shares.map(({ cents, part, whole }) => shareOf(cents, part, whole)));
        expect(parts.reduce((sum, each) => sum + each, 0n)).toBe(total);
      }),
    );
  });
});

it('shows cents as a person writes them', () => {
  expect([0n, 5n, -5n, 100n, -1234n].map(decimalOf)).toEqual(['0.00', '0.05', '-0.05', '1.00', '-12.34']);
});
