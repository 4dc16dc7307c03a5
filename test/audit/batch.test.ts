import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Batch, eventOverheadBytes, maxBatchBytes, maxBatchEvents, stamp } from '../../src/audit/batch.ts';

const dayMs = 86_400_000;
const now = Date.parse('2026-03-10T12:00:00Z');

function batches(events: { at: number; message: string }[]): Batch[] {
  const made: Batch[] = [];
  for (const { at, message } of events) {
    if (made.at(-1)?.add(at, message)) continue;
    const batch = new Batch('writer', at);
    expect(batch.add(at, message)).toBe(true);
    made.push(batch);
  }
  return made;
}

function expectLimits(batch: Batch): void {
  const { events, stream } = batch;
  expect(events.length).toBeLessThanOrEqual(maxBatchEvents);
  expect(events.reduce((sum, { message }) => sum + Buffer.byteLength(message) + eventOverheadBytes, 0)).toBeLessThanOrEqual(maxBatchBytes);
  for (const [index, event] of events.entries()) expect(event.timestamp).toBeGreaterThanOrEqual(events[index - 1]?.timestamp ?? 0);
  expect((events.at(-1)?.timestamp ?? 0) - (events[0]?.timestamp ?? 0)).toBeLessThan(dayMs);
  expect(stream).toBe(`${new Date(events[0]?.timestamp ?? 0).toISOString().slice(0, 10)}/writer`);
}

describe('batches', () => {
  it('keep every limit of PutLogEvents and the order of the journal, whatever the clock did', () => {
    const event = fc.record({
      at: fc.integer({ min: now - 3 * dayMs, max: now }),
      message: fc.string({ unit: 'binary', maxLength: 60 }).chain((text) => fc.constantFrom(text, text.repeat(800))),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 300, size: 'max' }), (events) => {
        const made = batches(events);
        for (const batch of made) expectLimits(batch);
        expect(made.flatMap((batch) => batch.events.map(({ message }) => message))).toEqual(events.map(({ message }) => message));
      }),
      { numRuns: 30 },
    );
  });

  it('are cut at exactly the size and the count that CloudWatch takes', () => {
    const half = 'x'.repeat(maxBatchBytes / 2 - eventOverheadBytes);
    expect(batches([half, half, 'x'].map((message) => ({ at: now, message }))).map(({ events }) => events.length)).toEqual([2, 1]);
    expect(batches([half, `${half}x`].map((message) => ({ at: now, message }))).map(({ events }) => events.length)).toEqual([1, 1]);
    const many = Array.from({ length: maxBatchEvents + 1 }, () => ({ at: now, message: '' }));
    expect(batches(many).map(({ events }) => events.length)).toEqual([maxBatchEvents, 1]);
  });

  it('give an event its own time unless that is older than 13 days or ahead of the clock', () => {
    const iso = (at: number) => new Date(at).toISOString();
    expect(stamp(iso(now - 13 * dayMs), now)).toBe(now - 13 * dayMs);
    expect(stamp(iso(now - 13 * dayMs - 1), now)).toBe(now);
    expect(stamp(iso(now + 1), now)).toBe(now);
    expect(stamp('not a time', now)).toBe(now);
  });
});
