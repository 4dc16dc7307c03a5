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

/** The day's requests to Cost Explorer, by all processes. */
export interface Ceiling {
  /** Counts a request that is about to leave; one too many is refused by a `CallError` `quota_exceeded`. */
  count(isForPolicy?: boolean): void;
  /** Whether more than half of the day's requests are left. */
  isFarAway(): boolean;
}

export interface CeilingOptions {
  readonly store: Pick<StateStore, 'countCostRequest' | 'costRequests'>;
  /** Requests a day (UTC). */
  readonly requestsPerDay: number;
  /** Accounts of AWS that are asked about. */
  readonly accounts: number;
  readonly now: () => number;
}

/** Of an account in a day: the month so far and its forecast, every eight hours and when a day begins. */
const keptForPolicy = 8;

/** What policy decides by is not used up by views: the last requests of a day, of a low ceiling a third, are kept for it. */
export function createCeiling({ store, requestsPerDay, accounts, now }: CeilingOptions): Ceiling {
  const forViews = requestsPerDay - Math.min(keptForPolicy * accounts, Math.floor(requestsPerDay / 3));
  return {
    count(isForPolicy = false) {
      const today = dayOf(now());
      if (store.countCostRequest(dateOf(today), isForPolicy ? requestsPerDay : forViews)) return;
      const sent = store.costRequests(dateOf(today));
      const left = Math.max(0, requestsPerDay - sent);
      const limit =
        left > 0
          ? `the last ${left} of this server's ceiling are kept for the month so far and its forecast`
          : 'which is the ceiling of this server';
      throw new CallError('quota_exceeded', `Cost Explorer has been asked ${sent} times today (UTC), ${limit}.`, {
        remedy:
          'Wait until midnight UTC, or let the operator raise costs.requestsPerDay in ziggie.yaml: each request costs 0.01 USD. Asking for provider hostinger needs none.',
        effect: 'none',
        retryable: true,
        retryAfterMs: (today + 1) * 86_400_000 - now(),
      });
    },
    isFarAway: () => 2 * store.costRequests(dateOf(dayOf(now()))) < requestsPerDay,
  };
}
