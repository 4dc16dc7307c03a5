import type { Instance } from '@aws-sdk/client-ec2';
import { CallError } from '../../../call/errors.ts';
import type { Scope } from '../accounts.ts';
import { answered } from '../errors.ts';
import type { Sender, SendScope } from '../send.ts';

export interface Found {
  readonly instance: Instance;
  readonly ownerId: string;
}

/** One instance with its owner; undefined when EC2 knows no such id here, or says that no such id can exist. Throws `CallError`. */
export async function findInstance(sender: Sender, scope: Scope, id: string, call: SendScope): Promise<Found | undefined> {
  try {
    const { Reservations } = await sender.ask('ec2', scope, call, (sdk) => new sdk.DescribeInstancesCommand({ InstanceIds: [id] }));
    for (const { OwnerId, Instances } of answered(Reservations, 'DescribeInstances')) {
      const instance = Instances?.find(({ InstanceId }) => InstanceId === id);
      if (instance) return { instance, ownerId: OwnerId ?? '' };
    }
    return undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function isNotFound(error: unknown): boolean {
  const code = error instanceof CallError ? error.details.provider?.code : undefined;
  return code === 'InvalidInstanceID.NotFound' || code === 'InvalidInstanceID.Malformed';
}

/** @param code the error of a place where the instance should have been */
export function noSuchInstance(id: string, where: string, code: 'target_unresolved' | 'provider_not_found'): CallError {
  return new CallError(code, `There is no instance ${id} in ${where}.`, {
    remedy:
      'Check the id with instances_list. It may lie in an account or region that is not configured, or have been terminated an hour ago or more.',
    provider: { code: 'InvalidInstanceID.NotFound' },
  });
}
