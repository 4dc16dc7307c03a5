import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decimalText, sumOf } from '../../src/providers/aws/costs/amounts.ts';

/** Integer multiples of 10⁻²⁰, to compare by. */
function units(plain: string): bigint {
  const [, sign, whole = '', part = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(plain) ?? [];
  return BigInt(`${sign}${whole}${part.padEnd(20, '0')}`);
}
const digits = fc.stringMatching(/^\d{1,8}$/);
const plain = fc
  .tuple(fc.constantFrom('', '-'), digits, fc.option(digits, { nil: undefined }))
  .map(([sign, whole, part]) => `${sign}${whole}${part === undefined ? '' : `.${part}`}`);

it('writes every amount plainly, of the same value', () => {
  fc.assert(
    fc.property(plain, fc.integer({ min: -12, max: 12 }), (text, exponent) => {
      const written = decimalText(`${text}E${exponent}`, 'GetCostAndUsage');
      expect(written).toMatch(/^(?!-0*\.?0*$)-?(0|[1-9]\d*)(\.\d+)?$/);
      expect(units(written) * 10n ** 12n).toBe(units(decimalText(text, '')) * 10n ** BigInt(12 + exponent));
      expect(units(decimalText(text, ''))).toBe(units(text));
    }),
  );
});

it.each([
  ['-0', '0'],
  ['-0.00E-2', '0.0000'],
  ['-0012.50', '-12.50'],
  ['+1.5e1', '15'],
  ['8.0E-10', '0.00000000080'],
])('writes %s as %s', (text, written) => {
  expect(decimalText(text, 'GetCostAndUsage')).toBe(written);
});

it.each(['', ' ', 'NaN', 'Infinity', '1,5', '1.', '.5', '0x10', '1e', '1e999', '--1', '1 2', '$1'])(
  'does not take %j for an amount',
  (text) => {
    expect(() => decimalText(text, 'GetCostAndUsage')).toThrow(/GetCostAndUsage is not AWS/);
  },
);

it('sums to the last digit', () => {
  fc.assert(
    fc.property(fc.array(plain, { maxLength: 20 }), (texts) => {
      expect(units(sumOf(texts))).toBe(texts.reduce((sum, text) => sum + units(text), 0n));
    }),
  );
});
