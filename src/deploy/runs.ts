/**
 * Invariant: once its row is written, a deployment belongs to the process and not to the call that began it: neither the end of that
 * call nor its client's going stops it half-way.
 */
import type { CallScope } from '../ports/call-scope.ts';
import type { DriverScope } from '../ports/deploy.ts';
import type { DeploymentRow, StateStore } from '../ports/state.ts';
import { takenOver } from './errors-of-state.ts';
import { asCallError, LeftBehind } from './failures.ts';
import { createJournal, type Journal } from './journal.ts';
import { type HeldLease, type LeaseStore, takeLease } from './lease.ts';
import type { Ending } from './machine.ts';

const runMs = 30 * 60_000;
/** Longest that a driver waits for a state. */
const waitMs = 10 * 60_000;
/** Of progress, for each step. */
const stepUnits = 100;

export interface Ended {
  readonly row: DeploymentRow;
  readonly error: Ending;
}

/** A lease, and the signal that says when it is lost. */
export interface Hold {
  readonly lease: HeldLease;
  readonly abort: AbortController;
}

export interface RunOptions {
  readonly store: Pick<StateStore, 'updateDeployment'> & LeaseStore;
  readonly now: () => number;
  readonly mask: (text: string) => string;
}

export interface Runs {
  /** @returns a hold, or undefined when somebody else has it */
  hold(name: string, holder: string): Hold | undefined;
  /** Runs a deployment whose row is written. It gives the lease back when it has ended. Rejects only with `CallError`. */
  start(row: DeploymentRow, hold: Hold, call: CallScope, work: (journal: Journal, scope: DriverScope) => Promise<Ending>): Promise<Ended>;
  /** Waits for what runs, then leaves it to whoever resumes it. */
  close(graceMs: number): Promise<void>;
}

export function createRuns({ store, now, mask }: RunOptions): Runs {
  const going = new Map<Promise<unknown>, () => void>();
  const start: Runs['start'] = (row, { lease, abort }, call, work) => {
    const progress = progressOf(call);
    const journal = createJournal(row, { store, lease, now, mask, begun: progress.begin });
    // Whoever may have lost the lease records nothing more: least of all that the work failed because it was stopped.
    abort.signal.addEventListener('abort', journal.leave);
    if (abort.signal.aborted) journal.leave();
    const leave = () => {
      lease.leave();
      abort.abort();
    };
    const scope: DriverScope = {
      ...call,
      signal: abort.signal,
      deadlineAt: now() + runMs,
      waitMs,
      progress: progress.within,
      note(message) {
        journal.note(message);
        progress.say(message);
      },
    };
    const run = async (): Promise<Ended> => {
      try {
        const error = await work(journal, scope);
        lease.release();
        return { row: journal.row(), error };
      } catch (error) {
        leave();
        throw error instanceof LeftBehind ? takenOver(row.id) : asCallError(error);
      }
    };
    const running = run();
    going.set(running, leave);
    const done = () => void going.delete(running);
    running.then(done, done);
    return running;
  };
  return {
    hold(name, holder) {
      const abort = new AbortController();
      const lease = takeLease(store, name, holder, now, () => abort.abort());
      return 'token' in lease ? { lease, abort } : undefined;
    },
    start,
    async close(graceMs) {
      await ended(Promise.allSettled(going.keys()), graceMs);
      for (const leave of going.values()) leave();
    },
  };
}

/** What a promise resolves with, or undefined when it takes longer, or the signal aborts. */
export async function ended<T>(work: Promise<T>, withinMs: number, signal?: AbortSignal): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const give = () => resolve(undefined);
  const timer = setTimeout(give, withinMs);
  signal?.addEventListener('abort', give);
  if (signal?.aborted) give();
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', give);
  }
}

/** Progress of a driver within its step as progress of the whole, which only grows: in whole units, so that it is told of rarely. */
function progressOf(call: CallScope) {
  let base = -stepUnits;
  let last = -1;
  const tell = (done: number, message: string) => {
    last = done;
    call.progress(done, undefined, message);
  };
  return {
    begin(step: string) {
      base += stepUnits;
      tell(base, step);
    },
    within(done: number, total: number | undefined, message: string) {
      const units = base + (total ? Math.min(stepUnits - 1, Math.floor((done / total) * (stepUnits - 1))) : 0);
      if (units > last) tell(units, message);
    },
    say: (message: string) => tell(Math.max(last, base), message),
  };
}
