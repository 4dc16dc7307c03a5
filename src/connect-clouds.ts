import { join } from 'node:path';
import { awsLater } from './aws-later.ts';
import { continueInterrupted } from './call/continue.ts';
import type { Road } from './call/invoke.ts';
import type { Ports } from './call/operation.ts';
import type { Redactor } from './call/redact.ts';
import type { Settings } from './config/load.ts';
import { closest } from './config/problem.ts';
import type { ProvidedValues } from './config/provided-values.ts';
import { connectCosts } from './connect-costs.ts';
import { lazily, once } from './lazily.ts';
import type { CallScope } from './ports/call-scope.ts';
import type { InterruptedDeployment } from './ports/deploy.ts';
import type { Principal } from './ports/domain.ts';
import type { Guard } from './ports/guard.ts';
import type { TargetResolvers } from './ports/resolve.ts';
import type { StateStore } from './ports/state.ts';
import type { AwsProvider } from './providers/aws/index.ts';
import type { HostingerProvider } from './providers/hostinger/index.ts';

export interface CloudsOptions {
  readonly settings: Settings;
  readonly guard: Guard;
  readonly store: StateStore;
  readonly redactor: Redactor;
  readonly sessionPolicy: (agentId: string) => string;
}

export interface Clouds {
  readonly aws: AwsProvider;
  readonly hostinger: Pick<HostingerProvider, 'probe' | 'scan'> & { probeHost: HostingerProvider['hosts']['probe'] };
  /** Values of the configuration that may be kept in Secrets Manager. */
  readonly provided: () => Promise<ProvidedValues>;
  readonly ports: Omit<Ports, 'access'>;
  readonly resolvers: TargetResolvers;
  /** Where the ends of deployments go that outlive their call or their process. To be said before the first call. */
  recordOn(road: Road, principalOf: (agentId: string) => Principal): void;
  /** Ends or undoes what a crash left of deployments, now and from now on: for processes that stay. */
  resumeDeployments(): Promise<void>;
  /** Waits so long for deployments that run, and closes connections. */
  close(graceMs: number): Promise<void>;
}

/** How often it is looked for deployments that another process left. */
const lookEveryMs = 30_000;

