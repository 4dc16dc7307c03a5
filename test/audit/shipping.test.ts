import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CursorFile, startCursor } from '../../src/audit/cursor.ts';
import { deliverNext } from '../../src/audit/delivery.ts';
import type { PutResult } from '../../src/ports/log-sink.ts';
import { entry, eventually, open, segments, temporaryFolder, writers } from './fixtures/journals.ts';
import { MemorySink } from './fixtures/memory-sink.ts';

const dayMs = 86_400_000;

describe('delivery', () => {
  it('sends the very lines of the journal, without headers and footers, to a stream of the day', async () => {
    const folder = await temporaryFolder();
    const sink = new MemorySink();
    const audit = await open(folder, { logSink: sink });
    audit.start();
    await audit.append(entry('call-1', 'refused', { message: 'påske' }));
    await audit.append(entry('call-2'));
    await eventually(() => expect(audit.health()).toMatchObject({ undelivered: 0, deliveredAt: expect.any(String) }));
    expect(audit.health()).not.toHaveProperty('oldestUndeliveredAt');
    await audit.close();
    const [writerId = ''] = await writers(folder);
    const [path = ''] = await segments(folder, writerId);
    const journal = (await readFile(path, 'utf8')).split('\n');
    expect(sink.taken.map(({ message }) => message)).toEqual(journal.slice(1, 3));
    const day = String(JSON.parse(journal[1] ?? '').ts).slice(0, 10);
    expect(new Set(sink.taken.map(({ stream }) => stream))).toEqual(new Set([`${day}/${writerId}`]));
    expect(JSON.parse(await readFile(join(folder, 'destination.json'), 'utf8'))).toEqual({ account: sink.account });
    expect(JSON.parse(await readFile(join(folder, writerId, 'cursor.json'), 'utf8'))).toMatchObject({
      shippedSeq: 2,
      account: sink.account,
    });
  });

  it('keeps everything while CloudWatch is away and delivers it in order when it is back', async () => {
    const folder = await temporaryFolder();
    const sink = new MemorySink();
    sink.down = true;
    const audit = await open(folder, { logSink: sink, segmentBytes: 20_000 });
    audit.start();
    const ids = Array.from({ length: 300 }, (_, index) => `call-${index}`);
    for (const id of ids) await audit.append(entry(id));
    await eventually(() => expect(audit.health().problem).toContain('cannot be reached'));
    expect(audit.health()).toMatchObject({ writable: true, undelivered: 300, oldestUndeliveredAt: expect.any(String) });
    expect(await audit.flush(1_000)).toBe(false);
    sink.down = false;
    await eventually(() => expect(audit.health().undelivered).toBe(0));
    expect(sink.callIds).toEqual(ids);
    await eventually(() => expect(audit.health()).not.toHaveProperty('problem'));
  });

  it('delivers when it closes, and leaves the rest to the next server', async () => {
    const folder = await temporaryFolder();
    const sink = new MemorySink();
    const first = await open(folder, { logSink: sink });
    await first.append(entry('call-1'));
    await first.close();
    expect(sink.callIds).toEqual(['call-1']);
    sink.down = true;
    const second = await open(folder, { logSink: sink });
    await second.append(entry('call-2'));
    await second.close();
    sink.down = false;
    const third = await open(folder, { logSink: sink });
    third.start();
    await eventually(() => expect(sink.callIds).toEqual(['call-1', 'call-2']));
  });

  it('waits no longer for CloudWatch than it was told', async () => {
    const folder = await temporaryFolder();
    const sink = new MemorySink();
    const { promise, resolve } = Promise.withResolvers<PutResult>();
    sink.put = () => promise;
    const audit = await open(folder, { logSink: sink });
    await audit.append(entry('call-1'));
    expect(await audit.flush(5)).toBe(false);
    await audit.close(5);
    // Whoever comes next may hold the lock by now: a late answer changes nothing.
    resolve({});
    await promise;
    const next = new MemorySink();
    (await open(folder, { logSink: next })).start();
    await eventually(() => expect(next.callIds).toEqual(['call-1']));
    expect(audit.health()).not.toHaveProperty('deliveredAt');
  });

  it('stops at a line that was changed before it was delivered, says so, and goes on with other journals', async () => {
    const folder = await temporaryFolder();
    const first = await open(folder);
    for (const id of ['a', 'b', 'c']) await first.append(entry(id));
    await first.close();
    const [path = ''] = await segments(folder, (await writers(folder))[0] ?? '');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"callId":"b"', '"callId":"x"'));
    const sink = new MemorySink();
    const second = await open(folder, { logSink: sink });
    second.start();
    await eventually(() => expect(second.health().problem).toMatch(/damaged.*audit verify/));
    await second.append(entry('mine'));
    await eventually(() => expect(sink.callIds).toEqual(['a', 'mine']));
    expect(second.health()).toMatchObject({ undelivered: 2, problem: expect.stringContaining('damaged') });
  });

  it('sends again under the present time what a successful reply called too old or expired', async () => {
    const folder = await temporaryFolder();
    const sink = new MemorySink();
    sink.answers = [{ tooOldBefore: 1, expiredBefore: 2 }];
    const audit = await open(folder, { logSink: sink });
    const then = new Date(Date.now() - 2 * dayMs).toISOString();
    for (const id of ['a', 'b', 'c']) await audit.append(entry(id, 'refused', { ts: then }));
    expect(await audit.flush(1_000)).toBe(true);
    expect(sink.callIds.toSorted()).toEqual(['a', 'b', 'c']);
    expect(sink.calls.map(({ events }) => events.length)).toEqual([3, 2]);
    for (const { message, timestamp } of sink.calls[1]?.events ?? []) {
      expect(timestamp).toBeGreaterThan(Date.now() - dayMs);
      expect(JSON.parse(message).ts).toBe(then);
    }
  });

  it('does not send for ever what is refused under the present time too', async () => {
    const folder = await temporaryFolder();
    const sink = new MemorySink();
    sink.answers = [{ tooOldBefore: 1 }, { tooOldBefore: 1 }];
    const audit = await open(folder, { logSink: sink });
    await audit.append(entry('a'));
    expect(await audit.flush(1_000)).toBe(false);
    expect(audit.health()).toMatchObject({ undelivered: 1, problem: expect.stringContaining('clock') });
    expect(await audit.flush(1_000)).toBe(true);
  });

  it('holds back what CloudWatch calls too new, and everything after it', async () => {
    const folder = await temporaryFolder();
    const sink = new MemorySink();
    sink.answers = [{ tooNewFrom: 1 }];
    const audit = await open(folder, { logSink: sink });
    for (const id of ['a', 'b', 'c']) await audit.append(entry(id));
    expect(await audit.flush(1_000)).toBe(false);
    expect(audit.health()).toMatchObject({ undelivered: 2, problem: expect.stringContaining('clock') });
    expect(await audit.flush(1_000)).toBe(true);
    expect(sink.callIds).toEqual(['a', 'b', 'c']);
  });

  it('ships nothing to another account than the first, and says what to do', async () => {
    const folder = await temporaryFolder();
    const sink = new MemorySink();
    const first = await open(folder, { logSink: sink });
    await first.append(entry('call-1'));
    await first.close();
    const other = new MemorySink();
    other.account = '210987654321';
    const second = await open(folder, { logSink: other });
    await second.append(entry('call-2'));
    expect(await second.flush(1_000)).toBe(false);
    expect(other.calls).toEqual([]);
    expect(second.health().problem).toMatch(/belong to account 123456789012.*to 210987654321.*ZIGGIE_STATE/);
  });

  it('goes on in memory when the cursor cannot be written', async () => {
    const folder = await temporaryFolder();
    const sink = new MemorySink();
    const audit = await open(folder, { logSink: sink });
    await mkdir(join(folder, (await writers(folder))[0] ?? '', 'cursor.json', 'in-the-way'), { recursive: true });
    for (const id of ['a', 'b']) {
      await audit.append(entry(id));
      expect(await audit.flush(1_000)).toBe(true);
    }
    expect(sink.callIds).toEqual(['a', 'b']);
  });

  it('reads no further than the journal is durable', async () => {
    const folder = await temporaryFolder();
    const audit = await open(folder);
    for (const id of ['a', 'b', 'c']) await audit.append(entry(id));
    const [writerId = ''] = await writers(folder);
    const [header = '', record = ''] = (await readFile((await segments(folder, writerId))[0] ?? '', 'utf8')).split('\n');
    const durable = { segment: 1, offset: header.length + record.length + 2 };
    const cursor = new CursorFile(folder, writerId, startCursor(1));
    const sink = new MemorySink();
    const journal = { writerId, cursor, lastSeq: () => 3, durable: () => durable };
    expect(await deliverNext(folder, journal, sink, sink.account, Date.now())).toBe(1);
    expect(await deliverNext(folder, journal, sink, sink.account, Date.now())).toBe(0);
    expect(sink.callIds).toEqual(['a']);
  });
});
