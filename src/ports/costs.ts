import type { CallScope } from './call-scope.ts';
import type { AccountTarget, MissingPart, Provider } from './domain.ts';
import type { Plan } from './plan.ts';

/** Amounts in one currency: decimal text like `12.34`, to the cent, whose parts add up. */
export interface CurrencyTotals {
  currency: string;
  /** Before credits and refunds: `aws`, `hostinger` and `recorded` together. */
  total: string;
  aws?: string;
  /** What the days so far used up of what is paid by the period. */
  hostinger?: string;
  /** Of the ledger: what no API tells. */
  recorded?: string;
  /** Hostinger for the whole month. */
  hostingerMonth?: string;
  /** Of AWS; negative, and not in the total. */
  credits?: string;
  refunds?: string;
  /**
   * What is billed in this month, whenever it is for: AWS's bill less credits and refunds, renewals and entries by their date. Of a month
   * that runs: of AWS what it comes to so far, of the others all that was and will be billed in it.
   */
  cash?: string;
  /** Still to be paid to Hostinger this month. */
  due?: string;
  /** All services that are not among the dearest. */
  other?: string;
}

/** Everything in one currency, where the configuration has rates for it. */
export interface Converted {
  currency: string;
  total: string;
  /** `1 EUR = 1.08 USD` */
  rates: string[];
}

/** The month's budget of the configuration. */
export interface BudgetUse {
  /** `100.00 USD` */
  amount: string;
  /** Of what it is compared with: `63%`. */
  used: string;
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

interface Age {
  /** Of AWS's oldest figure in here. */
  ageMinutes: number;
  missing?: MissingPart[];
}

export interface MonthSoFar extends Age {
  /** When AWS's oldest figure in here was read. */
  asOf: string;
  /** Requests to Cost Explorer today (UTC), by all callers, and their price. */
  asked: { requests: number; usd: string };
  /** `2026-11`, in UTC. */
  month: string;
  /** Always true: today is not over. */
  incomplete: boolean;
  totals: CurrencyTotals[];
  converted?: Converted;
  budget?: BudgetUse;
  /** The ten dearest of each currency. */
  byService: ServiceCost[];
  /** Hostinger's of the rest of this month, else the next one; at most ten. */
  renewals?: Renewal[];
}

/** What changed most from one month to the next, and why. */
export interface Mover {
  service: string;
  /** `+40.00 USD` */
  change: string;
  /** `12.00 → 52.00` */
  was: string;
  /** The usage type that changed most: `EUN1-BoxUsage:m5.4xlarge +38.10`. */
  usage?: string;
  /** The day on which it rose (or fell) most: `2026-08-14 +9.20`. */
  day?: string;
  /** What AWS itself finds unusual about it: `+72.00 USD unusual from 2026-08-14: EUN1-BoxUsage:m5.4xlarge in eu-north-1`. */
  anomaly?: string;
}

export interface WholeMonth extends Age {
  month: string;
  /** When AWS's oldest figure in here was read. */
  asOf: string;
  /** True while its days are not over, AWS may still change it, or a part of it is missing. */
  incomplete: boolean;
  totals: CurrencyTotals[];
  converted?: Converted;
  budget?: BudgetUse;
  /** The month before. Where this one is not over, the same days of both (`1-21`), without today; absent on its first day. */
  previous?: { month: string; total: string; change: string; days?: string };
  byService: ServiceCost[];
  movers?: Mover[];
  /** Accounts that nothing of this bill could be read of, not even as it was some time ago. */
  unread?: { provider: Provider; account: string }[];
}

export interface Forecast extends Age {
  month: string;
  forecasts: {
    currency: string;
    soFar: string;
    forecast: string;
    /** Of AWS's 80 % interval, with what is certain added. */
    low?: string;
    high?: string;
    /**
     * `aws`: AWS's forecast of the rest. `trend`: as the days that are billed by now, or the month before, because AWS gave none.
     * `certain`: nothing in it is AWS's. `incomplete`: neither, but a part that was asked for is missing.
     */
    basis: 'aws' | 'trend' | 'certain' | 'incomplete';
  }[];
  converted?: Converted;
  budget?: BudgetUse;
  /** Of the next 60 days. */
  renewals?: Renewal[];
}

export type CostDimension =
  | 'provider'
  | 'account'
  | 'service'
  | 'usageType'
  | 'region'
  | 'day'
  | 'team'
  | 'application'
  | 'instance'
  | 'entry';

export interface BreakdownQuery {
  by: CostDimension;
  /** Absent: this month so far. */
  month?: string;
  service?: string;
  limit: number;
  cursor?: string;
}

export interface Breakdown extends Age {
  month: string;
  incomplete: boolean;
  /** Dearest first (days in their order); what has no name, tag or machine is called `(none)`. */
  rows: { name: string; cost: string }[];
  /** One a currency. */
  totals: string[];
  /** Key of the tag that AWS's costs are told apart by. */
  tag?: string;
  nextCursor?: string;
}

/** What `costs_record` writes down. */
export interface NewEntry {
  date: string;
  months: number;
  vendor: string;
  description: string;
  /** Decimal text with at most two places; negative for money back. */
  amount: string;
  currency: string;
  team?: string;
  application?: string;
}

/** Costs of both clouds and the ledger as one bill. A part that cannot be read is named in `missing`, and the rest is shown. All throw `CallError`. */
export interface CostsPort {
  /** This month so far. Throws when nothing could be read. */
  current(accounts: readonly AccountTarget[], call: CallScope): Promise<MonthSoFar>;
  month(accounts: readonly AccountTarget[], month: string, call: CallScope): Promise<WholeMonth>;
  forecast(accounts: readonly AccountTarget[], call: CallScope): Promise<Forecast>;
  breakdown(accounts: readonly AccountTarget[], query: BreakdownQuery, call: CallScope): Promise<Breakdown>;
  /** Totals of the months that end with this one, oldest first; months without data are left out. Throws where any part cannot be read: half a trend tells a story of its own. */
  trend(
    accounts: readonly AccountTarget[],
    lastMonth: string,
    months: number,
    call: CallScope,
  ): Promise<{ month: string; totals: CurrencyTotals[] }[]>;
  record(entry: NewEntry, call: CallScope): Promise<Recorded>;
  /** Makes an entry what it should have been, by an entry of the difference. @param amount decimal text, like that of an entry; may be 0 */
  correct(id: string, amount: string, description: string, call: CallScope): Promise<Recorded>;
}

export interface Recorded {
  /** Empty only in a dry run. */
  id?: string;
  month: string;
  /** What the entry, with its corrections, comes to now. */
  amount: string;
  corrects?: string;
  plan?: Plan;
}

export type CostProvider = Provider | 'recorded';
