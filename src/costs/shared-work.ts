import { CallError } from '../call/errors.ts';

/** For how long a caller is ready to wait. */
export interface Patience {
  readonly signal: AbortSignal;
  /** Epoch milliseconds. */
  readonly deadlineAt: number;
}

/** What shared work knows of those who wait for it. */
export interface SharedTask {
  /** Aborts when nobody waits any more, unless it is too late for that. */
  readonly signal: AbortSignal;
  /** From here on it is worth finishing, whoever waits: what costs has been sent. */
  commit(): void;
}

interface Running<T> {
  readonly result: Promise<T>;
  readonly abandon: AbortController;
  waiting: number;
  isCommitted: boolean;
}

/** Node fires a timer beyond this at once. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Work that several callers want at the same moment is done once. A caller that is cancelled, or whose time is up, stops waiting
 * (`cancelled`, `timeout`). The work is told to stop when the last one has; once it has committed itself it is finished instead,
 * and who comes meanwhile waits for it.
 */
export function createSharedWork() {
  const running = new Map<string, Running<unknown>>();

  return async <T>(key: string, caller: Patience, work: (task: SharedTask) => Promise<T>): Promise<T> => {
    if (caller.signal.aborted) throw cancelled();
    // Types are erased on purpose: a key stands for one kind of work.
    const shared = (running.get(key) as Running<T> | undefined) ?? begin(running, key, work);
    shared.waiting += 1;
    try {
      return await whilePatient(shared.result, caller);
    } finally {
      shared.waiting -= 1;
      if (shared.waiting === 0 && !shared.isCommitted) {
        // Whoever comes now must not join work that is about to stop.
        if (running.get(key) === shared) running.delete(key);
        shared.abandon.abort();
      }
    }
  };
}

function begin<T>(running: Map<string, Running<unknown>>, key: string, work: (task: SharedTask) => Promise<T>): Running<T> {
  const abandon = new AbortController();
  const forget = () => {
    if (running.get(key)?.abandon === abandon) running.delete(key);
  };
  const commit = () => {
    shared.isCommitted = true;
  };
  // Not before it is in the list: work may commit itself at once.
  const result = Promise.resolve()
    .then(() => work({ signal: abandon.signal, commit }))
    .finally(forget);
  const shared: Running<T> = { abandon, waiting: 0, isCommitted: false, result };
  running.set(key, shared);
  return shared;
}

function whilePatient<T>(result: Promise<T>, { signal, deadlineAt }: Patience): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(cancelled());
    signal.addEventListener('abort', leave, { once: true });
    const timer = setTimeout(() => reject(timedOut()), Math.min(Math.max(0, deadlineAt - Date.now()), longestTimerMs));
    result.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
    });
  });
}

function cancelled(): CallError {
  return new CallError('cancelled', 'The call was cancelled.', { remedy: 'Nothing to do, unless it is still wanted: then call again.' });
}

function timedOut(): CallError {
  return new CallError('timeout', 'The costs were not there in time.', {
    remedy: 'Ask again in a minute: what has been asked for is finished meanwhile, and kept.',
    retryable: true,
  });
}
