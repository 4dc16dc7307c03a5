/**
 * Invariant: a journal is read in one way only. Delivery, adoption and verification all walk it line by line along its chain,
 * so what one of them takes for sound is what the others do.
 */
import { listSegments, paths } from './journal-folder.ts';
import { decodeLine, genesis, isFooter, isHeader, type JournalLine, type SegmentHeader } from './line.ts';
import { readLines } from './line-reader.ts';

export interface Position {
  segment: number;
  offset: number;
}

export interface WalkedLine {
  segment: number;
  /** From 1, counted from where the walk entered the segment. */
  lineNumber: number;
  /** Where the next line begins. */
  end: number;
  bytes: Buffer;
  line?: JournalLine;
  /** What is wrong with it; empty for a sound line. */
  problems: string[];
  /** The end of a file without its newline: a write that was never acknowledged. */
  torn: boolean;
}

/** Where to enter a journal: after the record with this number and hash. */
export interface Entry extends Position {
  seq: number;
  hash: string;
}

/**
 * All lines of a journal in order, each checked against its own hash and the chain.
 * @param entry where to begin; else with the first segment that is kept
 * @param until how far the file may be read; else to its end
 */
export async function* walkJournal(folder: string, writerId: string, entry?: Entry, until?: Position): AsyncGenerator<WalkedLine> {
  const segments = (await listSegments(folder, writerId)).filter(
    (segment) => segment >= (entry?.segment ?? 0) && segment <= (until?.segment ?? segment),
  );
  const chain = new Chain(writerId, entry);
  for (const [index, segment] of segments.entries()) {
    const from = segment === entry?.segment ? entry.offset : 0;
    const limit = segment === until?.segment ? until.offset : undefined;
    let lineNumber = 0;
    for await (const { bytes, end, whole } of readLines(paths.segment(folder, writerId, segment), from, limit)) {
      lineNumber += 1;
      if (!whole) {
        const last = index === segments.length - 1;
        yield { segment, lineNumber, end, bytes, torn: last, problems: last ? [] : ['line without an end in the middle of the journal'] };
        continue;
      }
      const { line, problem } = decodeLine(bytes);
      const misplaced = line && !problem ? chain.check(line, segment, from === 0 && lineNumber === 1) : chain.skip(line);
      const problems = problem ? [problem] : misplaced;
      yield { segment, lineNumber, end, bytes, torn: false, problems, ...(line ? { line } : {}) };
    }
    if (lineNumber === 0 && from === 0 && index < segments.length - 1) {
      yield { segment, lineNumber, end: 0, bytes: Buffer.alloc(0), torn: false, problems: ['segment is empty'] };
    }
  }
}

/** First line of a segment, sound or not; undefined when it is no header. */
export async function readHeader(folder: string, writerId: string, segment: number): Promise<SegmentHeader | undefined> {
  for await (const { bytes } of readLines(paths.segment(folder, writerId, segment))) {
    const { line } = decodeLine(bytes);
    return line && isHeader(line) ? line : undefined;
  }
  return undefined;
}

/** What the next line must say, given the lines before. */
class Chain {
  readonly #writerId: string;
  #seq: number | undefined;
  /** Undefined after a damaged line, so that one damage is one problem. */
  #hash: string | undefined;
  #segment: number | undefined;
  #closed = false;

  constructor(writerId: string, entry: Entry | undefined) {
    this.#writerId = writerId;
    if (!entry || entry.seq === 0) return;
    this.#seq = entry.seq;
    this.#hash = entry.hash;
    this.#segment = entry.segment;
  }

  check(line: JournalLine, segment: number, first: boolean): string[] {
    const problems: string[] = [];
    if (line.writerId !== this.#writerId) problems.push(`line of another writer, ${line.writerId}`);
    if (this.#closed) problems.push('line after the journal was closed');
    if (isHeader(line)) problems.push(...this.#checkHeader(line, segment, first));
    else if (first) problems.push('segment does not begin with its header');
    else if (isFooter(line)) problems.push(...this.#checkCount(line.after, this.#seq));
    else problems.push(...this.#checkCount(line.seq, this.#seq === undefined ? undefined : this.#seq + 1));
    // A line that is missing breaks the number and the hash; saying it once is enough.
    if (problems.length === 0 && this.#hash !== undefined && line.prev !== this.#hash) {
      problems.push('does not follow the line before it (its prev is another hash)');
    }
    this.#seq = isHeader(line) || isFooter(line) ? line.after : line.seq;
    this.#hash = line.hash;
    this.#closed ||= isFooter(line);
    return problems;
  }

  /** Goes past a line that cannot be trusted. */
  skip(line: JournalLine | undefined): string[] {
    if (!line || !(isHeader(line) || isFooter(line))) this.#seq = this.#seq === undefined ? undefined : this.#seq + 1;
    this.#hash = undefined;
    return [];
  }

  #checkHeader(line: { segment: number; after: number; prev: string }, segment: number, first: boolean): string[] {
    const problems: string[] = [];
    if (!first) problems.push('header in the middle of a segment');
    if (line.segment !== segment) problems.push(`header of segment ${line.segment}`);
    if (this.#segment !== undefined && segment !== this.#segment + 1)
      problems.push(`segments before it are missing, from ${this.#segment + 1}`);
    if (segment === 1 && (line.after !== 0 || line.prev !== genesis))
      problems.push('header of a first segment that claims lines before it');
    this.#segment = segment;
    return [...problems, ...this.#checkCount(line.after, this.#seq)];
  }

  #checkCount(found: number, expected: number | undefined): string[] {
    if (expected === undefined || found === expected) return [];
    return found > expected
      ? [`gap: records are missing before it (number ${found}, expected ${expected})`]
      : [`out of order or repeated (number ${found}, expected ${expected})`];
  }
}
