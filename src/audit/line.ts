/**
 * Invariant: a journal line is the JSON of its content with `,"hash":"…"}` spliced over the closing brace, and the hash is
 * SHA-256 over exactly the bytes before the splice (with that brace). Checking works on bytes: nothing is re-serialised,
 * so no two spellings of one value can pass for each other.
 */
import { hash } from 'node:crypto';
import type { AuditRecord } from '../ports/audit.ts';
import type { Destination } from './destination.ts';

/** `prev` of the first line that a writer ever wrote. */
export const genesis = '0'.repeat(64);

/** First line of every segment. It carries no sequence number: `after` is that of the last record before it. */
export interface SegmentHeader {
  v: 1;
  kind: 'header';
  writerId: string;
  segment: number;
  after: number;
  ts: string;
  destination: Destination;
  pid: number;
  version: string;
  host: string;
  prev: string;
  hash: string;
}

/** Last line of a journal whose writer went in peace. */
export interface JournalFooter {
  v: 1;
  kind: 'closed';
  writerId: string;
  after: number;
  ts: string;
  prev: string;
  hash: string;
}

export type JournalLine = AuditRecord | SegmentHeader | JournalFooter;

export type LineProblem = 'not a journal line' | 'hash does not fit the line';

const hashOpening = ',"hash":"';
const hashTailBytes = hashOpening.length + 64 + 2;

/** @returns the line without its newline, and its hash */
export function encodeLine(content: object): { line: string; hash: string } {
  const body = JSON.stringify(content);
  const digest = hash('sha256', body);
  return { line: `${body.slice(0, -1)}${hashOpening}${digest}"}`, hash: digest };
}

/**
 * @param bytes one line without its newline
 * @returns the line as far as it can be read, and what is wrong with it; a line with a wrong hash is still returned, so that
 *   an intent in a damaged journal can be ended
 */
export function decodeLine(bytes: Buffer): { line?: JournalLine; problem?: LineProblem } {
  const line = parse(bytes);
  if (!line) return { problem: 'not a journal line' };
  const split = bytes.length - hashTailBytes;
  const fits =
    split > 0 &&
    bytes.toString('latin1', split) === `${hashOpening}${line.hash}"}` &&
    hash('sha256', Buffer.concat([bytes.subarray(0, split), closingBrace])) === line.hash;
  return fits ? { line } : { line, problem: 'hash does not fit the line' };
}

const closingBrace = Buffer.from('}');

function parse(bytes: Buffer): JournalLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const line = value as Partial<Record<string, unknown>>;
  const signed = typeof line.writerId === 'string' && typeof line.prev === 'string' && typeof line.hash === 'string';
  const placed = line.kind === undefined ? isRecord(line) : typeof line.after === 'number' && isKnownKind(line);
  // The shape is what the writer of this version makes; a line of any other shape is reported, never guessed at.
  return signed && placed && line.v === 1 && typeof line.ts === 'string' ? (value as JournalLine) : undefined;
}

function isRecord(line: Partial<Record<string, unknown>>): boolean {
  return typeof line.seq === 'number' && typeof line.callId === 'string' && typeof line.phase === 'string';
}

function isKnownKind(line: Partial<Record<string, unknown>>): boolean {
  if (line.kind === 'closed') return true;
  return line.kind === 'header' && typeof line.segment === 'number' && typeof line.destination === 'object' && line.destination !== null;
}

export function isHeader(line: JournalLine): line is SegmentHeader {
  return 'kind' in line && line.kind === 'header';
}

export function isFooter(line: JournalLine): line is JournalFooter {
  return 'kind' in line && line.kind === 'closed';
}

export function isAuditRecord(line: JournalLine): line is AuditRecord {
  return !('kind' in line);
}
