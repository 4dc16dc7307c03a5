import type { ReportRow, StateStore } from '../ports/state.ts';
import type { Statements } from './statements.ts';

type CostReports = Pick<StateStore, 'createReport' | 'updateReport' | 'report' | 'reports'>;

const statuses = ['waiting', 'sent', 'failed'] as const;

/** The outbox of reports. */
export function createCostReports(sql: Statements): CostReports {
  return {
    createReport: ({ id, month, to, status, attempts, nextAt, problem, maybeSent = false }) =>
      sql.run(
        `INSERT OR IGNORE INTO cost_reports (id, month, recipients, status, attempts, next_at, problem, maybe_sent)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        id,
        month,
        JSON.stringify(to),
        status,
        attempts,
        nextAt,
        problem ?? null,
        Number(maybeSent),
      ) === 1,
    updateReport: (id, { to, status = null, attempts = null, nextAt = null, problem = null, maybeSent }) =>
      void sql.run(
        `UPDATE cost_reports SET recipients = coalesce(?, recipients), status = coalesce(?, status), attempts = coalesce(?, attempts),
         next_at = coalesce(?, next_at), problem = coalesce(?, problem), maybe_sent = coalesce(?, maybe_sent) WHERE id = ?`,
        to ? JSON.stringify(to) : null,
        status,
        attempts,
        nextAt,
        problem,
        maybeSent === undefined ? null : Number(maybeSent),
        id,
      ),
    report(id) {
      const row = sql.get('SELECT * FROM cost_reports WHERE id = ?', id);
      return row && reportOf(row);
    },
    reports: ({ status, month, limit }) =>
      sql
        .all(
          `SELECT * FROM cost_reports WHERE (?1 IS NULL OR status = ?1) AND (?2 IS NULL OR month = ?2) ORDER BY seq DESC LIMIT ?3`,
          status ?? null,
          month ?? null,
          limit,
        )
        .map(reportOf),
  };
}

function reportOf(row: Readonly<Record<string, unknown>>): ReportRow {
  return {
    id: String(row.id),
    month: String(row.month),
    to: JSON.parse(String(row.recipients)) as string[],
    status: statuses.find((each) => each === row.status) ?? 'failed',
    attempts: Number(row.attempts),
    nextAt: Number(row.next_at),
    ...(row.problem === null ? {} : { problem: String(row.problem) }),
    ...(row.maybe_sent === 1 ? { maybeSent: true } : {}),
  };
}
