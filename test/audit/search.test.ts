import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AuditQuery, AuditRecord } from '../../src/ports/audit.ts';
import { entry, open, temporaryFolder } from './fixtures/journals.ts';

const start = Date.parse('2026-01-01T00:00:00.000Z');
const at = (index: number) => new Date(start + index * 1_000).toISOString();

async function pages(
  search: (query: AuditQuery) => Promise<{ records: AuditRecord[]; nextCursor?: string }>,
  query: AuditQuery,
): Promise<AuditRecord[][]> {
  const found: AuditRecord[][] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await search({ ...query, ...(cursor === undefined ? {} : { cursor }) });
    found.push(page.records);
    cursor = page.nextCursor;
    if (cursor === undefined) return found;
  }
}

describe('search', () => {
  it('gives every record of every writer once, newest first, in pages of any size', async () => {
    const folder = await temporaryFolder();
    const audits = [await open(folder, { segmentBytes: 3_000 }), await open(folder), await open(folder)];
    const expected: string[] = [];
    for (let index = 0; index < 60; index += 1) {
      await audits[index % 7 === 0 ? 2 : index % 2]?.append(entry(`call-${index}`, 'refused', { ts: at(index) }));
      expected.unshift(`call-${index}`);
    }
    await audits[2]?.close();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 70 }), async (limit) => {
        const found = await pages((query) => audits[0]?.search(query) ?? Promise.reject(), { limit });
        expect(found.flat().map(({ callId }) => callId)).toEqual(expected);
        for (const page of found.slice(0, -1)) expect(page.length).toBe(limit);
      }),
      { numRuns: 8 },
    );
  });

  it('filters by each field, and by time inclusively', async () => {
    const folder = await temporaryFolder();
    const audit = await open(folder);
    await audit.append(entry('a', 'intent', { ts: at(1) }));
    await audit.append(entry('a', 'outcome', { ts: at(2), errorCode: 'timeout' }));
    await audit.append(
      entry('b', 'refused', { ts: at(3), principal: 'agent:agent-chen', tool: 'instances_start', args: { tool: 'instances_stop' } }),
    );
    const ids = async (query: Partial<AuditQuery>) =>
      (await audit.search({ limit: 10, ...query })).records.map(({ callId, phase }) => `${callId} ${phase}`);
    expect(await ids({})).toEqual(['b refused', 'a outcome', 'a intent']);
    expect(await ids({ callId: 'a' })).toEqual(['a outcome', 'a intent']);
    expect(await ids({ phase: 'intent' })).toEqual(['a intent']);
    expect(await ids({ errorCode: 'timeout' })).toEqual(['a outcome']);
    expect(await ids({ principal: 'agent:agent-chen' })).toEqual(['b refused']);
    expect(await ids({ tool: 'instances_stop' })).toEqual(['a outcome', 'a intent']);
    expect(await ids({ since: at(2), until: at(2) })).toEqual(['a outcome']);
    expect(await ids({ since: at(2) })).toEqual(['b refused', 'a outcome']);
  });

  it('refuses a cursor or a time that is none', async () => {
    const audit = await open(await temporaryFolder());
    for (const query of [{ cursor: 'x' }, { cursor: 'e30' }, { since: 'yesterday' }, { until: '' }]) {
      await expect(audit.search({ limit: 1, ...query })).rejects.toMatchObject({ code: 'invalid_input' });
    }
  });

  it('reads lines longer than one chunk and pages through segments', async () => {
    const folder = await temporaryFolder();
    const audit = await open(folder);
    for (let index = 0; index < 20; index += 1)
      await audit.append(entry(`call-${index}`, 'refused', { ts: at(index), message: 'm'.repeat(60_000) }));
    const found = await pages((query) => audit.search(query), { limit: 3 });
    expect(found.flat().map(({ callId }) => callId)).toEqual(Array.from({ length: 20 }, (_, index) => `call-${19 - index}`));
  });
});
