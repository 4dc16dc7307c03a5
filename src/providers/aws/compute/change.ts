import type { InstanceStateChange } from '@aws-sdk/client-ec2';
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { StateChange } from '../../../ports/compute.ts';
import type { InstanceState, InstanceTarget, Resolved } from '../../../ports/domain.ts';
import { type Scope, scopeOf } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { answered } from '../errors.ts';
import { stateOf } from './instance-facts.ts';
import { type Wish, waitFor } from './wait.ts';

type Change = (context: AwsContext, target: Resolved<InstanceTarget>, call: CallScope) => Promise<StateChange>;

export const start: Change = async (context, target, call) => {
  const { scope, input, sender } = aim(context, target);
  if (call.dryRun) {
    return plan(
      target,
      'running',
      sender.ask('ec2', scope, call, (sdk) => new sdk.StartInstancesCommand({ ...input, DryRun: true })),
    );
  }
  const reply = await sender.change('ec2', scope, 'natural', call, (sdk) => new sdk.StartInstancesCommand(input));
  return settle(
    context,
    scope,
    target,
    { from: reported(answered(reply.StartingInstances, 'StartInstances', 'unknown')), to: 'running', failed: 'stopped' },
    call,
  );
};

export const stop: Change = async (context, target, call) => {
  const { scope, input, sender } = aim(context, target);
  if (call.dryRun) {
    return plan(
      target,
      'stopped',
      sender.ask('ec2', scope, call, (sdk) => new sdk.StopInstancesCommand({ ...input, DryRun: true })),
    );
  }
  const reply = await sender.change('ec2', scope, 'natural', call, (sdk) => new sdk.StopInstancesCommand(input));
  return settle(
    context,
    scope,
    target,
    { from: reported(answered(reply.StoppingInstances, 'StopInstances', 'unknown')), to: 'stopped' },
    call,
  );
};

export const terminate: Change = async (context, target, call) => {
  const { scope, input, sender } = aim(context, target);
  if (call.dryRun) {
    return plan(
      target,
      'terminated',
      sender.ask('ec2', scope, call, (sdk) => new sdk.TerminateInstancesCommand({ ...input, DryRun: true })),
    );
  }
  const reply = await sender.change('ec2', scope, 'natural', call, (sdk) => new sdk.TerminateInstancesCommand(input));
  // Once it is shutting down nothing can hold it up, and nobody needs to wait for the end.
  return { previousState: target.state, state: reported(answered(reply.TerminatingInstances, 'TerminateInstances', 'unknown')) };
};

/** EC2 never says when a reboot is over, so that there is nothing to wait for; and it is sent once, because a second would reboot again. */
export const restart: Change = async (context, target, call) => {
  const { scope, input, sender } = aim(context, target);
  if (call.dryRun) {
    return plan(
      target,
      'restarting',
      sender.ask('ec2', scope, call, (sdk) => new sdk.RebootInstancesCommand({ ...input, DryRun: true })),
    );
  }
  await sender.change('ec2', scope, 'never', call, (sdk) => new sdk.RebootInstancesCommand(input));
  return { previousState: target.state, state: 'restarting' };
};

function aim({ accounts, sender }: AwsContext, target: InstanceTarget) {
  return { scope: scopeOf(accounts, target), input: { InstanceIds: [target.id] }, sender };
}

async function settle(context: AwsContext, scope: Scope, target: InstanceTarget, wish: Wish, call: CallScope): Promise<StateChange> {
  return { previousState: target.state, state: await waitFor(context.sender, scope, target.id, wish, call, context.pollMs) };
}

function reported(changes: InstanceStateChange[]): InstanceState {
  return stateOf(changes[0]?.CurrentState?.Name);
}

async function plan(target: InstanceTarget, to: InstanceState, asked: Promise<unknown>): Promise<StateChange> {
  await expectDryRun(asked);
  const current = { state: target.state, name: target.name, type: target.instanceType };
  const change: Record<string, string> = target.state === to ? {} : { state: to };
  return { previousState: target.state, state: target.state, plan: { current, change, providerChecked: true } };
}

/**
 * EC2 answers a dry run that would be accepted with an error. A success means that whatever answered ignored the flag and acted.
 * Throws what EC2 would refuse the real call with.
 */
export async function expectDryRun(asked: Promise<unknown>): Promise<void> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof CallError && error.details.provider?.code === 'DryRunOperation') return;
    throw error;
  }
  throw new CallError('provider_rejected', 'The service took a dry run for the real call.', {
    remedy: 'Read the state of the target now: it may have changed. Do not use dry runs with this endpoint.',
    effect: 'unknown',
  });
}
