import { lazily, once } from '../../lazily.ts';
import type { ComputePort } from '../../ports/compute.ts';
import type { AwsBudgets } from '../../ports/cost-alerts.ts';
import type { AwsCosts } from '../../ports/cost-sources.ts';
import type { ArtifactStore } from '../../ports/deploy.ts';
import type { FunctionsPort } from '../../ports/functions.ts';
import type { Guard } from '../../ports/guard.ts';
import type { LogSink } from '../../ports/log-sink.ts';
import type { RawMail, Topics } from '../../ports/mail.ts';
import type { MonitoringPort } from '../../ports/monitoring.ts';
import type { TargetResolvers } from '../../ports/resolve.ts';
import type { SecretsPort } from '../../ports/secrets.ts';
import type { SecurityPort } from '../../ports/security.ts';
import type { StoragePort } from '../../ports/storage.ts';
import { findAccounts } from './account-resolver.ts';
import { type AwsAccount, matchAccounts } from './accounts.ts';
import { type ClientOptions, createClients } from './clients.ts';
import type { AwsDeployDrivers } from './deploy/index.ts';
import { type AwsIdentity, createIdentify } from './identity.ts';
import { createLogSink } from './log-sink.ts';
import { type AccountProbe, probeAccount } from './probe.ts';
import { createReadConfiguration, type ReadConfiguration } from './secrets/configuration.ts';
import type { SecuritySettings } from './security/index.ts';
import { createSender, type Sender, type SendScope } from './send.ts';
import { createSessions } from './sessions.ts';
import type { StorageSettings } from './storage/index.ts';

export type { AwsAccount, StaticCredentials } from './accounts.ts';
export type { ClientOptions, Service } from './clients.ts';
export type { AwsDeployDrivers } from './deploy/index.ts';
export type { AwsIdentity } from './identity.ts';
export type { AccountProbe, ServiceProbe } from './probe.ts';

export interface AwsOptions extends ClientOptions {
  readonly guard: Guard;
  /** Where the audit's second copy goes; the account is one of `accounts`, the region need not be among its own. */
  readonly audit: { readonly account: string; readonly region: string; readonly logGroup: string };
  /** Session policy of an agent in an account that names a role; throws `CallError` when there is none. */
  readonly sessionPolicy: (account: AwsAccount, actor: string) => string;
  readonly storage: StorageSettings;
  readonly security: SecuritySettings;
  /** Pause between two looks at an instance that is changing. */
  readonly pollMs?: number;
  /** Deadline of requests that no call waits for: identity, sessions and audit delivery. */
  readonly backgroundTimeoutMs?: number;
}

/** What is found on AWS. */
export type AwsResolvers = Omit<TargetResolvers, 'DnsZone' | 'Application'>;

export interface AwsProvider {
  readonly compute: ComputePort;
  readonly storage: StoragePort;
  readonly functions: FunctionsPort;
  readonly secrets: SecretsPort;
  readonly monitoring: MonitoringPort;
  readonly security: SecurityPort;
  readonly costs: AwsCosts;
  readonly budgets: AwsBudgets;
  readonly topics: Topics;
  readonly rawMail: RawMail;
  /** Loaded with the first use. */
  deployDrivers(): Promise<AwsDeployDrivers>;
  readonly artifacts: ArtifactStore;
  readonly resolvers: AwsResolvers;
  readonly logSink: LogSink;
  /** Where the server's own configuration may be kept: the first account, in its first region. */
  readonly configurationPlace: { readonly account: string; readonly region: string };
  readonly readConfiguration: ReadConfiguration;
  /** Who the account's credentials are, asked of STS once. Throws `CallError`. */
  identity(account: string, call: SendScope): Promise<AwsIdentity>;
  /** How the services of an account answer. Never throws for what they answer. */
  probe(account: string, call: SendScope): Promise<AccountProbe>;
  /** Under whom a call of this agent runs. Throws `CallError` where the account's role does not let it. */
  sessionArn(account: string, call: SendScope): Promise<string | undefined>;
}

