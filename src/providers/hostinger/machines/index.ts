import { CallError } from '../../../call/errors.ts';
import type { ComputePort } from '../../../ports/compute.ts';
import type { TargetResolvers } from '../../../ports/resolve.ts';
import type { ServerSpec, VpsPort } from '../../../ports/vps.ts';
import type { AskScope, HostingerApi } from '../api/index.ts';
import { change, restart, start, stop } from './change.ts';
import { toDetail } from './facts.ts';
import { type ReviewPart, reviewFirewalls } from './firewall-review.ts';
import { list } from './list.ts';
import { metrics } from './metrics.ts';
import { findMachine, noSuchMachine, numberOf } from './read.ts';
import { resolveMachine } from './resolver.ts';
import { createSnapshot, readSnapshots, restoreSnapshot } from './snapshots.ts';

export type { ReviewPart } from './firewall-review.ts';

export interface MachinesOptions {
  readonly api: HostingerApi;
  readonly servers: readonly ServerSpec[];
  /** First pause between two looks at an action; it grows to four times that. */
  readonly pollMs: number;
}

export interface Machines {
  readonly port: ComputePort;
  readonly resolvers: Pick<TargetResolvers, 'Instance'>;
  readonly snapshots: Pick<VpsPort, 'snapshots' | 'createSnapshot' | 'restoreSnapshot'>;
  /** @param sshRanges of ziggie.yaml */
  networkReview(sshRanges: readonly string[], call: AskScope): Promise<ReviewPart>;
}

/** Hostinger's virtual machines behind the compute port, their snapshots and their firewalls. */
export function createMachines({ api, servers, pollMs }: MachinesOptions): Machines {
  const context = { api, pollMs };
  return {
    resolvers: { Instance: (ref, call) => resolveMachine(api, servers, ref, call) },
    port: {
      list: (_accounts, query, call) => list(api, servers, query, call),
      async get(target, call) {
        const id = numberOf(target);
        const found = await findMachine(api, id, call);
        if (!found) throw noSuchMachine(id, 'provider_not_found');
        return toDetail(found, servers);
      },
      start: (target, call) => change(context, start, target, call),
      stop: (target, call) => change(context, stop, target, call),
      restart: (target, call) => change(context, restart, target, call),
      async terminate(target) {
        throw notOffered(
          `Virtual machine ${target.id} cannot be deleted from here`,
          'A person ends its subscription in hPanel. instances_stop turns it off; it is paid for all the same.',
        );
      },
      async launch() {
        throw notOffered(
          'Virtual machines of Hostinger cannot be bought from here',
          'A person buys one in hPanel and adds it to ziggie.yaml. On AWS instances_launch makes one.',
        );
      },
      metrics: async (target, query, call) => metrics(api, numberOf(target), query, call),
    },
    snapshots: {
      snapshots: async (target, call) => readSnapshots(api, numberOf(target), call),
      createSnapshot: (target, call) => createSnapshot(context, target, call),
      restoreSnapshot: (target, backup, call) => restoreSnapshot(context, target, backup, call),
    },
    networkReview: (sshRanges, call) => reviewFirewalls(api, servers, sshRanges, call),
  };
}

/** Hostinger sells machines by the month and keeps no copy of what is deleted: both are for a person. */
function notOffered(what: string, remedy: string): CallError {
  return new CallError('provider_rejected', `${what}. Nothing was sent.`, { remedy, provider: { code: 'NotOffered' } });
}
