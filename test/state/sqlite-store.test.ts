import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openSqliteStore } from '../../src/state/sqlite-store.ts';
import { agentOfToken, createToken } from '../../src/state/tokens.ts';
import { storeContract } from './store-contract.ts';

const place = () => {
  const folder = mkdtempSync(join(tmpdir(), 'ziggie-state-'));
  return { folder, open: () => openSqliteStore(folder), done: () => rmSync(folder, { recursive: true, force: true }) };
};

storeContract('SQLite', place);

it('keeps its file to its owner', () => {
  const { folder, open, done } = place();
  open().close();
  expect(statSync(join(folder, 'state.sqlite')).mode & 0o777).toBe(0o600);
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
