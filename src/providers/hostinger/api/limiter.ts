/**
 * Invariant: no more requests leave this process than the limit allows, and none while Hostinger has asked for a pause. Hostinger
 * publishes no number, answers 429, and cuts the address off that goes on (API reference, "Rate Limiting").
 */
import { setTimeout as pause } from 'node:timers/promises';
import { CallError } from '../../../call/errors.ts';

export interface RateLimit {
  /** Requests that may go out at once after a rest. */
  readonly burst: number;
  readonly perMinute: number;
}

export interface Limiter {
  /** Waits for its turn. Throws `provider_throttled` at once when that would be after the deadline, and what aborts the signal. */
  take(deadlineAt: number, signal: AbortSignal): Promise<void>;
  /** Nothing goes out for so long. */
  hold(ms: number): void;
  /** Hostinger says how many requests it would still take. */
  remaining(requests: number): void;
}

/** A bucket of tokens, shared by everything in this process that asks under one API token; other processes have their own. */
export function createLimiter({ burst, perMinute }: RateLimit): Limiter {
  const perMs = perMinute / 60_000;
  let tokens = burst;
  let countedAt = Date.now();
  let heldUntil = 0;

  const refill = (now: number) => {
    tokens = Math.min(burst, tokens + Math.max(0, now - countedAt) * perMs);
    countedAt = now;
  };
  const wait = async (until: number, deadlineAt: number, signal: AbortSignal) => {
    const waitMs = until - Date.now();
    if (until > deadlineAt) throw throttled(waitMs);
    if (waitMs > 0) await pause(waitMs, undefined, { signal });
  };

  return {
    async take(deadlineAt, signal) {
      signal.throwIfAborted();
      const now = Date.now();
      refill(now);
      tokens -= 1;
      try {
        await wait(tokens >= 0 ? now : now + -tokens / perMs, deadlineAt, signal);
        // A pause may be asked for while this one waits, and be prolonged by whoever goes first after it.
        while (heldUntil > Date.now()) await wait(heldUntil, deadlineAt, signal);
      } catch (error) {
        tokens += 1;
        throw error;
      }
    },
    hold(ms) {
      heldUntil = Math.max(heldUntil, Date.now() + ms);
    },
    remaining(requests) {
      refill(Date.now());
      tokens = Math.min(tokens, requests);
    },
  };
}

function throttled(waitMs: number): CallError {
  return new CallError(
    'provider_throttled',
    'Hostinger takes no more requests for now, and the deadline is before the next one. This one was not sent.',
    {
      remedy: 'Wait for the given time and try again, with fewer calls at once.',
      retryable: true,
      retryAfterMs: Math.max(1_000, Math.ceil(waitMs)),
    },
  );
}
