/** Invariant: a value is given to `hide` before anybody gets it, and no report holds one. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from './environment.ts';

export interface KnownValue {
  /** Secret of Secrets Manager, and the member of its JSON. */
  readonly secret: string;
  readonly field: string;
  /** Absent: there is no variable for it. */
  readonly variable?: string;
  readonly fallback?: string;
  readonly label: string;
  readonly purpose: string;
  /** Must not be shown; host and user may be. */
  readonly isSecret?: boolean;
}

const tokenSecret = 'ziggie/hostinger-api-token';
const sshSecret = 'ziggie/hostinger-ssh';

/** Every value that may come from Secrets Manager or the environment (design section 3). */
const knownValues = {
  'hostinger-api-token': {
    secret: tokenSecret,
    field: 'token',
    variable: 'HOSTINGER_API_TOKEN',
    label: 'hostinger api token',
    purpose: 'for DNS and virtual machines at Hostinger',
    isSecret: true,
  },
  'hostinger-ssh-host': {
    secret: sshSecret,
    field: 'host',
    variable: 'HOSTINGER_VPS_HOST',
    label: 'hostinger ssh host',
    purpose: 'for commands and deployments on the VPS',
  },
  'hostinger-ssh-user': {
    secret: sshSecret,
    field: 'user',
    variable: 'HOSTINGER_SSH_USER',
    fallback: 'root',
    label: 'hostinger ssh user',
    purpose: 'who logs in on the VPS',
  },
  'hostinger-ssh-private-key': {
    secret: sshSecret,
    field: 'private_key',
    label: 'hostinger ssh private key',
    purpose: 'in place of a key file',
    isSecret: true,
  },
  'hostinger-ssh-key-path': {
    secret: sshSecret,
    field: 'key_path',
    variable: 'HOSTINGER_SSH_KEY',
    fallback: '~/.ssh/ziggie_hostinger',
    label: 'hostinger ssh key file',
    purpose: 'used where there is no private key above',
  },
  'hostinger-ssh-passphrase': {
    secret: sshSecret,
    field: 'passphrase',
    variable: 'HOSTINGER_SSH_PASSPHRASE',
    label: 'hostinger ssh passphrase',
    purpose: 'of the private key, if it has one',
    isSecret: true,
  },
  'hostinger-ssh-port': {
    secret: sshSecret,
    field: 'port',
    variable: 'HOSTINGER_SSH_PORT',
    fallback: '22',
    label: 'hostinger ssh port',
    purpose: 'where the VPS listens',
  },
  'hostinger-ssh-host-key': {
    secret: sshSecret,
    field: 'host_key',
    variable: 'HOSTINGER_SSH_HOST_KEY',
    label: 'hostinger ssh host key',
    purpose: 'SHA256:… by which the VPS is known',
  },
  'smtp-password': {
    secret: 'ziggie/smtp',
    field: 'password',
    variable: 'ZIGGIE_SMTP_PASSWORD',
    label: 'smtp password',
    purpose: 'for mailing reports and alerts',
    isSecret: true,
  },
} as const satisfies Record<string, KnownValue>;

export type ProvidedName = keyof typeof knownValues;
export const names = Object.keys(knownValues) as ProvidedName[];
export const knownValue = (name: ProvidedName): KnownValue => knownValues[name];

export interface Provided {
  readonly value: string;
  /** `secret ziggie/hostinger-ssh`, `environment HOSTINGER_SSH_USER` or `default`. */
  readonly source: string;
}

/** For doctor: where a value comes from, and never the value. */
export interface ProvidedReport {
  readonly label: string;
  /** Absent: not set. */
  readonly source?: string;
  readonly purpose: string;
  /** How to set it. */
  readonly how: string;
  /** Why Secrets Manager had nothing to say, or nothing new, if it should have. */
  readonly problem?: string;
}

export interface ProvidedOptions {
  /** Secrets Manager before the environment; otherwise after it. */
  readonly production: boolean;
  readonly env: Environment;
  /** The text of a secret; undefined when there is no such secret. May throw: then the last text holds, or else the other sources. */
  readonly read: (secret: string) => Promise<string | undefined>;
  readonly hide: (value: string) => void;
  readonly now?: () => number;
}

export interface ProvidedValues {
  /** Undefined when it is set nowhere. Never throws. */
  get(name: ProvidedName): Promise<Provided | undefined>;
  /**
   * For a consumer whose value was refused, as after a rotation: reads again unless somebody has done so since.
   * @returns whether there is another value now
   */
  refresh(name: ProvidedName, refused: string): Promise<boolean>;
  report(): Promise<ProvidedReport[]>;
}

