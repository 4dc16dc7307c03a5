import { beforeAll, describe, expect, it } from 'vitest';
import type { LogEvent, LogSink } from '../../src/ports/log-sink.ts';
import { failure } from './harness.ts';

const hour = 3_600_000;

async function collect(events: AsyncIterable<LogEvent>): Promise<LogEvent[]> {
  const all: LogEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/**
 * What the log sink promises, against whatever answers below it.
 * @param tooOldBefore what is said of a batch whose only event is too old: 1 where the index is exclusive, as AWS documents it; moto gives
 *   the index of the event itself
 */
export function describeLogSink(where: string, connect: () => Promise<(group: string) => LogSink>, tooOldBefore = 1): void {
  describe(`log sink over ${where}`, () => {
    let sinkOf: (group: string) => LogSink;
    beforeAll(async () => {
      sinkOf = await connect();
    });
    const now = Date.now();

    it('creates group and stream with the first events and reads them back', async () => {
      const sink = sinkOf('/ziggie/first');
      const events = [0, 1, 2].map((index) => ({ timestamp: now + index, message: `{"n":${index}}` }));
      expect(await sink.put('writer-1', events)).toEqual({});
      expect(await sink.put('writer-2', [{ timestamp: now + 5, message: 'later' }])).toEqual({});
      expect((await collect(sink.read(now, now + 2))).map(({ message }) => message)).toEqual(['{"n":0}', '{"n":1}', '{"n":2}']);
      expect(await collect(sink.read(now - hour, now + hour))).toHaveLength(4);
      expect(await collect(sink.read(now + 6, now + hour))).toEqual([]);
    });

    it('reads nothing from a group that does not exist', async () => {
      expect(await collect(sinkOf('/ziggie/none').read(0, now))).toEqual([]);
    });

    it('says which events of a batch were not taken', async () => {
      const sink = sinkOf('/ziggie/rejected');
      await sink.put('writer', [{ timestamp: now, message: 'first' }]);
      const old = await sink.put('writer', [{ timestamp: now - 15 * 24 * hour, message: 'old' }]);
      expect(old).toEqual({ tooOldBefore });
      const ahead = await sink.put('writer', [
        { timestamp: now, message: 'in time' },
        { timestamp: now + 3 * hour, message: 'ahead' },
      ]);
      expect(ahead).toEqual({ tooNewFrom: 1 });
    });

    it('fails for a batch that is not in order', async () => {
      const sink = sinkOf('/ziggie/order');
      const unordered = [
        { timestamp: now, message: 'b' },
        { timestamp: now - 1, message: 'a' },
      ];
      expect((await failure(sink.put('writer', unordered))).code).toBe('provider_rejected');
    });

    it('reads many events, page by page', async () => {
      const sink = sinkOf('/ziggie/many');
      for (let batch = 0; batch < 3; batch += 1) {
        await sink.put(
          'writer',
          Array.from({ length: 5_000 }, (_, index) => ({ timestamp: now + batch * 5_000 + index, message: `${batch}/${index}` })),
        );
      }
      const read = await collect(sink.read(now, now + hour));
      expect(read).toHaveLength(15_000);
      expect(new Set(read.map(({ message }) => message)).size).toBe(15_000);
    });

    it('knows its account', async () => {
      expect(await sinkOf('/ziggie/first').accountId()).toBe('123456789012');
    });
  });
}
