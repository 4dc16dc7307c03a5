import type { InstanceTarget, TargetRef } from '../../src/ports/domain.ts';
import type { ServerSpec } from '../../src/ports/vps.ts';
import type { HostingerApi } from '../../src/providers/hostinger/api/index.ts';
import { createMachines, type Machines } from '../../src/providers/hostinger/machines/index.ts';
import { newCall, resolved } from '../aws/harness.ts';

export const first = '1268054';
export const second = '1268055';

const server = (name: string, id: number | undefined, tags: Record<string, string>): ServerSpec => ({
  name,
  ...(id === undefined ? {} : { id }),
  tags,
  readFolders: [],
  services: [],
  commands: {},
});

/** The second machine is one that ziggie.yaml does not know, and one server is none of Hostinger's. */
const servers = [
  server('ziggie-main', Number(first), { Project: 'Ziggie', team: 'backend' }),
  server('elsewhere', undefined, { team: 'backend' }),
];

export function machinesOver(api: HostingerApi): Machines {
  return createMachines({ api, servers, pollMs: 5 });
}

export async function find(from: Machines, id: string, ref: Partial<TargetRef<'Instance'>> = {}): Promise<InstanceTarget> {
  const { targets } = await from.resolvers.Instance({ type: 'Instance', provider: 'hostinger', id, ...ref }, newCall());
  const [target] = targets;
  if (!target || targets.length > 1) throw new Error(`expected one machine, found ${targets.length}`);
  return target;
}

/** A machine as step 4 of the road finds it. */
export async function targetOf(from: Machines, id: string) {
  return resolved(await find(from, id));
}

export const status = (code: number, body?: unknown) => ({ kind: 'status', status: code, body }) as const;
