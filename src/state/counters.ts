import type { StateStore } from '../ports/state.ts';
import type { Row } from './rows.ts';
import type { Statements } from './statements.ts';

type Counters = Pick<StateStore, 'admit' | 'release' | 'rememberSeen' | 'seen'>;

/** Rows that completions may hold per agent and type. */
const seenKept = 1_000;

/** What is counted and remembered for convenience. @param quick the connection that does not wait for the disk; seen rows are read by `sql` */
export function createCounters(quick: Statements, sql: Statements): Counters {
  /** Agent → second of its last tidying by this process. */
  const tidiedAt = new Map<string, number>();

  /** What no longer counts goes, once a second and agent: it costs as much as the counting. */
  const tidy = (agent: string, second: number, now: number) => {
    quick.run('DELETE FROM admissions WHERE agent = ? AND second NOT BETWEEN ? AND ?', agent, second - 59, second);
    quick.run('DELETE FROM slots WHERE agent = ? AND expires_at <= ?', agent, now);
    tidiedAt.set(agent, second);
  };

  return {
    admit: (agent, callId, limits, now, expiresAt) =>
      quick.atomically(() => {
        // Calls are counted by second: the cost of the sum does not grow with their number.
        const second = Math.floor(now / 1_000);
        if (tidiedAt.get(agent) !== second) tidy(agent, second, now);
        const window = quick.get(
          'SELECT sum(calls) AS n, min(second) AS oldest FROM admissions WHERE agent = ? AND second BETWEEN ? AND ?',
          agent,
          second - 59,
          second,
        ) as Row;
        if (Number(window.n) >= limits.callsPerMinute) {
          return { admitted: false, reason: 'rate', retryAfterMs: (Number(window.oldest) + 60) * 1_000 - now };
        }
        const slots = quick.get('SELECT count(*) AS n FROM slots WHERE agent = ? AND expires_at > ?', agent, now) as Row;
        if (Number(slots.n) >= limits.callsAtOnce) return { admitted: false, reason: 'concurrency', retryAfterMs: 1_000 };
        quick.run('INSERT INTO admissions VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET calls = calls + 1', agent, second);
        quick.run('INSERT INTO slots (call_id, agent, expires_at) VALUES (?, ?, ?)', callId, agent, expiresAt);
        return { admitted: true };
      }),

    release: (callId) => void quick.run('DELETE FROM slots WHERE call_id = ?', callId),

    rememberSeen: (agent, targets, now) =>
      quick.atomically(() => {
        for (const { type, id, label } of targets) {
          quick.run(
            `INSERT INTO seen (agent, type, id, label, at) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (agent, type, id) DO UPDATE SET label = excluded.label, at = excluded.at`,
            agent,
            type,
            id,
            label,
            now,
          );
        }
        quick.run(
          'DELETE FROM seen WHERE agent = ? AND (type, id) NOT IN (SELECT type, id FROM seen WHERE agent = ? ORDER BY at DESC LIMIT ?)',
          agent,
          agent,
          seenKept,
        );
      }),

    seen: (agent, type, prefix, limit) =>
      sql
        .all(
          'SELECT type, id, label FROM seen WHERE agent = ? AND type = ? AND (substr(id, 1, ?) = ? OR substr(label, 1, ?) = ?) ORDER BY at DESC, id LIMIT ?',
          agent,
          type,
          prefix.length,
          prefix,
          prefix.length,
          prefix,
          limit,
        )
        .map((row) => ({ type: String(row.type), id: String(row.id), label: String(row.label) })),
  };
}
