import type { RunInstancesCommandInput, RunInstancesCommandOutput } from '@aws-sdk/client-ec2';
import { endDryRun } from './ec2.ts';
import { ServiceFault } from './fault.ts';
import { sandboxAccountId } from './fleet.ts';
import { toInstance, type World } from './world.ts';

/** Instances that a region holds besides the terminated ones, before EC2 speaks of a quota. */
const quota = 64;

/**
 * `RunInstances` for one instance at a time. Types `p5.*` are always sold out, so that an agent can meet that error too.
 * Keeps the client tokens: a repeated one gives the first instance again, or `IdempotentParameterMismatch`.
 */
export function createRunInstances(world: World) {
  const launched = new Map<string, { request: string; id: string }>();
  let count = 0;

  return (region: string, input: RunInstancesCommandInput): Omit<RunInstancesCommandOutput, '$metadata'> => {
    const { ClientToken, DryRun, ...request } = input;
    const { type, image } = validated(input);
    const token = ClientToken === undefined ? undefined : `${region}/${ClientToken}`;
    const earlier = token === undefined ? undefined : launched.get(token);
    if (earlier && earlier.request !== JSON.stringify(request)) {
      throw new ServiceFault('IdempotentParameterMismatch', 'The client token was used before with other parameters.');
    }
    const existing = earlier && world.find(region, earlier.id);
    if (existing) return answer(toInstance(existing));

    endDryRun(DryRun);
    if (type.startsWith('p5.')) throw new ServiceFault('InsufficientInstanceCapacity', `There is no ${type} left in ${region}.`, 500);
    if (world.all(region).filter(({ state }) => state !== 'terminated').length >= quota) {
      throw new ServiceFault('InstanceLimitExceeded', `No more than ${quota} instances may run in ${region}.`);
    }
    count += 1;
    const id = `i-0a1b2c3d4e5f6${(0x9000 + count).toString(16)}`;
    world.add({
      id,
      region,
      type,
      image,
      zone: `${region}a`,
      privateIp: `10.0.2.${10 + (count % 240)}`,
      subnet: input.SubnetId ?? 'subnet-0a1b2c3d4e5f60001',
      securityGroups: input.SecurityGroupIds ?? ['sg-0a1b2c3d4e5f60001'],
      launchedAt: new Date(world.now()),
      tags: input.TagSpecifications?.find(({ ResourceType }) => ResourceType === 'instance')?.Tags ?? [],
      isProtected: false,
      state: 'pending',
    });
    const machine = world.find(region, id);
    if (!machine) throw new ServiceFault('InternalError', 'The new instance is gone.', 500);
    world.move(machine, 'pending', 'running');
    if (token !== undefined) launched.set(token, { request: JSON.stringify(request), id });
    return answer(toInstance(machine));
  };
}

function answer(instance: ReturnType<typeof toInstance>) {
  return { OwnerId: sandboxAccountId, ReservationId: instance.InstanceId?.replace('i-', 'r-'), Instances: [instance] };
}

function validated({ InstanceType = 'm1.small', ImageId, MinCount, MaxCount }: RunInstancesCommandInput): { type: string; image: string } {
  if (MinCount !== 1 || MaxCount !== 1) throw new ServiceFault('InvalidParameterValue', 'The sandbox launches one instance at a time.');
  if (!ImageId) throw new ServiceFault('MissingParameter', 'ImageId is missing.');
  if (!/^ami-([0-9a-f]{8}|[0-9a-f]{17})$/.test(ImageId))
    throw new ServiceFault('InvalidAMIID.Malformed', `The image id "${ImageId}" is malformed.`);
  if (!/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/.test(InstanceType))
    throw new ServiceFault('InvalidParameterValue', `There is no instance type ${InstanceType}.`);
  return { type: InstanceType, image: ImageId };
}
