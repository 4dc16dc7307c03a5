/**
 * Invariant: what was sent is not sent again. What is mailed of a month is mailed by whoever holds its lease, and who has it leaves the
 * outbox as soon as the mail server has said so. Where this server dies between the two, or the mail server gives no answer, the same
 * mail is sent once more, under the same Message-ID, and then not again.
 */
import { CallError } from '../../call/errors.ts';
import type { ReportRow, StateStore } from '../../ports/state.ts';
import { lastMonth } from './last-month.ts';

export type OutboxStore = Pick<StateStore, 'createReport' | 'updateReport' | 'report' | 'reports' | 'takeLease' | 'releaseLease'>;

/** Longer than any call lives. */
const leaseMs = 20 * 60_000;
/** More than ever wait at once. */
const mostWaiting = 100;

const minuteMs = 60_000;
const firstPauses = [5, 10, 20, 40];
const longestPause = 60;
/** Three days: 75 minutes for the first four, then hours. */
const mostAttempts = firstPauses.length + (3 * 24 * 60 - 75) / longestPause;
/** Nothing waits for longer: it was put there by a clock that was ahead, and set right since. */
const furthestMs = 2 * longestPause * minuteMs;

const scheduled = 'scheduled ';

/** How the report that a server mails by itself is called in the outbox. @param month `2026-10` */
export function scheduledId(month: string): string {
  return `${scheduled}${month}`;
}

export function isScheduled({ id }: ReportRow): boolean {
  return id.startsWith(scheduled);
}

/** The report of the month that has ended, if a server ever planned it. */
export function newestScheduled(store: Pick<StateStore, 'report'>, now: number): ReportRow | undefined {
  return store.report(scheduledId(lastMonth(now)));
}

/** How long to wait behind the n-th attempt that failed, in milliseconds; undefined when it is given up. */
function pauseAfter(attempts: number): number | undefined {
  if (attempts >= mostAttempts) return undefined;
  return (firstPauses[attempts - 1] ?? longestPause) * minuteMs;
}

/** Whether it is given up if it fails once more. */
export function isLastAttempt({ attempts }: ReportRow): boolean {
  return pauseAfter(attempts + 1) === undefined;
}

/** What waits and is to be tried now, oldest first. */
export function due(store: Pick<StateStore, 'reports'>, now: number): ReportRow[] {
  const isOver = (row: ReportRow) => !isScheduled(row) || row.month <= lastMonth(now);
  return store
    .reports({ status: 'waiting', limit: mostWaiting })
    .filter((row) => (row.nextAt <= now || row.nextAt > now + furthestMs) && isOver(row))
    .reverse();
}

/** What waits of a month, oldest first. */
export function waitingOf(store: Pick<StateStore, 'reports'>, month: string): ReportRow[] {
  return store.reports({ status: 'waiting', month, limit: mostWaiting }).reverse();
}

export interface FailedAttempt {
  readonly problem: string;
  /** Nobody answered: they may have it. */
  readonly maybeSent: boolean;
}

/** Writes down that an attempt failed: waits for the next, or is given up. Returns when the next one is. */
export function postpone(
  store: Pick<StateStore, 'updateReport'>,
  row: ReportRow,
  { problem, maybeSent }: FailedAttempt,
  now: number,
): number | undefined {
  const attempts = row.attempts + 1;
  const isRepeated = maybeSent && row.maybeSent === true;
  const pause = isRepeated ? undefined : pauseAfter(attempts);
  const unsure = maybeSent ? { maybeSent } : {};
  if (pause === undefined) {
    const why = isRepeated ? `It may have arrived: twice nobody said whether it did. ${problem}` : problem;
    store.updateReport(row.id, { status: 'failed', attempts, problem: why, ...unsure });
    return undefined;
  }
  store.updateReport(row.id, { status: 'waiting', attempts, nextAt: now + pause, problem, ...unsure });
  return now + pause;
}

/** Takes those who have the report of a month out of whatever is still to be done about it. */
export function strike(store: Pick<StateStore, 'updateReport' | 'reports'>, month: string, sent: readonly string[]): void {
  for (const status of ['waiting', 'failed'] as const) {
    for (const { id, to } of store.reports({ status, month, limit: mostWaiting })) {
      const left = to.filter((each) => !sent.includes(each));
      if (left.length === to.length) continue;
      store.updateReport(id, left.length > 0 ? { to: left } : { to: left, status: 'sent' });
    }
  }
}

/** Runs what only one server may do with the reports of a month at a time. Throws `CallError` `provider_conflict` while another does it. */
export async function alone<T>(store: OutboxStore, month: string, holder: string, now: () => number, run: () => Promise<T>): Promise<T> {
  const name = `cost report ${month}`;
  const lease = store.takeLease(name, holder, now(), leaseMs);
  if ('heldBy' in lease) {
    throw new CallError('provider_conflict', `Another call is sending the report of ${month} right now.`, {
      remedy: 'Wait for a minute: it sends it, or keeps it for later. Of a server that died it is free again after 20 minutes.',
      effect: 'none',
    });
  }
  try {
    return await run();
  } finally {
    store.releaseLease(name, lease.token);
  }
}
