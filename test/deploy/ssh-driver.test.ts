import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { createSshDriver } from '../../src/deploy/drivers/ssh.ts';
import type { Artifact, DeployedApp, DriverScope, SshTargetSpec } from '../../src/ports/deploy.ts';
import type { CommandEnd, RemoteHosts } from '../../src/ports/remote-host.ts';
import { createRemoteHosts } from '../../src/providers/hostinger/ssh/index.ts';
import { createSandboxSsh } from '../../src/providers/sandbox/ssh/index.ts';
import { createGuard } from '../../src/resilience/guard.ts';
import { failure } from '../aws/harness.ts';
import { broken, createWorld } from './world.ts';
import { deployCall, target } from './world-calls.ts';

/** What the driver does with what serves already, over the sandbox's SSH server. */

const sandbox = createSandboxSsh({ servers: ['vps-1'] });
const hosts = createRemoteHosts({
  guard: createGuard(),
  hosts: [{ name: 'vps-1', sessions: 4, settings: () => sandbox.settings('vps-1') }],
});
const driver = createSshDriver(hosts);
afterAll(async () => {
  await hosts.close();
  await sandbox.close();
});

type Environment = Readonly<Record<string, string>>;

let made = 0;
/** An application in a folder of its own. Healthy is a release with the file `marker`. */
function newWorld(environment: Environment = {}) {
  made += 1;
  const folder = `/srv/app-${made}`;
  const spec = {
    environment,
    health: {
      expectStatus: 200,
      command: ['cat', '--', `${folder}/current/marker`] as [string, ...string[]],
      withinSeconds: 1,
      everySeconds: 1,
    },
    targets: { hostinger: { kind: 'ssh' as const, server: 'vps-1', folder, service: 'ziggie-web.service' } },
  };
  const world = createWorld(spec);
  for (const version of ['v1', 'v2', 'v3']) world.build(version, { marker: version });
  const app: DeployedApp<SshTargetSpec> = { ...world.spec, provider: 'hostinger', target: spec.targets.hostinger };
  /** As the next deployment finds it in ziggie.yaml. */
  const withEnvironment = (next: Environment) => {
    world.apps = [{ ...world.spec, environment: next }];
  };
  return { folder, world, app, withEnvironment, deploy: world.process(driver) };
}
const scope = (facts: Partial<DriverScope> = {}): DriverScope => ({ ...deployCall(), note: () => {}, ...facts });
const names = async (folder: string) => (await hosts.list('vps-1', folder, deployCall())).map(({ path }) => path.slice(folder.length + 1));
const read = async (path: string) => (await hosts.read('vps-1', path, { offset: 0, maxBytes: 1_000 }, deployCall())).toString();
const environmentAt = async (folder: string, version: string) => {
  const release = `${folder}/releases/${version}`;
  return (await names(release)).includes('.env') ? read(`${release}/.env`) : 'none';
};
const artifactOf = (version: string): Artifact => ({
  version,
  digest: '',
  files: [{ path: 'marker', sizeBytes: version.length, sha256: createHash('sha256').update(version).digest('hex'), mode: 0o644 }],
  totalBytes: version.length,
  open: () => Promise.reject(broken),
  dispose: async () => {},
});
const run = (argv: readonly [string, ...string[]]) =>
  hosts.run('vps-1', { argv }, { timeoutMs: 5_000, maxBytes: 1_000, readOnly: false }, deployCall());

/** Servers whose answer to the first such command is another one. */
function answering(program: string, end: CommandEnd): RemoteHosts {
  let isOver = false;
  return {
    ...hosts,
    async run(server, command, options, call) {
      if (isOver || !('argv' in command) || command.argv[0] !== program) return hosts.run(server, command, options, call);
      isOver = true;
      return { end, stdout: '', stderr: '', cut: false, durationMs: 1 };
    },
  };
}

const noAnswers: [CommandEnd][] = [
  [{ kind: 'timeout', afterMs: 60_000 }],
  [{ kind: 'signal', signal: 'KILL' }],
  [{ kind: 'exit', code: 127 }],
];

describe('an answer that is none', () => {
  it.each(noAnswers)('of readlink is not taken for "nothing serves": %j', async (end) => {
    const { world, deploy, folder } = newWorld();
    await deploy.deploy(target, { version: 'v1' }, deployCall());
    world.build('v4', { other: 'x' });
    const ill = world.process(createSshDriver(answering('readlink', end)));
    const error = await failure(ill.deploy(target, { version: 'v4' }, deployCall()));
    expect(error.details.provider?.code).toBe('CommandFailed');
    expect(await read(`${folder}/current/marker`)).toBe('v1');
  });

  it.each(noAnswers)('of sha256sum is not taken for "other files": %j', async (end) => {
    const { world, deploy } = newWorld();
    await deploy.deploy(target, { version: 'v1' }, deployCall());
    for (const version of ['v1', 'v2']) {
      const ill = world.process(createSshDriver(answering('sha256sum', end)));
      const error = await failure(ill.deploy(target, { version }, deployCall()));
      expect(error.details.provider?.code).toBe('CommandFailed');
      expect(error.message).toContain('sha256sum');
    }
  });
});