/**
 * AWS behind the ports. Creating it reads nothing, imports nothing of the SDK and asks nobody; missing credentials show at first use.
 * Throws `provider_not_configured` when the audit's account is none of the accounts.
 */
export function createAws(options: AwsOptions): AwsProvider {
  const { accounts, guard, audit, pollMs = 2_000, backgroundTimeoutMs = 15_000 } = options;
  const sessions = createSessions({ policyOf: options.sessionPolicy, sender: () => sender, timeoutMs: backgroundTimeoutMs });
  const sender: Sender = createSender(createClients(options, sessions), guard);
  const identify = createIdentify(sender, backgroundTimeoutMs);
  const accountNamed = (name: string) => matchAccounts(accounts, { account: name })[0];
  const auditScope = { account: accountNamed(audit.account), region: audit.region };
  const [firstAccount] = matchAccounts(accounts, {});
  const configuration = { account: firstAccount, region: firstAccount.regions[0] ?? audit.region };
  const context = { accounts, sender, identify, pollMs };
  const compute = once(async () => (await import('./compute/index.ts')).createCompute(context));
  const storage = once(async () => (await import('./storage/index.ts')).createStorage(context, options.storage));
  const functions = once(async () => (await import('./functions/index.ts')).createFunctions(context));
  const secrets = once(async () => (await import('./secrets/index.ts')).createSecrets(context));
  const monitoring = once(async () => (await import('./monitoring/index.ts')).createMonitoring(context));
  const security = once(async () => (await import('./security/index.ts')).createSecurity(context, options.security));
  const deploy = once(async () => (await import('./deploy/index.ts')).createDeployDrivers(context));
  return {
    compute: lazily(async () => (await compute()).port),
    storage: lazily(async () => (await storage()).port),
    functions: lazily(async () => (await functions()).port),
    secrets: lazily(async () => (await secrets()).port),
    monitoring: lazily(async () => (await monitoring()).port),
    security: lazily(async () => (await security()).port),
    costs: lazily(async () => (await import('./costs/index.ts')).createAwsCosts(context)),
    budgets: lazily(async () => (await import('./budgets/index.ts')).createAwsBudgets(context)),
    topics: lazily(async () => (await import('./topics/index.ts')).createTopics(context)),
    rawMail: lazily(async () => (await import('./mail/index.ts')).createRawMail(context)),
    deployDrivers: async () => (await deploy()).drivers,
    artifacts: lazily(async () => (await deploy()).artifacts),
    resolvers: {
      Account: (ref, call) => findAccounts(accounts, identify, ref, call),
      Instance: async (ref, call) => (await compute()).resolvers.Instance(ref, call),
      Bucket: async (ref, call) => (await storage()).resolvers.Bucket(ref, call),
      Object: async (ref, call) => (await storage()).resolvers.Object(ref, call),
      Function: async (ref, call) => (await functions()).resolvers.Function(ref, call),
      Secret: async (ref, call) => (await secrets()).resolvers.Secret(ref, call),
      Alarm: async (ref, call) => (await monitoring()).resolvers.Alarm(ref, call),
    },
    logSink: createLogSink({ group: audit.logGroup, scope: auditScope, timeoutMs: backgroundTimeoutMs }, sender, identify),
    configurationPlace: { account: firstAccount.name, region: configuration.region },
    readConfiguration: createReadConfiguration(sender, configuration, backgroundTimeoutMs),
    identity: (account, call) => identify(accountNamed(account), call),
    probe: (account, call) => probeAccount(sender, accountNamed(account), call),
    sessionArn: async (name, call) => {
      const account = accountNamed(name);
      if (account.role === undefined) return undefined;
      const scope = { account, region: account.regions[0] ?? 'us-east-1' };
      const { Arn } = await sender.ask('sts', scope, call, (sdk) => new sdk.GetCallerIdentityCommand({}));
      return Arn;
    },
  };
}
