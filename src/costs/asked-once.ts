/**
 * Invariant: what is billed by the question is asked once for all who want it, in whatever process, and not again while its answer is
 * fresh or its failure is; and every request is counted against the day's ceiling before it leaves.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { CallError, type ErrorCode } from '../call/errors.ts';
import type { CostScope } from '../ports/cost-sources.ts';
import type { StateStore } from '../ports/state.ts';
import type { Ceiling } from './ceiling.ts';
import type { Kept } from './cost-reader.ts';
import { createSharedWork, type SharedTask } from './shared-work.ts';

export type CostStore = Pick<
  StateStore,
  'keptCosts' | 'keepCosts' | 'countCostRequest' | 'costRequests' | 'takeLease' | 'renewLease' | 'releaseLease'
>;

export interface Asking<T> {
  /** Whose answers: twelve digits, or `hostinger`. */
  readonly account: string;
  /** Tells it from all other questions about the account. */
  readonly question: string;
  /** Longest time in milliseconds after a failure in which it is not asked again; a minute at first, and doubled by each that follows. */
  readonly longestPauseMs: number;
  /** Whether policy waits for it, so that what is kept back of the day's ceiling is kept for this. */
  readonly isForPolicy?: boolean;
  kept(): (Kept<T> & { readonly isFresh: boolean }) | undefined;
  /** Asks, and keeps what is answered. @param announce to be called before each request leaves; may throw */
  ask(call: CostScope, announce: () => void): Promise<Kept<T>>;
}

export interface AskOptions {
  readonly store: CostStore;
  readonly now: () => number;
  readonly ceiling: Ceiling;
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** As long as one page of an answer may take; the lease of a process that died ends by itself. */
const leaseMs = 60_000;
const pollMs = 100;
/** What was asked for many is not given up because the first of them had little time left. */
const leastTimeMs = 50_000;
const firstPauseMs = 60_000;
/** What was refused may have been put right by now. */
const repairedAfterMs = 15 * 60_000;

/** Clocks are set right by a little all the time. */
const skewMs = 60_000;

/** Whether what was there at `at` is younger than `freshMs`. What lies ahead of the clock, which was set back, is of no age, and so not fresh for ever. */
export function isYoung(at: number, freshMs: number, now: number): boolean {
  return now - at > -skewMs && now - at < freshMs;
}

/** Answers from the store while they are fresh; else asks; where that fails, the old answer with the reason, or the failure. Throws `CallError`. */
export function createAskedOnce({ store, now, ceiling, pause = defaultPause }: AskOptions) {
  const together = createSharedWork();
  const holder = randomUUID();

  /** Undefined where another process is asking. `renew` tells whether the lease is still held. */
  const whileLeased = async <T>(name: string, work: (renew: () => boolean) => Promise<T>): Promise<T | undefined> => {
    const at = now();
    const lease = store.takeLease(name, holder, at, leaseMs);
    // One that ends far later than any lease was taken before the clock was set back, and its holder may be long dead.
    if (!('token' in lease)) return lease.until > at + 2 * leaseMs ? await work(() => true) : undefined;
    try {
      return await work(() => store.renewLease(name, lease.token, now(), leaseMs));
    } finally {
      store.releaseLease(name, lease.token);
    }
  };

  const fetch = async <T>(asking: Asking<T>, call: CostScope, { signal, commit }: SharedTask): Promise<Kept<T>> => {
    const failures = failuresOf(asking, { store, now, ceiling });
    const known = (): Kept<T> | undefined => {
      const kept = asking.kept();
      if (kept?.isFresh) return { value: kept.value, fetchedAt: kept.fetchedAt };
      failures.throwRecent();
      return undefined;
    };
    const askNow = async (renew: () => boolean): Promise<Kept<T> | undefined> => {
      let isOvertaken = false;
      const announce = () => {
        isOvertaken = !renew();
        if (isOvertaken) throw overtaken();
        ceiling.count(asking.isForPolicy);
        commit();
      };
      try {
        return await asking.ask({ ...call, signal, deadlineAt: Math.max(call.deadlineAt, Date.now() + leastTimeMs) }, announce);
      } catch (error) {
        // Whoever has the lease now asks for all: what is left of the pages would be paid twice.
        if (isOvertaken) return undefined;
        failures.remember(error);
        throw error;
      }
    };
    for (;;) {
      const answer = known();
      if (answer) return answer;
      // Whoever had the lease before may have got the answer just now.
      const asked = await whileLeased(`costs ${asking.account} ${asking.question}`, async (renew) => known() ?? (await askNow(renew)));
      if (asked) return asked;
      await pause(pollMs, signal);
    }
  };

  return async <T>(asking: Asking<T>, call: CostScope): Promise<Kept<T>> => {
    const old = asking.kept();
    if (old?.isFresh) return { value: old.value, fetchedAt: old.fetchedAt };
    try {
      return await together(`${asking.account} ${asking.question}`, call, (task) => fetch(asking, call, task));
    } catch (error) {
      if (!old || !(error instanceof CallError) || error.code === 'cancelled') throw error;
      return { value: old.value, fetchedAt: old.fetchedAt, failure: error };
    }
  };
}

function overtaken(): CallError {
  return new CallError('timeout', 'Another process asks for this now, because it took this one too long.', {
    remedy: 'Ask again in a minute: what the other gets is kept.',
    retryable: true,
  });
}

async function defaultPause(ms: number, signal: AbortSignal): Promise<void> {
  // Nobody is left to be told.
  await sleep(ms, undefined, { signal });
}

/** Failures of the service itself; the others cost nothing, or belong to one caller. */
const remembered: readonly ErrorCode[] = [
  'provider_not_found',
  'provider_conflict',
  'provider_rejected',
  'provider_denied',
  'provider_throttled',
  'provider_unavailable',
  'provider_not_configured',
  'timeout',
];

interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Pick<CallError['details'], 'remedy' | 'retryable' | 'provider'>;
  readonly pauseMs: number;
}

