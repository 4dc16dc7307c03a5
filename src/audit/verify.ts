/**
 * Invariant: verification changes nothing and trusts nothing but bytes. Every line is walked along its chain, what the cursor
 * says was there must be there, every intent must have an outcome, and CloudWatch, where given, must hold the same bytes.
 */

import type { LogSink } from '../ports/log-sink.ts';
import { type Cursor, readCursor } from './cursor.ts';
import { listSegments, listWriters, paths, readPrunedBefore, segmentName } from './journal-folder.ts';
import { isAuditRecord, isHeader } from './line.ts';
import { isLocked } from './lock.ts';
import { findOutcomes, IntentLedger } from './open-intents.ts';
import { type AuditProblem, compareCopies, type KnownJournal } from './verify-copies.ts';
import { walkJournal } from './walk.ts';

export interface AuditVerdict {
  ok: boolean;
  problems: AuditProblem[];
  /** What is no fault and yet worth knowing. */
  notes: string[];
  counts: { writers: number; live: number; records: number; delivered: number; comparedWithCloudWatch: number };
}

export interface VerifyOptions {
  folder: string;
  /** To hold the journals against CloudWatch as well. */
  logSink?: LogSink;
  /** CloudWatch shows an event some seconds after it took it: how long to wait before looking again for recent ones; 3 s by default. */
  settleMs?: number;
}

/** Checks all journals of a folder; safe beside running servers. */
export async function verifyAudit({ folder, logSink, settleMs = 3_000 }: VerifyOptions): Promise<AuditVerdict> {
  const problems: AuditProblem[] = [];
  const notes: string[] = [];
  const journals: KnownJournal[] = [];
  const prunedBefore = await readPrunedBefore(folder);
  const unended = new Map<string, Unended>();
  for (const writerId of await listWriters(folder)) {
    const journal = await checkJournal({ folder, writerId, prunedBefore, keepHashes: logSink !== undefined, problems, notes });
    if (!journal) continue;
    journals.push(journal);
    for (const [callId, intent] of journal.open) unended.set(callId, intent);
  }
  await checkIntents(folder, unended, problems, notes);
  const compared = logSink ? await compareCopies({ folder, logSink, journals, prunedBefore, settleMs, problems, notes }) : 0;
  const counts = {
    writers: journals.length,
    live: journals.filter(({ live }) => live).length,
    records: journals.reduce((sum, { count }) => sum + count, 0),
    delivered: journals.reduce((sum, { count, lastSeq, shippedSeq }) => sum + Math.max(0, count - Math.max(0, lastSeq - shippedSeq)), 0),
    comparedWithCloudWatch: compared,
  };
  const pending = counts.records - counts.delivered;
  if (pending > 0) {
    notes.push(
      `${pending} record(s) are only on this host: whoever owns it can cut a tail that CloudWatch does not have, and nothing here would show it.`,
    );
  }
  if (!logSink)
    notes.push('Not compared with CloudWatch: whoever owns this host can rewrite a whole journal, and only that comparison shows it.');
  return { ok: problems.length === 0, problems, notes, counts };
}

interface Unended {
  writerId: string;
  seq: number;
  ts: string;
  tool: string;
  live: boolean;
}

interface Check {
  folder: string;
  writerId: string;
  prunedBefore: number;
  keepHashes: boolean;
  problems: AuditProblem[];
  notes: string[];
}

