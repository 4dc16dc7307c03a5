import { setTimeout as pause } from 'node:timers/promises';
import { createReader } from '../../src/costs/reader.ts';
import type { AwsCosts } from '../../src/ports/cost-sources.ts';
import { openSqliteStore } from '../../src/state/sqlite-store.ts';
import { newCall } from '../aws/harness.ts';
import { account } from './world.ts';

/**
 * A process of its own that reads this month again and again: `node reader-child.ts <state folder> <address of the cloud> <reads> <clock offset in ms>`.
 * Says `reading` when it begins and then how many rows it got.
 */
const [folder = '', cloud = '', reads = '', offset = '0'] = process.argv.slice(2);
const refuse = () => Promise.reject(new Error('not asked here'));
const aws: AwsCosts = {
  async usage(_account, _question, _call, announce) {
    announce();
    const reply = await fetch(cloud);
    return { rows: [{ from: '2026-11-01', keys: ['EC2', 'cost'], currency: 'USD', amount: await reply.text() }], isFinal: false };
  },
  forecast: refuse,
  anomalies: refuse,
};
const store = openSqliteStore(folder);
const now = () => Date.parse('2026-11-22T12:00:00Z') + Number(offset);
const reader = createReader({
  aws,
  hostinger: { subscriptions: refuse, machines: refuse },
  store,
  ceiling: 50,
  accounts: 1,
  now,
  pause: (_ms, signal) => pause(5, undefined, { signal }),
});
const question = { period: { from: '2026-11-01', until: '2026-11-23' }, granularity: 'day', groups: ['service', 'kind'] } as const;
process.stdout.write('reading\n');
const all = await Promise.all(
  Array.from({ length: Number(reads) }, (_, index) => {
    const call = newCall({ actor: `agent-${index % 10}` });
    return reader.usage(account('aws', 'main', '123456789012'), question, call);
  }),
);
process.stdout.write(`${all.length} ${[...new Set(all.map(({ value }) => value.rows[0]?.amount))].join()}\n`);
store.close();