/** The last failure of a question, kept like an answer, so that those who waited for it do not pay for the same one each. */
function failuresOf(
  { account, question, longestPauseMs, kept: answer }: Asking<unknown>,
  { store, now, ceiling }: Pick<AskOptions, 'store' | 'now' | 'ceiling'>,
) {
  const name = `failure ${question}`;
  const last = () => {
    const kept = store.keptCosts(account, name);
    // Of this server's own making, so not checked again.
    return kept && { ...(JSON.parse(kept.answer) as Failure), at: kept.fetchedAt };
  };
  // What AWS has too little history for will not be otherwise in a while. The rest may be, as long as trying leaves enough of the day's requests.
  const pauseAfter = ({ code, pauseMs }: Failure) =>
    code !== 'provider_rejected' && ceiling.isFarAway() ? Math.min(pauseMs, repairedAfterMs) : pauseMs;
  return {
    throwRecent() {
      const failure = last();
      if (!failure) return;
      const pauseMs = pauseAfter(failure);
      if (!isYoung(failure.at, pauseMs, now())) return;
      const retryAfterMs = failure.at + pauseMs - now();
      const minutes = Math.ceil(retryAfterMs / 60_000);
      throw new CallError(failure.code, failure.message, {
        ...failure.details,
        remedy: `${failure.details.remedy} It was asked a short while ago, and is asked again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}.`,
        retryAfterMs,
      });
    },
    remember(error: unknown) {
      if (!(error instanceof CallError) || !remembered.includes(error.code)) return;
      const before = last();
      const answeredAt = answer()?.fetchedAt ?? Number.NEGATIVE_INFINITY;
      const pauseMs = Math.min(before && before.at > answeredAt ? 2 * before.pauseMs : firstPauseMs, longestPauseMs);
      const { remedy, retryable, provider } = error.details;
      const details = { remedy, ...(retryable === undefined ? {} : { retryable }), ...(provider ? { provider } : {}) };
      const failure: Failure = { code: error.code, message: error.message, details, pauseMs };
      store.keepCosts(account, name, { fetchedAt: now(), answer: JSON.stringify(failure) });
    },
  };
}
