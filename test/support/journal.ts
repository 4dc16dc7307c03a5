import { join } from 'node:path';
import { searchJournals } from '../../src/audit/search.ts';
import type { AuditQuery, AuditRecord } from '../../src/ports/audit.ts';
import { until } from './until.ts';

/** The sandbox's records below a state folder, newest first. */
export async function sandboxRecords(state: string, query: Partial<AuditQuery> = {}): Promise<AuditRecord[]> {
  return (await searchJournals(join(state, 'sandbox', 'audit'), { limit: 500, ...query })).records;
}

/** The one record that matches. */
export function recordOf(state: string, query: Partial<AuditQuery>): Promise<AuditRecord> {
  return until(`a record of ${JSON.stringify(query)}`, async () => {
    const records = await sandboxRecords(state, query);
    if (records.length > 1) throw new Error(`Not one but ${records.length} records of ${JSON.stringify(query)}`);
    return records[0];
  });
}

/** The one record that an act leaves; refusals of unknown callers, which are counted, are left out. */
export async function newRecordOf(state: string, act: () => Promise<unknown>): Promise<AuditRecord> {
  const known = new Set((await sandboxRecords(state)).map(({ hash }) => hash));
  await act();
  return until('a new record', async () => {
    const added = (await sandboxRecords(state)).filter(({ hash, tool }) => !known.has(hash) && tool !== 'http');
    if (added.length > 1) throw new Error(`Not one record but ${added.length}: ${JSON.stringify(added)}`);
    return added[0];
  });
}
