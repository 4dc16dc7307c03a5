import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type AppSettings, appSettings } from './apps.ts';
import { type CostSettings, centsOf, costSettings } from './costs.ts';
import { type Environment, readEnvironment, stateRoot } from './environment.ts';
import { type HostingerSettings, hostingerSettings } from './hostinger.ts';
import { ConfigError, type ConfigProblem, didYouMean } from './problem.ts';
import { providedVariables } from './provided-values.ts';
import { readConfiguration } from './read.ts';
import { defaultLimits, isRegionName } from './rules.ts';
import { workspaceProblems } from './workspace.ts';

export interface AgentSettings {
  readonly id: string;
  readonly teams: readonly string[];
  readonly toolsets: readonly string[];
  readonly limits: { readonly callsPerMinute: number; readonly callsAtOnce: number };
  /** What it may add to a month of costs, in cents of the budget's currency; absent: no cap. */
  readonly monthlyCapCents?: number;
  readonly boundary: Boundary;
}

/** What AWS itself lets an agent reach in accounts that name a role. Names may end in a star. */
export interface Boundary {
  readonly tags: Readonly<Record<string, string>>;
  readonly buckets: readonly string[];
  readonly prefixes: readonly string[];
  readonly secrets: readonly string[];
  readonly functions: readonly string[];
  readonly kmsKeys: readonly string[];
}

export interface AwsAccountSettings {
  readonly name: string;
  readonly accountId?: string;
  readonly profile?: string;
  readonly credentials: 'environment' | 'instance-role';
  readonly role?: string;
  readonly regions: readonly string[];
}

export interface StaticCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Everything the server may know of its surroundings; nothing else reads files or environment. */
export interface Settings {
  readonly folder: string;
  readonly yamlFile: string;
  readonly policyFolder: string;
  readonly stateRoot: string;
  /** Below the state root, one per destination (account, endpoint, sandbox or live). */
  readonly stateFolder: string;
  readonly sandbox: boolean;
  readonly production: boolean;
  /** HOSTINGER_* as given: one of the two places that `ProvidedValues` reads. */
  readonly variables: Environment;
  readonly agents: readonly AgentSettings[];
  readonly defaultLimits: AgentSettings['limits'];
  readonly defaultAgent?: string;
  readonly approvers: readonly { readonly id: string; readonly publicKey: string }[];
  readonly approvalTtlMs: number;
  readonly aws: {
    readonly accounts: readonly AwsAccountSettings[];
    readonly credentials?: StaticCredentials;
    readonly endpoint?: string;
    /** By lower-case service name, from AWS_ENDPOINT_URL_<SERVICE>. */
    readonly endpoints: Readonly<Record<string, string>>;
  };
  readonly audit: { readonly logGroup: string; readonly account: string; readonly region: string; readonly pruneAfterDays: number };
  readonly storage: { readonly workspace?: string; readonly maxShareMinutes: number };
  readonly security: { readonly sshRanges: readonly string[] };
  readonly hostinger: HostingerSettings;
  readonly apps: readonly AppSettings[];
  readonly costs: CostSettings;
  readonly http: { readonly allowedHosts: readonly string[] };
}

export interface LoadOptions {
  readonly folder?: string;
  readonly sandbox?: boolean;
  readonly toolsets: readonly string[];
  readonly env: Environment;
}

/**
 * Reads `ziggie.yaml`, `.env` and the environment.
 * @throws ConfigError naming file, line and key of everything that is wrong
 */
