import type { CallScope } from './call-scope.ts';
import type { AccountTarget, Tags } from './domain.ts';

/** Where bills come from: what is read of the clouds, in their own precision. */

/** What a request for costs may know of its call. */
export type CostScope = Pick<CallScope, 'actor' | 'iam' | 'serverIam' | 'signal' | 'deadlineAt' | 'noteRequestId'>;

/** Days of UTC, `2026-11-01`. */
export interface CostPeriod {
  readonly from: string;
  /** The first day behind it. */
  readonly until: string;
}

/** `kind`: `cost`, `credit` or `refund`; amounts of the last two are negative. A tag's key is its value, empty where there is none. */
export type CostGroup = 'service' | 'usageType' | 'kind' | 'region' | { readonly tag: string };

export interface CostQuestion {
  readonly period: CostPeriod;
  readonly granularity: 'month' | 'day';
  /** At most two (Cost Explorer takes no more). */
  readonly groups: readonly CostGroup[];
  /** Leaves credits and refunds out, where `kind` is none of the groups. */
  readonly withoutCredits?: boolean;
}

export interface CostRow {
  /** First day of the month or day that it is of. */
  readonly from: string;
  /** One of each group of the question. */
  readonly keys: readonly string[];
  /** ISO 4217. */
  readonly currency: string;
  /** Decimal text in whole units of the currency, as precise as AWS gives it: `12.3456789012`. */
  readonly amount: string;
}

export interface CostAnswer {
  readonly rows: readonly CostRow[];
  /** Whether AWS will not change it any more: no part of it is estimated. */
  readonly isFinal: boolean;
  /** Where only its last part may change: the first day of that. */
  readonly openFrom?: string;
}

/** What AWS expects the days of a period, the first one whole, to cost before credits and refunds, all in one. */
export interface AwsForecast {
  readonly currency: string;
  /** Decimal texts, like amounts. */
  readonly mean: string;
  readonly low: string;
  readonly high: string;
  /** Percent: at least as probable as this it will be between low and high. */
  readonly level: number;
}

/** A rise that AWS finds unusual. */
export interface CostAnomaly {
  readonly id: string;
  readonly from: string;
  readonly until?: string;
  readonly service?: string;
  readonly region?: string;
  readonly usageType?: string;
  /** Decimal text, in US dollars: what it cost beyond what was expected. */
  readonly impact: string;
}

/**
 * Cost Explorer of an account, without the members of its organisation. Each page is a request that is billed.
 * `announce` is called before each request leaves and may throw, so that it does not. All throw `CallError`.
 */
export interface AwsCosts {
  usage(account: AccountTarget, question: CostQuestion, call: CostScope, announce: () => void): Promise<CostAnswer>;
  /** @param period from today on */
  forecast(account: AccountTarget, period: CostPeriod, call: CostScope, announce: () => void): Promise<AwsForecast>;
  anomalies(account: AccountTarget, period: CostPeriod, call: CostScope, announce: () => void): Promise<CostAnomaly[]>;
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

/** A virtual machine and the subscription that pays for it. */
export interface PaidMachine {
  /** Its number. */
  readonly id: string;
  readonly name: string;
  readonly subscription?: string;
  /** Of ziggie.yaml. */
  readonly tags: Tags;
}

export interface HostingerBilling {
  /** Throws `CallError`. */
  subscriptions(call: CostScope): Promise<PaidSubscription[]>;
  /** Throws `CallError`. */
  machines(call: CostScope): Promise<PaidMachine[]>;
}

/** What no API tells: an entry of the ledger, which is only ever added to. */
export interface LedgerEntry {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly recordedAt: number;
  /** Principal that recorded it. */
  readonly recordedBy: string;
  /** Day of UTC on which it was, or will be, paid. */
  readonly date: string;
  /** Months that it is spread over, beginning with its date's; 1 for what belongs to that month alone. */
  readonly months: number;
  readonly vendor: string;
  readonly description: string;
  readonly currency: string;
  /** Integer cents; of a correction what it adds to (or takes from) the entry that it corrects. */
  readonly cents: number;
  readonly team?: string;
  readonly application?: string;
  /** Id of the entry that it corrects. */
  readonly corrects?: string;
}
