import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StateStore } from '../../src/ports/state.ts';
import { openSqliteStore } from '../../src/state/sqlite-store.ts';
import { isolatedEnvironment, temporaryFolder } from '../support/folders.ts';

/** What an agent may add to a month, over two connections to one state and over processes of their own. */

const agent = 'agent-marcus';
const month = '2026-11';
let folder: string;
let here: StateStore;
let there: StateStore;
beforeEach(() => {
  folder = temporaryFolder();
  here = openSqliteStore(folder);
  there = openSqliteStore(folder);
});
afterEach(() => {
  here.close();
  there.close();
});

/** What is counted, found out by what would just fit. */
function used(cap: number): number {
  const refused = here.reserveSpend(agent, month, 'look', 'look', cap + 1, cap, 5);
  return refused.ok ? Number.NaN : refused.usedCents;
}

/** Processes that all begin at once; how often each was allowed to. */
async function race(processes: number, reservations: number, cents: number, cap: number, key = '-'): Promise<number[]> {
  const children = Array.from({ length: processes }, (_, index) => {
    const words = [folder, `p${index}`, reservations, cents, cap, key].map(String);
    const child = spawn(process.execPath, [join(import.meta.dirname, 'cap-process.ts'), ...words], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: isolatedEnvironment(folder),
    });
    return { child, said: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
  });
  for (const { said } of children) expect((await said.next()).value).toBe('ready');
  for (const { child } of children) child.stdin.end('go\n');
  return Promise.all(
    children.map(async ({ child, said }) => {
      const allowed = Number((await said.next()).value);
      const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
      expect(code).toBe(0);
      return allowed;
    }),
  );
}

