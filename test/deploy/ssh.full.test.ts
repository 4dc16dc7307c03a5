import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AppSpec } from '../../src/ports/deploy.ts';
import { failure } from '../aws/harness.ts';
import { freePort, type Sshd, startSshd } from '../ssh/sshd.ts';
import { temporaryFolder } from '../support/folders.ts';
import { appOf, build, installSystemctl, openSshDeploy, type SshPlace } from './ssh-world.ts';
import { deployCall, target } from './world-calls.ts';

/** Deployments over a real sshd, of a real small program that is asked over HTTP. */

const folder = temporaryFolder();
const srv = join(folder, 'srv');
let sshd: Sshd;
let place: SshPlace;
let open: ReturnType<typeof openSshDeploy>[] = [];

beforeAll(async () => {
  const bin = installSystemctl(folder);
  sshd = await startSshd({ settings: [`SetEnv PATH=${bin}:/usr/local/bin:/usr/bin:/bin HOME=${folder}`] });
  const { host, port, user, hostKeyFingerprint: hostKey, keyPath } = sshd;
  place = { folder, ssh: { host, port, user, hostKey, keyPath }, appPort: await freePort() };
});

const endProgram = () => {
  try {
    process.kill(Number(readFileSync(join(folder, 'run.pid'), 'utf8')), 'SIGKILL');
  } catch {
    // None runs.
  }
};

beforeEach(async () => {
  for (const each of open) await each.close();
  open = [];
  endProgram();
  for (const name of ['srv', 'state', 'builds', 'run.pid', 'start-limit']) rmSync(join(folder, name), { recursive: true, force: true });
});

afterAll(async () => {
  for (const each of open) await each.close();
  endProgram();
  await sshd.stop();
});

function newProcess(options: Parameters<typeof openSshDeploy>[1] = {}) {
  const made = openSshDeploy(place, options);
  open.push(made);
  return made;
}
const releases = () => readdirSync(join(srv, 'releases')).sort();
const answer = async () => (await fetch(`http://127.0.0.1:${place.appPort}/`)).text();
const withTarget = (facts: object): AppSpec => {
  const app = appOf(place);
  return { ...app, targets: { hostinger: { kind: 'ssh', server: 'vps-1', folder: srv, service: 'web.service', ...facts } } };
};

