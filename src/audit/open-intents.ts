/**
 * Invariant: an intent counts as ended only by an outcome that is on disk with its call id, in whichever journal of the folder.
 * That makes adoption repeatable: whoever adopts again finds what a predecessor already wrote.
 */
import type { AuditEntry, AuditRecord } from '../ports/audit.ts';
import { listSegments, listWriters, paths, segmentStat } from './journal-folder.ts';
import { decodeLine, isAuditRecord } from './line.ts';
import { readLines } from './line-reader.ts';

/** What of an intent its outcome repeats. Not the arguments: the intent has them. */
export type OpenIntent = Pick<AuditEntry, 'callId' | 'ts' | 'principal' | 'tool' | 'targets' | 'dryRun'>;

export function openIntentOf(intent: AuditEntry): OpenIntent {
  const { callId, ts, principal, tool, targets, dryRun } = intent;
  return { callId, ts, principal, tool, ...(targets ? { targets } : {}), ...(dryRun === undefined ? {} : { dryRun }) };
}

/** Keeps count of which calls are open while a journal is read. */
export class IntentLedger {
  readonly open = new Map<string, OpenIntent & { seq: number }>();

  see(record: AuditRecord): void {
    if (record.phase === 'intent') this.open.set(record.callId, { ...openIntentOf(record), seq: record.seq });
    else if (record.phase === 'outcome') this.open.delete(record.callId);
  }
}

/** The outcome that ends an intent whose writer is gone. */
export function unknownOutcome(intent: OpenIntent, adoptedFrom: string, now: number, sandbox: boolean): AuditEntry {
  const { callId, principal, tool, targets, dryRun } = intent;
  return {
    phase: 'outcome',
    callId,
    ts: new Date(now).toISOString(),
    principal,
    tool,
    ...(targets ? { targets } : {}),
    ...(dryRun === undefined ? {} : { dryRun }),
    outcome: 'unknown',
    effect: dryRun ? 'none' : 'unknown',
    adoptedFrom,
    message: dryRun
      ? 'The server stopped during this dry run, which changes nothing.'
      : 'The server stopped before it recorded how this call ended. Read the live state of its targets, and what the provider logged from the time of the intent on, before the call is made again.',
    sandbox,
  };
}

/** Segments written to shortly before a time may hold records of that time: file times and record times are not taken together. */
const slackMs = 60_000;

/**
 * Which of these calls have an outcome on disk, in any journal of the folder.
 * @param since epoch milliseconds of the earliest intent
 */
export async function findOutcomes(folder: string, callIds: ReadonlySet<string>, since: number): Promise<Set<string>> {
  const found = new Set<string>();
  if (callIds.size === 0) return found;
  const needle = Buffer.from('"phase":"outcome"');
  for await (const record of findRecords(folder, needle, since - slackMs)) {
    if (record.phase === 'outcome' && callIds.has(record.callId)) found.add(record.callId);
  }
  return found;
}

/**
 * Sound records whose line contains these bytes, in all journals of a folder, in no promised order.
 * @param writtenSince segments last written to before this (epoch milliseconds) are passed over
 */
export async function* findRecords(folder: string, needle: Buffer, writtenSince: number): AsyncGenerator<AuditRecord> {
  for (const writerId of await listWriters(folder)) {
    for (const segment of await listSegments(folder, writerId)) {
      const stat = await segmentStat(folder, writerId, segment);
      if (!stat || stat.modifiedAt < writtenSince) continue;
      for await (const { bytes, whole } of readLines(paths.segment(folder, writerId, segment))) {
        if (!whole || !bytes.includes(needle)) continue;
        const { line, problem } = decodeLine(bytes);
        if (line && !problem && isAuditRecord(line)) yield line;
      }
    }
  }
}
