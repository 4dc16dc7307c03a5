import type { CallScope } from './call-scope.ts';
import type { AccountTarget, MissingPart } from './domain.ts';

/** What a request for costs may know of its call. */
export type CostScope = Pick<CallScope, 'actor' | 'iam' | 'signal' | 'deadlineAt' | 'noteRequestId'>;

/** One line of a bill, in the service's own precision. */
export interface CostLine {
  readonly service: string;
  /** Credits and refunds; their amounts are negative. */
  readonly isCredit: boolean;
  /** ISO 4217. */
  readonly currency: string;
  /** Decimal text in whole units of the currency: `12.3456789012`. */
  readonly amount: string;
}

/** Days of UTC, `2026-11-01`. */
export interface CostPeriod {
  readonly from: string;
  /** The first day behind it. */
  readonly until: string;
}

export interface AwsCosts {
  /**
   * What an account itself cost, without the members of its organisation, by service. Each page is a request that is billed.
   * Throws `CallError`.
   * @param noteSent told of each request that is about to leave
   */
  lines(account: AccountTarget, period: CostPeriod, call: CostScope, noteSent: () => void): Promise<CostLine[]>;
}

/** What is paid for by the period, in advance. */
export interface PaidSubscription {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly period: { readonly count: number; readonly unit: string };
  readonly currency: string;
  /** Integer cents of the period that runs. */
  readonly totalCents: number;
  /** Integer cents of each period from the next renewal on. */
  readonly renewalCents: number;
  readonly autoRenews: boolean;
  /** ISO times. */
  readonly createdAt?: string;
  readonly expiresAt?: string;
  readonly nextBillingAt?: string;
}

export interface HostingerBilling {
  /** Throws `CallError`. */
  subscriptions(call: CostScope): Promise<PaidSubscription[]>;
}

/** Amounts in one currency: decimal text like `12.34`, to the cent, whose parts add up. */
export interface CurrencyTotals {
  currency: string;
  /** Before credits: `aws` and `hostinger` together. */
  total: string;
  aws?: string;
  /** What the days so far used up of what is paid by the period. */
  hostinger?: string;
  /** Hostinger for the whole month. */
  hostingerMonth?: string;
  /** Credits and refunds of AWS; negative, and not in the total. */
  credits?: string;
  /** Still to be paid to Hostinger this month. */
  due?: string;
  /** All services that are not among the dearest. */
  other?: string;
}

/** Of AWS's names, and of what Hostinger calls its subscriptions; `12.34 USD`. */
export interface ServiceCost {
  service: string;
  cost: string;
}

export interface Renewal {
  name: string;
  /** `2026-11-30` */
  date: string;
  /** `19.99 USD` */
  cost: string;
}

export interface MonthSoFar {
  /** `2026-11`, in UTC. */
  month: string;
  /** When AWS's oldest figure in here was read. */
  asOf: string;
  ageMinutes: number;
  /** Always true: today is not over. */
  incomplete: boolean;
  totals: CurrencyTotals[];
  /** The ten dearest of each currency. */
  byService: ServiceCost[];
  /** Hostinger's of the rest of this month, else the next one; at most ten. */
  renewals?: Renewal[];
  /** Requests to Cost Explorer today (UTC), by all callers, and their price. */
  asked: { requests: number; usd: string };
  missing?: MissingPart[];
}

export interface CostsPort {
  /** This month so far, of all these accounts in one. Throws `CallError` when none of them could be read. */
  current(accounts: readonly AccountTarget[], call: CostScope): Promise<MonthSoFar>;
}
