import type { CallScope } from '../ports/call-scope.ts';
import type { AwsCosts, HostingerBilling } from '../ports/cost-sources.ts';
import type { CostsPort } from '../ports/costs.ts';
import type { AccountTarget } from '../ports/domain.ts';
import type { StateStore } from '../ports/state.ts';
import type { CostStore } from './asked-once.ts';
import type { CostReader } from './cost-reader.ts';
import { currentOf } from './current.ts';
import { type Combined, combinedOf, forecastOf } from './forecast.ts';
import { createLedger, type LedgerOptions } from './ledger.ts';
import type { TagKeys } from './parts.ts';
import type { Budget, Rates } from './rates.ts';
import { createReader } from './reader.ts';
import { createBillViews } from './views.ts';

export type { Combined } from './forecast.ts';

export interface CostsOptions {
  readonly aws: AwsCosts;
  readonly hostinger: HostingerBilling;
  readonly store: CostStore & LedgerOptions['store'] & Pick<StateStore, 'keepSpend' | 'spend'>;
  readonly settings: { readonly budget: Budget; readonly requestsPerDay: number; readonly rates: Rates; readonly tags: TagKeys };
  /** Names of all accounts that are configured, and `hostinger` where it is set up: less than these is not told to policy. */
  readonly everything: readonly string[];
  /** The candidate that a word was probably meant for. */
  readonly nearest: LedgerOptions['nearest'];
  readonly now: () => number;
}

export interface Costs extends CostsPort {
  /** What is read of the clouds, shared with whoever writes reports. */
  readonly reader: CostReader;
  /** What combined budgets are compared with. Throws `CallError` when nothing could be read. */
  combined(accounts: readonly AccountTarget[], call: CallScope): Promise<Combined>;
}

/** The bill of both clouds and the ledger. A part that cannot be read is named, and the rest is shown. */
export function createCosts({ aws, hostinger, store, settings, everything, nearest, now }: CostsOptions): Costs {
  const { budget, rates, tags, requestsPerDay: ceiling } = settings;
  const reader = createReader({ aws, hostinger, store, ceiling, accounts: everything.filter((name) => name !== 'hostinger').length, now });
  const options = { reader, ledger: () => store.costEntries(), tags, everything, store, budget, rates, now };
  return {
    reader,
    combined: (accounts, call) => combinedOf(options, accounts, call),
    current: (accounts, call) => currentOf(options, accounts, call),
    forecast: (accounts, call) => forecastOf(options, accounts, call),
    ...createBillViews({ reader, store, settings: { budget, rates, tags }, everything, now, nearest }),
    ...createLedger({ store, now, nearest }),
  };
}
