import { CallError } from '../call/errors.ts';

interface Running<T> {
  readonly result: Promise<T>;
  readonly abandon: AbortController;
  waiting: number;
}

/**
 * Work that several callers want at the same moment is done once. A caller that is cancelled stops waiting; the work is told to stop
 * when the last one has.
 */
export function createSharedWork<T>() {
  const running = new Map<string, Running<T>>();

  return async (key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    if (signal.aborted) throw cancelled();
    let shared = running.get(key);
    if (!shared) {
      const abandon = new AbortController();
      const forget = () => {
        if (running.get(key)?.abandon === abandon) running.delete(key);
      };
      shared = { abandon, waiting: 0, result: work(abandon.signal).finally(forget) };
      running.set(key, shared);
    }
    const mine = shared;
    mine.waiting += 1;
    try {
      return await unlessAborted(mine.result, signal);
    } finally {
      mine.waiting -= 1;
      if (mine.waiting === 0 && signal.aborted) {
        // Whoever comes now must not join work that is about to stop.
        if (running.get(key) === mine) running.delete(key);
        mine.abandon.abort();
      }
    }
  };
}

function unlessAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(cancelled());
    signal.addEventListener('abort', leave, { once: true });
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

function cancelled(): CallError {
  return new CallError('cancelled', 'The call was cancelled.', { remedy: 'Nothing to do, unless it is still wanted: then call again.' });
}
