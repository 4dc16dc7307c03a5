import { CallError } from '../call/errors.ts';
import type { LogEvent, LogSink, PutResult } from '../ports/log-sink.ts';
import { Batch, stamp, streamName } from './batch.ts';
import { type CursorFile, isDelivered } from './cursor.ts';
import { isAuditRecord } from './line.ts';
import { type Position, walkJournal } from './walk.ts';

/** A journal that this process may deliver: its own, or one whose lock it took over. */
export interface Journal {
  readonly writerId: string;
  readonly cursor: CursorFile;
  /** Number of the last record that counts. */
  lastSeq(): number;
  /** How far it may be read; undefined for a closed journal. What is not durable here must not be there. */
  durable(): Position | undefined;
  /** ISO time of the oldest record that was not delivered. */
  oldestUndeliveredAt?: string;
  /** Its lock goes, or went: whatever CloudWatch still answers, the cursor stays. */
  abandoned?: true;
}

export function undelivered(journal: Journal): number {
  return Math.max(0, journal.lastSeq() - journal.cursor.current.shippedSeq);
}

/** What follows in this journal cannot be trusted, so it is not delivered. */
export class DamagedJournal extends CallError {
  constructor(writerId: string, problem: string) {
    super('internal', `Journal ${writerId} is damaged (${problem}), and what follows is not delivered`, {
      remedy: 'Run `ziggie-cloud audit verify`, which names the line.',
    });
  }
}

interface Load {
  batch: Batch;
  /** By event: where the journal goes on after it. */
  after: (Position & { seq: number; hash: string })[];
  oldestTs: string;
}

/**
 * Delivers the next batch of a journal and moves its cursor over what CloudWatch took.
 * @returns number of records delivered; 0 when there is nothing to deliver yet
 * @throws `DamagedJournal`, or `CallError` when CloudWatch did not take the batch
 */
export async function deliverNext(folder: string, journal: Journal, sink: LogSink, account: string, now: number): Promise<number> {
  const load = await loadBatch(folder, journal, now);
  if (!load) {
    const { closed, shippedSeq } = journal.cursor.current;
    if (closed && shippedSeq < closed.seq) throw new DamagedJournal(journal.writerId, 'its last records are missing');
    return 0;
  }
  journal.oldestUndeliveredAt = load.oldestTs;
  const taken = await put(sink, load.batch, journal.writerId, now);
  if (journal.abandoned) return 0;
  const last = load.after[taken - 1];
  if (last) {
    const { segment, offset, seq, hash } = last;
    // A cursor that cannot be written costs a repeated delivery after a restart, nothing else.
    await journal.cursor.update({ segment, offset, shippedSeq: seq, shippedHash: hash, account }).catch(() => undefined);
  }
  if (isDelivered(journal.cursor.current) || undelivered(journal) === 0) delete journal.oldestUndeliveredAt;
  if (taken < load.batch.events.length) {
    const remedy = "Set this machine's clock: records dated ahead of CloudWatch's clock are held back until then.";
    throw new CallError('provider_rejected', 'CloudWatch refused records as too far in the future', { remedy });
  }
  return taken;
}

async function loadBatch(folder: string, journal: Journal, now: number): Promise<Load | undefined> {
  const { segment, offset, shippedSeq, shippedHash, closed } = journal.cursor.current;
  const entry = { segment, offset, seq: shippedSeq, hash: shippedHash };
  let load: Load | undefined;
  for await (const { line, problems, bytes, ...at } of walkJournal(folder, journal.writerId, entry, journal.durable())) {
    if (!line || problems.length > 0) {
      // What was sound before it goes out first.
      if (load) break;
      throw new DamagedJournal(journal.writerId, problems[0] ?? 'a line has no end');
    }
    if (!isAuditRecord(line)) continue;
    if (closed && line.seq > closed.seq) break;
    const timestamp = stamp(line.ts, now);
    load ??= { batch: new Batch(journal.writerId, timestamp), after: [], oldestTs: line.ts };
    if (!load.batch.add(timestamp, bytes.toString('utf8'))) break;
    load.after.push({ segment: at.segment, offset: at.end, seq: line.seq, hash: line.hash });
  }
  return load;
}

/** @returns how many events from the first on CloudWatch has, those included that it took only under a newer time */
async function put(sink: LogSink, { stream, events }: Batch, writerId: string, now: number): Promise<number> {
  const first = await sink.put(stream, events);
  const tooOld = tooOldCount(first);
  if (tooOld > 0) {
    // A refused event was not delivered, though the reply was a success.
    const again: LogEvent[] = events.slice(0, tooOld).map(({ message }) => ({ timestamp: now, message }));
    const second = await sink.put(streamName(now, writerId), again);
    if (tooOldCount(second) > 0 || second.tooNewFrom !== undefined) {
      const remedy = "Set this machine's clock, and check the retention of the log group.";
      throw new CallError('provider_rejected', 'CloudWatch refused records by their time, also under the present one', { remedy });
    }
  }
  return first.tooNewFrom ?? events.length;
}

function tooOldCount({ tooOldBefore = 0, expiredBefore = 0 }: PutResult): number {
  return Math.max(tooOldBefore, expiredBefore);
}
