import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CallError } from '../call/errors.ts';
import type { AdmitResult, ApprovalRow, IdempotencyClaim, KnownKey, SeenTarget, StateStore, TokenRow } from '../ports/state.ts';
import { type CostCache, createCostCache } from './cost-cache.ts';
import { createDeployments, type Deployments } from './deployments.ts';
import { createLeases, type Leases } from './leases.ts';
import { makeFolder } from './make-folder.ts';
import { approval, type Row, token } from './rows.ts';
import { migrations } from './schema.ts';
import type { Statements } from './statements.ts';

/**
 * Invariant: whatever grants something (approvals, idempotency, tokens) is on disk before the caller goes on
 * (`synchronous=FULL`). Counters go through a second connection that does not wait for the disk: losing the last
 * of them in a power cut costs nobody anything, and waiting for it would double the price of every call.
 */

const idempotencyKeptMs = 24 * 3_600_000;
/** Expired requests are kept a day, for who looks what became of one; the journal keeps them for good. */
const approvalKeptMs = 24 * 3_600_000;
/** Rows that completions may hold per agent and type. */
const seenKept = 1_000;

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
  return new SqliteStore(durable, counters);
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

class SqliteStore implements StateStore {
  readonly #db: DatabaseSync;
  readonly #counters: DatabaseSync;
  /** Agent → second of its last tidying by this process. */
  readonly #tidiedAt = new Map<string, number>();
  readonly #statements = new Map<string, ReturnType<DatabaseSync['prepare']>>();

  readonly #leases: Leases;
  readonly #deployments: Deployments;
  readonly #costCache: CostCache;

  constructor(db: DatabaseSync, counters: DatabaseSync) {
    this.#db = db;
    this.#counters = counters;
    const durable: Statements = {
      get: (text, ...values) => this.#get(text, ...values),
      all: (text, ...values) => this.#all(text, ...values),
      run: (text, ...values) => this.#run(text, ...values),
      atomically: (work) => this.#atomically(this.#db, work),
    };
    this.#leases = createLeases(durable);
    this.#deployments = createDeployments(durable);
    this.#costCache = createCostCache(durable);
  }

