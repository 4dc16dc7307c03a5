/** Invariant: what policy decides on is what Hostinger says now; `offline` facts come from ziggie.yaml alone and claim no state. */
import { CallError } from '../../../call/errors.ts';
import type { InstanceTarget, TargetRef } from '../../../ports/domain.ts';
import type { Found } from '../../../ports/resolve.ts';
import type { ServerSpec } from '../../../ports/vps.ts';
import type { AskScope, HostingerApi } from '../api/index.ts';
import { accountName, toOfflineTarget, toTarget } from './facts.ts';
import { findMachine, noSuchMachine, numberOf } from './read.ts';

/** A machine by its number, or a server of ziggie.yaml by its name. Throws `CallError`. */
export async function resolveMachine(
  api: HostingerApi,
  servers: readonly ServerSpec[],
  ref: TargetRef<'Instance'>,
  call: AskScope,
): Promise<Found<InstanceTarget>> {
  if (ref.account !== undefined && ref.account !== accountName) throw noSuchAccount(ref.account);
  const server = servers.find(({ name }) => name === ref.id);
  const target = server && ref.offline ? toOfflineTarget(server) : await online(api, servers, server, ref, call);
  if (ref.region !== undefined && ref.region !== target.region) {
    throw new CallError('target_unresolved', `Virtual machine ${ref.id} is in ${target.region}, not in ${ref.region}.`, {
      remedy: 'Leave the region out: a number names one machine.',
    });
  }
  return { targets: [target] };
}

async function online(
  api: HostingerApi,
  servers: readonly ServerSpec[],
  server: ServerSpec | undefined,
  { id, offline }: TargetRef<'Instance'>,
  call: AskScope,
): Promise<InstanceTarget> {
  const number = server ? numberOf({ id: String(server.id ?? ''), name: server.name }) : parse(id, servers);
  if (offline) {
    const named = servers.find((each) => each.id === number);
    if (!named) throw noSuchServer(id, servers);
    return toOfflineTarget(named);
  }
  const found = await findMachine(api, number, call);
  // Something in between may answer for another one.
  if (found?.id !== number) throw noSuchMachine(number, 'target_unresolved');
  return toTarget(found, servers);
}

/** Throws `invalid_input` for what can be neither a number nor a name. */
function parse(id: string, servers: readonly ServerSpec[]): number {
  if (/^[1-9]\d{0,15}$/.test(id) && Number.isSafeInteger(Number(id))) return Number(id);
  if (/^[a-z][a-z0-9-]{0,62}$/.test(id)) throw noSuchServer(id, servers);
  throw new CallError('invalid_input', `${JSON.stringify(id)} is no number of a virtual machine. Hostinger was not asked.`, {
    remedy: 'Give the whole number that instances_list shows, such as 1268054; the vps_ tools take the name of a server in ziggie.yaml.',
  });
}

function noSuchServer(id: string, servers: readonly ServerSpec[]): CallError {
  const names = servers.map(({ name }) => name).join(', ') || 'none';
  return new CallError('target_unresolved', `ziggie.yaml has no server ${id}.`, {
    remedy: `Servers that there are: ${names}. A person adds others to ziggie.yaml, below hostinger.servers.`,
  });
}

function noSuchAccount(account: string): CallError {
  return new CallError('provider_not_configured', `Hostinger has no account ${account}.`, {
    remedy: 'Leave the account out, or give hostinger.',
  });
}
