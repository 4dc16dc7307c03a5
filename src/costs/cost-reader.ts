import type { CallError } from '../call/errors.ts';
import type {
  AwsForecast,
  CostAnomaly,
  CostAnswer,
  CostPeriod,
  CostQuestion,
  CostScope,
  PaidMachine,
  PaidSubscription,
} from '../ports/cost-sources.ts';
import type { AccountTarget } from '../ports/domain.ts';

/** An answer and when it was given. */
export interface Kept<T> {
  readonly value: T;
  /** Epoch milliseconds. */
  readonly fetchedAt: number;
  /** Why it is older than it should be: asking again failed, or the day's ceiling is reached. */
  readonly failure?: CallError;
}

/**
 * What the clouds say of costs, from the store while it is fresh enough, else asked once for all who want it at the same moment, in
 * whatever process. All throw `CallError` where there is nothing to show.
 */
export interface CostReader {
  /** Of whole months and of days; a period that reaches over several months is kept month by month. */
  usage(account: AccountTarget, question: CostQuestion, call: CostScope): Promise<Kept<CostAnswer>>;
  /** What was answered to a question last, however old; nobody is asked. */
  lastUsage(account: AccountTarget, question: CostQuestion): Kept<CostAnswer> | undefined;
  forecast(account: AccountTarget, period: CostPeriod, call: CostScope): Promise<Kept<AwsForecast>>;
  anomalies(account: AccountTarget, period: CostPeriod, call: CostScope): Promise<Kept<CostAnomaly[]>>;
  subscriptions(call: CostScope): Promise<Kept<PaidSubscription[]>>;
  machines(call: CostScope): Promise<Kept<PaidMachine[]>>;
  /** Requests to Cost Explorer today (UTC), by all processes. */
  requestsToday(): number;
}
