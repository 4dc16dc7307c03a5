import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSettings, type Settings } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problem.ts';
import { createProvidedValues } from '../../src/config/provided-values.ts';
import { sshHosts } from '../../src/ssh-hosts.ts';

/** What ziggie.yaml says of Hostinger, of servers and of applications. */

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ziggie-config-'));
  mkdirSync(join(folder, 'policy'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const agents = 'agents: [{ id: agent-marcus, teams: [backend] }]\n';
async function load(yaml: string, env: Record<string, string> = {}, sandbox = false): Promise<Settings> {
  writeFileSync(join(folder, 'ziggie.yaml'), agents + yaml);
  return loadSettings({ folder, sandbox, toolsets: ['access'], env: { ZIGGIE_STATE: join(folder, 'state'), ...env } });
}
async function problem(yaml: string, env: Record<string, string> = {}): Promise<string> {
  try {
    await load(yaml, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ message, suggestion }) => `${message} ${suggestion ?? ''}`).join('; ');
    throw error;
  }
  return 'none';
}
const servers = (...each: string[]) => `hostinger: { servers: [${each.join(', ')}] }\n`;
const vps = '{ name: vps-1, id: 7 }';
const app = (more: string) => `apps: [{ name: api, team: backend, source: { folder: 'dist/{version}' }, ${more} }]\n`;
const onVps = 'targets: { hostinger: { server: vps-1, folder: /srv/api } }';
const healthy = "health: { command: ['true'] }";

describe('Hostinger', () => {
  it('is not part of everything until something says that its API is used', async () => {
    expect((await load('')).hostinger.isSetUp).toBe(false);
    expect((await load(servers('{ name: vps-1 }'))).hostinger.isSetUp).toBe(false);
    expect((await load(servers(vps))).hostinger.isSetUp).toBe(true);
    expect((await load('hostinger: { zones: [example.com] }')).hostinger.isSetUp).toBe(true);
    expect((await load('', { HOSTINGER_API_TOKEN: 'a-token' })).hostinger.isSetUp).toBe(true);
  });

  it('is asked elsewhere only where the token stays private, and its state is kept apart', async () => {
    const loopback = { HOSTINGER_API_URL: 'http://127.0.0.1:9' };
    expect((await load('')).hostinger.apiUrl).toBe('https://developers.hostinger.com');
    expect((await load('', loopback)).hostinger.apiUrl).toBe('http://127.0.0.1:9');
    expect((await load('', loopback)).stateFolder).not.toBe((await load('')).stateFolder);
    expect(await problem('', { HOSTINGER_API_URL: 'http://hostinger.example' })).toMatch(/in the clear.*https/);
    expect(await problem('', { HOSTINGER_API_URL: 'ftp://hostinger.example' })).toMatch(/not an http/);
  });

  it('has at least two machines in the sandbox, and none of the real addresses', async () => {
    const { hostinger } = await load(servers('{ name: vps-1, ssh: { host: 203.0.113.7, key: agent } }'), { SSH_AUTH_SOCK: '/x' }, true);
    expect(hostinger.servers.map(({ name, id, ssh }) => [name, id, ssh])).toEqual([
      ['vps-1', 1001, { sessions: 8 }],
      ['sandbox-vps-2', 1002, { sessions: 8 }],
    ]);
    expect(hostinger.agentSocket).toBeUndefined();
  });

  const command = (text: string) => servers(`{ name: vps-1, commands: { c: ${text} } }`);
  it.each([
    ['a server that stands twice', servers(vps, '{ name: vps-1 }'), /"vps-1" stands twice/],
    ['a number that stands twice', servers(vps, '{ name: vps-2, id: 7 }'), /id 7/],
    ['a fingerprint that is none', servers("{ name: vps-1, ssh: { hostKeys: ['SHA256:abc'] } }"), /fingerprint/],
    ['a folder with ..', servers("{ name: vps-1, readFolders: ['/var/../etc'] }"), /absolute path/],
    ['a zone that is none', 'hostinger: { zones: [localhost] }', /domain/],
    ['an AWS account of its name', 'aws: { accounts: [{ name: hostinger }] }', /other cloud/],
    ['a parameter that is not declared', command("{ run: [ls, '{folder}'] }"), /\{folder\} is no parameter/],
    ['a parameter that is not used', command("{ run: [ls], parameters: { a: { type: text, pattern: '.*' } } }"), /used nowhere/],
    ['a program by parameter', command("{ run: ['{a}'], parameters: { a: { type: text, pattern: '.*' } } }"), /program itself/],
    [
      'a pattern that does not compile',
      command("{ run: [ls, '{a}'], parameters: { a: { type: text, pattern: '(' } } }"),
      /regular expression/,
    ],
    ['a secret as an argument', command("{ run: [ls, '{a}'], parameters: { a: { type: secret } } }"), /standard input/],
    [
      'a default that is no choice',
      command("{ run: [ls, '{a}'], parameters: { a: { type: choice, choices: [x], default: y } } }"),
      /none of its choices/,
    ],
    [
      'a default that is too much',
      command("{ run: [ls, '{a}'], parameters: { a: { type: integer, min: 1, max: 2, default: 3 } } }"),
      /out of range/,
    ],
    [
      'a default that does not fit',
      command("{ run: [ls, '{a}'], parameters: { a: { type: text, pattern: '[a-z]+', default: '9' } } }"),
      /its pattern/,
    ],
    ['an option by default', command("{ run: [ls, '{a}'], parameters: { a: { type: text, pattern: '.*', default: '-R' } } }"), /dash/],
    ['a range upside down', command("{ run: [ls, '{a}'], parameters: { a: { type: integer, min: 2, max: 1 } } }"), /min is above max/],
  ])('%s stops the start', async (_what, yaml, pattern) => {
    expect(await problem(yaml)).toMatch(pattern);
  });
});

