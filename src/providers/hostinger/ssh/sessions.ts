import { overloaded } from './errors.ts';

/** Sessions at once on one connection, with those that wait served in order. */
export interface Sessions {
  /** Resolves with the function that gives the session back; rejects with the signal's reason when it aborts first. */
  take(signal: AbortSignal): Promise<() => void>;
  /** The server refused one of those taken: so many are too many for it, until `reset`. */
  refused(): void;
  reset(): void;
  inUse(): number;
}

/** Waiting costs little, but a flood of calls would only wait for its deadlines. */
const longestQueue = 512;

/** @param onIdle told when the last session was given back */
export function createSessions(configured: number, onIdle: () => void): Sessions {
  let limit = configured;
  let inUse = 0;
  const queue = new Set<() => void>();

  const admit = () => {
    while (inUse < limit) {
      const [next] = queue;
      if (!next) break;
      queue.delete(next);
      inUse += 1;
      next();
    }
  };
  const giveBackOnce = () => {
    let isGiven = false;
    return () => {
      if (isGiven) return;
      isGiven = true;
      inUse -= 1;
      admit();
      if (inUse === 0) onIdle();
    };
  };

  return {
    async take(signal) {
      signal.throwIfAborted();
      if (inUse < limit) {
        inUse += 1;
        return giveBackOnce();
      }
      if (queue.size >= longestQueue) throw overloaded();
      return new Promise((resolve, reject) => {
        const leave = () => {
          queue.delete(enter);
          reject(signal.reason);
        };
        const enter = () => {
          signal.removeEventListener('abort', leave);
          resolve(giveBackOnce());
        };
        queue.add(enter);
        signal.addEventListener('abort', leave, { once: true });
      });
    },
    refused() {
      limit = Math.max(1, Math.min(limit, inUse - 1));
    },
    reset() {
      limit = configured;
      admit();
    },
    inUse: () => inUse,
  };
}