const keptMs = 5 * 60_000;
/** How long nobody else waits for a service that just failed. */
const failureKeptMs = 30_000;

interface Reading {
  until: number;
  readonly members: Promise<Readonly<Record<string, string>>>;
}

/** Values of the configuration from Secrets Manager and the environment; secrets are read once in five minutes, and outlast an outage. */
export function createProvidedValues({ production, env, read, hide, now = Date.now }: ProvidedOptions): ProvidedValues {
  const readings = new Map<string, Reading>();
  /** What was read last: an outage must not swap credentials for those of another source. */
  const lastGood = new Map<string, Readonly<Record<string, string>>>();
  const problems = new Map<string, string>();

  const membersOf = (secret: string): Reading['members'] => {
    const known = readings.get(secret);
    if (known && now() < known.until) return known.members;
    const failed = (error: unknown) => {
      reading.until = now() + failureKeptMs;
      problems.set(secret, `the secret ${secret} could not be read: ${(error as Error).message}`);
      return lastGood.get(secret) ?? {};
    };
    const reading: Reading = { until: now() + keptMs, members: readMembers(secret).catch(failed) };
    readings.set(secret, reading);
    return reading.members;
  };
  const readMembers = async (secret: string): Promise<Readonly<Record<string, string>>> => {
    const text = await Promise.try(read, secret);
    const members = text === undefined ? {} : parseMembers(text);
    for (const name of names) {
      const { secret: where, field, isSecret } = knownValue(name);
      const value = members?.[field];
      if (where === secret && isSecret && value !== undefined) hide(value);
    }
    if (members) problems.delete(secret);
    else problems.set(secret, `the secret ${secret} is no JSON object`);
    lastGood.set(secret, members ?? {});
    return members ?? {};
  };

  const fromSecret = async ({ secret, field }: KnownValue): Promise<Provided | undefined> => {
    const members = await membersOf(secret);
    const value = members[field];
    return value ? { value, source: `secret ${secret}` } : undefined;
  };
  const fromEnvironment = ({ variable }: KnownValue): Provided | undefined => {
    const value = variable === undefined ? undefined : env[variable];
    return value ? { value, source: `environment ${variable}` } : undefined;
  };
  // These are here already, whether anybody asks for them or not.
  for (const name of names) {
    const { variable, isSecret } = knownValue(name);
    const value = variable === undefined ? undefined : env[variable];
    if (isSecret && value) hide(value);
  }

  const get = async (name: ProvidedName): Promise<Provided | undefined> => {
    const known = knownValue(name);
    const found = production
      ? ((await fromSecret(known)) ?? fromEnvironment(known))
      : (fromEnvironment(known) ?? (await fromSecret(known)));
    const provided = found ?? (known.fallback === undefined ? undefined : { value: known.fallback, source: 'default' });
    return provided && { ...provided, value: inHome(provided.value) };
  };

  return {
    get,
    async refresh(name, refused) {
      const { secret } = knownValue(name);
      const reading = readings.get(secret);
      const before = (await get(name))?.value;
      if (before !== refused) return before !== undefined;
      // Several that were refused together read once: a reading that another one has begun since is younger than the refusal.
      if (reading && readings.get(secret) === reading) readings.delete(secret);
      const after = (await get(name))?.value;
      return after !== undefined && after !== refused;
    },
    report: () =>
      Promise.all(
        names.map(async (name): Promise<ProvidedReport> => {
          const { label, purpose, variable, secret, field } = knownValue(name);
          const source = (await get(name))?.source;
          const problem = problems.get(secret);
          const how = `${variable ? `set ${variable}, or ` : ''}the field ${field} of the secret ${secret}`;
          return { label, purpose, how, ...(source ? { source } : {}), ...(problem ? { problem } : {}) };
        }),
      ),
  };
}

/** The variables that the known values come from, and no others. */
export function providedVariables(env: Environment): Environment {
  const variables = names.map((name) => knownValue(name).variable ?? '');
  return Object.fromEntries(Object.entries(env).filter(([key, value]) => variables.includes(key) && value));
}

/** Members of a JSON object that are text or numbers; undefined for what is none. */
function parseMembers(text: string): Record<string, string> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, inner]) =>
        typeof inner === 'string' || typeof inner === 'number' ? [[key, String(inner)]] : [],
      ),
    );
  } catch {
    return undefined;
  }
}

export function inHome(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
}
