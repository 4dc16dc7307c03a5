import type { Settings } from './config/load.ts';
import { createSpend } from './costs/spend.ts';
import type { SpendPort } from './ports/spend.ts';
import type { StateStore } from './ports/state.ts';

/** Spend as decisions see it. The price list is loaded with the first price that is asked for. */
export function connectSpend({ costs: { budget, rates } }: Settings, store: StateStore): SpendPort {
  return createSpend({
    store,
    budget,
    prices: async () => (await import('./costs/prices.ts')).prices,
    ...(rates.USD === undefined ? {} : { dollarRate: Number(rates.USD) }),
    now: Date.now,
  });
}
