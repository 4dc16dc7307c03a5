import type { StateStore } from '../ports/state.ts';
import type { Statements } from './statements.ts';

type CostAlerts = Pick<
  StateStore,
  'putCostAlert' | 'costAlerts' | 'removeCostAlert' | 'claimCostNotice' | 'keepCostNotice' | 'giveBackCostNotice' | 'costNotices'
>;

/** Claims without an outcome, behind which nobody is told again. */
const mostAttempts = 2;

const ofNotice = 'WHERE alert = ? AND threshold = ? AND month = ?';

/** Combined budgets, and which of their thresholds somebody was told of. */
export function createCostAlerts(sql: Statements): CostAlerts {
  return {
    putCostAlert: ({ name, spec }) => void sql.run('INSERT OR REPLACE INTO cost_alerts (name, spec) VALUES (?, ?)', name, spec),
    costAlerts: () =>
      sql.all('SELECT name, spec FROM cost_alerts ORDER BY name').map((row) => ({ name: String(row.name), spec: String(row.spec) })),
    removeCostAlert: (name) =>
      sql.atomically(() => {
        sql.run('DELETE FROM cost_notices WHERE alert = ?', name);
        return sql.run('DELETE FROM cost_alerts WHERE name = ?', name) === 1;
      }),
    claimCostNotice: (alert, threshold, month, now, freeAt) =>
      sql.run(
        `INSERT INTO cost_notices (alert, threshold, month, attempts, free_at, is_told) VALUES (?, ?, ?, 1, ?, 0)
        ON CONFLICT DO UPDATE SET attempts = attempts + 1, free_at = excluded.free_at
        WHERE is_told = 0 AND attempts < ${mostAttempts} AND free_at <= ?`,
        alert,
        threshold,
        month,
        freeAt,
        now,
      ) === 1,
    keepCostNotice: (alert, threshold, month) => void sql.run(`UPDATE cost_notices SET is_told = 1 ${ofNotice}`, alert, threshold, month),
    giveBackCostNotice: (alert, threshold, month, freeAt) =>
      void sql.run(`UPDATE cost_notices SET attempts = attempts - 1, free_at = ? ${ofNotice}`, freeAt, alert, threshold, month),
    costNotices: (alert, month) =>
      sql
        .all(
          'SELECT threshold, attempts, free_at, is_told FROM cost_notices WHERE alert = ? AND month = ? ORDER BY threshold',
          alert,
          month,
        )
        .map(({ threshold, attempts, free_at, is_told }) => ({
          threshold: String(threshold),
          isTold: Number(is_told) === 1 || Number(attempts) > 0,
          freeAt: Number(is_told) === 1 || Number(attempts) >= mostAttempts ? Number.POSITIVE_INFINITY : Number(free_at),
        })),
  };
}