describe('a monthly cap', () => {
  it('holds over processes that reserve at the same moment', async () => {
    const allowed = await race(4, 60, 7, 1_000);
    // As many as fit, and no more: neither lost nor counted twice.
    expect(allowed.reduce((sum, each) => sum + each, 0)).toBe(Math.floor(1_000 / 7));
    expect(used(1_000)).toBe(994);
  });

  it('counts one key once over all of them', async () => {
    const allowed = await race(3, 40, 600, 1_000, 'instance main i-1');
    expect(allowed).toEqual([40, 40, 40]);
    expect(used(1_000)).toBe(600);
  });

  it('is never exceeded, whatever is reserved and given back in what order', () => {
    const step = fc.record({
      store: fc.boolean(),
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      call: fc.constantFrom('1', '2', '3', '4'),
      cents: fc.nat(500),
      giveBack: fc.boolean(),
    });
    let run = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.nat(1_000), (steps, cap) => {
        run += 1;
        const who = `agent-${run}`;
        for (const { store, key, call, cents, giveBack } of steps) {
          const mine = store ? here : there;
          if (giveBack) mine.releaseSpend(who, call);
          else mine.reserveSpend(who, month, key, call, cents, cap, 5);
          const refused = here.reserveSpend(who, month, 'look', 'look', cap + 1, cap, 5);
          expect(refused.ok ? cap + 1 : refused.usedCents).toBeLessThanOrEqual(cap);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('lets in what just fits, and not a cent more', () => {
    expect(here.reserveSpend(agent, month, 'a', 'call-1', 600, 1_000, 5)).toEqual({ ok: true });
    expect(there.reserveSpend(agent, month, 'b', 'call-2', 401, 1_000, 5)).toEqual({ ok: false, usedCents: 600 });
    expect(there.reserveSpend(agent, month, 'b', 'call-2', 400, 1_000, 5)).toEqual({ ok: true });
    expect(here.reserveSpend(agent, month, 'c', 'call-3', 1, 1_000, 5)).toEqual({ ok: false, usedCents: 1_000 });
    expect(here.reserveSpend(agent, month, 'c', 'call-3', 0, 1_000, 5)).toEqual({ ok: true });
  });

  it('of nothing lets in only what costs nothing', () => {
    expect(here.reserveSpend(agent, month, 'a', 'call-1', 1, 0, 5)).toEqual({ ok: false, usedCents: 0 });
    expect(here.reserveSpend(agent, month, 'a', 'call-1', 0, 0, 5)).toEqual({ ok: true });
  });

  it('that was lowered refuses what is new, and names what is used', () => {
    here.reserveSpend(agent, month, 'a', 'call-1', 900, 1_000, 5);
    expect(there.reserveSpend(agent, month, 'b', 'call-2', 1, 500, 5)).toEqual({ ok: false, usedCents: 900 });
  });

  it('is of one agent and one month', () => {
    here.reserveSpend(agent, month, 'a', 'call-1', 1_000, 1_000, 5);
    expect(there.reserveSpend('agent-chen', month, 'a', 'call-2', 1_000, 1_000, 5)).toEqual({ ok: true });
    expect(there.reserveSpend(agent, '2026-12', 'a', 'call-3', 1_000, 1_000, 5)).toEqual({ ok: true });
    expect(there.reserveSpend(agent, month, 'b', 'call-4', 1, 1_000, 5)).toMatchObject({ ok: false });
  });
});

describe('giving back', () => {
  it('frees what that call reserved, all of it and nothing else', () => {
    here.reserveSpend(agent, month, 'a', 'call-1', 100, 1_000, 5);
    here.reserveSpend(agent, month, 'b', 'call-1', 200, 1_000, 5);
    there.reserveSpend(agent, month, 'c', 'call-2', 400, 1_000, 5);
    there.releaseSpend(agent, 'call-1');
    expect(used(1_000)).toBe(400);
    there.releaseSpend(agent, 'call-1');
    there.releaseSpend(agent, 'call-9');
    expect(used(1_000)).toBe(400);
  });

  it('is the business of the agent whose it is', () => {
    here.reserveSpend(agent, month, 'a', 'call-1', 100, 1_000, 5);
    there.releaseSpend('agent-chen', 'call-1');
    expect(used(1_000)).toBe(100);
  });

  it('of a call that found its key counted already takes nothing away', () => {
    here.reserveSpend(agent, month, 'instance main i-1', 'call-1', 600, 1_000, 5);
    expect(there.reserveSpend(agent, month, 'instance main i-1', 'call-2', 600, 1_000, 5)).toEqual({ ok: true });
    there.releaseSpend(agent, 'call-2');
    expect(used(1_000)).toBe(600);
  });

  it('of the call that came first leaves what another counted on', () => {
    here.reserveSpend(agent, month, 'instance main i-1', 'call-1', 600, 1_000, 5);
    there.reserveSpend(agent, month, 'instance main i-1', 'call-2', 600, 1_000, 5);
    here.releaseSpend(agent, 'call-1');
    expect(used(1_000)).toBe(600);
  });

  it('of what became dearer by a later call is left to the one that has it', () => {
    here.reserveSpend(agent, month, 'a', 'call-1', 100, 1_000, 5);
    expect(there.reserveSpend(agent, month, 'a', 'call-2', 300, 1_000, 5)).toEqual({ ok: true });
    expect(used(1_000)).toBe(300);
    // Nor does it become cheaper.
    expect(there.reserveSpend(agent, month, 'a', 'call-3', 50, 1_000, 5)).toEqual({ ok: true });
    expect(used(1_000)).toBe(300);
    expect(there.reserveSpend(agent, month, 'a', 'call-4', 1_001, 1_000, 5)).toEqual({ ok: false, usedCents: 300 });
  });

  it('lets another have the room', () => {
    here.reserveSpend(agent, month, 'a', 'call-1', 1_000, 1_000, 5);
    expect(there.reserveSpend(agent, month, 'b', 'call-2', 1_000, 1_000, 5)).toMatchObject({ ok: false });
    here.releaseSpend(agent, 'call-1');
    expect(there.reserveSpend(agent, month, 'b', 'call-2', 1_000, 1_000, 5)).toEqual({ ok: true });
  });
});
