import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { StateStore } from '../../src/ports/state.ts';
import { openSqliteStore } from '../../src/state/sqlite-store.ts';

/** Two connections to one state, as two processes have. */
let folder: string;
let here: StateStore;
let there: StateStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ziggie-costs-'));
  here = openSqliteStore(folder);
  there = openSqliteStore(folder);
});
afterEach(() => {
  here.close();
  there.close();
  rmSync(folder, { recursive: true, force: true });
});

it('keeps the last costs of each account and month, for every process', () => {
  expect(there.keptCosts('1', '2026-11')).toBeUndefined();
  here.keepCosts('1', '2026-11', { fetchedAt: 20, costs: '[1]' });
  here.keepCosts('1', '2026-12', { fetchedAt: 21, costs: '[2]' });
  here.keepCosts('2', '2026-11', { fetchedAt: 22, costs: '[3]' });
  expect(there.keptCosts('1', '2026-11')).toEqual({ fetchedAt: 20, costs: '[1]' });
  // Later, by a clock that was set back.
  there.keepCosts('1', '2026-11', { fetchedAt: 10, costs: '[4]' });
  expect(here.keptCosts('1', '2026-11')).toEqual({ fetchedAt: 10, costs: '[4]' });
  expect(here.keptCosts('2', '2026-11')).toEqual({ fetchedAt: 22, costs: '[3]' });
});

it('counts requests by day, over all processes', () => {
  expect(here.costRequests('2026-11-22')).toBe(0);
  for (const store of [here, there, here]) store.countCostRequest('2026-11-22');
  there.countCostRequest('2026-11-23');
  expect([there.costRequests('2026-11-22'), here.costRequests('2026-11-23')]).toEqual([3, 1]);
});
