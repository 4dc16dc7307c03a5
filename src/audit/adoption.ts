/**
 * Invariant: a journal is adopted only under its own writer's lock, never by a server with another destination than its
 * header names, and is marked closed only after every open intent in it has a durable outcome. Dying half-way leaves it as
 * it was: dead.
 */
import type { AuditEntry } from '../ports/audit.ts';
import { type Cursor, CursorFile, isDelivered, readCursor, startCursor } from './cursor.ts';
import { type Destination, sameDestination } from './destination.ts';
import { listSegments, listWriters, paths } from './journal-folder.ts';
import { isAuditRecord } from './line.ts';
import { tryLock, type WriterLock } from './lock.ts';
import { findOutcomes, IntentLedger, unknownOutcome } from './open-intents.ts';
import { readHeader, walkJournal } from './walk.ts';

export interface AdoptionOptions {
  folder: string;
  destination: Destination;
  now: () => number;
  append: (entry: AuditEntry) => Promise<unknown>;
  /** Takes over a closed journal with records that were not delivered, and its lock. */
  deliver: (journal: { writerId: string; cursor: CursorFile; lock: WriterLock }) => void;
}

/** Looks for journals without a living writer, ends and closes them, and hands on what is to be delivered. */
export class Adoption {
  readonly #options: AdoptionOptions;
  /** Closed and delivered, or none of ours: need not be looked at again. */
  readonly #settled = new Set<string>();
  #stopped = false;

  constructor(options: AdoptionOptions) {
    this.#options = options;
  }

  /**
   * One round over the folder.
   * @param by name of the adopting writer
   * @param passOver writers of this process
   * @returns what went wrong, by writer
   */
  async scan(by: string, passOver: ReadonlySet<string>): Promise<string[]> {
    const problems: string[] = [];
    for (const writerId of await listWriters(this.#options.folder)) {
      if (this.#stopped) break;
      if (passOver.has(writerId) || this.#settled.has(writerId)) continue;
      try {
        await this.#consider(writerId, by);
      } catch (error) {
        problems.push(`journal ${writerId} cannot be adopted: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return problems;
  }

  /** Ends a round after the journal at hand. */
  stop(): void {
    this.#stopped = true;
  }

  async #consider(writerId: string, by: string): Promise<void> {
    const { folder, deliver, destination } = this.#options;
    const first = (await listSegments(folder, writerId))[0];
    if (first === undefined) return;
    const lock = tryLock(paths.lock(folder, writerId));
    if (!lock) return;
    let handedOn = false;
    try {
      const theirs = (await readHeader(folder, writerId, first))?.destination;
      if (theirs && !sameDestination(theirs, destination)) {
        this.#settled.add(writerId);
        return;
      }
      const known = await readCursor(folder, writerId);
      // Without a cursor, delivery starts over, which only repeats.
      const cursor = new CursorFile(folder, writerId, known === undefined || known === 'damaged' ? startCursor(first) : known);
      if (!cursor.current.closed) await this.#close(writerId, cursor, by);
      if (isDelivered(cursor.current)) {
        this.#settled.add(writerId);
        return;
      }
      deliver({ writerId, cursor, lock });
      handedOn = true;
    } finally {
      if (!handedOn) lock.release();
    }
  }

  async #close(writerId: string, cursor: CursorFile, by: string): Promise<void> {
    const { folder, append, now, destination } = this.#options;
    const { closed, ledger } = await readToEnd(folder, writerId);
    const open = [...ledger.open.values()];
    const since = Math.min(...open.map((intent) => Date.parse(intent.ts)));
    const ended = await findOutcomes(folder, new Set(ledger.open.keys()), since);
    for (const intent of open) {
      if (!ended.has(intent.callId)) await append(unknownOutcome(intent, writerId, now(), destination.mode === 'sandbox'));
    }
    await cursor.update({ closed: { ...closed, by } });
  }
}

/** Last sound line of a journal, and the calls that it leaves open; those of damaged lines that can be read count too. */
async function readToEnd(folder: string, writerId: string): Promise<{ closed: NonNullable<Cursor['closed']>; ledger: IntentLedger }> {
  const ledger = new IntentLedger();
  let seq = 0;
  let hash = '';
  let damaged = false;
  for await (const { line, problems, torn } of walkJournal(folder, writerId)) {
    if (line && isAuditRecord(line)) ledger.see(line);
    damaged ||= problems.length > 0;
    if (!line || damaged || torn) continue;
    seq = isAuditRecord(line) ? line.seq : line.after;
    hash = line.hash;
  }
  return { closed: { seq, hash, by: '', ...(damaged ? { damaged } : {}) }, ledger };
}
