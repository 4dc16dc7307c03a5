import type { StateStore } from '../ports/state.ts';
import type { Statements } from './statements.ts';

type CostAlerts = Pick<StateStore, 'putCostAlert' | 'costAlerts' | 'claimCostNotice' | 'giveBackCostNotice' | 'costNotices'>;

/** Combined budgets, and which of their thresholds somebody was told of. */
export function createCostAlerts(sql: Statements): CostAlerts {
  return {
    putCostAlert: ({ name, spec }) => void sql.run('INSERT OR REPLACE INTO cost_alerts (name, spec) VALUES (?, ?)', name, spec),
    costAlerts: () =>
      sql.all('SELECT name, spec FROM cost_alerts ORDER BY name').map((row) => ({ name: String(row.name), spec: String(row.spec) })),
    claimCostNotice: (alert, threshold, month, now) =>
      sql.run('INSERT OR IGNORE INTO cost_notices (alert, threshold, month, at) VALUES (?, ?, ?, ?)', alert, threshold, month, now) === 1,
    giveBackCostNotice: (alert, threshold, month) =>
      void sql.run('DELETE FROM cost_notices WHERE alert = ? AND threshold = ? AND month = ?', alert, threshold, month),
    costNotices: (alert, month) =>
      sql
        .all('SELECT threshold FROM cost_notices WHERE alert = ? AND month = ? ORDER BY at', alert, month)
        .map((row) => String(row.threshold)),
  };
}
