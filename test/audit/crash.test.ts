import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyAudit } from '../../src/audit/verify.ts';
import { WriterProcess } from './fixtures/child.ts';
import { entry, eventually, lines, open, temporaryFolder, writers } from './fixtures/journals.ts';
import { MemorySink } from './fixtures/memory-sink.ts';

describe('after kill -9', () => {
  it('no acknowledged record is lost, every intent ends, and the chains verify', async () => {
    const folder = await temporaryFolder();
    const acknowledged: string[] = [];
    for (const moment of fc.sample(fc.integer({ min: 20, max: 200 }), { numRuns: 6, seed: Date.now() })) {
      const victim = new WriterProcess(folder, 4);
      await victim.until((said) => said.length > moment);
      await victim.kill();
      acknowledged.push(...victim.said.filter((line) => line !== 'ready'));
    }
    expect(acknowledged.length).toBeGreaterThan(100);
    expect((await verifyAudit({ folder })).counts.live).toBe(0);
    const dead = await writers(folder);
    const sink = new MemorySink();
    const audit = await open(folder, { logSink: sink });
    audit.start();
    // A journal that is being adopted is locked, so its calls still count as in flight.
    await eventually(async () => expect(await verifyAudit({ folder })).toMatchObject({ problems: [], counts: { live: 1 } }));

    const found = await lines(folder);
    const here = new Set(found.map(({ phase, callId }) => `${phase} ${callId}`));
    expect(acknowledged.filter((line) => !here.has(line))).toEqual([]);
    const intents = found.filter(({ phase }) => phase === 'intent').map(({ callId }) => callId);
    const outcomes = found.filter(({ phase }) => phase === 'outcome').map(({ callId }) => callId);
    expect(outcomes.toSorted()).toEqual(intents.toSorted());
    for (const outcome of found.filter(({ adoptedFrom }) => adoptedFrom !== undefined)) {
      expect(outcome).toMatchObject({ outcome: 'unknown', effect: 'unknown', message: expect.stringContaining('live state') });
      expect(dead).toContain(outcome.adoptedFrom);
    }
    await eventually(() => expect(new Set(sink.callIds)).toEqual(new Set(intents)));
    expect((await verifyAudit({ folder, logSink: sink })).problems).toEqual([]);
  });

  it('a living writer is left alone by others, and a killed one is ended, delivered and closed by exactly one', async () => {
    const folder = await temporaryFolder();
    const sink = new MemorySink();
    const [first, second] = [await open(folder, { logSink: sink }), await open(folder, { logSink: sink })];
    const third = new WriterProcess(folder, 1);
    await third.until((said) => said.length > 20);
    for (const audit of [first, second]) audit.start();
    await first.append(entry('call-1', 'intent'));
    await second.append(entry('call-2', 'intent'));
    await second.append(entry('call-2', 'outcome'));
    const before = await verifyAudit({ folder });
    expect(before.problems).toEqual([]);
    expect(before.counts).toMatchObject({ writers: 3, live: 3 });
    expect(before.notes.join()).toContain('call-1 (instances_stop) is in flight');
    expect((await lines(folder)).filter(({ adoptedFrom }) => adoptedFrom)).toEqual([]);
    await third.kill();
    await eventually(async () => expect(await verifyAudit({ folder })).toMatchObject({ problems: [], counts: { live: 2 } }));
    await first.append(entry('call-1', 'outcome'));
    const records = async () => (await lines(folder)).filter(({ phase }) => phase !== undefined).length;
    await eventually(async () => expect(sink.taken.length).toBeGreaterThanOrEqual(await records()));
    for (const audit of [first, second]) await audit.close();
    const ended = (await lines(folder)).filter(({ adoptedFrom }) => adoptedFrom).map(({ callId }) => callId);
    expect(new Set(ended).size).toBe(ended.length);
    const keys = sink.taken.map(({ message }) => message);
    expect(keys.length).toBe(new Set(keys).size);
    expect(keys.length).toBe(await records());
    expect(await verifyAudit({ folder, logSink: sink })).toMatchObject({ ok: true, counts: { live: 0 } });
  });
});

describe('when the disk is full', () => {
  it('calls are refused, a new writer starts once there is room, and nothing refused is on record', async () => {
    const folder = await temporaryFolder();
    // A file may grow to 64 blocks and no further; that is what a full disk looks like to a process that is no superuser's.
    const writer = new WriterProcess(folder, 3, 64);
    await writer.until((said) => said.length > 3);
    // Nor can a new writer start, as long as a file stands where the folder was.
    await rename(folder, `${folder}.away`);
    await writeFile(folder, '');
    await writer.until((said) => said.filter((line) => line.startsWith('failed')).length > 10);
    const failed = () => writer.acknowledged('failed').map((line) => line.split(' '));
    expect(new Set(failed().map(([code]) => code))).toEqual(new Set(['audit_unavailable']));
    const refusedSince = writer.said.length;
    await rm(folder);
    await writer.until((said) => said.slice(refusedSince).some((line) => line.startsWith('outcome')));
    await writer.kill();
    for (const writerId of await writers(`${folder}.away`)) await rename(join(`${folder}.away`, writerId), join(folder, writerId));
    const audit = await open(folder);
    audit.start();
    await eventually(async () => expect(await verifyAudit({ folder })).toMatchObject({ problems: [], counts: { live: 1 } }));
    const found = await lines(folder);
    const intents = found.filter(({ phase }) => phase === 'intent').map(({ callId }) => String(callId));
    for (const [, phase, callId] of failed()) {
      expect(found).not.toContainEqual(expect.objectContaining({ phase, callId, outcome: undefined }));
    }
    expect(writer.acknowledged('intent').filter((callId) => !intents.includes(callId))).toEqual([]);
  });
});
