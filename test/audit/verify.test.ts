import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeLine } from '../../src/audit/line.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { entry, open, segments, temporaryFolder, writers } from './fixtures/journals.ts';
import { MemorySink } from './fixtures/memory-sink.ts';

/** A closed journal of several segments. */
async function closedJournal(records: number, sink?: MemorySink): Promise<{ folder: string; writerId: string; paths: string[] }> {
  const folder = await temporaryFolder();
  const audit = await open(folder, { segmentBytes: 1_500, ...(sink ? { logSink: sink } : {}) });
  for (let index = 0; index < records; index += 2) {
    await audit.append(entry(`call-${index}`, 'intent'));
    await audit.append(entry(`call-${index}`, 'outcome', { outcome: 'success' }));
  }
  await audit.close();
  const writerId = (await writers(folder)).at(-1) ?? '';
  return { folder, writerId, paths: await segments(folder, writerId) };
}

async function problemsWhile(path: string, content: Buffer | string, check: () => Promise<string[]>): Promise<string[]> {
  const before = await readFile(path);
  await writeFile(path, content);
  try {
    return await check();
  } finally {
    await writeFile(path, before);
  }
}

describe('verification of a closed journal', () => {
  it('finds any one changed byte, and any line dropped, repeated or swapped', async () => {
    const { folder, paths } = await closedJournal(12);
    const check = async () => (await verifyAudit({ folder })).problems.map(({ problem }) => problem);
    expect(await check()).toEqual([]);
    const contents = await Promise.all(paths.map((path) => readFile(path)));
    const place = fc
      .nat(paths.length - 1)
      .chain((segment) => fc.record({ segment: fc.constant(segment), at: fc.nat((contents[segment]?.length ?? 1) - 1) }));
    await fc.assert(
      fc.asyncProperty(place, fc.integer({ min: 1, max: 255 }), async ({ segment, at }, bits) => {
        const changed = Buffer.from(contents[segment] ?? '');
        changed[at] = (changed[at] ?? 0) ^ bits;
        expect(await problemsWhile(paths[segment] ?? '', changed, check)).not.toEqual([]);
      }),
      { numRuns: 150 },
    );
    for (const [segment, path] of paths.entries()) {
      const text = (contents[segment] ?? '').toString().split('\n').slice(0, -1);
      for (let line = 0; line < text.length; line += 1) {
        const [own = '', next] = [text[line], text[line + 1]];
        const variants = [
          text.toSpliced(line, 1),
          text.toSpliced(line, 0, own),
          ...(next === undefined ? [] : [text.toSpliced(line, 2, next, own)]),
        ];
        for (const variant of variants) {
          expect(await problemsWhile(path, variant.map((kept) => `${kept}\n`).join(''), check)).not.toEqual([]);
        }
      }
    }
  });

  it('finds a segment that is missing, emptied, or cut', async () => {
    for (const damage of [(path: string) => rm(path), (path: string) => truncate(path, 0), (path: string) => truncate(path, 700)]) {
      for (const which of [0, 1, -1]) {
        const { folder, paths } = await closedJournal(12);
        await damage(paths.at(which) ?? '');
        expect((await verifyAudit({ folder })).ok).toBe(false);
      }
    }
    const { folder, paths } = await closedJournal(4);
    for (const path of paths) await rm(path);
    expect((await verifyAudit({ folder })).problems.map(({ problem }) => problem).join()).toContain('ends at 0');
  });

  it('finds a record that was replaced by a sound one, and a delivered tail that is gone though its writer lives', async () => {
    const { folder, paths } = await closedJournal(12);
    const text = (await readFile(paths[0] ?? '', 'utf8')).split('\n');
    const { hash: _, ...content } = JSON.parse(text[1] ?? '');
    await writeFile(paths[0] ?? '', text.with(1, encodeLine({ ...content, principal: 'agent:agent-chen' }).line).join('\n'));
    expect((await verifyAudit({ folder })).problems).toEqual([
      expect.objectContaining({ segment: '000001.jsonl', line: 3, problem: expect.stringContaining('prev') }),
    ]);

    const living = await temporaryFolder();
    const audit = await open(living, { logSink: new MemorySink() });
    for (const id of ['a', 'b']) await audit.append(entry(id));
    await audit.flush(1_000);
    const [path = ''] = await segments(living, (await writers(living))[0] ?? '');
    const [header = '', first = ''] = (await readFile(path, 'utf8')).split('\n');
    await truncate(path, header.length + first.length + 2);
    expect((await verifyAudit({ folder: living })).problems.map(({ problem }) => problem).join()).toContain('the tail is missing');
  });

  it('names the record, segment and line', async () => {
    const { folder, writerId, paths } = await closedJournal(12);
    const text = (await readFile(paths[1] ?? '', 'utf8')).split('\n');
    const gone = JSON.parse(text[1] ?? '');
    await writeFile(paths[1] ?? '', text.toSpliced(1, 1).join('\n'));
    const { problems } = await verifyAudit({ folder });
    expect(problems[0]).toEqual({
      writerId,
      seq: gone.seq + 1,
      segment: '000002.jsonl',
      line: 2,
      problem: expect.stringContaining(`expected ${gone.seq}`),
    });
  });

  it('finds an intent without an outcome, and a cursor that cannot be read', async () => {
    const { folder, writerId, paths } = await closedJournal(2);
    const [header = '', intent = ''] = (await readFile(paths[0] ?? '', 'utf8')).split('\n');
    const { line } = encodeLine({ v: 1, kind: 'closed', writerId, after: 1, ts: 'now', prev: JSON.parse(intent).hash });
    await writeFile(paths[0] ?? '', `${header}\n${intent}\n${line}\n`);
    for (const path of paths.slice(1)) await rm(path);
    const cursorPath = join(folder, writerId, 'cursor.json');
    const cursor = { ...JSON.parse(await readFile(cursorPath, 'utf8')), closed: { seq: 1, hash: JSON.parse(line).hash, by: writerId } };
    await writeFile(cursorPath, JSON.stringify(cursor));
    expect((await verifyAudit({ folder })).problems).toEqual([
      expect.objectContaining({ writerId, seq: 1, problem: expect.stringContaining('intent without an outcome: call call-0') }),
    ]);
    await writeFile(cursorPath, '{');
    expect((await verifyAudit({ folder })).problems.map(({ problem }) => problem)).toContain('cursor.json cannot be read');
  });

  it('says plainly what it cannot see', async () => {
    const { folder } = await closedJournal(2);
    const { notes } = await verifyAudit({ folder });
    expect(notes.join(' ')).toMatch(/2 record\(s\) are only on this host.*cut a tail/);
    expect(notes.join(' ')).toContain('Not compared with CloudWatch');
    expect(await verifyAudit({ folder: join(folder, 'nowhere') })).toMatchObject({ ok: true, counts: { writers: 0 } });
  });
});