  #atomically<T>(db: DatabaseSync, work: () => T): T {
    this.#sql(db, 'BEGIN IMMEDIATE').run();
    try {
      const result = work();
      this.#sql(db, 'COMMIT').run();
      return result;
    } catch (error) {
      if (db.isTransaction) this.#sql(db, 'ROLLBACK').run();
      throw error;
    }
  }

  #sql(db: DatabaseSync, text: string): ReturnType<DatabaseSync['prepare']> {
    const key = `${db === this.#db ? 'd' : 'c'}${text}`;
    let statement = this.#statements.get(key);
    if (!statement) {
      statement = db.prepare(text);
      this.#statements.set(key, statement);
    }
    return statement;
  }

  #get(text: string, ...values: (string | number | null)[]): Row | undefined {
    return this.#sql(this.#db, text).get(...values) as Row | undefined;
  }

  #all(text: string, ...values: (string | number | null)[]): Row[] {
    return this.#sql(this.#db, text).all(...values) as Row[];
  }

  #run(text: string, ...values: (string | number | null)[]): number {
    return Number(this.#sql(this.#db, text).run(...values).changes);
  }

  admit(
    agent: string,
    callId: string,
    limits: { callsPerMinute: number; callsAtOnce: number },
    now: number,
    expiresAt: number,
  ): AdmitResult {
    const db = this.#counters;
    return this.#atomically(db, () => {
      // Calls are counted by second: the cost of the sum does not grow with their number.
      const second = Math.floor(now / 1_000);
      if (this.#tidiedAt.get(agent) !== second) this.#tidy(db, agent, second, now);
      const window = this.#sql(
        db,
        'SELECT sum(calls) AS n, min(second) AS oldest FROM admissions WHERE agent = ? AND second BETWEEN ? AND ?',
      ).get(agent, second - 59, second) as Row;
      if (Number(window.n) >= limits.callsPerMinute) {
        return { admitted: false, reason: 'rate', retryAfterMs: (Number(window.oldest) + 60) * 1_000 - now };
      }
      const slots = this.#sql(db, 'SELECT count(*) AS n FROM slots WHERE agent = ? AND expires_at > ?').get(agent, now) as Row;
      if (Number(slots.n) >= limits.callsAtOnce) return { admitted: false, reason: 'concurrency', retryAfterMs: 1_000 };
      this.#sql(db, 'INSERT INTO admissions VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET calls = calls + 1').run(agent, second);
      this.#sql(db, 'INSERT INTO slots (call_id, agent, expires_at) VALUES (?, ?, ?)').run(callId, agent, expiresAt);
      return { admitted: true };
    });
  }

  /** What no longer counts goes, once a second and agent: it costs as much as the counting. */
  #tidy(db: DatabaseSync, agent: string, second: number, now: number): void {
    this.#sql(db, 'DELETE FROM admissions WHERE agent = ? AND second NOT BETWEEN ? AND ?').run(agent, second - 59, second);
    this.#sql(db, 'DELETE FROM slots WHERE agent = ? AND expires_at <= ?').run(agent, now);
    this.#tidiedAt.set(agent, second);
  }

  release(callId: string): void {
    this.#sql(this.#counters, 'DELETE FROM slots WHERE call_id = ?').run(callId);
  }

  createApproval(row: Omit<ApprovalRow, 'status' | 'approver' | 'decidedAt' | 'signature' | 'callId'>): ApprovalRow {
    this.#run('DELETE FROM approvals WHERE expires_at < ?', row.createdAt - approvalKeptMs);
    this.#run(
      `INSERT INTO approvals (id, binding_hash, binding, requester, tool, status, created_at, expires_at) VALUES (?, ?, ?, ?, ?, 'pending', ?, ?)`,
      row.id,
      row.bindingHash,
      row.binding,
      row.requester,
      row.tool,
      row.createdAt,
      row.expiresAt,
    );
    return { ...row, status: 'pending' };
  }

  getApproval(id: string): ApprovalRow | undefined {
    return approval(this.#get('SELECT * FROM approvals WHERE id = ?', id));
  }

  findApprovals(bindingHash: string, now: number): ApprovalRow[] {
    return this.#all(
      `SELECT * FROM approvals WHERE binding_hash = ? AND expires_at > ? AND status <> 'consumed' ORDER BY created_at DESC, id`,
      bindingHash,
      now,
    ).flatMap((row) => approval(row) ?? []);
  }

  listApprovals({ status, now = 0 }: { status?: ApprovalRow['status']; now?: number }): ApprovalRow[] {
    const rows = status
      ? this.#all('SELECT * FROM approvals WHERE status = ? AND expires_at > ? ORDER BY created_at', status, now)
      : this.#all('SELECT * FROM approvals WHERE expires_at > ? ORDER BY created_at', now);
    return rows.flatMap((row) => approval(row) ?? []);
  }

  decideApproval(id: string, { status, approver, signature, now }: Parameters<StateStore['decideApproval']>[1]): boolean {
    return (
      this.#run(
        `UPDATE approvals SET status = ?, approver = ?, signature = ?, decided_at = ? WHERE id = ? AND status = 'pending' AND expires_at > ?`,
        status,
        approver,
        signature ?? null,
        now,
        id,
        now,
      ) === 1
    );
  }

  claimApproval(id: string, callId: string, now: number): ApprovalRow | undefined {
    const claimed = this.#run(
      `UPDATE approvals SET status = 'consumed', call_id = ? WHERE id = ? AND status = 'approved' AND expires_at > ?`,
      callId,
      id,
      now,
    );
    return claimed === 1 ? this.getApproval(id) : undefined;
  }

  giveBackApproval(id: string, callId: string): void {
    this.#run(`UPDATE approvals SET status = 'approved', call_id = NULL WHERE id = ? AND status = 'consumed' AND call_id = ?`, id, callId);
  }

  peekIdempotency(agent: string, key: string, argsHash: string, now: number): KnownKey | undefined {
    const row = this.#get('SELECT * FROM idempotency WHERE agent = ? AND key = ? AND created_at > ?', agent, key, now - idempotencyKeptMs);
    if (!row) return undefined;
    const callId = String(row.call_id);
    if (row.args_hash !== argsHash) return { state: 'mismatch', callId };
    if (row.outcome !== null) return { state: 'done', callId, outcome: String(row.outcome) };
    return { state: Number(row.deadline_at) > now ? 'running' : 'lost', callId };
  }

  claimIdempotency(agent: string, key: string, argsHash: string, callId: string, now: number, deadlineAt: number): IdempotencyClaim {
    return this.#atomically(this.#db, () => {
      const known = this.peekIdempotency(agent, key, argsHash, now);
      if (known) return known;
      this.#run('DELETE FROM idempotency WHERE created_at <= ?', now - idempotencyKeptMs);
      this.#run(
        'INSERT OR REPLACE INTO idempotency (agent, key, args_hash, call_id, deadline_at, created_at) VALUES (?, ?, ?, ?, ?, ?)',
        agent,
        key,
        argsHash,
        callId,
        deadlineAt,
        now,
      );
      return { state: 'claimed' };
    });
  }

  finishIdempotency(agent: string, key: string, callId: string, outcome: string): void {
    this.#run('UPDATE idempotency SET outcome = ? WHERE agent = ? AND key = ? AND call_id = ?', outcome, agent, key, callId);
  }

  dropIdempotency(agent: string, key: string, callId: string): void {
    this.#run('DELETE FROM idempotency WHERE agent = ? AND key = ? AND call_id = ? AND outcome IS NULL', agent, key, callId);
  }

  addToken(id: string, hash: string, agent: string, now: number): void {
    this.#run('INSERT INTO tokens (id, hash, agent, created_at) VALUES (?, ?, ?, ?)', id, hash, agent, now);
  }

  findToken(hash: string): TokenRow | undefined {
    return token(this.#get('SELECT * FROM tokens WHERE hash = ?', hash));
  }

  listTokens(): TokenRow[] {
    return this.#all('SELECT * FROM tokens ORDER BY created_at').flatMap((row) => token(row) ?? []);
  }

  revokeToken(id: string, now: number): boolean {
    return this.#run('UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL', now, id) === 1;
  }

  rememberSeen(agent: string, targets: readonly SeenTarget[], now: number): void {
    const db = this.#counters;
    this.#atomically(db, () => {
      const insert = this.#sql(
        db,
        `INSERT INTO seen (agent, type, id, label, at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (agent, type, id) DO UPDATE SET label = excluded.label, at = excluded.at`,
      );
      for (const { type, id, label } of targets) insert.run(agent, type, id, label, now);
      this.#sql(
        db,
        'DELETE FROM seen WHERE agent = ? AND (type, id) NOT IN (SELECT type, id FROM seen WHERE agent = ? ORDER BY at DESC LIMIT ?)',
      ).run(agent, agent, seenKept);
    });
  }

  seen(agent: string, type: string, prefix: string, limit: number): SeenTarget[] {
    return this.#all(
      'SELECT type, id, label FROM seen WHERE agent = ? AND type = ? AND (substr(id, 1, ?) = ? OR substr(label, 1, ?) = ?) ORDER BY at DESC, id LIMIT ?',
      agent,
      type,
      prefix.length,
      prefix,
      prefix.length,
      prefix,
      limit,
    ).map((row) => ({ type: String(row.type), id: String(row.id), label: String(row.label) }));
  }

  takeLease(...lease: Parameters<Leases['takeLease']>): ReturnType<Leases['takeLease']> {
    return this.#leases.takeLease(...lease);
  }

  renewLease(...lease: Parameters<Leases['renewLease']>): boolean {
    return this.#leases.renewLease(...lease);
  }

  releaseLease(name: string, token: number): void {
    this.#leases.releaseLease(name, token);
  }

  createDeployment(...deployment: Parameters<Deployments['createDeployment']>): boolean {
    return this.#deployments.createDeployment(...deployment);
  }

  updateDeployment(...update: Parameters<Deployments['updateDeployment']>): boolean {
    return this.#deployments.updateDeployment(...update);
  }

  getDeployment(id: string): ReturnType<Deployments['getDeployment']> {
    return this.#deployments.getDeployment(id);
  }

  listDeployments(filter: Parameters<Deployments['listDeployments']>[0]): ReturnType<Deployments['listDeployments']> {
    return this.#deployments.listDeployments(filter);
  }

  keptCosts(account: string, month: string): ReturnType<CostCache['keptCosts']> {
    return this.#costCache.keptCosts(account, month);
  }

  keepCosts(...costs: Parameters<CostCache['keepCosts']>): void {
    this.#costCache.keepCosts(...costs);
  }

  countCostRequest(day: string): void {
    this.#costCache.countCostRequest(day);
  }

  costRequests(day: string): number {
    return this.#costCache.costRequests(day);
  }

  close(): void {
    this.#statements.clear();
    this.#counters.close();
    this.#db.close();
  }
}