describe('applications', () => {
  it('have a place, whatever they leave out', async () => {
    const yaml = app(`targets: { aws: { kind: lambda, function: api } }, health: { url: 'http://127.0.0.1:8080/health' }`);
    const { apps } = await load(yaml, { AWS_REGION: 'eu-west-1' });
    expect(apps[0]).toMatchObject({
      source: { kind: 'folder', path: 'dist/{version}' },
      targets: { aws: { kind: 'lambda', account: 'main', region: 'eu-west-1', alias: 'live' } },
      keepReleases: 5,
    });
  });

  it.each([
    ['an unknown server', app(`${onVps.replace('vps-1', 'vps-2')}, ${healthy}`), /server "vps-2" is unknown.*vps-1/],
    ['an unknown team', app(`${onVps}, ${healthy}`).replace('team: backend', 'team: bakend'), /team "bakend".*backend/],
    ['no target', app(`targets: {}, ${healthy}`), /aws, hostinger or both/],
    ['no health check', app(onVps), /a deployment is checked/],
    ['a command where no machine is', app(`targets: { aws: { kind: static-site, bucket: web } }, ${healthy}`), /no machine/],
    ['a payload for nobody', app('targets: { aws: { kind: lambda, function: api } }, health: { command: [invoke] }'), /\[invoke, …\]/],
    ['a source without a version', app(`${onVps}, ${healthy}`).replace('/{version}', ''), /where \{version\} goes/],
    ['an environment of a static site', app('targets: { aws: { kind: static-site, bucket: web } }, environment: { A: b }'), /everybody/],
    [
      'an unknown account',
      app(`targets: { aws: { kind: ec2, account: other, tags: { A: b }, folder: /srv/a } }, ${healthy}`),
      /account "other"/,
    ],
    [
      'an unknown region',
      app(`targets: { aws: { kind: ec2, region: us-west-2, tags: { A: b }, folder: /srv/a } }, ${healthy}`),
      /region "us-west-2"/,
    ],
    ['every instance', app(`targets: { aws: { kind: ec2, tags: {}, folder: /srv/a } }, ${healthy}`), /at least one tag/],
    ['a name that stands twice', app(`${onVps}, ${healthy}`).replace(/\[(\{ name: api.*\})\]/, '[$1, $1]'), /"api" stands twice/],
    ['a folder with a shell in it', app(`${onVps.replace('/srv/api', "'/srv/$(id)'")}, ${healthy}`), /absolute path/],
  ])('%s stops the start', async (_what, yaml, pattern) => {
    expect(await problem(servers(vps) + yaml)).toMatch(pattern);
  });
});

