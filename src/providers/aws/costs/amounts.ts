import type { MetricValue } from '@aws-sdk/client-cost-explorer';
import { answered } from '../errors.ts';

const decimal = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,2}))?$/;

/** Amounts are text of AWS's, of a hair's breadth sometimes `1.2E-7`: here it is always plain, `0.00000012`. */
export function decimalText(text: string | undefined, action: string): string {
  const [, sign = '', whole = '', part = '', exponent = '0'] = answered(decimal.exec(text?.trim() ?? '') ?? undefined, action);
  const point = whole.length + Number(exponent);
  const digits = `${'0'.repeat(Math.max(0, -point))}${whole}${part}`.padEnd(point, '0');
  const at = Math.max(0, point);
  const fraction = digits.slice(at);
  const plain = `${digits.slice(0, at).replace(/^0+(?=\d)/, '') || '0'}${fraction ? `.${fraction}` : ''}`;
  return sign === '-' && !isZero(plain) ? `-${plain}` : plain;
}

export function isZero(amount: string): boolean {
  return !/[1-9]/.test(amount);
}

/** Throws `CallError` where it is no amount, or has no currency. */
export function moneyOf(value: MetricValue | undefined, action: string): { amount: string; currency: string } {
  const { Amount, Unit } = answered(value, action);
  return {
    amount: decimalText(Amount, action),
    currency: answered(Unit !== undefined && /^[A-Z]{3}$/.test(Unit) ? Unit : undefined, action),
  };
}

/** Exact; all of plain decimal texts. */
export function sumOf(amounts: readonly string[]): string {
  const places = Math.max(0, ...amounts.map((amount) => amount.split('.')[1]?.length ?? 0));
  const total = amounts.reduce((sum, amount) => {
    const [whole = '0', part = ''] = amount.split('.');
    return sum + BigInt(`${whole}${part.padEnd(places, '0')}`);
  }, 0n);
  const digits = String(total < 0n ? -total : total).padStart(places + 1, '0');
  const at = digits.length - places;
  return `${total < 0n ? '-' : ''}${digits.slice(0, at)}${places > 0 ? `.${digits.slice(at)}` : ''}`;
}
