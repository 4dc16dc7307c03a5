import type { StateStore } from '../ports/state.ts';
import type { Statements } from './statements.ts';

type CostCache = Pick<StateStore, 'keptCosts' | 'keepCosts' | 'countCostRequest' | 'costRequests' | 'keepSpend' | 'spend'>;

/** Fifteen months: Cost Explorer itself has no more than fourteen, so nobody asks for what is older. */
const keptMs = 460 * 86_400_000;
/** With each answer that is kept, so that no call waits for a great many. */
const mostDropped = 20;

export function createCostCache(sql: Statements): CostCache {
  return {
    keptCosts(account, question) {
      const row = sql.get('SELECT fetched_at, answer FROM cost_answers WHERE account = ? AND question = ?', account, question);
      return row && { fetchedAt: Number(row.fetched_at), answer: String(row.answer) };
    },
    // The last one wins, not the newest: with a clock that was set back, what lies ahead would never go.
    keepCosts(account, question, { fetchedAt, answer }) {
      sql.run(
        'INSERT OR REPLACE INTO cost_answers (account, question, fetched_at, answer) VALUES (?, ?, ?, ?)',
        account,
        question,
        fetchedAt,
        answer,
      );
      sql.run(
        `DELETE FROM cost_answers WHERE (account, question) IN
         (SELECT account, question FROM cost_answers WHERE fetched_at < ? ORDER BY fetched_at LIMIT ?)`,
        fetchedAt - keptMs,
        mostDropped,
      );
    },
    countCostRequest: (day, ceiling) =>
      sql.run(
        `INSERT INTO cost_requests SELECT ?, 1 WHERE ? > 0
         ON CONFLICT DO UPDATE SET requests = requests + 1 WHERE requests < ?`,
        day,
        ceiling,
        ceiling,
      ) === 1,
    costRequests: (day) => Number(sql.get('SELECT requests FROM cost_requests WHERE day = ?', day)?.requests ?? 0),
    keepSpend: ({ month, currency, monthToDateCents, monthToDateAt, forecastCents = null, forecastAt = null }) =>
      void sql.run(
        'INSERT OR REPLACE INTO spend (one, month, currency, to_date_cents, to_date_at, forecast_cents, forecast_at) VALUES (1, ?, ?, ?, ?, ?, ?)',
        month,
        currency,
        monthToDateCents,
        monthToDateAt,
        forecastCents,
        forecastAt,
      ),
    spend() {
      const row = sql.get('SELECT * FROM spend');
      if (!row) return undefined;
      const forecast =
        row.forecast_cents === null ? {} : { forecastCents: Number(row.forecast_cents), forecastAt: Number(row.forecast_at) };
      return {
        month: String(row.month),
        currency: String(row.currency),
        monthToDateCents: Number(row.to_date_cents),
        monthToDateAt: Number(row.to_date_at),
        ...forecast,
      };
    },
  };
}
