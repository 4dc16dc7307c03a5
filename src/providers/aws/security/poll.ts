import { setTimeout as pause } from 'node:timers/promises';
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';

/**
 * Asks until there is an answer, within the call's wait.
 * @param ask undefined: not yet
 * @param what is awaited, for the error
 * @throws CallError `timeout` (safe to repeat), `cancelled`
 */
export async function poll<T>(ask: () => Promise<T | undefined>, what: string, pollMs: number, call: CallScope): Promise<T> {
  // A second is left for the rest of the reply.
  const until = Math.min(Date.now() + call.waitMs, call.deadlineAt - 1_000);
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() >= until) {
      throw new CallError('timeout', `AWS was still making ${what} when the wait was over.`, {
        remedy: 'Review again in a minute: AWS goes on making it, and keeps it for hours.',
        retryable: true,
      });
    }
    try {
      await pause(Math.max(0, Math.min(pollMs, until - Date.now())), undefined, { signal: call.signal });
    } catch {
      throw new CallError('cancelled', 'The review was cancelled.', { remedy: 'Nothing to do: reviews change nothing.' });
    }
  }
}
