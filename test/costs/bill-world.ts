import type { CallError } from '../../src/call/errors.ts';
import { createCosts } from '../../src/costs/index.ts';
import type { LedgerEntry, PaidMachine, PaidSubscription } from '../../src/ports/cost-sources.ts';
import type { AccountTarget } from '../../src/ports/domain.ts';
import { awsWith, type Item, item, subscription } from './items.ts';
import { newStore } from './test-store.ts';

export const main: AccountTarget = {
  type: 'Account',
  id: 'main',
  provider: 'aws',
  account: 'main',
  accountId: '123456789012',
  regions: [],
  tags: {},
};
export const hostinger: AccountTarget = { ...main, id: 'hostinger', provider: 'hostinger', account: 'hostinger', accountId: 'hostinger' };
export const both = [main, hostinger];

export const vps = subscription({ createdAt: '2024-01-01T00:00:00Z' });

export function entry(date: string, cents: number, more: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    id: 'ent_1',
    recordedAt: 0,
    recordedBy: 'agent-ziggie',
    date,
    months: 1,
    vendor: 'GitHub',
    description: 'plan',
    currency: 'USD',
    cents,
    ...more,
  };
}

/** The days of a month, each with this. */
export function daily(month: string, service: string, amount: number, more: Partial<Item> = {}): Item[] {
  const length = new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)), 0)).getUTCDate();
  return Array.from({ length }, (_, index) => item(`${month}-${String(index + 1).padStart(2, '0')}`, service, amount, more));
}

/** Costs over a real store and the real reader, with a clock that the test sets and a bill of AWS that it knows item by item. */
export function newBillWorld(now = '2026-11-22T12:00:00Z') {
  const { store, close } = newStore();
  const world = {
    now: Date.parse(now),
    items: [] as Item[],
    subscriptions: [vps] as PaidSubscription[] | CallError,
    machines: [] as PaidMachine[],
  };
  const openFrom = () => `${new Date(world.now).toISOString().slice(0, 7)}-01`;
  const aws = awsWith(() => world.items, openFrom);
  const settings = {
    budget: { cents: 10_000, currency: 'USD' },
    requestsPerDay: 100,
    rates: { EUR: '1.08' } as Record<string, string>,
    tags: { team: 'Team', application: 'Application', instance: 'Name' },
  };
  const costsOver = (everything: readonly string[]) =>
    createCosts({
      aws,
      hostinger: {
        async subscriptions() {
          if (Array.isArray(world.subscriptions)) return world.subscriptions;
          throw world.subscriptions;
        },
        machines: async () => world.machines,
      },
      store,
      settings,
      everything,
      nearest: (word, candidates) => candidates.find((each) => each[0] === word[0]),
      now: () => world.now,
    });
  return Object.assign(world, { aws, store, settings, costs: costsOver(['main', 'hostinger']), costsOver, close });
}
