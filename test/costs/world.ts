import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CallError } from '../../src/call/errors.ts';
import { type CostsOptions, createCosts } from '../../src/costs/index.ts';
import { createReader, type ReaderOptions } from '../../src/costs/reader.ts';
import type {
  AwsCosts,
  AwsForecast,
  CostAnomaly,
  CostAnswer,
  CostPeriod,
  CostQuestion,
  CostRow,
  CostScope,
  HostingerBilling,
  LedgerEntry,
  PaidMachine,
  PaidSubscription,
} from '../../src/ports/cost-sources.ts';
import type { AccountTarget } from '../../src/ports/domain.ts';
import { openSqliteStore } from '../../src/state/sqlite-store.ts';
import { subscription } from './items.ts';

export const hourMs = 3_600_000;
export const minuteMs = 60_000;

/** A row of a question by service and kind. */
export function row(service: string, amount: string, more: Partial<CostRow> & { kind?: 'cost' | 'credit' | 'refund' } = {}): CostRow {
  const { kind = 'cost', ...rest } = more;
  return { from: '2026-11-05', keys: [service, kind], amount, currency: 'USD', ...rest };
}

export function entry(facts: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    id: 'ent_1',
    recordedAt: 0,
    recordedBy: 'agent-ziggie',
    date: '2026-11-10',
    months: 1,
    vendor: 'Registrar',
    description: 'a domain',
    currency: 'USD',
    cents: 3_000,
    ...facts,
  };
}

export function account(provider: AccountTarget['provider'], name: string, accountId: string = name): AccountTarget {
  return { type: 'Account', id: name, provider, account: name, accountId, regions: [], tags: {} };
}
export const main = account('aws', 'main', '123456789012');
export const second = account('aws', 'second', '210987654321');
export const hostinger = account('hostinger', 'hostinger');

export const down = new CallError('provider_unavailable', 'AWS has a problem.', { remedy: 'Try again.', retryable: true });
export const silent = new CallError('timeout', 'Hostinger is silent.', { remedy: 'Try again.', retryable: true });
const none = new CallError('provider_rejected', 'AWS has too little history.', { remedy: 'Nothing need be done.' });

export interface Asked {
  readonly what: 'usage' | 'forecast' | 'anomalies';
  readonly account: string;
  readonly period: CostPeriod;
  readonly question?: CostQuestion;
  readonly call: CostScope;
}

/** Costs over a real store, a clock that the test sets, and clouds that answer what the test says. */
export function newWorld(now = '2026-11-22T12:00:00Z') {
  const folder = mkdtempSync(join(tmpdir(), 'ziggie-costs-'));
  const asked: Asked[] = [];
  const ask = <T>(one: Asked, announce: () => void, answer: () => Promise<T>): Promise<T> => {
    announce();
    asked.push(one);
    return answer();
  };
  const aws: AwsCosts = {
    usage: async ({ account: name }, question, call, announce) =>
      ask({ what: 'usage', account: name, period: question.period, question, call }, announce, () => world.usage(question, name, announce)),
    forecast: async ({ account: name }, period, call, announce) =>
      ask({ what: 'forecast', account: name, period, call }, announce, () => world.forecast(name)),
    anomalies: async ({ account: name }, period, call, announce) =>
      ask({ what: 'anomalies', account: name, period, call }, announce, () => world.anomalies()),
  };
  const billing: HostingerBilling = {
    async subscriptions() {
      world.askedHostinger += 1;
      return given(world.subscriptions);
    },
    machines: async () => given(world.machines),
  };
  const opened: { close(): void }[] = [];
  const open = () => {
    const store = openSqliteStore(folder);
    opened.push(store);
    return store;
  };
  const store = open();
  const settings = {
    budget: { cents: 10_000, currency: 'USD' },
    requestsPerDay: 50,
    rates: {} as Record<string, string>,
    tags: { team: 'Team', application: 'Application', instance: 'Name' },
  };
  const costsOver = (over: ReturnType<typeof open>, more: Partial<CostsOptions> = {}) =>
    createCosts({
      aws,
      hostinger: billing,
      store: over,
      settings,
      everything: ['main', 'hostinger'],
      nearest: () => undefined,
      now: () => world.now,
      ...more,
    });
  const readerOver = (over: ReturnType<typeof open>, more: Partial<ReaderOptions> = {}) =>
    createReader({ aws, hostinger: billing, store: over, ceiling: settings.requestsPerDay, accounts: 1, now: () => world.now, ...more });
  const world = {
    now: Date.parse(now),
    folder,
    asked,
    askedHostinger: 0,
    store,
    settings,
    /** Requests of a kind. */
    count: (what: Asked['what']) => asked.filter((each) => each.what === what).length,
    /** What AWS says, and whether for good. */
    answer: { rows: [row('Amazon S3', '10')], isFinal: false } as CostAnswer,
    usage: async (_question: CostQuestion, _account: string, _announce: () => void): Promise<CostAnswer> => world.answer,
    forecast: async (_account: string): Promise<AwsForecast> => Promise.reject(none),
    anomalies: async (): Promise<CostAnomaly[]> => [],
    subscriptions: [subscription()] as PaidSubscription[] | CallError,
    machines: [] as PaidMachine[] | CallError,
    at(time: string) {
      world.now = Date.parse(time);
    },
    costs: (more: Partial<CostsOptions> = {}) => costsOver(store, more),
    reader: (more: Partial<ReaderOptions> = {}) => readerOver(store, more),
    /** Another process on the same state. */
    another: { costs: (more: Partial<CostsOptions> = {}) => costsOver(open(), more), reader: () => readerOver(open()) },
    close() {
      for (const each of opened) each.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return world;
}

async function given<T>(value: T | CallError): Promise<T> {
  if (value instanceof CallError) throw value;
  return value;
}
