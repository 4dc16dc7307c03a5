import { CallError } from '../call/errors.ts';

/** A bounded number of requests at once, with a bounded queue before them, served in order. */
export interface Slots {
  /**
   * Resolves with the function that gives the slot back. Throws `CallError` `overloaded` at once when the queue is full,
   * and rejects with the signal's reason when it aborts while queueing.
   */
  take(signal: AbortSignal): Promise<() => void>;
}

export function createSlots(limit: number, queueLimit: number): Slots {
  let free = limit;
  const queue = new Set<() => void>();

  const giveBack = () => {
    const [next] = queue;
    if (next) next();
    else free += 1;
  };
  const once = () => {
    let given = false;
    return () => {
      if (given) return;
      given = true;
      giveBack();
    };
  };

  return {
    async take(signal) {
      signal.throwIfAborted();
      if (free > 0) {
        free -= 1;
        return once();
      }
      if (queue.size >= queueLimit) throw overloaded('Too many requests to this service are already waiting.');
      return new Promise((resolve, reject) => {
        const leave = () => {
          queue.delete(enter);
          reject(signal.reason);
        };
        const enter = () => {
          queue.delete(enter);
          signal.removeEventListener('abort', leave);
          resolve(once());
        };
        queue.add(enter);
        signal.addEventListener('abort', leave, { once: true });
      });
    },
  };
}

/** Nothing of the request was sent: it never got a slot. */
export function overloaded(message: string): CallError {
  return new CallError('overloaded', message, {
    remedy: 'Try again in a moment, with fewer calls at once.',
    retryable: true,
    retryAfterMs: 1_000,
  });
}
