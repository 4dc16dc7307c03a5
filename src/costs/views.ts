import type { CostsPort } from '../ports/costs.ts';
import type { StateStore } from '../ports/state.ts';
import { createBreakdown } from './breakdown.ts';
import { createMonthView } from './month.ts';
import type { TagKeys } from './parts.ts';
import type { Budget, Rates } from './rates.ts';
import type { CostReader } from './reader.ts';
import { createTrend } from './trend.ts';

export interface BillViewOptions {
  readonly reader: CostReader;
  readonly store: Pick<StateStore, 'costEntries'>;
  readonly settings: { readonly budget: Budget; readonly rates: Rates; readonly tags: TagKeys };
  /** Names of all accounts that are configured, and `hostinger` where it is set up. */
  readonly everything: readonly string[];
  readonly now: () => number;
  /** The candidate that a word was probably meant for. */
  readonly nearest: (word: string, candidates: readonly string[]) => string | undefined;
}

/** The bill of a month from every side. */
export function createBillViews(options: BillViewOptions): Pick<CostsPort, 'month' | 'breakdown' | 'trend'> {
  return { month: createMonthView(options), breakdown: createBreakdown(options), trend: createTrend(options) };
}
