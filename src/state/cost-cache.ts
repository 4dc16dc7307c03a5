import type { StateStore } from '../ports/state.ts';
import type { Statements } from './statements.ts';

type CostCache = Pick<StateStore, 'keptCosts' | 'keepCosts' | 'countCostRequest' | 'costRequests'>;

export function createCostCache(sql: Statements): CostCache {
  return {
    keptCosts(account, month) {
      const row = sql.get('SELECT fetched_at, costs FROM cost_cache WHERE account = ? AND month = ?', account, month);
      return row && { fetchedAt: Number(row.fetched_at), costs: String(row.costs) };
    },
    // The last one wins, not the newest: with a clock that was set back, what lies ahead would never go.
    keepCosts: (account, month, { fetchedAt, costs }) =>
      void sql.run(
        'INSERT OR REPLACE INTO cost_cache (account, month, fetched_at, costs) VALUES (?, ?, ?, ?)',
        account,
        month,
        fetchedAt,
        costs,
      ),
    countCostRequest: (day) =>
      void sql.run('INSERT INTO cost_requests VALUES (?, 1) ON CONFLICT DO UPDATE SET requests = requests + 1', day),
    costRequests: (day) => Number(sql.get('SELECT requests FROM cost_requests WHERE day = ?', day)?.requests ?? 0),
  };
}
