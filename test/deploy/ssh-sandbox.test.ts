import { afterAll, expect, it } from 'vitest';
import { createSshDriver } from '../../src/deploy/drivers/ssh.ts';
import { createRemoteHosts } from '../../src/providers/hostinger/ssh/index.ts';
import { createSandboxSsh } from '../../src/providers/sandbox/ssh/index.ts';
import { createGuard } from '../../src/resilience/guard.ts';
import { failure } from '../aws/harness.ts';
import { createWorld } from './world.ts';
import { deployCall, target } from './world-calls.ts';

/** The driver over the sandbox's SSH server: every command that it uses is one that the sandbox knows. */

const sandbox = createSandboxSsh({ servers: ['vps-1'] });
const hosts = createRemoteHosts({
  guard: createGuard(),
  hosts: [{ name: 'vps-1', sessions: 4, settings: () => sandbox.settings('vps-1') }],
});
afterAll(async () => {
  await hosts.close();
  await sandbox.close();
});

it('deploys, goes back by itself, and takes a first version that fails out of service', async () => {
  const folder = '/srv/web';
  const world = createWorld({
    environment: { MODE: 'live' },
    keepReleases: 1,
    health: { expectStatus: 200, command: ['cat', '--', `${folder}/current/marker`], withinSeconds: 1, everySeconds: 1 },
    targets: { hostinger: { kind: 'ssh', server: 'vps-1', folder, service: 'ziggie-web.service' } },
  });
  const deploy = world.process(createSshDriver(hosts));
  expect((await failure(deploy.deploy(target, { version: 'v2' }, deployCall()))).message).toContain('nothing serves now');
  for (const version of ['v1', 'v3']) world.build(version, { marker: version });
  expect(await deploy.plan(target, { version: 'v1' }, deployCall())).toMatchObject({ files: 2, kept: ['v2'] });
  expect(await deploy.deploy(target, { version: 'v1' }, deployCall())).toMatchObject({ status: 'done', serving: 'v1' });
  world.build('v4', { other: 'x' });
  expect((await failure(deploy.deploy(target, { version: 'v4' }, deployCall()))).message).toContain('v1 serves again and is healthy');
  expect(await deploy.deploy(target, { version: 'v3' }, deployCall())).toMatchObject({ status: 'done', previous: 'v1' });
  expect((await hosts.list('vps-1', `${folder}/releases`, deployCall())).map(({ path }) => path)).toEqual([`${folder}/releases/v3`]);
});

it('gives the version that serves its environment back when it is ill with another one', async () => {
  const folder = '/srv/again';
  const world = createWorld({
    environment: { MODE: 'good' },
    health: { expectStatus: 200, command: ['cat', '--', `${folder}/current/.env`], withinSeconds: 1, everySeconds: 1 },
    targets: { hostinger: { kind: 'ssh', server: 'vps-1', folder, service: 'ziggie-web.service' } },
  });
  const deploy = world.process(createSshDriver(hosts));
  await deploy.deploy(target, { version: 'v1' }, deployCall());
  world.apps = [{ ...world.spec, environment: {} }];
  expect((await failure(deploy.deploy(target, { version: 'v1' }, deployCall()))).message).toContain('v1 serves again and is healthy');
  const file = await hosts.read('vps-1', `${folder}/current/.env`, { offset: 0, maxBytes: 100 }, deployCall());
  expect(file.toString()).toBe('MODE="good"\n');
});