export async function loadSettings(options: LoadOptions): Promise<Settings> {
  const folder = resolve(options.folder || options.env.ZIGGIE_CONFIG || 'config');
  const env = readEnvironment(folder, options.env);
  const sandbox = options.sandbox ?? false;
  const yamlFile = join(folder, 'ziggie.yaml');
  const root = resolve(stateRoot(env));
  const yaml = await readConfiguration(yamlFile, root);
  const problems: ConfigProblem[] = [
    ...duplicates(
      yamlFile,
      'agent',
      yaml.agents.map(({ id }) => id),
    ),
    ...duplicates(
      yamlFile,
      'approver',
      yaml.approvers.map(({ id }) => id),
    ),
    ...duplicates(
      yamlFile,
      'account',
      yaml.aws.accounts.map(({ name }) => name),
    ),
    ...yaml.agents.flatMap(({ id, toolsets }) =>
      toolsets === 'all' ? [] : unknownNames(yamlFile, `toolset of ${id}`, toolsets, options.toolsets),
    ),
  ];

  const environment = env.ZIGGIE_ENV || 'development';
  if (environment !== 'development' && environment !== 'production') {
    problems.push({ file: 'ZIGGIE_ENV', message: `"${environment}" is neither development nor production` });
  }
  const region = sandbox ? 'eu-north-1' : env.AWS_REGION || 'eu-north-1';
  if (!isRegionName(region)) {
    problems.push({ file: 'AWS_REGION', message: `"${region}" is not an AWS region`, suggestion: 'expected a name like eu-north-1' });
  }
  const accounts = yaml.aws.accounts.map(({ regions, ...account }) => ({
    ...account,
    ...(yaml.aws.accounts.length === 1 && account.accountId === undefined && env.AWS_ACCOUNT_ID && !sandbox
      ? { accountId: env.AWS_ACCOUNT_ID }
      : {}),
    ...(account.profile === undefined && env.AWS_PROFILE && !env.AWS_ACCESS_KEY_ID ? { profile: env.AWS_PROFILE } : {}),
    regions: regions ?? [region],
  }));
  const auditAccount = yaml.audit.account ?? accounts[0]?.name ?? 'main';
  problems.push(
    ...unknownNames(
      yamlFile,
      'audit.account',
      [auditAccount],
      accounts.map(({ name }) => name),
    ),
  );
  const urls = sandbox ? [] : Object.entries(env).filter(([key, value]) => key.startsWith('AWS_ENDPOINT_URL') && value);
  for (const [key, value = ''] of urls) {
    if (!/^https?:$/.test(URL.parse(value)?.protocol ?? ''))
      problems.push({ file: key, message: `"${value}" is not an http or https address` });
  }
  const workspace = yaml.storage.workspace === undefined ? undefined : resolve(folder, yaml.storage.workspace);
  problems.push(...workspaceProblems(yamlFile, workspace, [folder, root]));
  const { hostinger, problems: ofHostinger } = hostingerSettings(yaml.hostinger, { folder, yamlFile, env, sandbox });
  const teams = [...new Set(yaml.agents.flatMap(({ teams }) => teams))];
  const { apps, problems: ofApps } = appSettings(yaml.apps, { yamlFile, servers: hostinger.servers, accounts, teams });
  const agentIds = yaml.agents.map(({ id }) => id);
  const { costs, problems: ofCosts } = costSettings(yaml.costs, { yamlFile, sandbox, agents: agentIds, accounts });
  problems.push(...ofHostinger, ...ofApps, ...ofCosts);
  if (accounts.some(({ name }) => name === 'hostinger'))
    problems.push({ file: yamlFile, message: 'no AWS account can be called hostinger: that is the name of the other cloud' });
  if (problems.length > 0) throw new ConfigError(problems);

  const endpoint = sandbox ? undefined : env.AWS_ENDPOINT_URL || undefined;
  const production = environment === 'production';
  const settings: Settings = {
    folder,
    yamlFile,
    policyFolder: join(folder, 'policy'),
    stateRoot: root,
    stateFolder: join(root, destinationName(sandbox, endpoint, env)),
    sandbox,
    production,
    variables: sandbox ? {} : providedVariables(env),
    agents: yaml.agents.map(({ id, teams, toolsets, limits, monthlyCap, boundary }) => ({
      id,
      teams,
      toolsets: toolsets === 'all' ? options.toolsets : toolsets,
      limits: { ...defaultLimits, ...yaml.limits, ...limits },
      ...(monthlyCap === undefined ? {} : { monthlyCapCents: centsOf(monthlyCap) }),
      boundary,
    })),
    defaultLimits: { ...defaultLimits, ...yaml.limits },
    ...(env.ZIGGIE_AGENT ? { defaultAgent: env.ZIGGIE_AGENT } : {}),
    approvers: yaml.approvers,
    approvalTtlMs: yaml.approvals.ttlMinutes * 60_000,
    aws: {
      accounts: sandbox ? accounts.map(({ accountId: _, profile: __, role: ___, ...account }) => account) : accounts,
      ...(sandbox ? {} : staticCredentials(env)),
      ...(endpoint ? { endpoint } : {}),
      endpoints: sandbox ? {} : serviceEndpoints(env),
    },
    audit: {
      logGroup: yaml.audit.logGroup,
      account: auditAccount,
      region: yaml.audit.region ?? accounts.find(({ name }) => name === auditAccount)?.regions[0] ?? region,
      pruneAfterDays: yaml.audit.pruneAfterDays,
    },
    storage: {
      ...(workspace === undefined ? {} : { workspace }),
      maxShareMinutes: yaml.storage.maxShareMinutes,
    },
    security: yaml.security,
    hostinger,
    apps,
    costs,
    http: yaml.http,
  };
  if (production)
    refuseWritableByOthers(
      [
        ...[folder, yamlFile, join(folder, '.env'), settings.policyFolder, root, settings.stateFolder, hostinger.knownHosts],
        ...hostinger.servers.flatMap(({ ssh }) => ssh.knownHosts ?? []),
      ],
      settings.policyFolder,
    );
  return settings;
}

