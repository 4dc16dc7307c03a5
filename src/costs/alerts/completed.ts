import type { AlertChange, AlertSpec, Threshold } from '../../ports/cost-alerts.ts';
import type { Recipients } from './recipients.ts';

/** Of an alert that is new, where nothing else is said. */
const usualCents = 10_000;
const usualThresholds: readonly Threshold[] = [
  { percent: 80, on: 'actual' },
  { percent: 100, on: 'actual' },
  { percent: 100, on: 'forecast' },
];

/**
 * All of an alert: what is given, else what is there, else the usual.
 * @param there its thresholds are none where a budget of AWS has no alert yet
 * @param usualCurrency ISO 4217
 */
export function completed(
  change: AlertChange,
  there: AlertSpec | undefined,
  usualCurrency: string,
  { emails, topics }: Recipients,
): AlertSpec {
  const kept = there?.thresholds ?? [];
  return {
    name: change.name,
    cents: change.cents ?? there?.cents ?? usualCents,
    currency: change.currency ?? there?.currency ?? usualCurrency,
    thresholds: change.thresholds ?? (kept.length > 0 ? kept : usualThresholds),
    emails,
    topics,
  };
}