describe('verification against CloudWatch', () => {
  const settleMs = 0;
  const said = async (folder: string, sink: MemorySink) =>
    (await verifyAudit({ folder, logSink: sink, settleMs })).problems.map(({ problem }) => problem).join();

  it('is green when both say the same, repeated deliveries included, and passes over other hosts', async () => {
    const sink = new MemorySink();
    const other = await closedJournal(4, sink);
    const { folder } = await closedJournal(4, sink);
    sink.taken.push(...sink.taken);
    expect(await verifyAudit({ folder, logSink: sink, settleMs })).toMatchObject({
      ok: true,
      counts: { delivered: 4, comparedWithCloudWatch: 4 },
    });
    expect(await said(other.folder, sink)).toBe('');
  });

  it('finds what CloudWatch lacks, holds differently, or alone has', async () => {
    const sink = new MemorySink();
    const { folder, writerId, paths } = await closedJournal(6, sink);
    const whole = [...sink.taken];
    sink.taken.splice(2, 1);
    expect(await said(folder, sink)).toContain('CloudWatch does not have it');
    sink.taken.splice(0, 9, ...whole);
    const { hash: _, ...content } = JSON.parse(whole[3]?.message ?? '');
    sink.taken[3] = {
      ...whole[3],
      timestamp: Date.now(),
      stream: 'x',
      message: encodeLine({ ...content, principal: 'agent:agent-chen' }).line,
    };
    expect(await said(folder, sink)).toContain('is another record in CloudWatch');
    sink.taken[3] = { timestamp: Date.now(), stream: 'x', message: (whole[3]?.message ?? '').replace('agent-marcus', 'agent-chen') };
    expect(await said(folder, sink)).toContain('is damaged in CloudWatch');
    sink.taken.splice(0, 9, ...whole);
    expect(await said(folder, sink)).toBe('');
    // The whole tail, with every trace of it on this host.
    await rm(join(folder, writerId, 'cursor.json'));
    for (const path of paths.slice(1)) await rm(path);
    expect(await said(folder, sink)).toContain('the tail was cut');
    await rm(join(folder, writerId), { recursive: true });
    expect(await said(folder, sink)).toContain('missing here, though not old enough to be pruned');
  });

  it('finds a journal that was rewritten with sound hashes', async () => {
    const sink = new MemorySink();
    const { folder, writerId, paths } = await closedJournal(2, sink);
    let prev = '0'.repeat(64);
    for (const path of paths) {
      const forged = (await readFile(path, 'utf8'))
        .split('\n')
        .slice(0, -1)
        .map((text) => {
          const { hash: _, ...content } = JSON.parse(text.replaceAll('agent-marcus', 'agent-chen'));
          const { line, hash } = encodeLine({ ...content, prev });
          prev = hash;
          return `${line}\n`;
        });
      await writeFile(path, forged.join(''));
    }
    await rm(join(folder, writerId, 'cursor.json'));
    expect((await verifyAudit({ folder })).ok).toBe(true);
    expect(await said(folder, sink)).toContain('is another record in CloudWatch');
  });

  it('refuses to compare with an account that is not the one of the records', async () => {
    const sink = new MemorySink();
    const { folder } = await closedJournal(2, sink);
    sink.account = '210987654321';
    await expect(verifyAudit({ folder, logSink: sink })).rejects.toMatchObject({ code: 'provider_denied' });
  });
});
