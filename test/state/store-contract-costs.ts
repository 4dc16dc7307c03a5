import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StateStore } from '../../src/ports/state.ts';

/** What every `StateStore` must do for costs. `open` gives another connection to the same state, as another process would have. */
export function costStoreContract(name: string, place: () => { open: () => StateStore; done: () => void }): void {
  describe(`${name}, costs`, () => {
    let here: StateStore;
    let there: StateStore;
    let done: () => void;
    beforeEach(() => {
      const made = place();
      here = made.open();
      there = made.open();
      done = made.done;
    });
    afterEach(() => {
      here.close();
      there.close();
      done();
    });

    it('keeps an answer by account and question, and the last one wins', () => {
      const store = here;
      expect(store.keptCosts('123456789012', 'day service')).toBeUndefined();
      store.keepCosts('123456789012', 'day service', { fetchedAt: 20, answer: '[1]' });
      store.keepCosts('123456789012', 'day service', { fetchedAt: 10, answer: '[2]' });
      store.keepCosts('123456789012', 'month', { fetchedAt: 5, answer: '[3]' });
      expect(store.keptCosts('123456789012', 'day service')).toEqual({ fetchedAt: 10, answer: '[2]' });
      expect(store.keptCosts('000000000000', 'month')).toBeUndefined();
    });

    it('counts requests of a day up to its ceiling, over all who count', () => {
      const [one, two] = [here, there];
      expect([one, two, one, two].map((store) => store.countCostRequest('2026-11-22', 3))).toEqual([true, true, true, false]);
      expect(one.costRequests('2026-11-22')).toBe(3);
      expect(one.countCostRequest('2026-11-23', 0)).toBe(false);
      expect(one.costRequests('2026-11-23')).toBe(0);
    });

    it('keeps one snapshot of spend, with or without a forecast', () => {
      const store = here;
      expect(store.spend()).toBeUndefined();
      const spend = { month: '2026-11', currency: 'USD', monthToDateCents: 5_000, monthToDateAt: 10, forecastCents: 9_000, forecastAt: 11 };
      store.keepSpend(spend);
      expect(store.spend()).toEqual(spend);
      const { forecastCents: _, forecastAt: __, ...without } = spend;
      store.keepSpend(without);
      expect(store.spend()).toEqual(without);
    });

    it('reserves up to the cap, a key once, and gives back what the call itself took', () => {
      const [one, two] = [here, there];
      expect(one.reserveSpend('marcus', '2026-11', 'launch a', 'call-1', 600, 1_000)).toEqual({ ok: true });
      expect(two.reserveSpend('marcus', '2026-11', 'launch b', 'call-2', 500, 1_000)).toEqual({ ok: false, usedCents: 600 });
      expect(two.reserveSpend('marcus', '2026-11', 'launch a', 'call-3', 600, 1_000)).toEqual({ ok: true });
      expect(two.reserveSpend('marcus', '2026-12', 'launch b', 'call-4', 500, 1_000)).toEqual({ ok: true });
      expect(two.reserveSpend('chen', '2026-11', 'launch b', 'call-5', 500, 1_000)).toEqual({ ok: true });
      // The first call still holds it.
      two.releaseSpend('marcus', 'call-3');
      expect(two.reserveSpend('marcus', '2026-11', 'launch b', 'call-6', 500, 1_000)).toEqual({ ok: false, usedCents: 600 });
      two.releaseSpend('marcus', 'call-1');
      expect(two.reserveSpend('marcus', '2026-11', 'launch b', 'call-7', 1_000, 1_000)).toEqual({ ok: true });
    });

    it('takes entries of the ledger in order, each once, and lets go of none', () => {
      const store = here;
      const entry = {
        id: 'e1',
        recordedAt: 1,
        recordedBy: 'agent-ziggie',
        date: '2026-11-02',
        months: 12,
        vendor: 'Registrar',
        description: 'example.com',
        currency: 'EUR',
        cents: 1_499,
      };
      const correction = { ...entry, id: 'e2', months: 1, cents: -1_499, corrects: 'e1', team: 'web', application: 'site' };
      store.appendCostEntry(entry);
      store.appendCostEntry(correction);
      expect(() => store.appendCostEntry(entry)).toThrow();
      expect(() => store.appendCostEntry({ ...entry, id: 'e3', corrects: 'e0' })).toThrow();
      expect(store.costEntries()).toEqual([entry, correction]);
    });

    it('keeps alerts by name, and gives each notice to exactly one', () => {
      const [one, two] = [here, there];
      one.putCostAlert({ name: 'all', spec: '{"cents":1}' });
      two.putCostAlert({ name: 'all', spec: '{"cents":2}' });
      expect(one.costAlerts()).toEqual([{ name: 'all', spec: '{"cents":2}' }]);
      expect([one, two].map((store) => store.claimCostNotice('all', '80% actual', '2026-11', 5))).toEqual([true, false]);
      expect(two.claimCostNotice('all', '80% actual', '2026-12', 5)).toBe(true);
      expect(one.costNotices('all', '2026-11')).toEqual(['80% actual']);
      one.giveBackCostNotice('all', '80% actual', '2026-11');
      expect(two.claimCostNotice('all', '80% actual', '2026-11', 6)).toBe(true);
    });

    it('keeps an outbox of reports, each id once, newest first', () => {
      const [one, two] = [here, there];
      const row = { id: 'scheduled 2026-10', month: '2026-10', to: ['a@example.com'], status: 'waiting', attempts: 0, nextAt: 5 } as const;
      expect([one, two].map((store) => store.createReport(row))).toEqual([true, false]);
      two.createReport({ ...row, id: 'call-1', attempts: 1 });
      two.updateReport('scheduled 2026-10', { status: 'failed', attempts: 3, problem: 'no mail' });
      expect(one.reports({ limit: 10 })).toEqual([
        { ...row, id: 'call-1', attempts: 1 },
        { ...row, status: 'failed', attempts: 3, problem: 'no mail' },
      ]);
      expect(one.reports({ status: 'waiting', limit: 10 }).map(({ id }) => id)).toEqual(['call-1']);
      expect(one.reports({ limit: 1 })).toHaveLength(1);
    });
  });
}
