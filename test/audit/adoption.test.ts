import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeLine } from '../../src/audit/line.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { WriterProcess } from './fixtures/child.ts';
import { destination } from './fixtures/destination.ts';
import { entry, eventually, lines, open, segments, temporaryFolder, writers } from './fixtures/journals.ts';
import { MemorySink } from './fixtures/memory-sink.ts';

async function deadWriter(folder: string): Promise<{ writerId: string; path: string }> {
  const victim = new WriterProcess(folder, 1);
  await victim.until((said) => said.length > 10);
  await victim.kill();
  const [writerId = ''] = await writers(folder);
  return { writerId, path: (await segments(folder, writerId))[0] ?? '' };
}

async function adopt(folder: string, writerId: string): Promise<void> {
  const audit = await open(folder);
  audit.start();
  await eventually(async () => expect(await readFile(join(folder, writerId, 'cursor.json'), 'utf8')).toContain('closed'));
  await audit.close();
}

/** Appends an intent to a dead journal, chained as its writer would have. */
async function leaveIntent(path: string, callId: string): Promise<void> {
  const text = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
  const last = JSON.parse(text.at(-1) ?? '{}');
  const { line } = encodeLine({ ...entry(callId, 'intent'), v: 1, writerId: last.writerId, seq: last.seq + 1, prev: last.hash });
  await writeFile(path, `${text.join('\n')}\n${line}\n`);
}

describe('adoption', () => {
  it('does not end an intent twice when an adopter died before it closed the journal', async () => {
    const folder = await temporaryFolder();
    const { writerId, path } = await deadWriter(folder);
    await leaveIntent(path, 'left-open');
    expect((await verifyAudit({ folder })).problems.map(({ problem }) => problem).join()).toContain('left-open');
    await adopt(folder, writerId);
    await rm(join(folder, writerId, 'cursor.json'));
    await adopt(folder, writerId);
    expect((await lines(folder)).filter(({ callId, phase }) => callId === 'left-open' && phase === 'outcome').length).toBe(1);
    const cursor = JSON.parse(await readFile(join(folder, writerId, 'cursor.json'), 'utf8'));
    expect(cursor.closed.by).not.toBe(writerId);
  });

  it('tolerates a torn last line and does not deliver it', async () => {
    const folder = await temporaryFolder();
    const { path } = await deadWriter(folder);
    await appendFile(path, '{"v":1,"callId":"torn"');
    const sink = new MemorySink();
    const audit = await open(folder, { logSink: sink });
    audit.start();
    await eventually(async () => expect((await verifyAudit({ folder, logSink: sink })).counts.comparedWithCloudWatch).toBeGreaterThan(5));
    const verdict = await verifyAudit({ folder, logSink: sink });
    expect(verdict.problems).toEqual([]);
    expect(verdict.notes.join()).toContain('never acknowledged');
    expect(sink.taken.some(({ message }) => message.includes('torn'))).toBe(false);
  });

  it('ends the intents of a damaged journal, delivers what is sound before the damage, and lets verification name it', async () => {
    const folder = await temporaryFolder();
    const { writerId, path } = await deadWriter(folder);
    await leaveIntent(path, 'left-open');
    const text = (await readFile(path, 'utf8')).split('\n');
    text[4] = (text[4] ?? '').replace('agent-marcus', 'agent-chen');
    await writeFile(path, text.join('\n'));
    const sink = new MemorySink();
    const audit = await open(folder, { logSink: sink });
    audit.start();
    await eventually(async () =>
      expect((await lines(folder)).some(({ callId, phase }) => callId === 'left-open' && phase === 'outcome')).toBe(true),
    );
    await eventually(() => expect(sink.taken.filter(({ stream }) => stream.endsWith(writerId)).length).toBe(3));
    const { problems } = await verifyAudit({ folder });
    expect(problems).toContainEqual(expect.objectContaining({ writerId, line: 5, problem: 'hash does not fit the line' }));
    expect(problems).toContainEqual(expect.objectContaining({ writerId, problem: 'was damaged after record 3 when its writer died' }));
  });

  it('leaves alone what names another destination', async () => {
    const folder = await temporaryFolder();
    await deadWriter(folder);
    const sink = new MemorySink();
    const audit = await open(folder, { logSink: sink, destination: { ...destination, region: 'us-east-1' } });
    audit.start();
    await audit.append(entry('mine'));
    await eventually(() => expect(sink.callIds).toEqual(['mine']));
    // Two journals that are adopted one after the other show that a whole round has passed in between.
    for (const callId of ['theirs', 'theirs too']) {
      const leaving = await open(folder, { destination: { ...destination, region: 'us-east-1' } });
      await leaving.append(entry(callId));
      await leaving.close();
      await eventually(() => expect(sink.callIds.at(-1)).toBe(callId));
    }
    expect(sink.callIds).toEqual(['mine', 'theirs', 'theirs too']);
    const other = await open(folder, { logSink: sink });
    other.start();
    await eventually(() => expect(sink.callIds.length).toBeGreaterThan(10));
  });

  it('lets go of a journal that ended under open calls only when they have ended', async () => {
    const folder = await temporaryFolder();
    const audit = await open(folder, { segmentBytes: 1 });
    audit.start();
    await audit.append(entry('running', 'intent'));
    // The next segment cannot be made: a file has its name.
    const [writerId = ''] = await writers(folder);
    await writeFile(join(folder, writerId, '000003.jsonl'), '');
    await expect(audit.append(entry('refused', 'intent'))).rejects.toMatchObject({ code: 'audit_unavailable' });
    await rm(join(folder, writerId, '000003.jsonl'));
    await audit.append(entry('another', 'intent'));
    await audit.append(entry('another', 'outcome'));
    expect(await verifyAudit({ folder })).toMatchObject({ ok: true, counts: { writers: 2, live: 2 } });
    await audit.append(entry('running', 'outcome', { outcome: 'success' }));
    await eventually(async () => expect((await verifyAudit({ folder })).counts.live).toBe(1));
    await audit.close();
    const outcomes = (await lines(folder)).filter(({ phase, callId }) => phase === 'outcome' && callId === 'running');
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['success']);
    expect((await lines(folder)).some(({ callId }) => callId === 'refused')).toBe(false);
    expect((await verifyAudit({ folder })).problems).toEqual([]);
  });
});
