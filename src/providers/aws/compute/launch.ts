import type { RunInstancesCommandInput } from '@aws-sdk/client-ec2';
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { LaunchResult, LaunchSpec } from '../../../ports/compute.ts';
import type { AccountTarget, Resolved } from '../../../ports/domain.ts';
import { scopeOf } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { answered } from '../errors.ts';
import { expectDryRun } from './change.ts';
import { stateOf } from './instance-facts.ts';
import { waitFor } from './wait.ts';

/**
 * Launches one instance. The client token makes AWS answer a repeated request, ours or a later one with the same idempotency key,
 * with the instance that the first one made.
 */
export async function launch(
  context: AwsContext,
  target: Resolved<AccountTarget>,
  spec: LaunchSpec,
  call: CallScope,
): Promise<LaunchResult> {
  const { sender } = context;
  const { region } = spec;
  const scope = scopeOf(context.accounts, { account: target.account, region });
  const input = toInput(spec, call.clientToken);
  if (call.dryRun) {
    await expectDryRun(sender.ask('ec2', scope, call, (sdk) => new sdk.RunInstancesCommand({ ...input, DryRun: true })));
    return { region, state: 'unknown', plan: { current: {}, change: describe(spec), providerChecked: true } };
  }
  const { Instances } = await sender.change('ec2', scope, 'token', call, (sdk) => new sdk.RunInstancesCommand(input));
  const made = answered(Instances, 'RunInstances', 'unknown')[0];
  if (!made?.InstanceId) {
    throw new CallError('internal', 'AWS accepted the launch but named no instance.', {
      remedy: `Look for an instance named ${spec.name} with instances_list before launching again.`,
    });
  }
  const wish = { from: stateOf(made.State?.Name), to: 'running', failed: 'terminated' } as const;
  return { id: made.InstanceId, region, state: await waitFor(sender, scope, made.InstanceId, wish, call, context.pollMs) };
}

function toInput(spec: LaunchSpec, clientToken: string): RunInstancesCommandInput {
  const tags = Object.entries({ ...spec.tags, Name: spec.name }).map(([Key, Value]) => ({ Key, Value }));
  return {
    MinCount: 1,
    MaxCount: 1,
    ClientToken: clientToken,
    ImageId: spec.image,
    // The SDK's type lists the types of its own release day; EC2 knows more.
    InstanceType: spec.instanceType as RunInstancesCommandInput['InstanceType'],
    SubnetId: spec.subnet,
    SecurityGroupIds: spec.securityGroups && [...spec.securityGroups],
    KeyName: spec.keyName,
    IamInstanceProfile: spec.instanceProfile === undefined ? undefined : { Name: spec.instanceProfile },
    TagSpecifications: [
      { ResourceType: 'instance', Tags: tags },
      { ResourceType: 'volume', Tags: tags },
    ],
  };
}

function describe({ tags, securityGroups, ...spec }: LaunchSpec): Record<string, string> {
  return {
    ...spec,
    ...(securityGroups ? { securityGroups: securityGroups.join(', ') } : {}),
    ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`tag ${key}`, value])),
    state: 'running',
  };
}
