import type { StateStore } from '../ports/state.ts';
import { approval } from './rows.ts';
import type { Statements } from './statements.ts';

type Approvals = Pick<
  StateStore,
  'createApproval' | 'getApproval' | 'findApprovals' | 'listApprovals' | 'decideApproval' | 'claimApproval' | 'giveBackApproval'
>;

/** Expired requests are kept a day, for who looks what became of one; the journal keeps them for good. */
const keptMs = 24 * 3_600_000;

export function createApprovals(sql: Statements): Approvals {
  const getApproval: Approvals['getApproval'] = (id) => approval(sql.get('SELECT * FROM approvals WHERE id = ?', id));
  return {
    createApproval(row) {
      sql.run('DELETE FROM approvals WHERE expires_at < ?', row.createdAt - keptMs);
      sql.run(
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
    },

    getApproval,

    findApprovals: (bindingHash, now) =>
      sql
        .all(
          `SELECT * FROM approvals WHERE binding_hash = ? AND expires_at > ? AND status <> 'consumed' ORDER BY created_at DESC, id`,
          bindingHash,
          now,
        )
        .flatMap((row) => approval(row) ?? []),

    listApprovals({ status, now = 0 }) {
      const rows = status
        ? sql.all('SELECT * FROM approvals WHERE status = ? AND expires_at > ? ORDER BY created_at', status, now)
        : sql.all('SELECT * FROM approvals WHERE expires_at > ? ORDER BY created_at', now);
      return rows.flatMap((row) => approval(row) ?? []);
    },

    decideApproval: (id, { status, approver, signature, now }) =>
      sql.run(
        `UPDATE approvals SET status = ?, approver = ?, signature = ?, decided_at = ? WHERE id = ? AND status = 'pending' AND expires_at > ?`,
        status,
        approver,
        signature ?? null,
        now,
        id,
        now,
      ) === 1,

    claimApproval(id, callId, now) {
      const claimed = sql.run(
        `UPDATE approvals SET status = 'consumed', call_id = ? WHERE id = ? AND status = 'approved' AND expires_at > ?`,
        callId,
        id,
        now,
      );
      return claimed === 1 ? getApproval(id) : undefined;
    },

    giveBackApproval: (id, callId) =>
      void sql.run(
        `UPDATE approvals SET status = 'approved', call_id = NULL WHERE id = ? AND status = 'consumed' AND call_id = ?`,
        id,
        callId,
      ),
  };
}
