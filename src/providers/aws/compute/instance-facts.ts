import type { Filter, Instance } from '@aws-sdk/client-ec2';
import type { InstanceDetail, InstanceQuery, InstanceRow } from '../../../ports/compute.ts';
import type { InstanceState, InstanceTarget } from '../../../ports/domain.ts';
import type { Scope } from '../accounts.ts';

const states: Readonly<Record<string, InstanceState>> = {
  pending: 'pending',
  running: 'running',
  stopping: 'stopping',
  stopped: 'stopped',
  'shutting-down': 'terminating',
  terminated: 'terminated',
};

/** EC2's word for a state in ours. */
export function stateOf(name: string | undefined): InstanceState {
  return states[name ?? ''] ?? 'unknown';
}

export function tagsOf(instance: Instance): Record<string, string> {
  return Object.fromEntries((instance.Tags ?? []).flatMap(({ Key, Value }) => (Key === undefined ? [] : [[Key, Value ?? '']])));
}

export function toTarget(instance: Instance, ownerId: string, { account, region }: Scope): InstanceTarget {
  const tags = tagsOf(instance);
  return {
    type: 'Instance',
    id: instance.InstanceId ?? '',
    provider: 'aws',
    account: account.name,
    accountId: ownerId,
    region,
    name: tags.Name ?? '',
    state: stateOf(instance.State?.Name),
    instanceType: instance.InstanceType ?? '',
    tags,
  };
}

/** @param nameAccount whether rows say their account: only where there are several */
export function toRow(instance: Instance, { account, region }: Scope, nameAccount: boolean): InstanceRow {
  return {
    provider: 'aws',
    id: instance.InstanceId ?? '',
    name: tagsOf(instance).Name ?? '',
    state: stateOf(instance.State?.Name),
    type: instance.InstanceType ?? '',
    region,
    ...(nameAccount ? { account: account.name } : {}),
  };
}

export function toDetail(instance: Instance, { account, region }: Scope): InstanceDetail {
  const reason = instance.StateReason;
  const securityGroups = (instance.SecurityGroups ?? []).flatMap(({ GroupId }) => GroupId ?? []);
  const optional = {
    launchedAt: instance.LaunchTime?.toISOString(),
    image: instance.ImageId,
    zone: instance.Placement?.AvailabilityZone,
    privateIp: instance.PrivateIpAddress,
    publicIp: instance.PublicIpAddress,
    subnet: instance.SubnetId,
    vpc: instance.VpcId,
    securityGroups: securityGroups.length > 0 ? securityGroups : undefined,
    stateReason: reason?.Code ? `${reason.Code}: ${reason.Message ?? ''}` : undefined,
  };
  return {
    ...toRow(instance, { account, region }, false),
    account: account.name,
    providerState: instance.State?.Name ?? '',
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined && value !== '')),
    tags: tagsOf(instance),
  };
}

/** The query as EC2 filters; undefined when EC2 has no such state and nothing can match. */
export function toFilters({ state, tag }: Pick<InstanceQuery, 'state' | 'tag'>): Filter[] | undefined {
  const filters: Filter[] = [];
  if (state) {
    const name = Object.keys(states).find((key) => states[key] === state);
    if (!name) return undefined;
    filters.push({ Name: 'instance-state-name', Values: [name] });
  }
  if (tag) filters.push({ Name: `tag:${tag.key}`, Values: [literal(tag.value)] });
  return filters;
}

/** EC2 reads `*` and `?` in a filter value as wildcards unless a backslash precedes them. */
function literal(value: string): string {
  return value.replace(/[\\*?]/g, '\\$&');
}
