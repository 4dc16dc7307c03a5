import type { AlertSpec, Threshold } from '../../ports/cost-alerts.ts';
import { moneyOf } from '../cents.ts';

/** `100.00 USD` */
export function amountOf({ cents, currency }: Pick<AlertSpec, 'cents' | 'currency'>): string {
  return moneyOf(cents, currency);
}

/** What is told of begins so; who is told comes behind it. Another amount is another threshold. */
export function noticeKey(spec: AlertSpec, threshold: Threshold): string {
  return `${amountOf(spec)} ${thresholdText(threshold)} `;
}

/** `80% actual` */
export function thresholdText({ percent, on }: Threshold): string {
  return `${percent}% ${on}`;
}