async function checkJournal(check: Check): Promise<(KnownJournal & { open: Map<string, Unended> }) | undefined> {
  const { folder, writerId, prunedBefore, problems, notes } = check;
  // Asked before anything is read: what a living writer adds meanwhile is then no fault. Who adopted it holds its lock, too.
  const locked = isLocked(paths.lock(folder, writerId));
  const known = await readCursor(folder, writerId);
  const cursor = known === 'damaged' ? undefined : known;
  const live = locked && !cursor?.closed;
  const segments = await listSegments(folder, writerId);
  if (known === 'damaged') problems.push({ writerId, problem: 'cursor.json cannot be read' });
  if (segments.length === 0 && !cursor) return undefined;
  if ((segments[0] ?? 1) > 1 && prunedBefore === 0) {
    problems.push({ writerId, problem: `segments before ${segmentName(segments[0] ?? 1)} are missing, and nothing was ever pruned here` });
  }
  const ledger = new IntentLedger();
  const journal = {
    writerId,
    live,
    firstSeq: 1,
    lastSeq: 0,
    count: 0,
    shippedSeq: cursor?.shippedSeq ?? 0,
    hashes: [] as string[],
    since: Date.now(),
    logGroup: '',
  };
  let lastHash = '';
  let shippedHash: string | undefined;
  for await (const { line, problems: found, torn, segment, lineNumber, bytes } of walkJournal(folder, writerId)) {
    const at = { writerId, segment: segmentName(segment), line: lineNumber };
    for (const problem of found) problems.push({ ...at, ...(line && isAuditRecord(line) ? { seq: line.seq } : {}), problem });
    if (torn && !live) notes.push(`${writerId} ${at.segment}: ${bytes.length} bytes after the last line were never acknowledged.`);
    if (!line) continue;
    lastHash = line.hash;
    if (isHeader(line)) {
      if (journal.logGroup === '') journal.firstSeq = line.after + 1;
      journal.logGroup = line.destination.logGroup;
    }
    if (!isAuditRecord(line)) continue;
    ledger.see(line);
    journal.count += 1;
    journal.lastSeq = line.seq;
    journal.since = Math.min(journal.since, Date.parse(line.ts));
    if (line.seq === journal.shippedSeq) shippedHash = line.hash;
    if (check.keepHashes) journal.hashes[line.seq - journal.firstSeq] = line.hash;
  }
  problems.push(...checkCursor(writerId, cursor, journal, lastHash, shippedHash));
  const open = new Map([...ledger.open].map(([callId, { seq, ts, tool }]) => [callId, { writerId, seq, ts, tool, live }]));
  return { ...journal, open };
}

/** Holds the end of a journal against what its cursor remembers of it. */
function checkCursor(
  writerId: string,
  cursor: Cursor | undefined,
  journal: { firstSeq: number; lastSeq: number },
  lastHash: string,
  shippedHash: string | undefined,
): AuditProblem[] {
  if (!cursor) return [];
  const { shippedSeq, closed } = cursor;
  const problems: AuditProblem[] = [];
  if (shippedSeq > journal.lastSeq) {
    problems.push({
      writerId,
      seq: shippedSeq,
      problem: `the tail is missing: ends at record ${journal.lastSeq}, but ${shippedSeq} was delivered`,
    });
  } else if (shippedSeq >= journal.firstSeq && shippedHash !== cursor.shippedHash) {
    problems.push({ writerId, seq: shippedSeq, problem: 'record is not the one that was delivered' });
  }
  if (closed && closed.seq !== journal.lastSeq && !closed.damaged) {
    problems.push({ writerId, seq: closed.seq, problem: `was closed at record ${closed.seq}, but ends at ${journal.lastSeq}` });
  } else if (closed && closed.hash !== lastHash && !closed.damaged) {
    problems.push({ writerId, seq: closed.seq, problem: 'does not end with the line with which it was closed' });
  }
  if (closed?.damaged) problems.push({ writerId, seq: closed.seq, problem: `was damaged after record ${closed.seq} when its writer died` });
  return problems;
}

async function checkIntents(folder: string, unended: Map<string, Unended>, problems: AuditProblem[], notes: string[]): Promise<void> {
  const since = Math.min(...[...unended.values()].map(({ ts }) => Date.parse(ts)));
  const ended = await findOutcomes(folder, new Set(unended.keys()), since);
  for (const [callId, { writerId, seq, tool, live }] of unended) {
    if (ended.has(callId)) continue;
    if (live) notes.push(`${writerId} record ${seq}: call ${callId} (${tool}) is in flight.`);
    else
      problems.push({
        writerId,
        seq,
        problem: `intent without an outcome: call ${callId} (${tool}); if its server just died, start one: it ends such calls`,
      });
  }
}
