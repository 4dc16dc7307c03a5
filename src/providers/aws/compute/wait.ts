import { setTimeout as pause } from 'node:timers/promises';
import type { Instance } from '@aws-sdk/client-ec2';
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { InstanceState } from '../../../ports/domain.ts';
import type { Scope } from '../accounts.ts';
import { clean } from '../errors.ts';
import type { Sender, SendScope } from '../send.ts';
import { stateOf } from './instance-facts.ts';
import { findInstance } from './instances-read.ts';

export interface Wish {
  /** What EC2 said in answer to the change. */
  readonly from: InstanceState;
  readonly to: InstanceState;
  /** The state in which it ends up when it does not come about. */
  readonly failed?: 'stopped' | 'terminated';
}

/**
 * Asks until the instance is in the wished state or `call.waitMs` is over, and gives the state reached. That it was not reached in
 * time is no error, nor is a question that fails: the change itself was accepted.
 * Throws `cancelled`, and `provider_rejected` with EC2's reason when the instance came to a halt in the `failed` state.
 * @param pollMs pause between two questions
 */
export async function waitFor(
  sender: Sender,
  scope: Scope,
  id: string,
  wish: Wish,
  call: CallScope,
  pollMs: number,
): Promise<InstanceState> {
  const startedAt = Date.now();
  // A second is left for the reply to be recorded and sent.
  const until = Math.min(startedAt + call.waitMs, call.deadlineAt - 1_000);
  // No request ids: the change goes on record, not each look at it.
  const { signal, actor, iam } = call;
  const looking = { deadlineAt: Math.min(until + 5_000, call.deadlineAt), signal, actor, iam };
  let state = wish.from;
  // A stopped instance may still be shown as stopped for a moment after its start; nothing comes back from terminated.
  let underway = wish.failed === 'terminated';
  for (let round = 1; state !== wish.to && Date.now() < until; round += 1) {
    const seen = await look(sender, scope, id, looking);
    if (seen === 'pointless') return state;
    if (seen) {
      state = stateOf(seen.State?.Name);
      if (underway && state === wish.failed) throw cameToAHalt(id, seen);
      underway ||= state !== wish.failed;
    }
    if (state === wish.to) break;
    call.progress(round, undefined, `${id} is ${state} (${Math.round((Date.now() - startedAt) / 1_000)} s)`);
    await rest(id, Math.min(pollMs, until - Date.now()), call.signal);
  }
  return state;
}

async function look(
  sender: Sender,
  scope: Scope,
  id: string,
  call: SendScope & { signal: AbortSignal },
): Promise<Instance | undefined | 'pointless'> {
  try {
    // Undefined right after a launch: EC2 shows a new id to everybody only after a moment.
    return (await findInstance(sender, scope, id, call))?.instance;
  } catch (error) {
    if (call.signal.aborted) throw waitCancelled(id);
    return error instanceof CallError && error.details.retryable ? undefined : 'pointless';
  }
}

async function rest(id: string, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await pause(Math.max(0, ms), undefined, { signal });
  } catch {
    throw waitCancelled(id);
  }
}

function waitCancelled(id: string): CallError {
  return new CallError('cancelled', `The wait for ${id} was cancelled; AWS had accepted the change before.`, {
    remedy: `Do not repeat it. Read the state of ${id} with instances_get: the change goes on at AWS.`,
  });
}

function cameToAHalt(id: string, { State, StateReason }: Instance): CallError {
  const code = StateReason?.Code ?? 'Unknown';
  return new CallError('provider_rejected', `AWS accepted the request, but ${id} ended up ${stateOf(State?.Name)}: ${code}.`, {
    remedy: code.includes('Capacity')
      ? 'AWS has no such machine free in this zone: try again later, or use another instance type or zone.'
      : 'Read the reason that AWS gives, correct it (volume quota, encryption key, image), and try again.',
    provider: { code, ...(StateReason?.Message ? { message: clean(StateReason.Message) } : {}) },
  });
}