describe('over sshd', () => {
  it('deploys a program, puts it back by itself when the next one fails, and goes back when asked', async () => {
    const { deploy } = newProcess();
    build(folder, 'v1');
    build(folder, 'v2', 500);
    build(folder, 'v3');
    expect(await deploy.plan(target, { version: 'v1' }, deployCall())).toMatchObject({
      files: 3,
      kept: [],
      preflight: [expect.stringContaining('MB free'), expect.any(String)],
    });
    const call = deployCall();
    expect(await deploy.deploy(target, { version: 'v1' }, call)).toMatchObject({ status: 'done', serving: 'v1' });
    expect(call.ledger.effect()).toBe('applied');
    expect(await answer()).toBe('this is v1: hello "$USER" `id` \\');
    expect(statSync(join(srv, 'releases/v1/.env')).mode & 0o777).toBe(0o600);
    expect(statSync(join(srv, 'releases/v1/run.sh')).mode & 0o777).toBe(0o755);

    const error = await failure(deploy.deploy(target, { version: 'v2' }, deployCall()));
    expect(error).toMatchObject({ code: 'provider_rejected', details: { provider: { code: 'HealthCheckFailed' } } });
    expect(error.message).toMatch(
      /^v2 is not healthy: http:\/\/127\.0\.0\.1:\d+\/ answered 500 instead of 200\. v1 serves again and is healthy\.$/,
    );
    expect(await answer()).toContain('this is v1');

    expect(await deploy.deploy(target, { version: 'v3' }, deployCall())).toMatchObject({ status: 'done', previous: 'v1' });
    expect(await answer()).toContain('this is v3');
    expect(await deploy.rollback(target, {}, deployCall())).toMatchObject({ status: 'done', serving: 'v1' });
    expect(await answer()).toContain('this is v1');
    expect(await deploy.deploy(target, { version: 'v1' }, deployCall())).toMatchObject({ status: 'done', serving: 'v1' });
  });

  it('keeps as many releases as are wanted, and takes a first one that fails out of service', async () => {
    const { deploy } = newProcess();
    build(folder, 'v0', 500);
    expect((await failure(deploy.deploy(target, { version: 'v0' }, deployCall()))).message).toContain('nothing serves now');
    await expect(answer()).rejects.toThrow();
    expect(readdirSync(srv)).toEqual(['releases']);
    for (const version of ['v1', 'v2', 'v3', 'v4']) {
      build(folder, version);
      await deploy.deploy(target, { version }, deployCall());
    }
    expect(releases()).toEqual(['v2', 'v3', 'v4']);
  });

  it('lets one of two at once deploy', async () => {
    build(folder, 'v1');
    build(folder, 'v2');
    const results = await Promise.allSettled(['v1', 'v2'].map((version) => newProcess().deploy.deploy(target, { version }, deployCall())));
    const refused = results.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    expect(refused).toMatchObject([{ code: 'provider_conflict', details: { provider: { code: 'DeployRunning' } } }]);
    const done = results.flatMap((each) => (each.status === 'fulfilled' ? [each.value.version] : []));
    expect(await answer()).toContain(`this is ${done[0]}`);
  });

  it.each<[string, object, { code: string; provider: string }]>([
    ['a service that systemd does not know', { service: 'other.service' }, { code: 'target_unresolved', provider: 'NoSuchService' }],
    ['a folder that is a file', { folder: '/etc/hostname/x' }, { code: 'provider_conflict', provider: 'NotAFolder' }],
    ['a folder that nobody may make', { folder: '/proc/web', service: undefined }, { code: 'provider_rejected', provider: '' }],
  ])('refuses %s with nothing done', async (_, facts, { code, provider }) => {
    build(folder, 'v1');
    const { deploy, store } = newProcess({ app: withTarget(facts) });
    const error = await failure(deploy.deploy(target, { version: 'v1' }, deployCall()));
    expect(error.code).toBe(code);
    expect(error.details.provider?.code).toContain(provider);
    expect(store.listDeployments({ limit: 1 })).toMatchObject([{ status: 'abandoned', serving: '' }]);
  });

  it('refuses what somebody else has put there, and an artifact with an .env of its own', async () => {
    build(folder, 'v1');
    mkdirSync(srv);
    symlinkSync('/etc', join(srv, 'current'));
    const { deploy } = newProcess();
    expect((await failure(deploy.deploy(target, { version: 'v1' }, deployCall()))).details.provider?.code).toBe('ForeignCurrent');
    rmSync(join(srv, 'current'));
    writeFileSync(join(folder, 'builds/v1/.env'), 'X=1');
    expect((await failure(deploy.deploy(target, { version: 'v1' }, deployCall()))).details.provider?.code).toBe('EnvironmentInArtifact');
  });

  it('refuses a release whose files are not those of the artifact', async () => {
    build(folder, 'v1');
    build(folder, 'v2');
    const { deploy } = newProcess();
    await deploy.deploy(target, { version: 'v1' }, deployCall());
    mkdirSync(join(srv, 'releases/v2'));
    expect((await failure(deploy.deploy(target, { version: 'v2' }, deployCall()))).details.provider?.code).toBe('VersionReused');
    expect(await answer()).toContain('this is v1');
  });

  it('refuses a full disk before anything is sent', async () => {
    build(folder, 'v1');
    const { deploy } = newProcess({
      wrap: (hosts) => ({
        ...hosts,
        async run(server, command, options, call) {
          const result = await hosts.run(server, command, options, call);
          const isDf = 'argv' in command && command.argv[0] === 'df';
          // A disk with a MiB left, as df(1) would say it.
          return isDf ? { ...result, stdout: result.stdout.replace(/(\s\d+\s+\d+\s+)\d+(\s+\S+%)/, '$11024$2') } : result;
        },
      }),
    });
    const error = await failure(deploy.deploy(target, { version: 'v1' }, deployCall()));
    expect(error).toMatchObject({ code: 'provider_rejected', details: { provider: { code: 'NoSpace' } } });
    expect(readdirSync(folder)).not.toContain('srv');
  });

  it('restarts a unit that systemd gave up after too many crashes', async () => {
    build(folder, 'v1');
    build(folder, 'v2', 500);
    const { deploy } = newProcess({
      wrap: (hosts) => ({
        ...hosts,
        async run(server, command, options, call) {
          const result = await hosts.run(server, command, options, call);
          // The limit of systemd is reached with each start.
          if ('argv' in command && command.argv[1] === 'restart') writeFileSync(join(folder, 'start-limit'), '');
          return result;
        },
      }),
    });
    await deploy.deploy(target, { version: 'v1' }, deployCall());
    const error = await failure(deploy.deploy(target, { version: 'v2' }, deployCall()));
    expect(error.message).toContain('v1 serves again and is healthy');
    expect(await answer()).toContain('this is v1');
  });

  it('asks the command of a health check on the server, with the version as one word', async () => {
    build(folder, 'v1');
    const { url: _, ...health } = appOf(place).health;
    const app: AppSpec = {
      ...appOf(place),
      health: { ...health, withinSeconds: 0, command: ['grep', '-q', 'this is {version}', join(srv, 'current/server.mjs')] },
    };
    expect(await newProcess({ app }).deploy.deploy(target, { version: 'v1' }, deployCall())).toMatchObject({ status: 'done' });
    build(folder, 'v2');
    const other: AppSpec = { ...app, health: { ...app.health, command: ['ls', '/nowhere/{version}'] } };
    const error = await failure(newProcess({ app: other }).deploy.deploy(target, { version: 'v2' }, deployCall()));
    expect(error.details.provider?.message).toContain('/nowhere/v2');
  });
});

