import type { LogEvent } from '../ports/log-sink.ts';

/** PutLogEvents takes this many bytes in one request, each event counting its UTF-8 bytes and 26 more. */
export const maxBatchBytes = 1_048_576;
export const eventOverheadBytes = 26;
/** PutLogEvents takes this many events in one request. */
export const maxBatchEvents = 10_000;

const dayMs = 86_400_000;
/** CloudWatch refuses events older than 14 days. */
const restampAfterMs = 13 * dayMs;
/** Calls that run side by side record out of order by less than this; a clock that was put back does by more. */
const disorderMs = 60_000;

/**
 * Time under which CloudWatch gets an event: its own, unless that is too old to be taken or lies ahead of this machine's clock.
 * The message keeps the record's own time.
 * @returns epoch milliseconds
 */
export function stamp(ts: string, now: number): number {
  const own = Date.parse(ts);
  return own <= now && now - own <= restampAfterMs ? own : now;
}

/** @returns `<YYYY-MM-DD>/<writerId>` */
export function streamName(timestamp: number, writerId: string): string {
  return `${new Date(timestamp).toISOString().slice(0, 10)}/${writerId}`;
}

/** Events of one writer for one request: one UTC day (so at most 24 hours), chronological, within the size limits. */
export class Batch {
  readonly stream: string;
  readonly events: LogEvent[] = [];
  readonly #writerId: string;
  #bytes = 0;
  #latest: number;

  constructor(writerId: string, firstTimestamp: number) {
    this.#writerId = writerId;
    this.#latest = firstTimestamp;
    this.stream = streamName(firstTimestamp, writerId);
  }

  /** @returns false when the event belongs into the next batch */
  add(timestamp: number, message: string): boolean {
    const size = Buffer.byteLength(message) + eventOverheadBytes;
    const fits = this.events.length < maxBatchEvents && this.#bytes + size <= maxBatchBytes;
    if (!fits || timestamp < this.#latest - disorderMs || streamName(timestamp, this.#writerId) !== this.stream) return false;
    this.#latest = Math.max(this.#latest, timestamp);
    this.#bytes += size;
    this.events.push({ timestamp: this.#latest, message });
    return true;
  }
}
