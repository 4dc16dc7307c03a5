import { lazily, once } from '../../lazily.ts';
import type { CallScope } from '../../ports/call-scope.ts';
import type { ComputePort } from '../../ports/compute.ts';
import type { HostingerBilling } from '../../ports/cost-sources.ts';
import type { DnsPort } from '../../ports/dns.ts';
import type { AccountTarget } from '../../ports/domain.ts';
import type { Guard } from '../../ports/guard.ts';
import type { HostSpec, RemoteHosts } from '../../ports/remote-host.ts';
import type { TargetResolvers } from '../../ports/resolve.ts';
import type { ServerSpec, VpsPort } from '../../ports/vps.ts';
import { createHostingerApi, type HostingerApiOptions } from './api/index.ts';
import type { ReviewPart } from './machines/index.ts';
import type { ShownKey, SshHosts } from './ssh/index.ts';
import type { DeployFolder } from './vps/index.ts';

export interface HostingerOptions extends Omit<HostingerApiOptions, 'guard'> {
  readonly guard: Guard;
  readonly servers: readonly ServerSpec[];
  /** How each of the servers is reached. */
  readonly hosts: readonly HostSpec[];
  /** Where applications are deployed to on them. */
  readonly deployFolders: readonly DeployFolder[];
  /** DNS zones of ziggie.yaml. */
  readonly zones: readonly string[];
  /** Where SSH is expected from. */
  readonly sshRanges: readonly string[];
  /** First pause between two looks at what is changing. */
  readonly pollMs?: number;
}

export interface HostingerProvider {
  readonly compute: ComputePort;
  readonly dns: DnsPort;
  readonly vps: VpsPort;
  readonly billing: HostingerBilling;
  readonly hosts: RemoteHosts;
  readonly resolvers: Pick<TargetResolvers, 'Account' | 'Instance' | 'DnsZone'>;
  reviewFirewalls(call: CallScope): Promise<ReviewPart>;
  /** The least that the API answers. Throws `CallError`. */
  probe(call: CallScope): Promise<{ readonly latencyMs: number; readonly machines: number }>;
  /** The host key that a server shows, before anything is sent that it could use. Throws `CallError`. */
  scan(server: string, call: CallScope): Promise<ShownKey>;
  close(): Promise<void>;
}

/** Hostinger has one account, without regions or tags. */
const account: AccountTarget = {
  type: 'Account',
  id: 'hostinger',
  provider: 'hostinger',
  account: 'hostinger',
  accountId: 'hostinger',
  regions: [],
  tags: {},
};

/** Hostinger behind the ports, and servers that only SSH knows. Creating it asks nobody and loads none of its parts. */
export function createHostinger(options: HostingerOptions): HostingerProvider {
  const { servers, deployFolders, zones, sshRanges, guard, pollMs = 1_000 } = options;
  const api = createHostingerApi(options);
  let openHosts: Promise<SshHosts> | undefined;
  const sshHosts = () => {
    openHosts ??= import('./ssh/index.ts').then(({ createRemoteHosts }) => createRemoteHosts({ hosts: options.hosts, guard }));
    return openHosts;
  };
  const machines = once(async () => (await import('./machines/index.ts')).createMachines({ api, servers, pollMs }));
  const dns = once(async () => (await import('./dns/index.ts')).createDns({ api, zones }));
  const names = options.hosts.map(({ name }) => name);
  const late = lazily<Omit<RemoteHosts, 'names'>>(sshHosts);
  const hosts: RemoteHosts = {
    names: () => names,
    probe: (...given) => late.probe(...given),
    run: (...given) => late.run(...given),
    stat: (...given) => late.stat(...given),
    realPath: (...given) => late.realPath(...given),
    read: (...given) => late.read(...given),
    list: (...given) => late.list(...given),
    upload: (...given) => late.upload(...given),
  };
  const vps = once(async (): Promise<VpsPort> => {
    const [{ createVps }, { snapshots }] = await Promise.all([import('./vps/index.ts'), machines()]);
    return { ...createVps({ hosts, servers, deployFolders }), ...snapshots };
  });
  return {
    compute: lazily(async () => (await machines()).port),
    dns: lazily(async () => (await dns()).port),
    vps: lazily(vps),
    billing: lazily<HostingerBilling>(async () => (await import('./billing/index.ts')).createBilling({ api, servers })),
    hosts,
    resolvers: {
      Account: async () => ({ targets: [account] }),
      Instance: async (ref, call) => (await machines()).resolvers.Instance(ref, call),
      DnsZone: async (ref, call) => (await dns()).resolvers.DnsZone(ref, call),
    },
    reviewFirewalls: async (call) => (await machines()).networkReview(sshRanges, call),
    async probe(call) {
      const { readMachines } = await import('./machines/read.ts');
      const began = performance.now();
      const { length } = await readMachines(api, call);
      return { latencyMs: Math.round(performance.now() - began), machines: length };
    },
    scan: async (server, call) => (await sshHosts()).scan(server, call),
    async close() {
      await (await openHosts)?.close();
    },
  };
}
