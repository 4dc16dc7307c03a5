import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { open as openFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openAudit } from '../../src/audit/audit.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { destination } from './fixtures/destination.ts';
import { entry, lines, open, segments, temporaryFolder, writers } from './fixtures/journals.ts';

/** Watches a method of all open files: a disk that fails cannot be had for a test, its error can. */
async function spyOnFiles(folder: string, method: 'sync' | 'datasync') {
  const file = await openFile(join(folder, 'folder.json'));
  const prototype: typeof file = Object.getPrototypeOf(file);
  await file.close();
  const spy = vi.spyOn(prototype, method);
  onTestFinished(() => spy.mockRestore());
  return spy;
}

describe('the journal', () => {
  it('keeps every acknowledged record in order, in files that only their owner can read', async () => {
    const folder = await temporaryFolder();
    const audit = await open(folder);
    await Promise.all(Array.from({ length: 200 }, (_, index) => audit.append(entry(`call-${index}`))));
    const found = await lines(folder);
    expect(found[0]).toMatchObject({ kind: 'header', segment: 1, after: 0, destination, version: '0.0.0', pid: process.pid });
    expect(found.slice(1).map(({ seq }) => seq)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    expect(found.slice(1).map(({ callId }) => callId)).toEqual(Array.from({ length: 200 }, (_, index) => `call-${index}`));
    const [writerId = ''] = await writers(folder);
    for (const name of ['lock.sqlite', '000001.jsonl']) expect((await stat(join(folder, writerId, name))).mode & 0o777).toBe(0o600);
    for (const path of [folder, join(folder, writerId)]) expect((await stat(path)).mode & 0o777).toBe(0o700);
  });

  it('hashes exactly the bytes that stand before the hash', async () => {
    const folder = await temporaryFolder();
    const audit = await open(folder);
    await audit.append(entry('call-1', 'refused', { message: 'påske \ud800 "quoted"', args: { ' ': [1e21, null] } }));
    const [path = ''] = await segments(folder, (await writers(folder))[0] ?? '');
    const [, record = ''] = (await readFile(path, 'utf8')).split('\n');
    const hash = record.slice(-66, -2);
    const body = `${record.slice(0, record.length - ',"hash":"'.length - 66)}}`;
    expect(createHash('sha256').update(body).digest('hex')).toBe(hash);
    expect(JSON.parse(record)).toMatchObject({ hash, message: 'påske \ud800 "quoted"' });
  });

  it('goes on in new segments whose headers continue the chain, and ends with a footer', async () => {
    const folder = await temporaryFolder();
    const audit = await open(folder, { segmentBytes: 2_000 });
    await Promise.all(Array.from({ length: 40 }, (_, index) => audit.append(entry(`call-${index}`))));
    await audit.close();
    const [writerId = ''] = await writers(folder);
    expect((await segments(folder, writerId)).length).toBeGreaterThan(3);
    const found = await lines(folder);
    for (const [index, line] of found.entries()) if (index > 0) expect(line.prev).toBe(found[index - 1]?.hash);
    expect(found.at(-1)).toMatchObject({ kind: 'closed', after: 40 });
    const cursor = JSON.parse(await readFile(join(folder, writerId, 'cursor.json'), 'utf8'));
    expect(cursor.closed).toEqual({ seq: 40, hash: found.at(-1)?.hash, by: writerId });
    expect((await verifyAudit({ folder })).problems).toEqual([]);
  });

  it('fits any entry into 64 KB, and says what it left out', async () => {
    const folder = await temporaryFolder();
    const audit = await open(folder);
    const large = 'é'.repeat(60_000);
    await audit.append(entry('args', 'refused', { args: { body: large }, message: 'kept' }));
    await audit.append(
      entry('all', 'refused', {
        args: [large],
        message: large,
        targets: [{ type: 'Instance', id: large }],
        tool: large,
        client: large,
        policyIds: [large],
      }),
    );
    const [, args, all] = await lines(folder);
    expect(args).toMatchObject({ args: { size: 120_011, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }, message: 'kept' });
    expect(all).toMatchObject({ targets: [{ type: 'Omitted' }], tool: expect.stringMatching(/^omitted: 120002 bytes, sha256 /) });
    expect((await verifyAudit({ folder })).problems).toEqual([]);
    await fc.assert(
      fc.asyncProperty(fc.json({ maxDepth: 3 }), fc.string({ maxLength: 90_000, unit: 'binary' }), async (json, message) => {
        await audit.append(entry('any', 'refused', { args: JSON.parse(json), message }));
        const [path = ''] = await segments(folder, (await writers(folder))[0] ?? '');
        const last = (await readFile(path, 'utf8')).split('\n').at(-2) ?? '';
        expect(Buffer.byteLength(last)).toBeLessThanOrEqual(65_536);
      }),
      { numRuns: 20 },
    );
  });

  it('refuses an entry that is no JSON, and only that one', async () => {
    const folder = await temporaryFolder();
    const audit = await open(folder);
    const results = await Promise.allSettled([
      audit.append(entry('a')),
      audit.append(entry('b', 'refused', { args: 1n })),
      audit.append(entry('c')),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { code: 'audit_unavailable', details: { effect: 'none' } } });
    expect((await verifyAudit({ folder })).problems).toEqual([]);
  });

  it('does not open where it cannot write', async () => {
    const folder = await temporaryFolder();
    await writeFile(folder, 'a file in the way');
    await expect(openAudit({ folder, destination, version: '0.0.0', pruneAfterDays: 30 })).rejects.toMatchObject({
      code: 'audit_unavailable',
    });
  });

  it('refuses what comes after it was closed, and ends the calls that never did', async () => {
    const folder = await temporaryFolder();
    const audit = await open(folder);
    await audit.append(entry('done', 'intent'));
    await audit.append(entry('done', 'outcome', { outcome: 'success' }));
    await audit.append(entry('hanging', 'intent'));
    await audit.close();
    await expect(audit.append(entry('late'))).rejects.toMatchObject({ code: 'audit_unavailable' });
    expect(audit.health().writable).toBe(false);
    const outcomes = (await lines(folder)).filter(({ phase }) => phase === 'outcome');
    expect(outcomes.map(({ callId, outcome }) => [callId, outcome])).toEqual([
      ['done', 'success'],
      ['hanging', 'unknown'],
    ]);
    expect((await verifyAudit({ folder })).problems).toEqual([]);
  });

  it('takes nothing in any more while it closes', async () => {
    const folder = await temporaryFolder();
    const audit = await open(folder);
    await audit.append(entry('hanging', 'intent'));
    const closing = audit.close();
    const late = await Promise.allSettled([
      audit.append(entry('late', 'intent')),
      Promise.resolve().then(() => audit.append(entry('later', 'intent'))),
    ]);
    expect(late.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await closing;
    expect((await verifyAudit({ folder })).problems).toEqual([]);
  });

  it('syncs once for all who wait, and ends a writer whose sync failed', async () => {
    const folder = await temporaryFolder();
    const audit = await open(folder);
    await audit.append(entry('first'));
    const sync = await spyOnFiles(folder, 'datasync');
    await Promise.all(Array.from({ length: 100 }, (_, index) => audit.append(entry(`call-${index}`))));
    expect(sync.mock.calls.length).toBeGreaterThan(0);
    expect(sync.mock.calls.length).toBeLessThan(10);
    sync.mockRejectedValueOnce(Object.assign(new Error('EIO'), { code: 'EIO' }));
    const refused = await Promise.allSettled(['x', 'y'].map((id) => audit.append(entry(id, 'intent'))));
    for (const result of refused)
      expect(result).toMatchObject({
        reason: { code: 'audit_unavailable', message: expect.stringContaining('EIO'), details: { effect: 'none' } },
      });
    expect(audit.health()).toMatchObject({ writable: false, problem: expect.stringContaining('EIO') });
    await audit.append(entry('after'));
    expect(audit.health()).toMatchObject({ writable: true });
    const found = await lines(folder);
    expect(new Set(found.map(({ writerId }) => writerId)).size).toBe(2);
    expect(found.filter(({ callId }) => callId === 'x' || callId === 'y')).toEqual([]);
  });

  it('ends a writer whose sync failed for a lone call, too', async () => {
    const folder = await temporaryFolder();
    const audit = await open(folder);
    // One after the other, so that the writer takes them for lone ones.
    for (let index = 0; index < 10; index += 1) await audit.append(entry(`first-${index}`));
    const sync = vi.spyOn(fs, 'fdatasyncSync');
    onTestFinished(() => sync.mockRestore());
    sync.mockImplementationOnce(() => {
      throw Object.assign(new Error('EIO'), { code: 'EIO' });
    });
    await expect(audit.append(entry('x', 'intent'))).rejects.toMatchObject({ code: 'audit_unavailable', details: { effect: 'none' } });
    expect(audit.health()).toMatchObject({ writable: false });
    await audit.append(entry('after'));
    expect((await lines(folder)).filter(({ callId }) => callId === 'x')).toEqual([]);
  });

  it('acknowledges nothing before the names of its files are durable', async () => {
    const folder = await temporaryFolder();
    await (await open(folder)).close();
    const sync = await spyOnFiles(folder, 'sync');
    sync.mockRejectedValueOnce(Object.assign(new Error('EIO'), { code: 'EIO' }));
    const audit = await open(folder);
    await expect(audit.append(entry('first'))).rejects.toMatchObject({ code: 'audit_unavailable' });
    await audit.append(entry('second'));
  });

  it('knows a spent approval from the intent that used it', async () => {
    const folder = await temporaryFolder();
    const [first, second] = [await open(folder), await open(folder)];
    await first.append(entry('call-1', 'intent', { approvalId: 'apr-1', args: { note: '"approvalId":"apr-2"' } }));
    await first.append(entry('call-2', 'refused', { approvalId: 'apr-2' }));
    expect(await second.approvalSpent('apr-1')).toBe(true);
    expect(await second.approvalSpent('apr-2')).toBe(false);
    expect(await second.approvalSpent('apr')).toBe(false);
  });
});
