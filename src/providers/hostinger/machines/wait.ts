import { setTimeout as pause } from 'node:timers/promises';
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { AskScope, HostingerApi } from '../api/index.ts';
import { type Action, action as actionShape } from './shapes.ts';

/** Asking takes from the same limit as everything else: the pause grows to this multiple. */
const longestPause = 4;

export interface Waiting {
  readonly api: HostingerApi;
  readonly pollMs: number;
}

/**
 * Asks until `look` gives a value or `call.waitMs` is over; then undefined. A question that fails is no error, since the change itself
 * was accepted: it is asked again, or given up when asking again is pointless. Throws `cancelled`.
 * @param what for the progress: `restart of 1268054`
 */
export async function poll<T>(
  pollMs: number,
  what: string,
  call: CallScope,
  look: (call: AskScope) => Promise<T | undefined>,
): Promise<T | undefined> {
  const startedAt = Date.now();
  // A second is left for the reply to be recorded and sent.
  const until = Math.min(startedAt + call.waitMs, call.deadlineAt - 1_000);
  // No correlation ids: the change goes on record, not each look at it.
  const looking: AskScope = { deadlineAt: Math.min(until + 5_000, call.deadlineAt), signal: call.signal };
  for (let round = 1; Date.now() < until; round += 1) {
    try {
      const seen = await look(looking);
      if (seen !== undefined) return seen;
    } catch (error) {
      if (call.signal.aborted) throw cancelled(what);
      if (!(error instanceof CallError) || error.code === 'provider_rejected') throw error;
      if (!error.details.retryable) return undefined;
    }
    call.progress(round, undefined, `${what}: ${Math.round((Date.now() - startedAt) / 1_000)} s`);
    const growing = pollMs * Math.min(longestPause, 1.25 ** (round - 1));
    try {
      await pause(Math.max(0, Math.min(growing, until - Date.now())), undefined, { signal: call.signal });
    } catch {
      throw cancelled(what);
    }
  }
  return undefined;
}

/** Waits for an action's end. True when it is done, false when it goes on. Throws `provider_rejected` when it failed, and `cancelled`. */
export async function waitForAction(
  { api, pollMs }: Waiting,
  machine: number,
  first: Action,
  what: string,
  call: CallScope,
): Promise<boolean> {
  if (ended(first, what)) return true;
  const path = { virtualMachineId: machine, actionId: first.id };
  const done = await poll(pollMs, what, call, async (looking) =>
    ended(await api.ask({ tool: 'VPS_getActionDetailsV1', path }, actionShape, looking), what) ? true : undefined,
  );
  return done ?? false;
}

function ended({ state, name, id }: Action, what: string): boolean {
  if (state !== 'error') return state === 'success';
  throw new CallError('provider_rejected', `Hostinger accepted the ${what}, but its action ${id} (${name}) failed.`, {
    remedy: 'Read the state with instances_get. If it is not what it should be, try once more; if it fails again, hPanel shows why.',
    // The request was accepted; what a failed action leaves behind, nobody says.
    effect: 'unknown',
    provider: { code: `action ${state}` },
  });
}

function cancelled(what: string): CallError {
  return new CallError('cancelled', `The wait for the ${what} was cancelled; Hostinger had accepted it before.`, {
    remedy: 'Do not repeat it. Read the state with instances_get: the change goes on at Hostinger.',
  });
}
