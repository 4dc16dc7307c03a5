import { resolve } from 'node:path';
import { type Environment, isLoopback } from './environment.ts';
import type { ConfigProblem } from './problem.ts';
import { inHome } from './provided-values.ts';
import type { ZiggieYaml } from './schema.ts';

type ServerYaml = ZiggieYaml['hostinger']['servers'][number];

/** A server of ziggie.yaml, with paths that hold from everywhere. */
export type ServerSettings = ServerYaml;

export interface HostingerSettings {
  readonly apiUrl: string;
  /** Whether anything says that its API is used: a token, a machine's number, a zone. Servers may be known to SSH alone. */
  readonly isSetUp: boolean;
  readonly servers: readonly ServerSettings[];
  readonly zones: readonly string[];
  /** Host keys that a person has trusted (`doctor --trust-host`), for servers that name no file of their own. */
  readonly knownHosts: string;
  /** Socket of an SSH agent. */
  readonly agentSocket?: string;
}

const officialApi = 'https://developers.hostinger.com';
/** Numbers that the sandbox gives to servers which have none in ziggie.yaml. */
const firstSandboxId = 1001;
const leastSandboxServers = 2;

/** @returns what holds, and what is wrong with it */
export function hostingerSettings(
  { servers, zones }: ZiggieYaml['hostinger'],
  { folder, yamlFile, env, sandbox }: { folder: string; yamlFile: string; env: Environment; sandbox: boolean },
): { hostinger: HostingerSettings; problems: ConfigProblem[] } {
  const problems: ConfigProblem[] = [
    ...repeated(servers.map(({ name }) => name)).map((name) => ({ file: yamlFile, message: `server "${name}" stands twice` })),
    ...repeated(servers.flatMap(({ id }) => (id === undefined ? [] : [String(id)]))).map((id) => ({
      file: yamlFile,
      message: `two servers have the id ${id}`,
    })),
    ...servers.flatMap((server) => commandProblems(server).map((message) => ({ file: yamlFile, message }))),
  ];
  const apiUrl = (!sandbox && env.HOSTINGER_API_URL) || officialApi;
  if (!/^https?:$/.test(URL.parse(apiUrl)?.protocol ?? ''))
    problems.push({ file: 'HOSTINGER_API_URL', message: `"${apiUrl}" is not an http or https address` });
  else if (apiUrl.startsWith('http:') && !isLoopback(apiUrl))
    problems.push({ file: 'HOSTINGER_API_URL', message: 'would send the token in the clear', suggestion: 'use https' });
  const given = servers.map((server) => ({ ...server, ssh: withPaths(server.ssh, folder) }));
  const isGiven = Boolean(env.HOSTINGER_API_TOKEN) || servers.some(({ id }) => id !== undefined) || zones.length > 0;
  return {
    problems,
    hostinger: {
      apiUrl,
      isSetUp: sandbox || isGiven,
      servers: sandbox ? inSandbox(given) : given,
      zones: sandbox && zones.length === 0 ? ['example.com'] : zones,
      knownHosts: resolve(folder, 'known_hosts'),
      ...(env.SSH_AUTH_SOCK && !sandbox ? { agentSocket: env.SSH_AUTH_SOCK } : {}),
    },
  };
}

function withPaths({ key, knownHosts, ...rest }: ServerYaml['ssh'], folder: string): ServerYaml['ssh'] {
  const path = (text: string) => resolve(folder, inHome(text));
  return {
    ...rest,
    ...(key === undefined ? {} : { key: key === 'agent' ? key : path(key) }),
    ...(knownHosts === undefined ? {} : { knownHosts: path(knownHosts) }),
  };
}

/** Every server has a machine there, and SSH leads into this process, whatever ziggie.yaml says. */
function inSandbox(servers: readonly ServerYaml[]): ServerYaml[] {
  const more = Array.from({ length: Math.max(0, leastSandboxServers - servers.length) }, (_, index): ServerYaml => {
    const folders = { readFolders: ['/var/log'], services: ['ziggie-*'], commands: {} };
    return { name: `sandbox-vps-${servers.length + index + 1}`, tags: {}, ssh: { sessions: 8 }, ...folders };
  });
  return [...servers, ...more].map((server, index) => ({
    ...server,
    id: server.id ?? firstSandboxId + index,
    ssh: { sessions: server.ssh.sessions },
  }));
}

/** What a schema cannot say of a command: patterns that compile, parameters that are used and declared, defaults that fit. */
function commandProblems({ name, commands }: ServerYaml): string[] {
  return Object.entries(commands).flatMap(([command, { run, parameters }]) => {
    const where = `hostinger.servers ${name}: command ${command}`;
    const used = new Set(run.flatMap((argument) => [...argument.matchAll(/\{([a-z][a-z0-9_]*)\}/g)].map(([, each = '']) => each)));
    const unknown = [...used].filter((each) => !Object.hasOwn(parameters, each));
    const [program] = run;
    return [
      ...unknown.map((each) => `${where}: {${each}} is no parameter of it`),
      ...(/[{}]/.test(program) ? [`${where}: the program itself cannot be a parameter`] : []),
      ...Object.entries(parameters).flatMap(([parameter, spec]) => {
        const here = `${where}: parameter ${parameter}`;
        if (spec.type === 'secret')
          return used.has(parameter) ? [`${here} is a secret: it goes to standard input, not into an argument`] : [];
        if (!used.has(parameter)) return [`${here} is used nowhere in run`];
        if (spec.type === 'integer') {
          if (spec.min > spec.max) return [`${here}: min is above max`];
          return spec.default !== undefined && (spec.default < spec.min || spec.default > spec.max)
            ? [`${here}: its default is out of range`]
            : [];
        }
        if (spec.type === 'choice') {
          return spec.default !== undefined && !spec.choices.includes(spec.default) ? [`${here}: its default is none of its choices`] : [];
        }
        if (spec.default?.startsWith('-')) return [`${here}: the default begins with a dash, and would be read as an option`];
        if (!compiles(spec.pattern)) return [`${here}: the pattern is no regular expression`];
        const fits = spec.default === undefined || new RegExp(`^(?:${spec.pattern})$`, 'u').test(spec.default);
        return fits ? [] : [`${here}: its default does not fit its pattern`];
      }),
    ];
  });
}

function compiles(pattern: string): boolean {
  try {
    new RegExp(`^(?:${pattern})$`, 'u');
    return true;
  } catch {
    return false;
  }
}

function repeated(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}
