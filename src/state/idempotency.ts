import type { StateStore } from '../ports/state.ts';
import type { Statements } from './statements.ts';

type Idempotency = Pick<StateStore, 'peekIdempotency' | 'claimIdempotency' | 'finishIdempotency' | 'dropIdempotency'>;

const keptMs = 24 * 3_600_000;

export function createIdempotency(sql: Statements): Idempotency {
  const peekIdempotency: Idempotency['peekIdempotency'] = (agent, key, argsHash, now) => {
    const row = sql.get('SELECT * FROM idempotency WHERE agent = ? AND key = ? AND created_at > ?', agent, key, now - keptMs);
    if (!row) return undefined;
    const callId = String(row.call_id);
    if (row.args_hash !== argsHash) return { state: 'mismatch', callId };
    if (row.outcome !== null) return { state: 'done', callId, outcome: String(row.outcome) };
    return { state: Number(row.deadline_at) > now ? 'running' : 'lost', callId };
  };
  return {
    peekIdempotency,

    claimIdempotency: (agent, key, argsHash, callId, now, deadlineAt) =>
      sql.atomically(() => {
        const known = peekIdempotency(agent, key, argsHash, now);
        if (known) return known;
        sql.run('DELETE FROM idempotency WHERE created_at <= ?', now - keptMs);
        sql.run(
          'INSERT OR REPLACE INTO idempotency (agent, key, args_hash, call_id, deadline_at, created_at) VALUES (?, ?, ?, ?, ?, ?)',
          agent,
          key,
          argsHash,
          callId,
          deadlineAt,
          now,
        );
        return { state: 'claimed' };
      }),

    finishIdempotency: (agent, key, callId, outcome) =>
      void sql.run('UPDATE idempotency SET outcome = ? WHERE agent = ? AND key = ? AND call_id = ?', outcome, agent, key, callId),

    dropIdempotency: (agent, key, callId) =>
      void sql.run('DELETE FROM idempotency WHERE agent = ? AND key = ? AND call_id = ? AND outcome IS NULL', agent, key, callId),
  };
}
