/**
 * Invariant: what `append` acknowledged is on disk in a journal whose lock this process holds or whose outcome is written
 * elsewhere; and no journal of this process is given away while a call that it opened may still end.
 */
import type { AuditEntry, AuditHealth, AuditPage, AuditPort, AuditQuery } from '../ports/audit.ts';
import type { LogSink } from '../ports/log-sink.ts';
import { AdoptedJournals } from './adopted-journals.ts';
import { CursorFile, startCursor } from './cursor.ts';
import { type Journal, undelivered } from './delivery.ts';
import type { Destination } from './destination.ts';
import { Housekeeping } from './housekeeping.ts';
import type { WriterLock } from './lock.ts';
import { OpenCalls } from './open-calls.ts';
import { findRecords, unknownOutcome } from './open-intents.ts';
import { searchJournals } from './search.ts';
import { Shipper } from './shipper.ts';
import { journalFailed, unavailable } from './unavailable.ts';
import { Writer } from './writer.ts';

export interface AuditOptions {
  /** Journal folder of this destination; made when missing. */
  folder: string;
  destination: Destination;
  /** Version of the server, for the journal's header. */
  version: string;
  /** Without one, records stay here until a server with one takes them over. */
  logSink?: LogSink;
  pruneAfterDays: number;
  /** Epoch milliseconds; the system's clock by default. */
  now?: () => number;
  /** A segment is full from this size on; 8 MB by default. */
  segmentBytes?: number;
  /** Between two looks for dead writers; 15 s by default. */
  adoptIntervalMs?: number;
  /** How long records are gathered before delivery; 100 ms by default. */
  coalesceMs?: number;
  /** Wait after a failed delivery, doubling up to a minute; 1 s by default. */
  backoffMs?: number;
}

/** An approval expires long before this; older journals need not be read for one. */
const approvalAgeMs = 25 * 3_600_000;
const backoffMaxMs = 60_000;

interface OwnJournal extends Journal {
  readonly writer: Writer;
}

/**
 * Opens the journal of this process.
 * @throws `CallError` `audit_unavailable` when the folder cannot be written
 */
export function openAudit(options: AuditOptions): Promise<Audit> {
  return Audit.open(options);
}

export class Audit implements AuditPort {
  readonly #options: AuditOptions;
  readonly #now: () => number;
  readonly #shipper: Shipper | undefined;
  readonly #housekeeping: Housekeeping;
  readonly #adopted = new AdoptedJournals();
  readonly #calls = new OpenCalls();
  #own: OwnJournal | undefined;
  #opening: Promise<OwnJournal> | undefined;
  /** Journals that a failed write ended and whose calls are still running. */
  #ended: OwnJournal[] = [];
  #journalProblem: string | undefined;
  #started = false;
  #closing = false;

