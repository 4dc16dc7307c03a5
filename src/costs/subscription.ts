import type { PaidSubscription } from '../ports/cost-sources.ts';
import { addMonths, type Day, dayInMonth, dayOf, monthNumber, monthOf } from './calendar.ts';
import { type Cents, noCents, plus, shareOf } from './cents.ts';

/** Statuses as Hostinger's billing knows them; others are taken for paid until their end, without a renewal. */
const renewing: readonly string[] = ['active', 'in_trial'];
/** Not begun, or somebody else's by now. */
const nobodys: readonly string[] = ['future', 'transferred'];

/** Whether it costs nobody here anything. */
export function isNobodys({ status }: PaidSubscription): boolean {
  return nobodys.includes(status);
}

/** A century: what lasts longer is no billing period. */
const mostMonths = 1_200;

/** A subscription on the calendar. */
export interface Schedule {
  readonly subscription: PaidSubscription;
  /** Cents of days `from` to `until` (not included): of every period as much as those days are of its days. */
  spread(from: Day, until: Day): Cents;
  /** Days from `from` to `until` (not included) on which it renews. */
  renewals(from: Day, until: Day): Day[];
  /** Cents that are billed on those days: at the beginning of each period its price, whether it is paid already or still to come. */
  billed(from: Day, until: Day): number;
  /** The next day on which it renews, wherever that is. */
  readonly next?: Day;
}

/**
 * Cuts the time of a subscription into its periods, counted in both directions from its next billing. Undefined where nobody can
 * say which days a price is for: no known unit of time, no date, or neither price nor date.
 */
export function scheduleOf(subscription: PaidSubscription): Schedule | undefined {
  const { status, autoRenews, period, totalCents, renewalCents, createdAt, expiresAt, nextBillingAt } = subscription;
  if (isNobodys(subscription)) return { subscription, spread: () => noCents, renewals: () => [], billed: () => 0 };
  const renews = autoRenews && renewing.includes(status);
  const anchor = renews ? (day(nextBillingAt) ?? day(expiresAt)) : (day(expiresAt) ?? day(nextBillingAt));
  const step = stepOf(period);
  if (anchor === undefined || step === undefined) return undefined;

  const dayOfMonth = billingDay(anchor, day(createdAt));
  /** Period `index` begins here; 0 is the first one that is not paid yet. */
  const boundary = (index: number): Day => (step.months ? addMonths(anchor, index * step.months, dayOfMonth) : anchor + index * step.days);
  const indexAt = (at: Day): number => {
    if (!step.months) return Math.floor((at - anchor) / step.days);
    const guess = Math.floor((monthNumber(at) - monthNumber(anchor)) / step.months);
    return boundary(guess) > at ? guess - 1 : guess;
  };
  const begins = day(createdAt) ?? Number.NEGATIVE_INFINITY;
  const ends = renews ? Number.POSITIVE_INFINITY : anchor;
  const priceOf = (index: number) => (index >= 0 ? renewalCents : status === 'in_trial' ? 0 : totalCents);

  return {
    subscription,
    spread(from, until) {
      const last = Math.min(until, ends);
      let sum = noCents;
      for (let at = Math.max(from, begins); at < last; ) {
        const index = indexAt(at);
        const [start, end] = [boundary(index), boundary(index + 1)];
        const covered = Math.min(end, last) - at;
        sum = plus(sum, shareOf(priceOf(index), covered, end - start));
        at += covered;
      }
      return sum;
    },
    renewals(from, until) {
      if (!renews) return [];
      const days: Day[] = [];
      for (let index = Math.max(0, indexAt(from)); boundary(index) < until; index += 1)
        if (boundary(index) >= from) days.push(boundary(index));
      return days;
    },
    billed(from, until) {
      let cents = 0;
      for (let index = indexAt(Math.max(from, begins)); boundary(index) < Math.min(until, ends); index += 1) {
        // What was bought within what would have been a period was billed on the day on which it was bought.
        const on = Math.max(boundary(index), begins);
        if (on >= from && on < until) cents += priceOf(index);
      }
      return cents;
    },
    ...(renews ? { next: anchor } : {}),
  };
}

/** What began on the 31st is billed on the last day of a shorter month, and on the 31st again after it. */
function billingDay(anchor: Day, created: Day | undefined): number {
  const named = dayInMonth(anchor);
  return created !== undefined && anchor === monthOf(anchor).end - 1 ? Math.max(named, dayInMonth(created)) : named;
}

function stepOf({ count, unit }: PaidSubscription['period']): { months: number; days: number } | undefined {
  const months = { month: 1, year: 12 }[unit];
  const days = { day: 1, week: 7 }[unit];
  if (count < 1 || count > mostMonths || (months === undefined && days === undefined)) return undefined;
  return { months: (months ?? 0) * count, days: (days ?? 0) * count };
}

function day(time: string | undefined): Day | undefined {
  const at = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(at) ? undefined : dayOf(at);
}
