import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CallError } from '../call/errors.ts';
import type { StateStore } from '../ports/state.ts';
import { createAgentSpend } from './agent-spend.ts';
import { createApprovals } from './approvals.ts';
import { createCostAlerts } from './cost-alerts.ts';
import { createCostCache } from './cost-cache.ts';
import { createCostEntries } from './cost-entries.ts';
import { createCostReports } from './cost-reports.ts';
import { createCounters } from './counters.ts';
import { createDeployments } from './deployments.ts';
import { createIdempotency } from './idempotency.ts';
import { createLeases } from './leases.ts';
import { makeFolder } from './make-folder.ts';
import { type Row, token } from './rows.ts';
import { migrations } from './schema.ts';
import type { Statements } from './statements.ts';

/**
 * Invariant: whatever grants something (approvals, idempotency, tokens) is on disk before the caller goes on
 * (`synchronous=FULL`). Counters go through a second connection that does not wait for the disk: losing the last
 * of them in a power cut costs nobody anything, and waiting for it would double the price of every call.
 */

/**
 * Opens (and creates or migrates) `state.sqlite` in a folder.
 * @throws CallError `internal` when the folder cannot be written
 */
export function openSqliteStore(folder: string): StateStore {
  let durable: DatabaseSync;
  let counters: DatabaseSync;
  try {
    makeFolder(folder);
    const file = join(folder, 'state.sqlite');
    durable = new DatabaseSync(file, { timeout: 5_000 });
    chmodSync(file, 0o600);
    useWriteAheadLog(durable);
    durable.exec('PRAGMA synchronous = FULL;');
    migrate(durable);
    counters = new DatabaseSync(file, { timeout: 5_000 });
    counters.exec('PRAGMA synchronous = NORMAL;');
  } catch (error) {
    throw new CallError('internal', `The state folder ${folder} cannot be used: ${(error as Error).message}`, {
      remedy: 'Make the folder writable for the server, or point ZIGGIE_STATE elsewhere.',
      effect: 'none',
      cause: error,
    });
  }
  return storeOver(durable, counters);
}

/** Switching the mode does not wait for other processes that open the file at the same moment; so it is tried again. */
function useWriteAheadLog(db: DatabaseSync): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      db.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      if (attempt === 100 || !/locked|busy/.test((error as Error).message)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}

/** Steps that are already in are left out; another process may be at it at the same time. */
function migrate(db: DatabaseSync): void {
  const done = () => Number((db.prepare('PRAGMA user_version').get() as Row).user_version);
  if (done() === migrations.length) return;
  db.exec('BEGIN IMMEDIATE');
  try {
    const from = done();
    if (from > migrations.length) throw new Error('state.sqlite was written by a newer version');
    for (const step of migrations.slice(from)) db.exec(step);
    db.exec(`PRAGMA user_version = ${migrations.length}`);
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

/** The operations, each kind in a file of its own, over the two connections. */
function storeOver(db: DatabaseSync, counters: DatabaseSync): StateStore {
  const durable = statementsOf(db);
  return {
    ...createCounters(statementsOf(counters), durable),
    ...createApprovals(durable),
    ...createIdempotency(durable),
    ...createAgentTokens(durable),
    ...createLeases(durable),
    ...createDeployments(durable),
    ...createCostCache(durable),
    ...createAgentSpend(durable),
    ...createCostEntries(durable),
    ...createCostAlerts(durable),
    ...createCostReports(durable),
    close() {
      counters.close();
      db.close();
    },
  };
}

function createAgentTokens(sql: Statements): Pick<StateStore, 'addToken' | 'findToken' | 'listTokens' | 'revokeToken'> {
  return {
    addToken: (id, hash, agent, now) =>
      void sql.run('INSERT INTO tokens (id, hash, agent, created_at) VALUES (?, ?, ?, ?)', id, hash, agent, now),
    findToken: (hash) => token(sql.get('SELECT * FROM tokens WHERE hash = ?', hash)),
    listTokens: () => sql.all('SELECT * FROM tokens ORDER BY created_at').flatMap((row) => token(row) ?? []),
    revokeToken: (id, now) => sql.run('UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL', now, id) === 1,
  };
}

/** Each statement is prepared with its first use. */
function statementsOf(db: DatabaseSync): Statements {
  const prepared = new Map<string, ReturnType<DatabaseSync['prepare']>>();
  const sql = (text: string) => {
    const known = prepared.get(text);
    if (known) return known;
    const statement = db.prepare(text);
    prepared.set(text, statement);
    return statement;
  };
  return {
    get: (text, ...values) => sql(text).get(...values) as Row | undefined,
    all: (text, ...values) => sql(text).all(...values) as Row[],
    run: (text, ...values) => Number(sql(text).run(...values).changes),
    atomically(work) {
      sql('BEGIN IMMEDIATE').run();
      try {
        const result = work();
        sql('COMMIT').run();
        return result;
      } catch (error) {
        if (db.isTransaction) sql('ROLLBACK').run();
        throw error;
      }
    },
  };
}
