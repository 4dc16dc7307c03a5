import { CallError } from '../call/errors.ts';
import type { StateStore } from '../ports/state.ts';
import { dateOf, dayOf } from './calendar.ts';
import { decimalOf } from './cents.ts';

/** US cents a request (AWS Cost Management pricing, "Cost Explorer API"). */
const centsARequest = 1n;

/** What was asked of Cost Explorer, and its price. */
export function asked(requests: number): { requests: number; usd: string } {
  return { requests, usd: decimalOf(BigInt(requests) * centsARequest) };
}

/** Counts a request that is about to leave; one beyond the day's ceiling is refused by a `CallError` `quota_exceeded`. */
export function countAgainst(store: Pick<StateStore, 'countCostRequest'>, ceiling: number, now: () => number): () => void {
  return () => {
    const today = dayOf(now());
    if (store.countCostRequest(dateOf(today), ceiling)) return;
    throw new CallError(
      'quota_exceeded',
      `Cost Explorer has been asked ${ceiling} times today (UTC), which is the ceiling of this server.`,
      {
        remedy:
          'Wait until midnight UTC, or let the operator raise costs.requestsPerDay in ziggie.yaml: each request costs 0.01 USD. Asking for provider hostinger needs none.',
        effect: 'none',
        retryable: true,
        retryAfterMs: (today + 1) * 86_400_000 - now(),
      },
    );
  };
}
