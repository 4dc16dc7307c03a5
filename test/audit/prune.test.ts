import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifyAudit } from '../../src/audit/verify.ts';
import { entry, eventually, open, segments, temporaryFolder, writers } from './fixtures/journals.ts';
import { MemorySink } from './fixtures/memory-sink.ts';

const old = new Date(Date.now() - 40 * 86_400_000);

async function age(folder: string, writerId: string, count = Number.POSITIVE_INFINITY): Promise<void> {
  for (const path of (await segments(folder, writerId)).slice(0, count)) await utimes(path, old, old);
}

describe('pruning', () => {
  it('removes closed journals that were delivered and are old, and no others', async () => {
    const folder = await temporaryFolder();
    const sink = new MemorySink();
    const journal = async (delivered: boolean, aged: boolean) => {
      sink.down = !delivered;
      const audit = await open(folder, { logSink: sink });
      await audit.append(entry('call', 'refused', { ts: old.toISOString() }));
      await audit.close();
      const writerId = (await writers(folder)).find((name) => !known.includes(name)) ?? '';
      known.push(writerId);
      if (aged) await age(folder, writerId);
      return writerId;
    };
    const known: string[] = [];
    const names = { goes: await journal(true, true), young: await journal(true, false), undelivered: await journal(false, true) };
    sink.down = true;
    const audit = await open(folder, { logSink: sink });
    audit.start();
    await eventually(async () => expect(await readdir(folder)).toContain('pruned.json'));
    await eventually(async () => expect(await writers(folder)).not.toContain(names.goes));
    expect(await writers(folder)).toEqual(expect.arrayContaining([names.young, names.undelivered]));
    sink.down = false;
    await eventually(() => expect(audit.health().undelivered).toBe(0));
    expect((await verifyAudit({ folder, logSink: sink, settleMs: 0 })).problems).toEqual([]);
  });

  it('removes old segments of a living writer, but none from an open intent on, and the rest verifies', async () => {
    const folder = await temporaryFolder();
    const sink = new MemorySink();
    const build = async (open_: boolean) => {
      const audit = await open(folder, { logSink: sink, segmentBytes: 1, pruneAfterDays: 30 });
      const ts = old.toISOString();
      await audit.append(entry('a', 'refused', { ts: new Date(old.getTime() - 1_000).toISOString() }));
      await audit.append(entry('b', 'intent', { ts: new Date(old.getTime() - 500).toISOString() }));
      if (!open_) await audit.append(entry('b', 'outcome', { ts }));
      await audit.append(entry('c', 'refused', { ts }));
      await audit.flush(1_000);
      return audit;
    };
    const first = await build(true);
    const [held = ''] = await writers(folder);
    await age(folder, held, 3);
    const kept = (await segments(folder, held)).length;
    const second = await build(false);
    const free = (await writers(folder)).find((writerId) => writerId !== held) ?? '';
    await age(folder, free, 3);
    first.start();
    second.start();
    await eventually(async () => expect((await segments(folder, free))[0]).toBe(join(folder, free, '000004.jsonl')));
    expect((await segments(folder, held)).length).toBe(kept);
    expect((await verifyAudit({ folder, logSink: sink, settleMs: 0 })).problems).toEqual([]);
  });
});
