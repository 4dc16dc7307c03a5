import { canonicalJson } from '../call/canonical.ts';
import type { AwsCosts, AwsForecast, CostAnomaly, CostAnswer, CostScope, HostingerBilling } from '../ports/cost-sources.ts';
import { type Asking, type AskOptions, type CostStore, createAskedOnce, isYoung } from './asked-once.ts';
import { dateOf, dayNamed, dayOf, monthAt } from './calendar.ts';
import { createCeiling } from './ceiling.ts';
import type { CostReader } from './cost-reader.ts';
import { aboutBill } from './gather.ts';
import { refuseUnreadable } from './unreadable.ts';
import { usageByMonth } from './usage-by-month.ts';

export type { CostStore } from './asked-once.ts';

export interface ReaderOptions {
  readonly aws: AwsCosts;
  readonly hostinger: HostingerBilling;
  readonly store: CostStore;
  /** Requests to Cost Explorer a day (UTC). */
  readonly ceiling: number;
  /** Accounts of AWS that are asked about: some of the day's requests are kept for each. */
  readonly accounts: number;
  readonly now: () => number;
  /** How another process is waited for. */
  readonly pause?: NonNullable<AskOptions['pause']>;
}

const hourMs = 3_600_000;
/** AWS works a bill over up to three times a day (Cost Management User Guide, "Analyzing your costs with Cost Explorer"). */
const awsFreshMs = 8 * hourMs;
/** Costs nothing to ask, and changes when somebody buys something. */
const hostingerFreshMs = hourMs;
const anomalyDelayDays = 3;

export function createReader({ aws, hostinger, store, ceiling: requestsPerDay, accounts, now, pause }: ReaderOptions): CostReader {
  const ceiling = createCeiling({ store, requestsPerDay, accounts, now });
  const read = createAskedOnce({ store, now, ceiling, ...(pause ? { pause } : {}) });
  const today = () => dayOf(now());
  const isYoungAt = (ageMs: number) => (fetchedAt: number) => isYoung(fetchedAt, ageMs, now());

  /** One answer that is kept whole. */
  const whole = <T>(
    about: Omit<Asking<T>, 'kept' | 'ask'> & { isFresh(fetchedAt: number): boolean },
    ask: (call: CostScope, announce: () => void) => Promise<T>,
  ): Asking<T> => ({
    ...about,
    kept() {
      const kept = store.keptCosts(about.account, about.question);
      // Of this server's own making, so not checked again.
      return kept && { value: JSON.parse(kept.answer) as T, fetchedAt: kept.fetchedAt, isFresh: about.isFresh(kept.fetchedAt) };
    },
    async ask(call, announce) {
      const value = await ask(call, announce);
      const fetchedAt = now();
      store.keepCosts(about.account, about.question, { fetchedAt, answer: JSON.stringify(value) });
      return { value, fetchedAt };
    },
  });
  const ofHostinger = { account: 'hostinger', longestPauseMs: 60_000, isFresh: isYoungAt(hostingerFreshMs) };
  // Views do without these, so that a refusal need not be paid for again and again.
  const besideUsage = { longestPauseMs: awsFreshMs, isFresh: isYoungAt(awsFreshMs) };

  return {
    usage: (account, question, call) => {
      const months = usageByMonth(account.accountId, question, { store, today: today(), isYoung: isYoungAt(awsFreshMs) });
      const asking: Asking<CostAnswer> = {
        account: account.accountId,
        question: months.question,
        longestPauseMs: hourMs,
        isForPolicy: canonicalJson(question) === canonicalJson(aboutBill(monthAt(now()), today())),
        kept: months.kept,
        async ask(scope, announce) {
          const period = months.stretch();
          const askedAt = now();
          const answer = await aws.usage(account, { ...question, period }, scope, announce);
          for (const { keys, amount } of answer.rows) refuseUnreadable(keys.join(', '), amount);
          return months.keep(answer, period, askedAt);
        },
      };
      return read(asking, call);
    },
    lastUsage: ({ accountId }, question) => usageByMonth(accountId, question, { store, today: today(), isYoung: () => false }).kept(),
    forecast: (account, period, call) => {
      const about = { account: account.accountId, question: `forecast ${period.from} ${period.until}`, ...besideUsage };
      const asking = whole<AwsForecast>({ ...about, isForPolicy: true }, async (scope, announce) => {
        const forecast = await aws.forecast(account, period, scope, announce);
        for (const amount of [forecast.mean, forecast.low, forecast.high]) refuseUnreadable('the forecast', amount);
        return forecast;
      });
      return read(asking, call);
    },
    anomalies: (account, period, call) => {
      // Anomalies are found within a day (Cost Management User Guide, "Detecting unusual spend"): of what was long over there were no new ones.
      const isFresh = (fetchedAt: number) =>
        besideUsage.isFresh(fetchedAt) || dayOf(Math.min(fetchedAt, now())) >= dayNamed(period.until) + anomalyDelayDays;
      // Of a month that runs, the days up to now are one question from day to day.
      const until = dayNamed(period.until) > today() ? 'now' : period.until;
      const about = { account: account.accountId, question: `anomalies ${period.from} ${until}`, ...besideUsage, isFresh };
      const asking = whole<CostAnomaly[]>(about, async (scope, announce) => {
        const anomalies = await aws.anomalies(account, period, scope, announce);
        for (const { id, impact } of anomalies) refuseUnreadable(`the anomaly ${id}`, impact);
        return anomalies;
      });
      return read(asking, call);
    },
    subscriptions: (call) =>
      read(
        whole({ ...ofHostinger, question: 'subscriptions' }, (scope) => hostinger.subscriptions(scope)),
        call,
      ),
    machines: (call) =>
      read(
        whole({ ...ofHostinger, question: 'machines' }, (scope) => hostinger.machines(scope)),
        call,
      ),
    requestsToday: () => store.costRequests(dateOf(today())),
  };
}
