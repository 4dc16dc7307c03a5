/**
 * Invariant: a lease has one holder at a time, and each holder a token above every one before it. A row is never deleted, not even when
 * its lease is given back: the count would start again, and a holder of long ago could pass for the newest.
 */
import type { StateStore } from '../ports/state.ts';
import type { Statements } from './statements.ts';

type Leases = Pick<StateStore, 'takeLease' | 'renewLease' | 'releaseLease'>;

export function createLeases(sql: Statements): Leases {
  return {
    takeLease: (name, holder, now, ttlMs) =>
      sql.atomically(() => {
        const held = sql.get('SELECT * FROM leases WHERE name = ?', name);
        if (held && Number(held.until) > now) return { heldBy: String(held.holder), until: Number(held.until) };
        const token = Number(held?.token ?? 0) + 1;
        sql.run('INSERT OR REPLACE INTO leases (name, token, holder, until) VALUES (?, ?, ?, ?)', name, token, holder, now + ttlMs);
        return { token };
      }),
    // One that ran out and that nobody else has taken is still its last holder's.
    renewLease: (name, token, now, ttlMs) =>
      sql.run('UPDATE leases SET until = ? WHERE name = ? AND token = ?', now + ttlMs, name, token) === 1,
    releaseLease: (name, token) => void sql.run('UPDATE leases SET until = 0 WHERE name = ? AND token = ?', name, token),
  };
}
