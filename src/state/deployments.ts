/**
 * Invariant: only the newest holder of an application's lease writes its deployments. Whoever has lost it learns so from the very
 * statement that would have written.
 */
import type { DeploymentRow, DeploymentStep, StateStore } from '../ports/state.ts';
import type { Row } from './rows.ts';
import type { Statements } from './statements.ts';

type Deployments = Pick<StateStore, 'createDeployment' | 'updateDeployment' | 'getDeployment' | 'listDeployments'>;

const isNewest = 'EXISTS (SELECT 1 FROM leases WHERE name = ? AND token = ?)';

export function createDeployments(sql: Statements): Deployments {
  return {
    createDeployment: (row, lease) =>
      sql.run(
        `INSERT INTO deployments (id, app, provider, target_hash, kind, version, digest, previous, actor, call_id, status, serving, steps, started_at, ended_at, message)
         SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE ${isNewest}`,
        row.id,
        row.app,
        row.provider,
        row.targetHash,
        row.kind,
        row.version,
        row.digest,
        row.previous,
        row.actor,
        row.callId,
        row.status,
        row.serving,
        JSON.stringify(row.steps),
        row.startedAt,
        row.endedAt ?? null,
        row.message ?? null,
        lease.name,
        lease.token,
      ) === 1,
    updateDeployment: (id, lease, { status, serving, previous, steps, endedAt, message }) =>
      sql.run(
        `UPDATE deployments SET status = coalesce(?, status), serving = coalesce(?, serving), previous = coalesce(?, previous),
           steps = coalesce(?, steps), ended_at = coalesce(?, ended_at), message = coalesce(?, message)
         WHERE id = ? AND ${isNewest}`,
        status ?? null,
        serving ?? null,
        previous ?? null,
        steps ? JSON.stringify(steps) : null,
        endedAt ?? null,
        message ?? null,
        id,
        lease.name,
        lease.token,
      ) === 1,
    getDeployment: (id) => deployment(sql.get('SELECT * FROM deployments WHERE id = ?', id)),
    listDeployments({ app, provider, version, status, limit, before }) {
      const filters = Object.entries({ app, provider, version, status }).flatMap(([column, value]) =>
        value === undefined ? [] : [{ column, value }],
      );
      const where = [
        ...filters.map(({ column }) => `${column} = ?`),
        ...(before === undefined ? [] : ['seq < (SELECT seq FROM deployments WHERE id = ?)']),
      ];
      return sql
        .all(
          `SELECT * FROM deployments ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''} ORDER BY seq DESC LIMIT ?`,
          ...filters.map(({ value }) => value),
          ...(before === undefined ? [] : [before]),
          limit,
        )
        .flatMap((row) => deployment(row) ?? []);
    },
  };
}

function deployment(row: Row | undefined): DeploymentRow | undefined {
  if (!row) return undefined;
  return {
    id: String(row.id),
    app: String(row.app),
    provider: String(row.provider),
    targetHash: String(row.target_hash),
    kind: row.kind as DeploymentRow['kind'],
    version: String(row.version),
    digest: String(row.digest),
    previous: String(row.previous),
    actor: String(row.actor),
    callId: String(row.call_id),
    status: row.status as DeploymentRow['status'],
    serving: String(row.serving),
    // Written by this file alone.
    steps: JSON.parse(String(row.steps)) as DeploymentStep[],
    startedAt: Number(row.started_at),
    ...(row.ended_at === null ? {} : { endedAt: Number(row.ended_at) }),
    ...(row.message === null ? {} : { message: String(row.message) }),
  };
}
