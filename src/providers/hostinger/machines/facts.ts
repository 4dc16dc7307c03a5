import type { InstanceDetail, InstanceRow } from '../../../ports/compute.ts';
import type { InstanceState, InstanceTarget } from '../../../ports/domain.ts';
import type { ServerSpec } from '../../../ports/vps.ts';
import type { Machine } from './shapes.ts';

/** Hostinger has no accounts within an account; the name is the same everywhere. */
export const accountName = 'hostinger';

/** A machine that must be set up, is broken, or runs a rescue system is neither running nor stopped. */
const states: Readonly<Record<string, InstanceState>> = {
  running: 'running',
  starting: 'pending',
  creating: 'pending',
  initial: 'pending',
  recreating: 'pending',
  restoring: 'pending',
  unsuspending: 'pending',
  stopping: 'stopping',
  suspending: 'stopping',
  stopped: 'stopped',
  suspended: 'stopped',
  stopping_recovery: 'restarting',
  destroying: 'terminating',
  destroyed: 'terminated',
};

/** Hostinger's word for a state in ours. */
export function stateOf(name: string): InstanceState {
  return Object.hasOwn(states, name) ? (states[name] ?? 'unknown') : 'unknown';
}

/** What ziggie.yaml says of a machine. */
export function specOf(servers: readonly ServerSpec[], id: number): ServerSpec | undefined {
  return servers.find((server) => server.id === id);
}

export function toRow(machine: Machine, servers: readonly ServerSpec[]): InstanceRow {
  return {
    provider: 'hostinger',
    id: String(machine.id),
    name: specOf(servers, machine.id)?.name ?? machine.hostname,
    state: stateOf(machine.state),
    type: machine.plan ?? '',
    region: machine.data_center_id ? `dc-${machine.data_center_id}` : 'unknown',
  };
}

export function toTarget(machine: Machine, servers: readonly ServerSpec[]): InstanceTarget {
  const { type: instanceType, ...row } = toRow(machine, servers);
  return {
    ...row,
    type: 'Instance',
    account: accountName,
    accountId: accountName,
    instanceType,
    tags: specOf(servers, machine.id)?.tags ?? {},
  };
}

/** A server by what ziggie.yaml says of it, when nobody is asked. */
export function toOfflineTarget({ name, id, tags }: ServerSpec): InstanceTarget {
  return {
    type: 'Instance',
    id: id === undefined ? name : String(id),
    provider: 'hostinger',
    account: accountName,
    accountId: accountName,
    region: 'unknown',
    name,
    state: 'unknown',
    instanceType: '',
    tags,
  };
}

export function toDetail(machine: Machine, servers: readonly ServerSpec[]): InstanceDetail {
  const optional = {
    launchedAt: machine.created_at,
    image: machine.template?.name,
    publicIp: machine.ipv4?.[0]?.address ?? machine.ipv6?.[0]?.address,
    securityGroups: machine.firewall_group_id ? [String(machine.firewall_group_id)] : undefined,
    subscription: machine.subscription_id,
  };
  return {
    ...toRow(machine, servers),
    account: accountName,
    providerState: machine.state,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined && value !== null && value !== '')),
    tags: { ...specOf(servers, machine.id)?.tags },
  };
}