/** `agent-marcus` for `marcus`; undefined when there is no such agent. */
export function resolveAgent(settings: Settings, name: string): AgentSettings | undefined {
  return settings.agents.find(({ id }) => id === name) ?? settings.agents.find(({ id }) => id === `agent-${name}`);
}

/**
 * Folder name of a destination. It uses only what is given from outside, never what is discovered later (such as the
 * account that STS names): every process of a destination must find the same folder, also the first and also offline.
 */
function destinationName(sandbox: boolean, endpoint: string | undefined, env: Environment): string {
  if (sandbox) return 'sandbox';
  const account = env.AWS_ACCOUNT_ID || (env.AWS_ACCESS_KEY_ID ? undefined : env.AWS_PROFILE) || 'default';
  const services = Object.entries(serviceEndpoints(env)).sort();
  const hostinger = env.HOSTINGER_API_URL ? [{ hostinger: env.HOSTINGER_API_URL }] : [];
  const key = createHash('sha256')
    .update(JSON.stringify([account, endpoint ?? null, ...(services.length > 0 ? [services] : []), ...hostinger]))
    .digest('hex')
    .slice(0, 8);
  return `live-${account.replace(/[^\w-]/g, '_')}-${key}`;
}

function staticCredentials(env: Environment): { credentials?: StaticCredentials } {
  if (!env.AWS_ACCESS_KEY_ID || !env.AWS_SECRET_ACCESS_KEY) return {};
  return {
    credentials: {
      accessKeyId: env.AWS_ACCESS_KEY_ID,
      secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
      ...(env.AWS_SESSION_TOKEN ? { sessionToken: env.AWS_SESSION_TOKEN } : {}),
    },
  };
}

function serviceEndpoints(env: Environment): Record<string, string> {
  const prefix = 'AWS_ENDPOINT_URL_';
  return Object.fromEntries(
    Object.entries(env).flatMap(([key, value]) =>
      key.startsWith(prefix) && value ? [[key.slice(prefix.length).toLowerCase(), value]] : [],
    ),
  );
}

function duplicates(file: string, what: string, names: readonly string[]): ConfigProblem[] {
  return names.filter((name, index) => names.indexOf(name) !== index).map((name) => ({ file, message: `${what} "${name}" stands twice` }));
}

function unknownNames(file: string, what: string, names: readonly string[], known: readonly string[]): ConfigProblem[] {
  return names
    .filter((name) => !known.includes(name))
    .map((name) => ({
      file,
      message: `${what}: "${name}" is unknown`,
      suggestion: didYouMean(name, known) ?? `known: ${known.join(', ')}`,
    }));
}

/** In production nobody but the server's own user and root may write what decides over access. */
function refuseWritableByOthers(paths: readonly string[], policyFolder: string): void {
  const files = [...paths, ...list(policyFolder).map((name) => join(policyFolder, name))];
  const trusted = [0, process.getuid?.() ?? 0];
  const problems = files.flatMap((file): ConfigProblem[] => {
    // Of what a link points to: the link's own mode says nothing.
    const stat = statSync(file, { throwIfNoEntry: false });
    if (!stat) return [];
    if ((stat.mode & 0o022) !== 0) {
      return [{ file, message: 'may be written by others, and ZIGGIE_ENV is production', suggestion: `chmod go-w ${file}` }];
    }
    return trusted.includes(stat.uid)
      ? []
      : [
          {
            file,
            message: `belongs to user ${stat.uid}, and ZIGGIE_ENV is production`,
            suggestion: `chown the file to root or to the server's user`,
          },
        ];
  });
  if (problems.length > 0) throw new ConfigError(problems);
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
