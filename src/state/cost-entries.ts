import type { LedgerEntry } from '../ports/cost-sources.ts';
import type { StateStore } from '../ports/state.ts';
import type { Row } from './rows.ts';
import type { Statements } from './statements.ts';

type CostEntries = Pick<StateStore, 'appendCostEntry' | 'costEntries'>;

/** The ledger of what no API tells. Triggers of the table refuse to change or to remove an entry. */
export function createCostEntries(sql: Statements): CostEntries {
  return {
    appendCostEntry: (entry) =>
      void sql.run(
        `INSERT INTO cost_entries (id, recorded_at, recorded_by, date, months, vendor, description, currency, cents, team, application, corrects)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        entry.id,
        entry.recordedAt,
        entry.recordedBy,
        entry.date,
        entry.months,
        entry.vendor,
        entry.description,
        entry.currency,
        entry.cents,
        entry.team ?? null,
        entry.application ?? null,
        entry.corrects ?? null,
      ),
    costEntries: () => sql.all('SELECT * FROM cost_entries ORDER BY seq').map(toEntry),
  };
}

function toEntry(row: Row): LedgerEntry {
  const optional = { team: row.team, application: row.application, corrects: row.corrects };
  return {
    id: String(row.id),
    recordedAt: Number(row.recorded_at),
    recordedBy: String(row.recorded_by),
    date: String(row.date),
    months: Number(row.months),
    vendor: String(row.vendor),
    description: String(row.description),
    currency: String(row.currency),
    cents: Number(row.cents),
    ...Object.fromEntries(Object.entries(optional).flatMap(([key, value]) => (value === null ? [] : [[key, String(value)]]))),
  };
}
