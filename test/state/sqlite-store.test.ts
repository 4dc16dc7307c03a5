import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { migrations } from '../../src/state/schema.ts';
import { openSqliteStore } from '../../src/state/sqlite-store.ts';
import { agentOfToken, createToken } from '../../src/state/tokens.ts';
import { storeContract } from './store-contract.ts';
import { costStoreContract } from './store-contract-costs.ts';

const place = () => {
  const folder = mkdtempSync(join(tmpdir(), 'ziggie-state-'));
  return { folder, open: () => openSqliteStore(folder), done: () => rmSync(folder, { recursive: true, force: true }) };
};

storeContract('SQLite', place);
costStoreContract('SQLite', place);

it('keeps its file to its owner', () => {
  const { folder, open, done } = place();
  open().close();
  expect(statSync(join(folder, 'state.sqlite')).mode & 0o777).toBe(0o600);
  done();
});

it('takes over deployments of before their targets were recorded', () => {
  const { folder, open, done } = place();
  const before = new DatabaseSync(join(folder, 'state.sqlite'));
  for (const step of migrations.slice(0, 3)) before.exec(step);
  before.exec(`PRAGMA user_version = 3;
    INSERT INTO deployments (id, app, provider, kind, version, digest, previous, actor, call_id, status, serving, steps, started_at)
    VALUES ('dep_1', 'web', 'aws', 'deploy', 'v1', 'd', '', 'a', 'c', 'done', 'v1', '[]', 1)`);
  before.close();
  const store = open();
  expect(store.getDeployment('dep_1')).toMatchObject({ version: 'v1', serving: 'v1', targetHash: '' });
  store.close();
  done();
});

it('lets nobody change or remove an entry of the ledger, whatever writes to the file', () => {
  const { folder, open, done } = place();
  const store = open();
  const entry = {
    id: 'e1',
    recordedAt: 1,
    recordedBy: 'a',
    date: '2026-11-02',
    months: 1,
    vendor: 'v',
    description: 'd',
    currency: 'USD',
    cents: 1,
  };
  store.appendCostEntry(entry);
  const file = new DatabaseSync(join(folder, 'state.sqlite'));
  expect(() => file.exec('UPDATE cost_entries SET cents = 2')).toThrow(/corrected by entries/);
  expect(() => file.exec('DELETE FROM cost_entries')).toThrow(/corrected by entries/);
  expect(store.costEntries()).toEqual([entry]);
  file.close();
  store.close();
  done();
});

it('says what to do when the folder cannot be used', () => {
  expect(() => openSqliteStore('/dev/null/state')).toThrow(expect.objectContaining({ code: 'internal' }));
});

it('takes a token for its agent, and nothing else for one', () => {
  const { open, done } = place();
  const store = open();
  const { id, token } = createToken(store, 'agent-marcus');
  expect(agentOfToken(store, token)).toBe('agent-marcus');
  for (const other of ['', 'zgt_', `${token}x`, token.slice(0, -1), token.toUpperCase()])
    expect(agentOfToken(store, other)).toBeUndefined();
  store.revokeToken(id, Date.now());
  expect(agentOfToken(store, token)).toBeUndefined();
  store.close();
  done();
});
