import type { StateStore } from '../ports/state.ts';
import type { Statements } from './statements.ts';

type CostReports = Pick<StateStore, 'createReport' | 'updateReport' | 'reports'>;

const statuses = ['waiting', 'sent', 'failed'] as const;

/** The outbox of reports. */
export function createCostReports(sql: Statements): CostReports {
  return {
    createReport: ({ id, month, to, status, attempts, nextAt, problem }) =>
      sql.run(
        'INSERT OR IGNORE INTO cost_reports (id, month, recipients, status, attempts, next_at, problem) VALUES (?, ?, ?, ?, ?, ?, ?)',
        id,
        month,
        JSON.stringify(to),
        status,
        attempts,
        nextAt,
        problem ?? null,
      ) === 1,
    updateReport: (id, { to, status = null, attempts = null, nextAt = null, problem = null }) =>
      void sql.run(
        `UPDATE cost_reports SET recipients = coalesce(?, recipients), status = coalesce(?, status), attempts = coalesce(?, attempts),
         next_at = coalesce(?, next_at), problem = coalesce(?, problem) WHERE id = ?`,
        to ? JSON.stringify(to) : null,
        status,
        attempts,
        nextAt,
        problem,
        id,
      ),
    reports: ({ status, limit }) =>
      sql
        .all('SELECT * FROM cost_reports WHERE ?1 IS NULL OR status = ?1 ORDER BY seq DESC LIMIT ?2', status ?? null, limit)
        .map((row) => ({
          id: String(row.id),
          month: String(row.month),
          to: JSON.parse(String(row.recipients)) as string[],
          status: statuses.find((each) => each === row.status) ?? 'failed',
          attempts: Number(row.attempts),
          nextAt: Number(row.next_at),
          ...(row.problem === null ? {} : { problem: String(row.problem) }),
        })),
  };
}