describe('two applications at one place', () => {
  const two = (one: string, other: string) => {
    const each = (name: string, targets: string) =>
      `{ name: ${name}, team: backend, source: { folder: 'dist/{version}' }, targets: { ${targets} }, health: { url: 'http://127.0.0.1/' } }`;
    return `${servers(vps, '{ name: vps-2 }')}aws: { accounts: [{ name: main }, { name: other }] }\napps: [${each('a', one)}, ${each('b', other)}]\n`;
  };
  const site = (bucket: string, prefix?: string) => `aws: { kind: static-site, bucket: ${bucket}${prefix ? `, prefix: ${prefix}` : ''} }`;
  const fleet = (tags: string, folder: string, more = '') => `aws: { kind: ec2, tags: { ${tags} }, folder: ${folder}${more} }`;
  const vpsFolder = (server: string, folder: string) => `hostinger: { server: ${server}, folder: ${folder} }`;
  const fn = (name: string, more = '') => `aws: { kind: lambda, function: ${name}${more} }`;

  it.each([
    ['one prefix', site('web', 'x/'), site('web', 'x/'), /a and b share x\/ of bucket web/],
    ['a prefix within the other', site('web', 'x/y/'), site('web', 'x/'), /share x\/y\/ of bucket web/],
    ['a site that is the whole bucket', site('web'), site('web', 'x/'), /share x\/ of bucket web/],
    ['one bucket, in two accounts by name', site('web'), `${site('web').slice(0, -1)}, account: other }`, /share bucket web/],
    [
      'a site over archives',
      site('ziggie-deployments'),
      fleet('A: b', '/srv/b'),
      /share ziggie-releases\/b\/ of bucket ziggie-deployments/,
    ],
    ['a folder of a server', vpsFolder('vps-1', '/srv/a'), vpsFolder('vps-1', '/srv/a'), /share \/srv\/a\/ of server vps-1/],
    ['a folder within the other', vpsFolder('vps-1', '/srv'), vpsFolder('vps-1', '/srv/a'), /share \/srv\/a\/ of server vps-1/],
    ['a folder of instances', fleet('A: b', '/srv/a'), fleet('A: b', '/srv/a'), /share \/srv\/a\/ of instances in main\//],
    ['a folder of some of the instances', fleet('A: b', '/srv/a'), fleet('A: b, C: d', '/srv/a/b'), /share \/srv\/a\/b\/ of instances/],
    ['a function', fn('api'), fn('api', ', alias: beta'), /share function api in main\//],
  ])('%s stops the start', async (_what, one, other, pattern) => {
    expect(await problem(two(one, other))).toMatch(pattern);
    expect(await problem(two(other, one))).toMatch(/a and b share/);
  });

  it.each([
    ['prefixes', site('web', 'x/'), site('web', 'xy/')],
    ['buckets', site('web'), site('docs')],
    ['a site beside archives', site('ziggie-deployments', 'web/'), fleet('A: b', '/srv/b')],
    ['servers', vpsFolder('vps-1', '/srv/a'), vpsFolder('vps-2', '/srv/a')],
    ['folders', vpsFolder('vps-1', '/srv/a'), vpsFolder('vps-1', '/srv/ab')],
    ['instances', fleet('A: b', '/srv/a'), fleet('A: c', '/srv/a')],
    ['folders of instances', fleet('A: b', '/srv/a'), fleet('A: b', '/srv/b')],
    ['accounts of instances', fleet('A: b', '/srv/a'), fleet('A: b', '/srv/a', ', account: other')],
    ['functions', fn('api'), fn('api2')],
    ['accounts of functions', fn('api'), fn('api', ', account: other')],
    ['clouds', fleet('A: b', '/srv/a'), vpsFolder('vps-1', '/srv/a')],
  ])('is not what two %s are', async (_what, one, other) => {
    expect(await problem(two(one, other))).toBe('none');
  });

  it('is the place of archives, whoever has none yet', async () => {
    expect(await problem(app(`targets: { ${site('web', 'ziggie-releases/web/')} }`))).toMatch(/ziggie-releases\/ is for archives/);
  });
});

describe('how a server is reached', () => {
  const reach = async (yaml: string, env: Record<string, string>, index = 0) => {
    const { hostinger, variables } = await load(yaml, env);
    const values = createProvidedValues({ production: false, env: variables, read: async () => undefined, hide: () => undefined });
    return sshHosts(hostinger, async () => values)[index]?.settings();
  };
  const env = { HOSTINGER_VPS_HOST: '203.0.113.7', HOSTINGER_SSH_PORT: '2222', HOSTINGER_SSH_USER: 'deploy', HOSTINGER_SSH_KEY: '/k' };
  const pin = `SHA256:${'A'.repeat(43)}`;

  it('comes from the environment for the first that says nothing of it', async () => {
    expect(await reach(servers('{ name: vps-1 }'), { ...env, HOSTINGER_SSH_HOST_KEY: pin })).toEqual({
      host: '203.0.113.7',
      port: 2222,
      user: 'deploy',
      hostKeys: [pin],
      key: { kind: 'file', path: '/k' },
    });
  });

  it('is never that of another server', async () => {
    const two = servers('{ name: vps-1, ssh: { host: 198.51.100.1, user: ops, key: keys/a } }', '{ name: vps-2 }', '{ name: vps-3 }');
    expect(await reach(two, { ...env, HOSTINGER_SSH_HOST_KEY: pin }, 0)).toMatchObject({
      host: '198.51.100.1',
      port: 22,
      user: 'ops',
      hostKeys: [],
      key: { path: join(folder, 'keys/a') },
    });
    expect(await reach(two, env, 1)).toMatchObject({ host: '203.0.113.7' });
    await expect(reach(two, env, 2)).rejects.toMatchObject({ code: 'provider_not_configured', message: expect.stringContaining('vps-3') });
  });

  it('uses what a person has trusted, once there is such a file', async () => {
    expect(await reach(servers('{ name: vps-1 }'), env)).not.toHaveProperty('knownHostsFile');
    writeFileSync(join(folder, 'known_hosts'), '');
    expect(await reach(servers('{ name: vps-1 }'), env)).toMatchObject({ knownHostsFile: join(folder, 'known_hosts') });
  });

  it('needs an agent that is there, and a port that is one', async () => {
    const yaml = servers('{ name: vps-1, ssh: { key: agent } }');
    expect(await reach(yaml, { ...env, SSH_AUTH_SOCK: '/run/agent' })).toMatchObject({ key: { kind: 'agent', socket: '/run/agent' } });
    await expect(reach(yaml, env)).rejects.toMatchObject({
      code: 'provider_not_configured',
      message: expect.stringContaining('SSH agent'),
    });
    await expect(reach(servers('{ name: vps-1 }'), { ...env, HOSTINGER_SSH_PORT: 'ssh' })).rejects.toThrow(/is no port/);
  });

  it('opens an encrypted key with its passphrase', async () => {
    const key = (await reach(servers('{ name: vps-1 }'), { ...env, HOSTINGER_SSH_PASSPHRASE: 'correct horse' }))?.key;
    expect(key).toEqual({ kind: 'file', path: '/k', passphrase: 'correct horse' });
  });
});