describe('the environment of a release that is there', () => {
  it('is left alone when it is part of the artifact', async () => {
    const { world, deploy, folder } = newWorld();
    world.build('v4', { marker: 'x', '.env': 'A=1' });
    for (let count = 0; count < 3; count += 1) {
      expect(await deploy.deploy(target, { version: 'v4' }, deployCall())).toMatchObject({ status: 'done' });
    }
    expect(await environmentAt(folder, 'v4')).toBe('A=1');
  });

  it('is not touched before the release is activated', async () => {
    const { world, deploy, folder, withEnvironment } = newWorld({ MODE: 'good' });
    await deploy.deploy(target, { version: 'v1' }, deployCall());
    withEnvironment({ MODE: 'bad' });
    const failing = world.process({ ...driver, activate: () => Promise.reject(broken) });
    await failure(failing.deploy(target, { version: 'v1' }, deployCall()));
    expect(await environmentAt(folder, 'v1')).toBe('MODE="good"\n');
  });

  it.each<[string, Environment, Environment]>([
    ['another', { MODE: 'good' }, { MODE: 'new' }],
    ['none', { MODE: 'good' }, {}],
    ['a first one', {}, { MODE: 'new' }],
  ])('becomes %s when it is activated again, with nothing left over', async (_, before, after) => {
    const { deploy, folder, withEnvironment } = newWorld(before);
    await deploy.deploy(target, { version: 'v1' }, deployCall());
    withEnvironment(after);
    expect(await deploy.deploy(target, { version: 'v1' }, deployCall())).toMatchObject({ status: 'done' });
    expect(await environmentAt(folder, 'v1')).toBe(after.MODE ? 'MODE="new"\n' : 'none');
    expect(await names(`${folder}/releases`)).toEqual(['v1']);
  });

  it.each<[string, Environment, Environment]>([
    ['another', { MODE: 'good' }, { MODE: 'new' }],
    ['none', { MODE: 'good' }, {}],
    ['a first one', {}, { MODE: 'new' }],
  ])('that was replaced by %s is taken back, however often each step is repeated', async (_, before, after) => {
    const { app, folder, deploy } = newWorld(before);
    await deploy.deploy(target, { version: 'v1' }, deployCall());
    const first = await environmentAt(folder, 'v1');
    for (const _again of [1, 2]) {
      await driver.upload(app, artifactOf('v1'), after, scope());
      expect(await environmentAt(folder, 'v1')).toBe(first);
    }
    for (const _again of [1, 2]) {
      await driver.activate(app, 'v1', async () => {}, scope());
      expect(await environmentAt(folder, 'v1')).toBe(after.MODE ? 'MODE="new"\n' : 'none');
    }
    for (const _again of [1, 2]) {
      await driver.activate(app, 'v1', async () => {}, scope({ isGoingBack: true }));
      expect(await environmentAt(folder, 'v1')).toBe(first);
    }
    expect(await names(`${folder}/releases`)).toEqual(['v1']);
  });

  it('that waits is forgotten when the deployment is abandoned, and when another version is activated', async () => {
    const { app, folder, deploy } = newWorld({ MODE: 'good' });
    for (const version of ['v1', 'v2']) await deploy.deploy(target, { version }, deployCall());
    const bringV1 = () => driver.upload(app, artifactOf('v1'), { MODE: 'new' }, scope());
    for (const forget of [
      () => driver.clean(app, ['v1', 'v2'], scope()),
      () => driver.activate(app, 'v2', async () => {}, scope()),
      () => driver.activate(app, 'v2', async () => {}, scope({ isGoingBack: true })),
      () => driver.upload(app, artifactOf('v2'), { MODE: 'good' }, scope()),
    ]) {
      await bringV1();
      expect(await names(`${folder}/releases`)).toContain('.environment-v1');
      await forget();
      expect(await names(`${folder}/releases`)).toEqual(['v1', 'v2']);
      await driver.activate(app, 'v1', async () => {}, scope());
      expect(await environmentAt(folder, 'v1')).toBe('MODE="good"\n');
    }
  });
});

describe('what somebody else has put in the place of the link', () => {
  it('stays, whether a release is activated, gone back to, or taken out of service', async () => {
    const { app, folder, deploy } = newWorld();
    for (const version of ['v1', 'v2']) await deploy.deploy(target, { version }, deployCall());
    await run(['rm', '-f', '--', `${folder}/current`]);
    await run(['ln', '-s', '--', '/etc', `${folder}/current`]);
    const error = await failure(deploy.rollback(target, { version: 'v1' }, deployCall()));
    expect(error.message).toContain(`${folder}/current is there and was not made by a deployment`);
    for (const act of [
      () => driver.activate(app, 'v1', async () => {}, scope()),
      () => driver.activate(app, 'v1', async () => {}, scope({ isGoingBack: true })),
      () => driver.deactivate(app, scope()),
    ]) {
      expect((await failure(act())).details.provider?.code).toBe('ForeignCurrent');
    }
    expect((await run(['readlink', '--', `${folder}/current`])).stdout.trim()).toBe('/etc');
  });
});

it('sets a unit that has failed back, and knows no other', async () => {
  const health = '/srv/ziggie-ill/current/health.json';
  await run(['mkdir', '-p', '--', '/srv/ziggie-ill/current']);
  const bytes = Buffer.from('{"status": "ill"}');
  const file = { path: 'health.json', sizeBytes: bytes.length, mode: 0o644, open: () => Readable.from([bytes]) };
  await hosts.upload('vps-1', health.replace('/health.json', ''), [file], () => {}, deployCall());
  const state = async () => (await run(['systemctl', 'is-active', 'ziggie-ill.service'])).stdout.trim();
  await run(['systemctl', 'restart', 'ziggie-ill.service']);
  expect(await state()).toBe('failed');
  expect((await run(['systemctl', 'reset-failed', 'ziggie-ill.service'])).end).toEqual({ kind: 'exit', code: 0 });
  expect(await state()).toBe('inactive');
  expect((await run(['systemctl', 'reset-failed', 'other.service'])).end).not.toEqual({ kind: 'exit', code: 0 });
});
