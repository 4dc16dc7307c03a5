/**
 * Invariant: what was sent is not sent again. A report in the outbox is sent by whoever holds its lease, and who has it leaves it as soon
 * as the mail server has said so. Where this server dies between the two, the same mail is sent again under the same Message-ID.
 */
import { CallError } from '../../call/errors.ts';
import type { ReportRow, StateStore } from '../../ports/state.ts';

export type OutboxStore = Pick<StateStore, 'createReport' | 'updateReport' | 'reports' | 'takeLease' | 'releaseLease'>;

/** Longer than any call lives. */
const leaseMs = 20 * 60_000;
/** More than a store ever keeps: a report a month, and those that could not be sent. */
const mostRows = 10_000;

const minuteMs = 60_000;
const firstPauses = [5, 10, 20, 40];
export const firstPauseMs = 5 * minuteMs;
const longestPause = 60;
/** Three days: 75 minutes for the first four, then hours. */
const mostAttempts = firstPauses.length + (3 * 24 * 60 - 75) / longestPause;

/** How long to wait behind the n-th attempt that failed, in milliseconds; undefined when it is given up. */
export function pauseAfter(attempts: number): number | undefined {
  if (attempts >= mostAttempts) return undefined;
  return (firstPauses[attempts - 1] ?? longestPause) * minuteMs;
}

export function findReport(store: Pick<StateStore, 'reports'>, id: string): ReportRow | undefined {
  return store.reports({ limit: mostRows }).find((row) => row.id === id);
}

/** What waits and is to be tried now, oldest first. */
export function due(store: Pick<StateStore, 'reports'>, now: number): ReportRow[] {
  return store
    .reports({ status: 'waiting', limit: mostRows })
    .filter(({ nextAt }) => nextAt <= now)
    .reverse();
}

/** Writes down that an attempt failed: waits for the next, or is given up. Returns when the next one is. */
export function postpone(
  store: Pick<StateStore, 'updateReport'>,
  { id, attempts }: ReportRow,
  problem: string,
  now: number,
): number | undefined {
  const made = attempts + 1;
  const pause = pauseAfter(made);
  if (pause === undefined) {
    store.updateReport(id, { status: 'failed', attempts: made, problem });
    return undefined;
  }
  store.updateReport(id, { attempts: made, nextAt: now + pause, problem });
  return now + pause;
}

/** Runs what only one server may do with a report at a time. Throws `CallError` `provider_conflict` while another does it. */
export async function alone<T>(store: OutboxStore, id: string, holder: string, now: () => number, run: () => Promise<T>): Promise<T> {
  const name = `cost report ${id}`;
  const lease = store.takeLease(name, holder, now(), leaseMs);
  if ('heldBy' in lease) {
    throw new CallError('provider_conflict', 'Another call is sending this report right now.', {
      remedy: 'Wait for a minute: it sends it, or keeps it for later.',
      effect: 'none',
    });
  }
  try {
    return await run();
  } finally {
    store.releaseLease(name, lease.token);
  }
}
