import type { PriceList, SpendFacts, SpendPort } from '../ports/spend.ts';
import type { KeptSpend, StateStore } from '../ports/state.ts';

/** What is older is not known: nobody should be let spend on the strength of the day before yesterday. */
const staleMs = 24 * 3_600_000;

export interface SpendOptions {
  readonly store: Pick<StateStore, 'spend' | 'reserveSpend' | 'releaseSpend'>;
  readonly budget: { readonly cents: number; readonly currency: string };
  /** Loaded with the first price that is asked for. */
  readonly prices: () => Promise<PriceList>;
  /** Units of the budget's currency for one US dollar, if that is not its own currency and the configuration has a rate. */
  readonly dollarRate?: number;
  readonly now: () => number;
}

/** Spend as decisions see it: of this month, from the last snapshot, and of the call by the price list. */
export function createSpend({ store, budget, prices, dollarRate, now }: SpendOptions): SpendPort {
  const monthNow = () => new Date(now()).toISOString().slice(0, 7);
  const inBudget = (dollarCents: number): number | undefined => {
    if (budget.currency === 'USD') return dollarCents;
    return dollarRate === undefined ? undefined : Math.ceil(dollarCents * dollarRate);
  };
  return {
    async facts(addition) {
      const adds = addition ? (await prices()).monthlyCents(addition) : 0;
      const monthlyCostCents = adds === undefined ? undefined : inBudget(adds);
      const kept = store.spend();
      return {
        currency: budget.currency,
        budgetCents: budget.cents,
        ...(kept?.month === monthNow() && kept.currency === budget.currency ? fresh(kept, now()) : {}),
        ...(monthlyCostCents === undefined ? {} : { monthlyCostCents }),
      };
    },
    reserve: (agent, key, callId, cents, capCents) => store.reserveSpend(agent, monthNow(), key, callId, cents, capCents),
    release: (agent, callId) => store.releaseSpend(agent, callId),
  };
}

function fresh(spend: KeptSpend, now: number): Partial<SpendFacts> {
  const { monthToDateCents, monthToDateAt, forecastCents, forecastAt } = spend;
  const ages: number[] = [];
  const known = (at: number | undefined) => {
    // From ahead of the clock, which was set back: nobody can say how old it is.
    if (at === undefined || now < at || now - at >= staleMs) return false;
    ages.push(now - at);
    return true;
  };
  const toDate = known(monthToDateAt) ? { monthToDateCents } : {};
  const forecast = forecastCents !== undefined && known(forecastAt) ? { forecastCents } : {};
  return { ...toDate, ...forecast, ...(ages.length > 0 ? { ageMinutes: Math.floor(Math.max(...ages) / 60_000) } : {}) };
}
