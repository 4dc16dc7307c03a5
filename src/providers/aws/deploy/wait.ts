import { setTimeout as pause } from 'node:timers/promises';
import { CallError } from '../../../call/errors.ts';

/** Ends early, with `cancelled`, when the call does. */
export async function pauseFor(ms: number, { signal }: { readonly signal: AbortSignal }): Promise<void> {
  try {
    await pause(Math.max(0, ms), undefined, { signal });
  } catch {
    throw new CallError('cancelled', 'The deployment was cancelled while it waited for AWS.', {
      remedy: 'deploy_status says what serves. Deploy again if it is still wanted: what is done is not done twice.',
    });
  }
}
