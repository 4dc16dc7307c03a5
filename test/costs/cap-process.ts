import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { openSqliteStore } from '../../src/state/sqlite-store.ts';

/**
 * Reserves in a process of its own: `node cap-process.ts <folder> <name> <reservations> <cents> <cap> <key>`. Says `ready`, waits for a
 * line, reserves as often as it was told to (all under one key, or under one of its own each where that is `-`) and prints how often it
 * was allowed to.
 */
const [folder = '', name = '', reservations, cents, cap, key] = process.argv.slice(2);
const store = openSqliteStore(folder);
const lines = createInterface({ input: process.stdin });
process.stdout.write('ready\n');
await once(lines, 'line');
let allowed = 0;
for (let turn = 0; turn < Number(reservations); turn += 1) {
  const call = `${name}-${turn}`;
  const { ok } = store.reserveSpend('agent-marcus', '2026-11', key === '-' ? call : `${key}`, call, Number(cents), Number(cap), 5);
  if (ok) allowed += 1;
}
store.close();
lines.close();
process.stdout.write(`${allowed}\n`);
