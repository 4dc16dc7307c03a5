import type { PriceList, SpendFacts, SpendPort } from '../ports/spend.ts';
import type { KeptSpend, StateStore } from '../ports/state.ts';
import { monthAt } from './calendar.ts';

/** What is older is not known: nobody should be let spend on the strength of the day before yesterday. */
const staleMs = 24 * 3_600_000;
/** AWS's figures are up to a day behind (Cost Management User Guide, "Analyzing your costs with AWS Cost Explorer"). */
const lagMs = 24 * 3_600_000;
const momentMs = 1_000;

export interface SpendOptions {
  readonly store: Pick<StateStore, 'spend' | 'reserveSpend' | 'spendReservedSince' | 'renameSpend' | 'releaseSpend'>;
  readonly budget: { readonly cents: number; readonly currency: string };
  /** Loaded with the first price that is asked for. */
  readonly prices: () => Promise<PriceList>;
  /** Units of the budget's currency for one US dollar, if that is not its own currency and the configuration has a rate. */
  readonly dollarRate?: number;
  readonly now: () => number;
}

/** Spend as decisions see it: of this month, from the last snapshot, and of the call by the price list. */
export function createSpend({ store, budget, prices, dollarRate, now }: SpendOptions): SpendPort {
  const monthNow = () => monthAt(now()).name;
  const inBudget = (dollarCents: number): number | undefined => {
    if (budget.currency === 'USD') return dollarCents;
    // To the millionth first, so that what is exact stays so: 100 × 1.1 is 110.
    return dollarRate === undefined ? undefined : Math.ceil(Number((dollarCents * dollarRate).toFixed(6)));
  };
  /** What is known of spend so far; for what adds nothing as it was a moment ago, so that most calls cost no reading. */
  let last: { readonly facts: SpendFacts; readonly at: number } | undefined;
  const soFar = (before?: string): SpendFacts => {
    const at = now();
    const kept = store.spend();
    // A forecast knows nothing of what was launched since, nor shortly before.
    const unseen = kept?.forecastAt === undefined ? 0 : store.spendReservedSince(kept.forecastAt - lagMs, before);
    const facts = {
      currency: budget.currency,
      budgetCents: budget.cents,
      ...(kept ? fresh(kept, agesOf(kept, budget.currency, at), unseen) : {}),
    };
    if (before === undefined) last = { facts, at };
    return facts;
  };
  const momentAgo = () => (last && now() >= last.at && now() - last.at < momentMs ? last.facts : soFar());
  return {
    async facts(addition, before) {
      if (!addition) return { ...momentAgo(), monthlyCostCents: 0 };
      const adds = (await prices()).monthlyCents(addition);
      const monthlyCostCents = adds === undefined ? undefined : inBudget(adds);
      return {
        ...soFar(before),
        ...(monthlyCostCents === undefined ? {} : { monthlyCostCents }),
      };
    },
    reserve(agent, key, callId, cents, capCents) {
      last = undefined;
      return store.reserveSpend(agent, monthNow(), key, callId, cents, capCents, now());
    },
    rename: (agent, callId, key) => store.renameSpend(agent, callId, key),
    release: (agent, callId) => store.releaseSpend(agent, callId),
  };
}

/** Of what decisions and the schedule of costs may go by, in milliseconds. */
export interface SpendAges {
  readonly monthToDate?: number;
  readonly forecast?: number;
}

/** How old figures are; none for what is of another month or currency, or not there. */
export function agesOf({ month, currency, monthToDateAt, forecastAt }: KeptSpend, budgetCurrency: string, now: number): SpendAges {
  if (month !== monthAt(now).name || currency !== budgetCurrency) return {};
  return {
    // From ahead of the clock, which was set back: nobody can say how old it is.
    ...(monthToDateAt <= now ? { monthToDate: now - monthToDateAt } : {}),
    ...(forecastAt !== undefined && forecastAt <= now ? { forecast: now - forecastAt } : {}),
  };
}

function fresh(
  { monthToDateCents, forecastCents }: KeptSpend,
  { monthToDate = staleMs, forecast = staleMs }: SpendAges,
  unseen: number,
): Partial<SpendFacts> {
  const ages = [monthToDate, forecast].filter((age) => age < staleMs);
  return {
    ...(monthToDate < staleMs ? { monthToDateCents } : {}),
    ...(forecast < staleMs && forecastCents !== undefined ? { forecastCents: forecastCents + unseen } : {}),
    ...(ages.length > 0 ? { ageMinutes: Math.floor(Math.max(...ages) / 60_000) } : {}),
  };
}
