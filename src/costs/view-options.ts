import type { StateStore } from '../ports/state.ts';
import type { CostReader } from './cost-reader.ts';
import type { TagKeys } from './parts.ts';
import type { Budget, Rates } from './rates.ts';

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
