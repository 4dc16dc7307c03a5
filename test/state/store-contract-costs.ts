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

    it('lets go of answers of more than fifteen months ago, some with each that is kept', () => {
      const dayMs = 86_400_000;
      for (let day = 0; day < 60; day += 1) here.keepCosts('123456789012', `forecast ${day}`, { fetchedAt: day * dayMs, answer: '1' });
      const known = () => Array.from({ length: 60 }, (_, day) => day).filter((day) => there.keptCosts('123456789012', `forecast ${day}`));
      here.keepCosts('hostinger', 'machines', { fetchedAt: 460 * dayMs, answer: '[]' });
      expect(known().length).toBe(60);
      here.keepCosts('hostinger', 'machines', { fetchedAt: 490 * dayMs, answer: '[]' });
      expect(known()).toEqual(Array.from({ length: 40 }, (_, index) => index + 20));
      here.keepCosts('hostinger', 'machines', { fetchedAt: 490 * dayMs, answer: '[]' });
      expect(known()).toEqual(Array.from({ length: 30 }, (_, index) => index + 30));
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
      expect(one.reserveSpend('marcus', '2026-11', 'launch a', 'call-1', 600, 1_000, 5)).toEqual({ ok: true });
      expect(two.reserveSpend('marcus', '2026-11', 'launch b', 'call-2', 500, 1_000, 5)).toEqual({ ok: false, usedCents: 600 });
      expect(two.reserveSpend('marcus', '2026-11', 'launch a', 'call-3', 600, 1_000, 5)).toEqual({ ok: true });
      expect(two.reserveSpend('marcus', '2026-12', 'launch b', 'call-4', 500, 1_000, 5)).toEqual({ ok: true });
      expect(two.reserveSpend('chen', '2026-11', 'launch b', 'call-5', 500, 1_000, 5)).toEqual({ ok: true });
      // The first call still holds it.
      two.releaseSpend('marcus', 'call-3');
      expect(two.reserveSpend('marcus', '2026-11', 'launch b', 'call-6', 500, 1_000, 5)).toEqual({ ok: false, usedCents: 600 });
      two.releaseSpend('marcus', 'call-1');
      expect(two.reserveSpend('marcus', '2026-11', 'launch b', 'call-7', 1_000, 1_000, 5)).toEqual({ ok: true });
    });

    it('lets go of what agents reserved more than a year ago', () => {
      for (const agent of ['marcus', 'chen']) {
        here.reserveSpend(agent, '2025-11', 'launch a', 'call-1', 600, 1_000, 5);
        here.reserveSpend(agent, '2025-12', 'launch a', 'call-2', 600, 1_000, 5);
      }
      there.reserveSpend('marcus', '2026-11', 'launch b', 'call-3', 1, 1_000, 5);
      expect(here.reserveSpend('marcus', '2025-11', 'launch b', 'call-4', 1_000, 1_000, 5)).toEqual({ ok: false, usedCents: 600 });
      there.reserveSpend('marcus', '2026-12', 'launch b', 'call-3', 1, 1_000, 5);
      for (const agent of ['marcus', 'chen']) {
        expect(here.reserveSpend(agent, '2025-11', 'launch b', 'call-5', 1_000, 1_000, 5)).toEqual({ ok: true });
        expect(here.reserveSpend(agent, '2025-12', 'launch b', 'call-5', 1_000, 1_000, 5)).toEqual({ ok: false, usedCents: 600 });
      }
    });

    it('adds up what everybody reserved since, each key once, up to one that asks', () => {
      here.reserveSpend('marcus', '2026-11', 'a', 'call-1', 100, 1_000, 10);
      here.reserveSpend('marcus', '2026-11', 'b', 'call-2', 200, 1_000, 20);
      there.reserveSpend('chen', '2026-11', 'b', 'call-3', 250, 1_000, 30);
      there.reserveSpend('chen', '2026-11', 'c', 'call-4', 400, 1_000, 40);
      expect([0, 20, 21, 40, 41].map((since) => here.spendReservedSince(since))).toEqual([750, 650, 650, 400, 0]);
      expect(here.spendReservedSince(0, 'call-3')).toBe(300);
      expect(here.spendReservedSince(0, 'call-1')).toBe(0);
      expect(here.spendReservedSince(0, 'unknown')).toBe(750);
    });

    it('keeps a share under another name once that is known', () => {
      here.reserveSpend('marcus', '2026-11', 'token', 'call-1', 600, 1_000, 5);
      there.renameSpend('marcus', 'call-1', 'Instance main i-1');
      expect(here.reserveSpend('marcus', '2026-11', 'Instance main i-1', 'call-2', 600, 1_000, 5)).toEqual({ ok: true });
      expect(here.reserveSpend('marcus', '2026-11', 'token', 'call-3', 600, 1_000, 5)).toEqual({ ok: false, usedCents: 600 });
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
      const notice = ['all', '80% actual', '2026-11'] as const;
      expect([one, two].map((store) => store.claimCostNotice(...notice, 5, 25))).toEqual([true, false]);
      expect(two.claimCostNotice('all', '80% actual', '2026-12', 5, 25)).toBe(true);
      expect(one.costNotices('all', '2026-11')).toEqual([{ threshold: '80% actual', isTold: true, freeAt: 25 }]);
      one.giveBackCostNotice(...notice, 10);
      expect(one.costNotices('all', '2026-11')).toEqual([{ threshold: '80% actual', isTold: false, freeAt: 10 }]);
      expect([9, 10].map((now) => two.claimCostNotice(...notice, now, 30))).toEqual([false, true]);
      two.keepCostNotice(...notice);
      expect(one.claimCostNotice(...notice, 1_000, 2_000)).toBe(false);
      expect(one.costNotices('all', '2026-11')).toEqual([{ threshold: '80% actual', isTold: true, freeAt: Number.POSITIVE_INFINITY }]);
    });

    it('frees a claim without an outcome once, and no more', () => {
      const notice = ['all', '80% actual', '2026-11'] as const;
      expect([0, 19, 20, 40, 1_000].map((now) => here.claimCostNotice(...notice, now, now + 20))).toEqual([
        true,
        false,
        true,
        false,
        false,
      ]);
      expect(there.costNotices('all', '2026-11')).toEqual([{ threshold: '80% actual', isTold: true, freeAt: Number.POSITIVE_INFINITY }]);
    });

    it('removes an alert with what was told of it', () => {
      here.putCostAlert({ name: 'all', spec: '{}' });
      here.claimCostNotice('all', '80% actual', '2026-11', 5, 25);
      expect([there, here].map((store) => store.removeCostAlert('all'))).toEqual([true, false]);
      expect([here.costAlerts(), here.costNotices('all', '2026-11')]).toEqual([[], []]);
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
      expect(one.report('call-1')).toEqual({ ...row, id: 'call-1', attempts: 1 });
      expect(one.report('call-2')).toBeUndefined();
    });

    it('finds reports of a month, and remembers those that may have arrived', () => {
      const [one, two] = [here, there];
      const row = { month: '2026-10', to: ['a@example.com'], status: 'waiting', attempts: 0, nextAt: 5 } as const;
      one.createReport({ ...row, id: 'call-1' });
      one.createReport({ ...row, id: 'call-2', month: '2026-09', maybeSent: true });
      one.createReport({ ...row, id: 'call-3', status: 'sent' });
      expect(two.reports({ month: '2026-10', limit: 10 }).map(({ id }) => id)).toEqual(['call-3', 'call-1']);
      expect(two.reports({ month: '2026-10', status: 'waiting', limit: 10 }).map(({ id }) => id)).toEqual(['call-1']);
      one.updateReport('call-1', { maybeSent: true });
      one.updateReport('call-2', { attempts: 1 });
      expect([two.report('call-1'), two.report('call-2')]).toMatchObject([{ maybeSent: true }, { maybeSent: true, attempts: 1 }]);
    });
  });
}
