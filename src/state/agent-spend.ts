/**
 * Invariant: what is reserved for an agent in a month never exceeds the cap that the reservation was made under, whoever reserves at
 * the same moment and in whatever process.
 */
import type { StateStore } from '../ports/state.ts';
import type { Statements } from './statements.ts';

type AgentSpend = Pick<StateStore, 'reserveSpend' | 'spendReservedSince' | 'renameSpend' | 'releaseSpend'>;

export function createAgentSpend(sql: Statements): AgentSpend {
  return {
    reserveSpend: (agent, month, key, callId, cents, capCents, now) =>
      sql.atomically(() => {
        // Each call holds its own share, so that one that gives back does not take another's with it; a key counts once, at its dearest.
        const shares = sql.all('SELECT key, max(cents) AS cents FROM agent_spend WHERE agent = ? AND month = ? GROUP BY key', agent, month);
        const usedCents = shares.reduce((sum, share) => sum + Number(share.cents), 0);
        const known = Number(shares.find((share) => share.key === key)?.cents ?? 0);
        if (usedCents - known + Math.max(cents, known) > capCents) return { ok: false, usedCents };
        sql.run(
          'INSERT OR REPLACE INTO agent_spend (agent, month, key, call_id, cents, at) VALUES (?, ?, ?, ?, ?, ?)',
          agent,
          month,
          key,
          callId,
          cents,
          now,
        );
        // A year, so that a clock that was ahead for a while takes no month that still counts with it.
        sql.run('DELETE FROM agent_spend WHERE month < ?', `${Number(month.slice(0, 4)) - 1}${month.slice(4)}`);
        return { ok: true };
      }),
    spendReservedSince: (since, before) => {
      const row = sql.get(
        `SELECT sum(cents) AS cents FROM (
           SELECT max(cents) AS cents FROM agent_spend
           WHERE at >= ? AND seq < coalesce((SELECT min(seq) FROM agent_spend WHERE call_id = ?), 9e18) GROUP BY key)`,
        since,
        before ?? '',
      );
      return Number(row?.cents ?? 0);
    },
    renameSpend: (agent, callId, key) =>
      void sql.run('UPDATE OR REPLACE agent_spend SET key = ? WHERE agent = ? AND call_id = ?', key, agent, callId),
    releaseSpend: (agent, callId) => void sql.run('DELETE FROM agent_spend WHERE agent = ? AND call_id = ?', agent, callId),
  };
}
