import type { BudgetUse, Converted, Forecast } from '../../ports/costs.ts';

/** Integer cents of one currency. */
export interface Money {
  readonly cents: bigint;
  readonly currency: string;
}

export interface Row {
  readonly name: string;
  readonly cents: bigint;
}

export interface TrendMonth {
  /** `2026-10` */
  readonly month: string;
  readonly total: bigint;
  /** Add up to the total. */
  readonly providers: readonly Row[];
}

/** All that the month cost in one currency. The rows of each list add up to the total. */
export interface CurrencyPart {
  readonly currency: string;
  readonly total: bigint;
  readonly providers: readonly Row[];
  readonly services: readonly Row[];
  /** By the tag that says whose a cost is; `(none)` is nobody's. Empty where it could not be told. */
  readonly teams: readonly Row[];
  /** Oldest first, the month of the report last; a month that is not there has no data. */
  readonly trend: readonly TrendMonth[];
  /** Beside the total, as they are known: credits, refunds, what was paid. */
  readonly beside: readonly Row[];
}

export interface IdleInstance {
  readonly instance: string;
  readonly type: string;
  readonly where: string;
  readonly why: string;
  /** `31.39 USD`, of a whole month by list price, where it is known. */
  readonly cost?: string;
}

export interface ReportMover {
  readonly service: string;
  readonly change: Money;
  readonly was: string;
  readonly usage?: string;
  readonly day?: string;
}

export interface ReportAnomaly {
  readonly what: string;
  readonly days: string;
  /** Beyond what was expected. */
  readonly impact: Money;
}

export interface Expectation extends Money {
  readonly low?: bigint;
  readonly high?: bigint;
  readonly basis: Forecast['forecasts'][number]['basis'];
}

export interface Missing {
  readonly what: string;
  readonly why: string;
}

/** A month's report before it is written. Text from outside has been cleaned, and not yet escaped. */
export interface ReportData {
  /** `2026-10` */
  readonly month: string;
  /** Epoch milliseconds. */
  readonly writtenAt: number;
  /** ISO time of AWS's oldest figure. */
  readonly asOf: string;
  /** The month is not over, or AWS may still change it. */
  readonly incomplete: boolean;
  readonly accounts: readonly string[];
  /** Clouds, or accounts of one, whose bill could not be read: they are in no amount. */
  readonly without: readonly string[];
  /** The one that the budget is in comes first. Never empty. */
  readonly currencies: readonly [CurrencyPart, ...CurrencyPart[]];
  readonly converted?: Converted;
  readonly budget?: BudgetUse;
  readonly previous?: { readonly month: string; readonly total: string; readonly change: string };
  readonly movers: readonly ReportMover[];
  /** What the month that runs is expected to come to. */
  readonly outlook?: { readonly month: string; readonly forecasts: readonly Expectation[]; readonly budget?: BudgetUse };
  readonly renewals: readonly { readonly name: string; readonly date: string; readonly cost: Money }[];
  /** Key of the tag that teams are told apart by. */
  readonly tag?: string;
  readonly entries: readonly { readonly name: string; readonly cost: Money }[];
  readonly idle: readonly IdleInstance[];
  readonly anomalies: readonly ReportAnomaly[];
  readonly missing: readonly Missing[];
}
