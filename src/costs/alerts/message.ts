import { createHash } from 'node:crypto';
import type { AlertSpec, Threshold } from '../../ports/cost-alerts.ts';
import type { MissingPart } from '../../ports/domain.ts';
import { moneyOf } from '../cents.ts';
import { amountOf, thresholdText } from './words.ts';

/** Both clouds and the ledger. */
export interface CombinedSpend {
  /** `2026-11`, in UTC. */
  readonly month: string;
  /** The budget's. */
  readonly currency: string;
  /** Integer cents. */
  readonly monthToDateCents: number;
  /** Of the whole month. */
  readonly forecastCents?: number;
  /** What is not in the sums, or old. */
  readonly missing?: readonly MissingPart[];
}

export interface Message {
  readonly id: string;
  readonly subject: string;
  readonly text: string;
}

/** What somebody reads who has not been thinking of costs: what happened, in numbers, and what to do. */
export function messageOf(spec: AlertSpec, crossed: readonly Threshold[], spend: CombinedSpend): Message {
  const { month, currency, monthToDateCents, forecastCents, missing = [] } = spend;
  const amount = amountOf(spec);
  const thresholds = crossed.map(thresholdText);
  const only = crossed.every(({ on }) => on === 'forecast');
  const unread = [...new Set(missing.map(({ provider, account }) => (provider === account ? provider : `${provider} ${account}`)))];
  const text = [
    only
      ? `The costs of ${month} are expected to pass a threshold of the budget "${spec.name}" (${amount} a month).`
      : `The costs of ${month} have passed a threshold of the budget "${spec.name}" (${amount} a month).`,
    '',
    `Passed:    ${thresholds.join(', ')}`,
    `So far:    ${moneyOf(monthToDateCents, currency)}, ${share(monthToDateCents, spec)} of the budget`,
    ...(forecastCents === undefined
      ? []
      : [`Expected:  ${moneyOf(forecastCents, currency)} by the end of the month, ${share(forecastCents, spec)} of it`]),
    '',
    'Counted are AWS, Hostinger and recorded costs together, in UTC and before credits.',
    ...(unread.length > 0
      ? [`Missing, or older than they should be, are the figures of ${unread.join(', ')}: the sum may be higher.`]
      : []),
    '',
    'What to do:',
    '- costs_breakdown says what it is spent on: by service, then usageType, team or instance.',
    '- costs_month compares with the month before and names what changed most; costs_forecast looks ahead.',
    `- If the amount is meant to be higher, set it with costs_set_alert (scope both, name ${spec.name}).`,
    '',
    'Each threshold is told of once a month.',
  ];
  return {
    id: `alert-${digestOf([spec.name, month, amount, ...thresholds])}`,
    subject: subjectOf(spec, thresholds, month, amount),
    text: text.join('\n'),
  };
}

function subjectOf({ name }: AlertSpec, thresholds: readonly string[], month: string, amount: string): string {
  return `Costs of ${month}: ${thresholds.join(', ')} of ${amount} passed (${name})`;
}

function share(cents: number, spec: AlertSpec): string {
  return `${(BigInt(cents) * 100n) / BigInt(spec.cents)}%`;
}

/** The same for what is sent again. */
function digestOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
