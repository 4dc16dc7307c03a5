import type { CallScope } from '../../../ports/call-scope.ts';
import { cancelled, timedOut } from './errors.ts';

export type Waiting = Pick<CallScope, 'signal' | 'deadlineAt'>;

/** Node fires a timer beyond this at once. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Runs what may be left at any moment: with a signal that the caller's cancellation and the deadline abort.
 * @param message what is said of a deadline that passed
 * The signal's reason is the `CallError` (`cancelled`, `timeout`) that the work ends with when it leaves.
 */
export async function within<T>(call: Waiting, message: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const left = new AbortController();
  const cancel = () => left.abort(cancelled());
  const timer = setTimeout(() => left.abort(timedOut(message)), Math.min(Math.max(call.deadlineAt - Date.now(), 0), longestTimerMs));
  call.signal.addEventListener('abort', cancel, { once: true });
  if (call.signal.aborted) cancel();
  try {
    return await work(left.signal);
  } finally {
    clearTimeout(timer);
    call.signal.removeEventListener('abort', cancel);
  }
}

/** The promise, or the signal's reason as soon as it aborts; what comes later of the promise is nobody's. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
