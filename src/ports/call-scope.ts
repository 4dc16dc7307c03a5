import type { Effect } from './domain.ts';

/** How one request that was put on the wire ended. `unknown` covers resets, timeouts and 5xx: the service may have acted. */
export type AttemptOutcome = 'applied' | 'refused' | 'unknown';

/**
 * Counts every mutating request that left the process, retries included.
 * The effect is `none` only if nothing was sent or all that was sent was definitely refused; the last error alone does not tell.
 */
export interface EffectLedger {
  /** Call just before a mutating request is sent; settle it with the returned function. An unsettled attempt counts as `unknown`. */
  attempt(): (outcome: AttemptOutcome) => void;
  effect(): Effect;
}

/** What a port may know of the call that it serves. */
export interface CallScope {
  readonly callId: string;
  /** Id of the principal that the call is made for. */
  readonly actor: string;
  /** IAM actions that the operation declared: AWS is asked for nothing else. */
  readonly iam: readonly string[];
  /** What it declared to ask under the server's own identity, and nobody else's. */
  readonly serverIam: readonly string[];
  /** Aborts reads, waits, and writes not yet sent. A write that was sent is finished on its own deadline. */
  readonly signal: AbortSignal;
  /** Epoch milliseconds after which the call is given up. */
  readonly deadlineAt: number;
  /** Longest wait for a target state, in milliseconds; short when the client shows no progress to anybody. */
  readonly waitMs: number;
  readonly dryRun: boolean;
  /** At most 64 characters, the same for a repeated call with the same idempotency key. */
  readonly clientToken: string;
  readonly ledger: EffectLedger;
  /** Reports progress to the client if it asked for it. Never throws. */
  progress(done: number, total: number | undefined, message: string): void;
  /** Makes sure that nothing shows this value from now on: for secrets, before they are used. */
  hide(value: string): void;
  /** Keeps a provider request id for the audit record. */
  noteRequestId(id: string): void;
}