/** Both clouds and what spans them, each loaded with its first use. */
export function connectClouds({ settings, guard, store, redactor, sessionPolicy }: CloudsOptions): Clouds {
  const aws = awsLater(settings, async () => {
    const { connectAws } = await import('./connect-aws.ts');
    return connectAws(settings, guard, sessionPolicy, redactor.register);
  });
  const provided = once(async () => {
    const { createProvidedValues } = await import('./config/provided-values.ts');
    const { production, variables: env } = settings;
    return createProvidedValues({ production, env, read: aws.readConfiguration, hide: redactor.register });
  });
  let hostingerUsed: Promise<HostingerProvider> | undefined;
  const hostinger = () => {
    hostingerUsed ??= import('./connect-hostinger.ts').then(({ connectHostinger }) => connectHostinger(settings, guard, provided));
    return hostingerUsed;
  };
  let deployUsed: ReturnType<typeof connectDeploy> | undefined;
  const connectDeploy = async () => {
    const [{ createDeploy }, { withServerTags }] = await Promise.all([import('./deploy/deploy.ts'), import('./deploy/apps.ts')]);
    const apps = withServerTags(settings.apps, settings.hostinger.servers);
    return createDeploy({
      apps: () => apps,
      drivers: {
        ssh: once(async () => (await import('./deploy/drivers/ssh.ts')).createSshDriver((await hostinger()).hosts)),
        ec2: async () => (await aws.deployDrivers()).ec2,
        'static-site': async () => (await aws.deployDrivers())['static-site'],
        lambda: async () => (await aws.deployDrivers()).lambda,
      },
      artifacts: {
        configFolder: settings.folder,
        temporaryFolder: join(settings.stateFolder, 'tmp'),
        store: aws.artifacts,
      },
      store,
      mask: redactor.text,
      nearest: closest,
      outlived: (going, end) => {
        const watch = async (call: CallScope) => {
          const settle = call.ledger.attempt();
          const { row, error } = await end;
          // Of one that was given up before the switch something may lie about there.
          settle(row.status === 'abandoned' ? 'unknown' : 'applied');
          if (error) throw error;
        };
        // It ends all the same when its end cannot be recorded; deploy_status tells.
        void keep(record(going, watch)).catch(() => undefined);
      },
    });
  };
  /** Records that are still to be ended. */
  const recording = new Set<Promise<unknown>>();
  const keep = (work: Promise<void>): Promise<void> => {
    const done = work.finally(() => void recording.delete(done));
    recording.add(done);
    return done;
  };
  /** Set by `recordOn`, before anything can be deployed. */
  let record = async (_going: InterruptedDeployment, _work: (call: CallScope) => Promise<unknown>): Promise<void> => undefined;
  let resumed: Promise<void> | undefined;
  /** Once begun it looks by itself. */
  const resume = async () => {
    const { resume: begin } = await deploy();
    resumed ??= begin((going, run) => keep(record(going, run))).catch((error) => {
      resumed = undefined;
      throw error;
    });
    return resumed;
  };
  const isInterrupted = () => store.listDeployments({ status: 'running', limit: 1 }).length > 0;
  let looking: NodeJS.Timeout | undefined;
  const deploy = () => (deployUsed ??= connectDeploy());
  const resolvers = lazily<TargetResolvers>(async () => {
    const { allResolvers } = await import('./clouds/resolvers.ts');
    const { resolvers: ofHostinger } = await hostinger();
    return allResolvers({
      aws: aws.resolvers,
      hostinger: ofHostinger,
      applications: async (ref, call) => (await deploy()).resolver(ref, call),
      isHostingerSetUp: settings.hostinger.isSetUp,
    });
  });
  const compute = lazily(async () => {
    const [{ bothClouds }, { withCosts }, { prices }, { keptPayments }] = await Promise.all([
      import('./clouds/compute.ts'),
      import('./clouds/compute-costs.ts'),
      import('./costs/prices.ts'),
      import('./costs/prices-paid.ts'),
    ]);
    const both = bothClouds({ aws: aws.compute, hostinger: (await hostinger()).compute });
    return withCosts(both, { prices, paid: () => keptPayments(store) });
  });
  const billing = async () => (await hostinger()).billing;
  return {
    aws,
    provided,
    resolvers,
    hostinger: {
      probe: async (call) => (await hostinger()).probe(call),
      scan: async (server, call) => (await hostinger()).scan(server, call),
      probeHost: async (server, call) => (await hostinger()).hosts.probe(server, call),
    },
    ports: {
      compute,
      ...connectCosts({ settings, aws, billing, compute, store, provided }),
      security: lazily(async () => {
        const { bothReviews } = await import('./clouds/security.ts');
        return bothReviews(aws.security, (await hostinger()).reviewFirewalls);
      }),
      storage: aws.storage,
      functions: aws.functions,
      secrets: aws.secrets,
      monitoring: aws.monitoring,
      dns: lazily(async () => (await hostinger()).dns),
      vps: lazily(async () => (await hostinger()).vps),
      deploy: lazily<Ports['deploy']>(async () => {
        const port = await deploy();
        // What was left half-done is ended meanwhile; until then a deployment of the same application is refused, and says so.
        const beside = <T>(call: CallScope, begin: () => Promise<T>): Promise<T> => {
          if (!call.dryRun && isInterrupted()) void resume().catch(() => undefined);
          return begin();
        };
        return {
          plan: port.plan,
          status: port.status,
          list: port.list,
          deploy: (app, query, call) => beside(call, () => port.deploy(app, query, call)),
          rollback: (app, query, call) => beside(call, () => port.rollback(app, query, call)),
        };
      }),
    },
    recordOn(road, principalOf) {
      record = ({ row, target }, work) => {
        const interrupted = {
          tool: row.kind === 'deploy' ? 'deploy_application' : 'deploy_rollback',
          principal: principalOf(row.actor),
          input: { app: row.app, version: row.version, provider: row.provider },
          target,
          via: `deployment ${row.id} of ${row.callId}`,
        };
        return continueInterrupted(road, interrupted, work);
      };
    },
    async resumeDeployments() {
      if (resumed) return clearInterval(looking);
      // Another process may leave something behind while this one runs.
      looking ??= setInterval(() => void this.resumeDeployments().catch(() => undefined), lookEveryMs).unref();
      if (isInterrupted()) await resume();
    },
    async close(graceMs) {
      clearInterval(looking);
      await (await deployUsed?.catch(() => undefined))?.close(graceMs);
      await Promise.allSettled(recording);
      await (await hostingerUsed?.catch(() => undefined))?.close();
    },
  };
}