describe('killed with -9', () => {
  it('before any of its steps on the server, the deployment ends whole in the next process', { timeout: 170_000 }, async () => {
    const { deploy, store } = newProcess();
    build(folder, 'v1');
    await deploy.deploy(target, { version: 'v1' }, deployCall());
    const stoodBefore: string[] = [];
    const statuses = new Set<string>();
    for (let stopAt = 2; ; stopAt += 1) {
      const version = `r${stopAt}`;
      // Every third cannot become healthy.
      build(folder, version, stopAt % 3 === 0 ? 500 : 200);
      const what = await killedAt(version, stopAt);
      if (what === undefined) break;
      stoodBefore.push(what);
      let resumed = 0;
      const next = newProcess({ laterMs: 60_000 + stopAt });
      await next.deploy.resume(async (_, run) => {
        resumed += 1;
        // How it ended is in the row: a deployment that was put back ends with an error.
        await run(deployCall()).catch(() => {});
      });
      const [row] = store.listDeployments({ limit: 1 });
      // Killed before its row was written there is nothing to resume.
      if (row?.version === version) expect(resumed, what).toBe(1);
      expect(row?.status, what).not.toBe('running');
      expect(await answer(), what).toContain(`this is ${row?.serving}:`);
      expect(releases().filter((name) => name.startsWith('.'))).toEqual([]);
      statuses.add(row?.status ?? '');
      await next.close();
      open = open.filter((each) => each !== next);
    }
    expect(stoodBefore.join('\n')).toMatch(/mkdir.*upload to.*rest of the upload.*sha256sum.*mv -T.*ln -s.*mv -T.*systemctl restart/s);
    expect([...statuses].sort()).toEqual(['abandoned', 'done', 'rolled_back']);
  });
});

/** @returns what it was about to do when it was killed; undefined when it ended before */
async function killedAt(version: string, stopAt: number): Promise<string | undefined> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'ssh-child.ts'), JSON.stringify(place), version, String(stopAt)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'ended') break;
    child.kill('SIGKILL');
    await exited;
    return line.replace('standing before ', '');
  }
  await exited;
  return undefined;
}
