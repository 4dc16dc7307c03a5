import { parseJson, readText, replaceJson } from './files.ts';
import { paths } from './journal-folder.ts';
import { genesis } from './line.ts';

/** How a journal ended: its last record's number and its last line's hash, and who said so. */
export interface Closing {
  seq: number;
  hash: string;
  by: string;
  /** A line before the end of the file does not belong; what follows `seq` was not shipped and is never pruned. */
  damaged?: true;
}

/** How far CloudWatch has a journal. Written only by whoever holds the writer's lock. */
export interface Cursor {
  shippedSeq: number;
  /** Hash of the record `shippedSeq`. */
  shippedHash: string;
  /** Where the next line begins. */
  segment: number;
  offset: number;
  account?: string;
  closed?: Closing;
}

export function startCursor(segment: number): Cursor {
  return { shippedSeq: 0, shippedHash: genesis, segment, offset: 0 };
}

export function isDelivered(cursor: Cursor): boolean {
  return cursor.closed !== undefined && cursor.shippedSeq >= cursor.closed.seq;
}

/** @returns undefined when there is none yet, `damaged` when it cannot be read */
export async function readCursor(folder: string, writerId: string): Promise<Cursor | 'damaged' | undefined> {
  const text = await readText(paths.cursor(folder, writerId));
  if (text === undefined) return undefined;
  const content = parseJson(text);
  if (typeof content !== 'object' || content === null) return 'damaged';
  const { shippedSeq, shippedHash, segment, offset } = content as Partial<Record<keyof Cursor, unknown>>;
  const whole = [shippedSeq, segment, offset].every(Number.isSafeInteger) && typeof shippedHash === 'string';
  return whole ? (content as Cursor) : 'damaged';
}

/** The cursor in memory and on disk, its writes in order. */
export class CursorFile {
  readonly #folder: string;
  readonly #writerId: string;
  #cursor: Cursor;
  #writing: Promise<void> = Promise.resolve();

  constructor(folder: string, writerId: string, cursor: Cursor) {
    this.#folder = folder;
    this.#writerId = writerId;
    this.#cursor = cursor;
  }

  get current(): Cursor {
    return this.#cursor;
  }

  /** Holds in memory at once; rejects when the file could not be written, which costs a repeated delivery at most. */
  update(change: Partial<Cursor>): Promise<void> {
    this.#cursor = { ...this.#cursor, ...change };
    const write = () => replaceJson(paths.cursor(this.#folder, this.#writerId), this.#cursor);
    const written = this.#writing.then(write, write);
    this.#writing = written.catch(() => undefined);
    return written;
  }

  /** Resolves when no write is under way. */
  idle(): Promise<void> {
    return this.#writing;
  }
}
