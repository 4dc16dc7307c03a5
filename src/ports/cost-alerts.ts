import type { CallScope } from './call-scope.ts';
import type { AccountTarget, MissingPart, Resolved } from './domain.ts';
import type { Plan } from './plan.ts';

export interface Threshold {
  /** Of the amount; more than 0, at most 1,000. */
  readonly percent: number;
  readonly on: 'actual' | 'forecast';
}

/** A budget by the month, and who is told when it is used up. */
export interface AlertSpec {
  readonly name: string;
  /** Integer cents. */
  readonly cents: number;
  readonly currency: string;
  readonly thresholds: readonly Threshold[];
  readonly emails: readonly string[];
  /** ARNs of SNS topics. */
  readonly topics: readonly string[];
}

/** What is left out stays as it is, and is the usual in an alert that is new. */
export type AlertChange = Pick<AlertSpec, 'name'> & { readonly [K in Exclude<keyof AlertSpec, 'name'>]?: AlertSpec[K] | undefined };

export interface BudgetState extends AlertSpec {
  /** Decimal text in the budget's currency, as AWS last worked it out. */
  readonly spent?: string;
  readonly forecast?: string;
  /** Why whom it tells (and its thresholds, where none are here) could not be read; `emails` and `topics` are what could. */
  readonly unread?: { readonly code: string; readonly message: string };
}

/** Budgets of AWS, by the month over the whole account. Throw `CallError`. */
export interface AwsBudgets {
  /**
   * Creates it, or changes what differs of what is given: amount, thresholds, subscribers; the same again changes nothing. Nothing else
   * of a budget is touched. Subscribers that the service cannot show are left alone, and in `missing` in place of `to`. Uses AWS's dry
   * run nowhere: with `call.dryRun` it reads and plans.
   * @param complete what all of it is to be, by what is there; what it throws is thrown
   */
  put(
    account: Resolved<AccountTarget>,
    change: AlertChange,
    complete: (there: BudgetState | undefined) => AlertSpec,
    call: CallScope,
  ): Promise<{ outcome: 'created' | 'updated' | 'unchanged'; to?: string[]; missing?: MissingPart[]; plan?: Plan }>;
  /** Those over the whole account, by name. @param page.after name of the last one seen */
  list(
    account: AccountTarget,
    page: { readonly limit: number; readonly after?: string },
    call: CallScope,
  ): Promise<{ budgets: BudgetState[]; more: boolean }>;
}

export interface AlertRow {
  name: string;
  /** `aws`: a budget of AWS. `both`: over both clouds and the ledger, evaluated by this server. */
  scope: 'aws' | 'both';
  /** `100.00 USD` */
  amount: string;
  /** `80% actual` */
  thresholds: string[];
  /** Absent where it could not be read. */
  to?: string[];
  spent?: string;
  forecast?: string;
  /** Thresholds that somebody was told of this month. */
  notified?: string[];
  account?: string;
}

export interface AlertsPort {
  /**
   * A new one without e-mails and topics tells everybody in the configuration.
   * @throws CallError `invalid_input` for whom AWS would take nobody, or a combined alert may not tell; `provider_not_configured` where
   * the configuration has nobody for a combined alert, or no way to mail
   */
  set(
    accounts: readonly Resolved<AccountTarget>[],
    scope: AlertRow['scope'],
    change: AlertChange,
    call: CallScope,
  ): Promise<{ outcome: 'created' | 'updated' | 'unchanged'; to?: string[]; missing?: MissingPart[]; plan?: Plan }>;
  /** A combined one. Throws `invalid_input` where there is none of this name. */
  remove(name: string, call: CallScope): Promise<{ outcome: 'removed'; to: string[]; plan?: Plan }>;
  /** Combined ones first. Accounts that did not answer are in `missing`. */
  list(
    accounts: readonly Resolved<AccountTarget>[],
    page: { readonly limit: number; readonly cursor?: string },
    call: CallScope,
  ): Promise<{ alerts: AlertRow[]; nextCursor?: string; missing?: MissingPart[] }>;
  /**
   * Tells of the thresholds of combined alerts that were crossed, each recipient once a month. What could not be sent is told of another
   * time: the next, or within a day where it was refused for good; what may have been sent is sent once more at most. Throws the first
   * failure, when all others have been told; what is wrong with an alert itself, once a day.
   */
  notify(
    accounts: readonly Resolved<AccountTarget>[],
    call: CallScope,
  ): Promise<{ told: { name: string; threshold: string; to: string[] }[]; missing?: MissingPart[]; plan?: Plan }>;
}
