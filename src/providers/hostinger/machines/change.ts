import type { CallScope } from '../../../ports/call-scope.ts';
import type { StateChange } from '../../../ports/compute.ts';
import type { InstanceState, InstanceTarget, Resolved } from '../../../ports/domain.ts';
import { stateOf } from './facts.ts';
import { findMachine, numberOf } from './read.ts';
import { action as actionShape } from './shapes.ts';
import { poll, type Waiting, waitForAction } from './wait.ts';

interface Change {
  readonly verb: 'start' | 'stop' | 'restart';
  readonly to: InstanceState;
  /** Shown until Hostinger says more. */
  readonly meanwhile: InstanceState;
  readonly retry: 'natural' | 'never';
}

const tools = {
  start: 'VPS_startVirtualMachineV1',
  stop: 'VPS_stopVirtualMachineV1',
  restart: 'VPS_restartVirtualMachineV1',
} as const;

export const start: Change = { verb: 'start', to: 'running', meanwhile: 'pending', retry: 'natural' };
export const stop: Change = { verb: 'stop', to: 'stopped', meanwhile: 'stopping', retry: 'natural' };
/** Sent once: a second one would restart again. Of a stopped machine it is a start. */
export const restart: Change = { verb: 'restart', to: 'running', meanwhile: 'restarting', retry: 'never' };

/**
 * Asks for the change, waits for its action at most `call.waitMs`, and gives the state reached. Asks for nothing in a dry run, and when
 * the machine is where it should be. Throws `CallError`.
 */
export async function change(context: Waiting, wish: Change, target: Resolved<InstanceTarget>, call: CallScope): Promise<StateChange> {
  const id = numberOf(target);
  const { state: previousState, name, instanceType } = target;
  const isThere = wish.verb !== 'restart' && previousState === wish.to;
  if (call.dryRun) {
    const change: Record<string, string> = isThere ? {} : { state: wish.verb === 'restart' ? wish.meanwhile : wish.to };
    const plan = {
      current: { state: previousState, name, type: instanceType },
      change,
      // Hostinger has no dry run.
      providerChecked: false,
    };
    return { previousState, state: previousState, plan };
  }
  if (isThere) return { previousState, state: previousState };
  const accepted = await context.api.change({ tool: tools[wish.verb], path: { virtualMachineId: id } }, actionShape, wish.retry, call);
  const startedAt = Date.now();
  const what = `${wish.verb} of ${name || id}`;
  const done = await waitForAction(context, id, accepted, what, call);
  let state = wish.meanwhile;
  // The machine may be shown in its old state for a moment after the action's end.
  const left = done ? Math.max(2_000, call.waitMs - (Date.now() - startedAt)) : 0;
  await poll(context.pollMs, what, { ...call, waitMs: left }, async (looking) => {
    const seen = await findMachine(context.api, id, looking);
    if (seen) state = stateOf(seen.state);
    return seen === undefined || state === wish.to ? true : undefined;
  });
  return { previousState, state };
}