  private constructor(options: AuditOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    const { folder, destination, logSink, pruneAfterDays, adoptIntervalMs = 15_000, coalesceMs = 100, backoffMs = 1_000 } = options;
    if (logSink) {
      const delivered = ({ writerId }: Journal) => this.#adopted.release(writerId);
      this.#shipper = new Shipper({ folder, sink: logSink, now: this.#now, coalesceMs, backoffMs, backoffMaxMs, delivered });
    }
    this.#housekeeping = new Housekeeping({
      folder,
      destination,
      now: this.#now,
      pruneAfterDays,
      intervalMs: adoptIntervalMs,
      own: () => this.#reopen().catch(() => undefined),
      mine: () => new Set(this.#journals().map(({ writerId }) => writerId)),
      oldestOpenAt: () => this.#calls.oldestAt(),
      append: (entry) => this.append(entry),
      deliver: ({ writerId, cursor, lock }) => this.#takeOver(writerId, cursor, lock),
    });
  }

  /** See `openAudit`. */
  static async open(options: AuditOptions): Promise<Audit> {
    const audit = new Audit(options);
    await audit.#reopen();
    return audit;
  }

  /** Begins delivery and the look-out for dead writers. */
  start(): void {
    this.#started = true;
    this.#housekeeping.start();
    this.#shipper?.wake();
  }

  async append(entry: AuditEntry): Promise<void> {
    const own = this.#own ?? (await this.#reopen());
    if (this.#closing) throw closed();
    if (entry.phase === 'intent') this.#calls.begin(entry, own.writerId);
    await this.#write(own, entry);
  }

  search(query: AuditQuery): Promise<AuditPage> {
    return searchJournals(this.#options.folder, query);
  }

  async approvalSpent(approvalId: string): Promise<boolean> {
    const needle = Buffer.from(`"approvalId":${JSON.stringify(approvalId)}`);
    for await (const record of findRecords(this.#options.folder, needle, this.#now() - approvalAgeMs)) {
      if (record.phase === 'intent' && record.approvalId === approvalId) return true;
    }
    return false;
  }

  health(): AuditHealth {
    const journals = this.#journals();
    const oldest = journals.flatMap((journal) => journal.oldestUndeliveredAt ?? []).sort()[0];
    const problem = [this.#journalProblem, this.#shipper?.problem, ...this.#housekeeping.problems]
      .filter((text) => text !== undefined)
      .join(' ');
    const deliveredAt = this.#shipper?.deliveredAt;
    return {
      writable: this.#own !== undefined && !this.#closing,
      undelivered: journals.reduce((sum, journal) => sum + undelivered(journal), 0),
      ...(oldest === undefined ? {} : { oldestUndeliveredAt: oldest }),
      ...(deliveredAt === undefined ? {} : { deliveredAt }),
      ...(problem === '' ? {} : { problem }),
      logGroup: this.#options.destination.logGroup,
    };
  }

  /**
   * Delivers what is there now.
   * @returns whether CloudWatch has everything; false on the first failure, when the time is over, or without a log sink
   */
  async flush(timeoutMs: number): Promise<boolean> {
    return (await this.#shipper?.flush(timeoutMs)) ?? false;
  }

  /**
   * Ends the journal: calls that never ended are recorded as unknown, the footer is written, and what can be delivered in
   * the time is.
   */
  async close(timeoutMs = 2_000): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#housekeeping.stop();
    await this.#opening?.catch(() => undefined);
    const own = this.#own;
    const footer = own ? await this.#sayGoodbye(own).catch(() => undefined) : undefined;
    await this.#shipper?.flush(timeoutMs);
    this.#shipper?.stop();
    if (own && footer !== undefined) {
      const closing = { seq: own.writer.lastSeq, hash: footer, by: own.writerId };
      // Without this the journal is adopted, which finds the footer and nothing to end.
      await own.cursor.update({ closed: closing }).catch(() => undefined);
    }
    await this.#housekeeping.idle();
    await this.#adopted.releaseAll();
    for (const { writer } of [...(own ? [own] : []), ...this.#ended]) writer.release();
    this.#own = undefined;
    this.#ended = [];
  }

  /**
   * The present writer, or a new one.
   * @throws `CallError` `audit_unavailable`
   */
  #reopen(): Promise<OwnJournal> {
    if (this.#closing) return Promise.reject(closed());
    if (this.#own) return Promise.resolve(this.#own);
    this.#opening ??= this.#openWriter().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #openWriter(): Promise<OwnJournal> {
    const { folder, destination, version, segmentBytes = 8 * 1024 * 1024 } = this.#options;
    try {
      const writer = await Writer.open({ folder, destination, version, segmentBytes, now: this.#now });
      const { writerId } = writer;
      const cursor = new CursorFile(folder, writerId, startCursor(1));
      const own: OwnJournal = { writerId, writer, cursor, lastSeq: () => writer.lastSeq, durable: () => writer.durable };
      this.#own = own;
      this.#journalProblem = undefined;
      this.#shipper?.add(own);
      return own;
    } catch (error) {
      const failure = journalFailed(error);
      this.#journalProblem = `${failure.message}. ${failure.details.remedy}`;
      throw failure;
    }
  }

  async #write(own: OwnJournal, entry: AuditEntry): Promise<void> {
    try {
      await own.writer.append(entry);
    } catch (error) {
      if (own.writer.ended) this.#retire(own, error);
      // An intent was not acknowledged, so there is no call; an outcome's loss is told to the caller, and adoption ends the call.
      if (entry.phase !== 'refused') this.#calls.end(entry.callId);
      this.#releaseEnded();
      throw error;
    }
    own.oldestUndeliveredAt ??= entry.ts;
    if (entry.phase === 'outcome') {
      this.#calls.end(entry.callId);
      this.#releaseEnded();
    }
    if (this.#started) this.#shipper?.wake();
  }

  #retire(own: OwnJournal, error: unknown): void {
    if (this.#own !== own) return;
    this.#own = undefined;
    this.#journalProblem = error instanceof Error ? error.message : String(error);
    this.#shipper?.remove(own.writerId);
    this.#ended.push(own);
  }

  /** Lets go of ended journals whose calls have all ended, so that they are adopted like those of any dead writer. */
  #releaseEnded(): void {
    for (const own of this.#ended.filter(({ writerId }) => !this.#calls.has(writerId))) {
      this.#ended = this.#ended.filter((other) => other !== own);
      own.writer.release();
    }
  }

  async #sayGoodbye(own: OwnJournal): Promise<string> {
    const sandbox = this.#options.destination.mode === 'sandbox';
    for (const { writerId, intent } of this.#calls.all()) {
      await this.#write(own, unknownOutcome(intent, writerId, this.#now(), sandbox));
    }
    return own.writer.close();
  }

  #takeOver(writerId: string, cursor: CursorFile, lock: WriterLock): void {
    if (!this.#shipper || this.#closing) {
      lock.release();
      return;
    }
    this.#shipper.add(this.#adopted.add(writerId, cursor, lock));
    this.#shipper.wake();
  }

  /** All journals whose locks this process holds. */
  #journals(): Journal[] {
    return [...(this.#own ? [this.#own] : []), ...this.#ended, ...this.#adopted.journals()];
  }
}

function closed() {
  return unavailable('The audit journal is closed', 'The server is shutting down; call again when it is back.');
}
