import { CallError } from '../call/errors.ts';
import type { LogSink } from '../ports/log-sink.ts';
import { readJson } from './files.ts';
import { isWriterOf, paths, readFolderId } from './journal-folder.ts';
import { decodeLine, isAuditRecord } from './line.ts';
import { isLocked } from './lock.ts';

export interface AuditProblem {
  writerId: string;
  seq?: number;
  /** File name of the segment, and line in it from 1. */
  segment?: string;
  line?: number;
  problem: string;
}

/** What verification knows of a journal once it has read it. */
export interface KnownJournal {
  writerId: string;
  live: boolean;
  firstSeq: number;
  lastSeq: number;
  /** Records that are here. */
  count: number;
  shippedSeq: number;
  /** Hash of each record, by distance from `firstSeq`. A record's hash stands for its bytes. */
  hashes: string[];
  /** Epoch milliseconds of the earliest record. */
  since: number;
  logGroup: string;
}

export interface CopyCheck {
  folder: string;
  logSink: LogSink;
  journals: KnownJournal[];
  prunedBefore: number;
  settleMs: number;
  problems: AuditProblem[];
  notes: string[];
}

const dayMs = 86_400_000;

/**
 * Holds journals against CloudWatch: every delivered record must be there byte by byte, and nothing of these writers there may
 * be missing here unless it was pruned.
 * @returns number of records found in both
 */
export async function compareCopies(check: CopyCheck): Promise<number> {
  const { logSink, notes, problems } = check;
  const account = await logSink.accountId();
  const known = await readJson(paths.destination(check.folder));
  const named = typeof known === 'object' && known !== null && 'account' in known;
  // Whether to compare must not hang on a file of the very host that is checked: STS says the account.
  if (!named) {
    if (check.journals.every(({ shippedSeq }) => shippedSeq === 0)) {
      notes.push('Nothing was delivered to CloudWatch yet, so there is nothing to compare.');
      return 0;
    }
    problems.push({ writerId: '-', problem: 'destination.json is gone, though records were delivered' });
  }
  if (named && known.account !== account) {
    const remedy = `Verify with credentials of account ${String(known.account)}.`;
    throw new CallError('provider_denied', `These records were delivered to account ${String(known.account)}, not ${account}`, { remedy });
  }
  const journals = new Map(
    check.journals.filter(({ logGroup }) => logGroup === logSink.group).map((journal) => [journal.writerId, journal]),
  );
  let round = await readCopies(check, journals);
  let missing = missingCopies(journals, round.seen);
  if (missing.length > 0) {
    await new Promise((resolve) => setTimeout(resolve, check.settleMs));
    round = await readCopies(check, journals);
    missing = missingCopies(journals, round.seen);
  }
  problems.push(...round.problems);
  for (const { writerId, seq } of missing) {
    problems.push({
      writerId,
      seq,
      problem: 'was delivered, but CloudWatch does not have it (removed there, or past the retention of the group)',
    });
  }
  return [...round.seen.values()].reduce((sum, seqs) => sum + seqs.size, 0);
}

interface Round {
  seen: Map<string, Set<number>>;
  problems: AuditProblem[];
}

async function readCopies(check: CopyCheck, journals: Map<string, KnownJournal>): Promise<Round> {
  const seen = new Map<string, Set<number>>();
  const problems: AuditProblem[] = [];
  const folderIdentity = (await readFolderId(check.folder)) ?? '';
  const now = Date.now();
  // A record dated ahead of its host's clock is stamped with an earlier time, and a late one with a later.
  const from = Math.min(now, ...[...journals.values()].map(({ since }) => since)) - dayMs;
  for await (const { message } of check.logSink.read(from, now + dayMs)) {
    const { line, problem } = decodeLine(Buffer.from(message));
    if (!line || !isAuditRecord(line)) continue;
    const { writerId, seq } = line;
    const journal = journals.get(writerId);
    if (!journal && !isWriterOf(folderIdentity, writerId)) continue;
    if (problem) {
      problems.push({ writerId, seq, problem: `is damaged in CloudWatch (${problem})` });
    } else if (!journal && isLocked(paths.lock(check.folder, writerId))) {
      // A server that started while this was being checked.
    } else if (!journal || seq < journal.firstSeq) {
      if (Date.parse(line.ts) >= check.prunedBefore)
        problems.push({ writerId, seq, problem: 'is in CloudWatch and missing here, though not old enough to be pruned' });
    } else if (seq > journal.lastSeq) {
      // A living writer goes on while we read.
      if (!journal.live) problems.push({ writerId, seq, problem: 'is in CloudWatch and missing here: the tail was cut' });
    } else if (journal.hashes[seq - journal.firstSeq] !== line.hash) {
      problems.push({ writerId, seq, problem: 'is another record in CloudWatch' });
    } else {
      seen.set(writerId, (seen.get(writerId) ?? new Set()).add(seq));
    }
  }
  return { seen, problems };
}

function missingCopies(journals: Map<string, KnownJournal>, seen: Map<string, Set<number>>): { writerId: string; seq: number }[] {
  const missing: { writerId: string; seq: number }[] = [];
  for (const { writerId, firstSeq, lastSeq, shippedSeq } of journals.values()) {
    const there = seen.get(writerId);
    for (let seq = firstSeq; seq <= Math.min(lastSeq, shippedSeq); seq += 1) if (!there?.has(seq)) missing.push({ writerId, seq });
  }
  return missing;
}
