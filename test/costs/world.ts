import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CallError } from '../../src/call/errors.ts';
import { createCosts } from '../../src/costs/index.ts';
import type { AwsCosts, CostLine, CostPeriod, CostScope, PaidSubscription } from '../../src/ports/costs.ts';
import type { AccountTarget } from '../../src/ports/domain.ts';
import { openSqliteStore } from '../../src/state/sqlite-store.ts';

export const hourMs = 3_600_000;

export function line(service: string, amount: string, more: Partial<CostLine> = {}): CostLine {
  return { service, amount, isCredit: false, currency: 'USD', ...more };
}

export function subscription(facts: Partial<PaidSubscription> = {}): PaidSubscription {
  return {
    id: 'A',
    name: 'KVM 2',
    status: 'active',
    period: { count: 1, unit: 'month' },
    currency: 'USD',
    totalCents: 3_000,
    renewalCents: 3_000,
    autoRenews: true,
    createdAt: '2026-01-01T00:00:00Z',
    nextBillingAt: '2026-12-01T00:00:00Z',
    ...facts,
  };
}

export function account(provider: AccountTarget['provider'], name: string, accountId: string = name): AccountTarget {
  return { type: 'Account', id: name, provider, account: name, accountId, regions: [], tags: {} };
}
export const main = account('aws', 'main', '123456789012');
export const hostinger = account('hostinger', 'hostinger');

interface Asked {
  readonly account: string;
  readonly period: CostPeriod;
  readonly call: CostScope;
}

/** Costs over a real store, a clock that the test sets, and clouds that answer what the test says. */
export function newWorld(now = '2026-11-22T12:00:00Z') {
  const folder = mkdtempSync(join(tmpdir(), 'ziggie-costs-'));
  const asked: Asked[] = [];
  const aws: AwsCosts = {
    async lines({ account: name }, period, call, noteSent) {
      asked.push({ account: name, period, call });
      noteSent();
      return world.answer(asked.length);
    },
  };
  const open = () => openSqliteStore(folder);
  const store = open();
  const world = {
    now: Date.parse(now),
    asked,
    store,
    /** What AWS says to its n-th request. */
    answer: async (_request: number): Promise<CostLine[]> => [line('Amazon S3', '10')],
    subscriptions: [subscription()] as PaidSubscription[] | CallError,
    at(time: string) {
      world.now = Date.parse(time);
    },
    /** Another process on the same state. */
    another: () => costsOver(open()),
    costs: undefined as unknown as ReturnType<typeof createCosts>,
    close() {
      for (const each of opened) each.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  const opened: { close(): void }[] = [];
  const costsOver = (over: typeof store) => {
    opened.push(over);
    const billing = {
      async subscriptions() {
        if (Array.isArray(world.subscriptions)) return world.subscriptions;
        throw world.subscriptions;
      },
    };
    return createCosts({ aws, hostinger: billing, store: over, now: () => world.now });
  };
  world.costs = costsOver(store);
  return world;
}
