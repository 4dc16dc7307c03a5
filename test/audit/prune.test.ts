import { readdir, utimes } from 'node:fs/promises';
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
    sink.down = false;
    // Without a sink it cannot take the undelivered one over, so nothing but the rule protects that.
    const keeper = await open(folder);
    keeper.start();
    await eventually(async () => expect(await readdir(folder)).toContain('pruned.json'));
    await eventually(async () => expect(await writers(folder)).not.toContain(names.goes));
    expect(await writers(folder)).toEqual(expect.arrayContaining([names.young, names.undelivered]));
    const audit = await open(folder, { logSink: sink });
    audit.start();
    await eventually(() => expect(audit.health().undelivered).toBe(0));
    expect((await verifyAudit({ folder, logSink: sink, settleMs: 0 })).problems).toEqual([]);
  });

  it('removes old segments of a living writer, but none undelivered or from an open intent on, and the rest verifies', async () => {
    const folder = await temporaryFolder();
    const sink = new MemorySink();
    const known: string[] = [];
    const journal = async ({ ended, delivered }: { ended: boolean; delivered: boolean }) => {
      const audit = await open(folder, { ...(delivered ? { logSink: sink } : {}), segmentBytes: 1 });
      const ts = old.toISOString();
      await audit.append(entry('a', 'refused', { ts: new Date(old.getTime() - 1_000).toISOString() }));
      await audit.append(entry('b', 'intent', { ts: new Date(old.getTime() - 500).toISOString() }));
      if (ended) await audit.append(entry('b', 'outcome', { ts }));
      await audit.append(entry('c', 'refused', { ts }));
      await audit.flush(1_000);
      const writerId = (await writers(folder)).find((name) => !known.includes(name)) ?? '';
      known.push(writerId);
      await age(folder, writerId, 3);
      return { audit, writerId, segments: await segments(folder, writerId) };
    };
    const held = await journal({ ended: false, delivered: true });
    const waiting = await journal({ ended: true, delivered: false });
    const free = await journal({ ended: true, delivered: true });
    for (const { audit } of [held, waiting, free]) audit.start();
    await eventually(async () => expect(await segments(folder, free.writerId)).toEqual(free.segments.slice(3)));
    // Closing waits for the round that is under way.
    for (const { audit } of [held, waiting, free]) await audit.close();
    expect(await segments(folder, held.writerId)).toEqual(expect.arrayContaining(held.segments));
    expect(await segments(folder, waiting.writerId)).toEqual(waiting.segments);
    expect((await verifyAudit({ folder, logSink: sink, settleMs: 0 })).problems).toEqual([]);
  });
});
