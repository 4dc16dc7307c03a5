import type { StateStore } from '../ports/state.ts';
import type { Call } from './call.ts';
import type { ErrorBody } from './errors.ts';
import * as failures from './failures.ts';

/** One effect per agent, key and arguments: a repeated call gets the stored outcome. */

export type StoredOutcome =
  | { readonly ok: true; readonly output: Record<string, unknown> }
  | { readonly ok: false; readonly error: ErrorBody };

interface Key {
  readonly agent: string;
  readonly key: string;
  readonly argsHash: string;
}

/** Only real changes have a key: a read or dry run repeated is a new read. */
function keyOf({ request: { principal }, idempotencyKey, dryRun, operation, argsHash, replayOf }: Call): Key | undefined {
  if (!principal || idempotencyKey === undefined || dryRun || !operation || operation.effect === 'read' || replayOf) return undefined;
  // Two tools with equal arguments are two calls.
  return { agent: principal.id, key: idempotencyKey, argsHash: `${operation.name}:${argsHash}` };
}

/**
 * The outcome stored for this key, if there is one.
 * @throws CallError when the key belongs to another call, one that still runs, or one that was lost
 */
export function findOutcome(store: StateStore, call: Call, now: number): { callId: string; outcome: StoredOutcome } | undefined {
  const key = keyOf(call);
  const claim = key && store.peekIdempotency(key.agent, key.key, key.argsHash, now);
  if (!claim) return undefined;
  if (claim.state === 'done') return { callId: claim.callId, outcome: JSON.parse(claim.outcome) as StoredOutcome };
  throw failures.keyTaken(claim);
}

/** @throws CallError when another call got there first */
export function claimKey(store: StateStore, call: Call, now: number, until: number): void {
  const key = keyOf(call);
  const claim = key && store.claimIdempotency(key.agent, key.key, key.argsHash, call.id, now, until);
  if (claim && claim.state !== 'claimed') throw failures.keyTaken(claim);
}

export function keepOutcome(store: StateStore, call: Call, outcome: StoredOutcome): void {
  const key = keyOf(call);
  if (key) store.finishIdempotency(key.agent, key.key, call.id, JSON.stringify(outcome));
}

/** Frees the key of a call that certainly did nothing, so that it can be tried again. */
export function forgetKey(store: StateStore, call: Call): void {
  const key = keyOf(call);
  if (key) store.dropIdempotency(key.agent, key.key, call.id);
}
