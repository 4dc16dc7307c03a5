/** Invariant: a change that may have reached Hostinger is in the ledger, attempt by attempt, and none is sent after the call was cancelled. */
import type { AttemptOutcome, CallScope } from '../../../ports/call-scope.ts';

export interface Attempts {
  /** Aborted with the call, but never while a change is on its way: that ends on its own deadline. */
  readonly signal?: AbortSignal | undefined;
  /** Announces one that is sent now, and takes how it ended. */
  begin(): (outcome: AttemptOutcome) => void;
  done(): void;
}

/** For what changes nothing: it is not counted, and ends with the call. */
export function uncounted(signal: AbortSignal | undefined): Attempts {
  return { signal, begin: () => () => undefined, done: () => undefined };
}

export function counted({ signal, ledger }: Pick<CallScope, 'signal' | 'ledger'>): Attempts {
  const unsent = new AbortController();
  let underway = false;
  const cancel = () => {
    if (!underway) unsent.abort();
  };
  signal.addEventListener('abort', cancel);
  if (signal.aborted) cancel();
  return {
    signal: unsent.signal,
    begin() {
      const settle = ledger.attempt();
      underway = true;
      return (outcome) => {
        settle(outcome);
        // What was done is told as such; anything else would be tried again.
        if (outcome === 'applied') return;
        underway = false;
        if (signal.aborted) cancel();
      };
    },
    done: () => signal.removeEventListener('abort', cancel),
  };
}
