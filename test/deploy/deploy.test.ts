import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CallError } from '../../src/call/errors.ts';
import { failure } from '../aws/harness.ts';
import { broken, createWorld, type Fault } from './world.ts';
import { deployCall, target } from './world-calls.ts';

/** The state machine over a place of the tests' own (world.ts). */

async function serving(facts = {}) {
  const world = createWorld(facts);
  const deploy = world.process();
  await deploy.deploy(target, { version: 'v1' }, deployCall());
  world.place.asked = [];
  return { world, deploy };
}

describe('deploying', () => {
  it('goes step by step, and says what serves', async () => {
    const { world, deploy } = await serving({ environment: { DATABASE: 'secret://ziggie/db', MODE: 'live' } });
    const call = deployCall();
    const report = await deploy.deploy(target, { version: 'v2' }, call);
    expect(report).toEqual({
      deployment: expect.stringMatching(/^dep_/),
      app: 'web',
      provider: 'hostinger',
      version: 'v2',
      status: 'done',
      serving: 'v2',
      previous: 'v1',
    });
    expect(world.place).toMatchObject({ serving: 'v2', environment: { DATABASE: 'value of ziggie/db', MODE: 'live' } });
    expect(call.ledger.effect()).toBe('applied');
    expect(call.messages).toEqual(['preflight', 'upload', 'half', 'activate', 'verify', 'clean']);
    const status = await deploy.status(target, undefined, call);
    expect(status).toMatchObject({ deployment: report.deployment, kind: 'deploy', by: 'agent-ziggie', status: 'done' });
    expect(status.steps.map(({ step, outcome }) => `${step} ${outcome}`)).toEqual([
      'preflight done',
      'upload done',
      'activate done',
      'verify done',
      'clean done',
    ]);
  });

  it('puts the version before back when the new one is not healthy, and proves it', async () => {
    const { world, deploy } = await serving();
    world.place.healthy.delete('v2');
    const error = await failure(deploy.deploy(target, { version: 'v2' }, deployCall()));
    expect(error).toMatchObject({ code: 'provider_rejected', details: { provider: { code: 'HealthCheckFailed', message: 'it is ill' } } });
    expect(error.message).toBe('v2 is not healthy: its health command failed. v1 serves again and is healthy.');
    expect(world.place.serving).toBe('v1');
    expect(await deploy.status(target, undefined, deployCall())).toMatchObject({
      status: 'rolled_back',
      serving: 'v1',
      message: error.message,
    });
  });

  it('says so when the version before is not healthy either', async () => {
    const { world, deploy } = await serving();
    world.place.healthy.clear();
    const error = await failure(deploy.deploy(target, { version: 'v2' }, deployCall()));
    expect(error.message).toContain('Going back to v1 failed as well');
    const status = await deploy.status(target, undefined, deployCall());
    expect(status).toMatchObject({ status: 'failed' });
    expect(status.serving).toBeUndefined();
  });

  it('takes a first version that is not healthy out of service', async () => {
    const world = createWorld();
    world.place.healthy.clear();
    const error = await failure(world.process().deploy(target, { version: 'v1' }, deployCall()));
    expect(error.message).toContain('nothing serves now');
    expect(world.place.serving).toBeUndefined();
    expect(world.place.asked).toContain('deactivate');
  });

  it('touches nothing that serves when it fails before the switch, and takes away what it brought', async () => {
    const { world, deploy } = await serving();
    world.place.faults.set('upload#0', 'before');
    const error = await failure(deploy.deploy(target, { version: 'v2' }, deployCall()));
    expect(error).toMatchObject({ code: 'provider_unavailable' });
    expect(error.message).toContain('Nothing was switched: v1 serves as before.');
    expect(world.place).toMatchObject({ serving: 'v1', releases: ['v1'] });
    expect(world.place.asked).not.toContain('activate');
    expect(await deploy.status(target, undefined, deployCall())).toMatchObject({ status: 'abandoned', serving: 'v1' });
  });

  it.each([1, 5])('goes back for as long as it takes, when the connection is lost %i times', async (losses) => {
    const { world, deploy } = await serving();
    world.place.healthy.delete('v2');
    for (let lost = 1; lost <= losses; lost += 1) world.place.faults.set(`activate#${lost}`, 'before');
    const error = await failure(deploy.deploy(target, { version: 'v2' }, deployCall()));
    expect(error.message).toContain('v1 serves again and is healthy.');
    expect(world.place.serving).toBe('v1');
    expect(await deploy.status(target, undefined, deployCall())).toMatchObject({ status: 'rolled_back', serving: 'v1' });
  });

  it('takes a first version out of service although the connection is lost meanwhile', async () => {
    const world = createWorld();
    world.place.healthy.clear();
    world.place.faults.set('deactivate#0', 'before');
    expect((await failure(world.process().deploy(target, { version: 'v1' }, deployCall()))).message).toContain('nothing serves now');
    expect(world.place.serving).toBeUndefined();
  });

  it('gives going back up when its time is over, and at once what time does not mend', async () => {
    const { world, deploy } = await serving();
    world.place.healthy.delete('v2');
    const { activate } = world.driver;
    const tries = { lost: 0, refused: 0 };
    const began = world.time.now;
    world.driver.activate = (app, version, ...rest) => {
      if (version !== 'v1') return activate(app, version, ...rest);
      tries.lost += 1;
      return Promise.reject(broken);
    };
    const lost = await failure(deploy.deploy(target, { version: 'v2' }, deployCall()));
    expect(lost.message).toContain('Going back to v1 failed as well');
    expect(tries.lost).toBeGreaterThan(10);
    expect(world.time.now - began).toBeLessThan(16 * 60_000);
    world.place.serving = 'v1';
    world.driver.activate = (app, version, ...rest) => {
      if (version !== 'v1') return activate(app, version, ...rest);
      tries.refused += 1;
      return Promise.reject(new CallError('provider_rejected', 'It may not be.', { remedy: 'None.' }));
    };
    await failure(deploy.deploy(target, { version: 'v2' }, deployCall()));
    expect(tries.refused).toBe(1);
  });

  it('switches nothing when what served has changed since it was looked at first', async () => {
    const { world, deploy } = await serving();
    const { preflight } = world.driver;
    world.place.releases.push('v0');
    world.driver.preflight = (...args) => {
      world.place.serving = 'v0';
      return preflight(...args);
    };
    const error = await failure(deploy.deploy(target, { version: 'v2' }, deployCall()));
    expect(error).toMatchObject({ code: 'provider_conflict', details: { provider: { code: 'ServingChanged' } } });
    expect(error.message).toContain('it was v1, and is v0 now. Nothing was switched: v0 serves now.');
    expect(world.place.asked).not.toContain('upload');
    expect(await deploy.status(target, undefined, deployCall())).toMatchObject({ status: 'abandoned', serving: 'v0' });
  });

  it.each([
    ['nothing', 'abandoned', 'upload'],
    ['a new version', 'done', 'check'],
  ])('tidies up on time of its own, where it ends with %s', async (_, status, slow) => {
    const { world, deploy } = await serving();
    const left: number[] = [];
    const { clean, check } = world.driver;
    const pass = () => {
      world.time.now += 31 * 60_000;
    };
    world.driver.check = (...args) => {
      if (slow === 'check') pass();
      return check(...args);
    };
    if (slow === 'upload')
      world.driver.upload = async () => {
        pass();
        throw broken;
      };
    world.driver.clean = (app, keep, scope) => {
      left.push(scope.deadlineAt - world.time.now);
      return clean(app, keep, scope);
    };
    await deploy.deploy(target, { version: 'v2' }, deployCall()).catch(() => undefined);
    expect(await deploy.status(target, undefined, deployCall())).toMatchObject({ status });
    expect(left).toEqual([expect.toSatisfy((ms: number) => ms > 60_000)]);
  });

  it('leaves it to the ledger what the whole has done', async () => {
    const { world, deploy } = await serving();
    const { upload } = world.driver;
    world.driver.upload = async (...args) => {
      await upload(...args);
      throw new CallError('provider_rejected', 'The last part was refused.', { remedy: 'None.', retryable: true, effect: 'none' });
    };
    const call = deployCall();
    const { code, details } = await failure(deploy.deploy(target, { version: 'v2' }, call));
    expect({ code, ...details }).toMatchObject({ code: 'provider_rejected', retryable: true });
    expect(details).not.toHaveProperty('effect');
    expect(call.ledger.effect()).toBe('applied');
  });

  it('keeps a version healthy that needs time', async () => {
    const { world, deploy } = await serving();
    world.place.healthy.delete('v2');
    const { check } = world.driver;
    let asked = 0;
    world.driver.check = (...args) => {
      asked += 1;
      if (asked === 3) world.place.healthy.add('v2');
      return check(...args);
    };
    expect(await deploy.deploy(target, { version: 'v2' }, deployCall())).toMatchObject({ status: 'done' });
  });

  it('cleans releases beyond those to keep', async () => {
    const { world, deploy } = await serving({ keepReleases: 2 });
    await deploy.deploy(target, { version: 'v2' }, deployCall());
    await deploy.deploy(target, { version: 'v3' }, deployCall());
    expect(world.place.releases).toEqual(['v3', 'v2']);
  });

  it('sends nothing on a dry run, and says what would be', async () => {
    const { world, deploy } = await serving();
    const call = deployCall({ dryRun: true });
    expect(await deploy.deploy(target, { version: 'v2' }, call)).toMatchObject({
      plan: { current: { serving: 'v1' }, change: { serving: 'v2', files: '1' }, providerChecked: true },
    });
    expect(await deploy.rollback(target, { version: 'v1' }, call).catch((error) => error.details.provider.code)).toBe('ServesAlready');
    expect(world.place.asked).toEqual(['inspect', 'preflight', 'inspect']);
    expect(call.ledger.effect()).toBe('none');
    expect((await deploy.list({ limit: 9 }, call)).deployments).toHaveLength(1);
  });
});

describe('secrets of the environment', () => {
  const environment = { PASSWORD: 'secret://ziggie/db' };

  it('are read before anything is sent or recorded', async () => {
    const { world, deploy } = await serving({ environment });
    const call = { ...deployCall(), secretValue: () => Promise.reject(broken) };
    expect(await failure(deploy.deploy(target, { version: 'v2' }, call))).toBe(broken);
    expect(world.place.asked).toEqual([]);
    expect((await deploy.list({ limit: 9 }, deployCall())).deployments).toHaveLength(1);
    expect(await deploy.deploy(target, { version: 'v2' }, deployCall())).toMatchObject({ status: 'done' });
  });

  it('are there when the client has left, and never in the record', async () => {
    const { world, deploy } = await serving({ environment });
    world.place.faults.set('preflight#0', 'hang');
    const call = deployCall();
    const secretValue = async () => {
      if (call.signal.aborted) throw broken;
      return 'a value';
    };
    const answer = deploy.deploy(target, { version: 'v2' }, { ...call, secretValue });
    await world.place.hung.promise;
    call.cancel();
    await answer;
    world.place.wake.resolve();
    await deploy.close(20_000);
    expect(await deploy.status(target, undefined, call)).toMatchObject({ status: 'done', serving: 'v2' });
    expect(world.place.environment).toEqual({ PASSWORD: 'a value' });
    expect(JSON.stringify(world.store.listDeployments({ limit: 9 }))).not.toContain('a value');
  });
});

describe('bad input', () => {
  it.each(['..', 'v1/../v2', '-rf', 'a..b', 'v 1', "v1';reboot", 'v1\n', '$(id)', 'v\0', '', 'x'.repeat(65)])(
    '%j is no version',
    async (version) => {
      const { world, deploy } = await serving();
      expect(await failure(deploy.deploy(target, { version }, deployCall()))).toMatchObject({ code: 'invalid_input' });
      expect(world.place.asked).toEqual([]);
    },
  );

  it('names the versions that there are', async () => {
    const { deploy } = await serving();
    const error = await failure(deploy.deploy(target, { version: 'v9' }, deployCall()));
    expect(error).toMatchObject({ code: 'target_unresolved' });
    for (const version of ['v1', 'v2', 'v3']) expect(error.details.remedy).toContain(version);
    expect((await deploy.list({ limit: 9 }, deployCall())).deployments).toHaveLength(1);
  });

  it('refuses an artifact that is not the one planned', async () => {
    const { world, deploy } = await serving();
    const { digest } = await deploy.plan(target, { version: 'v2' }, deployCall());
    writeFileSync(join(world.folder, 'builds/v2/index.html'), 'other');
    const error = await failure(deploy.deploy(target, { version: 'v2', digest }, deployCall()));
    expect(error).toMatchObject({ code: 'provider_conflict', details: { provider: { code: 'ArtifactChanged' } } });
  });

  it('refuses a version that was deployed with other files', async () => {
    const { world, deploy } = await serving();
    writeFileSync(join(world.folder, 'builds/v1/index.html'), 'other');
    for (const refused of [deploy.deploy, deploy.plan]) {
      expect(await failure(refused(target, { version: 'v1' }, deployCall()))).toMatchObject({
        code: 'provider_conflict',
        details: { provider: { code: 'VersionReused' } },
      });
    }
  });

  it('stops when a file changes while it is uploaded', async () => {
    const { world, deploy } = await serving();
    const { preflight } = world.driver;
    world.driver.preflight = async (...args) => {
      writeFileSync(join(world.folder, 'builds/v2/index.html'), 'v9');
      return preflight(...args);
    };
    const error = await failure(deploy.deploy(target, { version: 'v2' }, deployCall()));
    expect(error).toMatchObject({ code: 'provider_conflict', details: { provider: { code: 'ArtifactChanged' } } });
    expect(world.place).toMatchObject({ serving: 'v1', releases: ['v1'] });
  });

  it('finds applications by name and provider', async () => {
    const world = createWorld();
    const { resolver } = world.process();
    expect((await resolver({ type: 'Application', app: 'web' }, deployCall())).targets).toEqual([target]);
    const unknown = await failure(resolver({ type: 'Application', app: 'wep' }, deployCall()));
    expect(unknown).toMatchObject({ code: 'target_unresolved', details: { remedy: expect.stringContaining('web') } });
    const elsewhere = await failure(resolver({ type: 'Application', app: 'web', provider: 'aws' }, deployCall()));
    expect(elsewhere).toMatchObject({ code: 'target_unresolved', details: { remedy: expect.stringContaining('hostinger') } });
    world.apps = [
      {
        ...world.spec,
        environment: { A: 'secret://ziggie/a', B: 'x {{resolve:secretsmanager:ziggie/b}}', C: 'plain' },
        targets: { ...world.spec.targets, aws: { kind: 'lambda', account: 'main', region: 'eu-north-1', function: 'f', alias: 'live' } },
      },
    ];
    const { targets } = await resolver({ type: 'Application', app: 'web' }, deployCall());
    expect(targets.map(({ provider, kind, place, account }) => [provider, kind, place, account])).toEqual([
      ['aws', 'lambda', 'f', 'main'],
      ['hostinger', 'ssh', 'vps-1', 'hostinger'],
    ]);
    expect(targets[0]?.secretReferences).toHaveLength(2);
  });
});

describe('at the same time', () => {
  it('lets one deployment run, and tells the other who, since when and which', async () => {
    const { world, deploy } = await serving();
    world.place.faults.set('upload#0', 'hang');
    const first = deploy.deploy(target, { version: 'v2' }, deployCall());
    await world.place.hung.promise;
    const error = await failure(world.process().deploy(target, { version: 'v3' }, deployCall()));
    expect(error).toMatchObject({ code: 'provider_conflict', details: { provider: { code: 'DeployRunning' } } });
    expect(error.message).toMatch(/agent-ziggie is deploying v2 since 2027-.+ \(dep_/);
    world.place.wake.resolve();
    expect(await first).toMatchObject({ status: 'done' });
    expect(await deploy.deploy(target, { version: 'v3' }, deployCall())).toMatchObject({ status: 'done' });
  });

  it('gives the lease back when the state cannot be read', async () => {
    const { world, deploy } = await serving();
    const { listDeployments } = world.store;
    world.store.listDeployments = () => {
      throw new Error('database is locked');
    };
    await expect(deploy.deploy(target, { version: 'v2' }, deployCall())).rejects.toThrow('database is locked');
    world.store.listDeployments = listDeployments;
    expect(await deploy.deploy(target, { version: 'v2' }, deployCall())).toMatchObject({ status: 'done' });
  });

  it('answers running to a call that may not wait, and goes on when the client leaves', async () => {
    const { world, deploy } = await serving();
    world.place.faults.set('upload#0', 'hang');
    const call = deployCall();
    const answer = deploy.deploy(target, { version: 'v2' }, call);
    await world.place.hung.promise;
    call.cancel();
    expect(await answer).toMatchObject({ status: 'running', serving: 'v1', deployment: expect.stringMatching(/^dep_/) });
    const told = [...call.messages];
    // Whoever keeps the record hears of it now, and of its end.
    expect(world.outlived).toMatchObject([{ going: { row: { version: 'v2', status: 'running' }, target: { id: target.id } } }]);
    world.place.wake.resolve();
    await deploy.close(20_000);
    expect((await world.outlived[0]?.end)?.error).toBeUndefined();
    expect(call.messages).toEqual(told);
    expect(await deploy.status(target, undefined, call)).toMatchObject({ status: 'done', serving: 'v2' });
    expect(await deploy.deploy(target, { version: 'v3' }, deployCall({ waitMs: 0 }))).toMatchObject({ status: 'running' });
    await deploy.close(20_000);
  });

  it('changes nothing for a call that was cancelled before it began', async () => {
    const { world, deploy } = await serving();
    const call = deployCall();
    call.cancel();
    expect(await failure(deploy.deploy(target, { version: 'v2' }, call))).toMatchObject({ code: 'cancelled' });
    const { inspect } = world.driver;
    const late = deployCall();
    world.driver.inspect = (...args) => {
      late.cancel();
      return inspect(...args);
    };
    expect(await failure(deploy.deploy(target, { version: 'v2' }, late))).toMatchObject({ code: 'cancelled' });
    expect(world.place.asked).not.toContain('preflight');
    expect(await deploy.deploy(target, { version: 'v2' }, deployCall())).toMatchObject({ status: 'done' });
  });
});

describe('rolling back', () => {
  it('goes to the version that served before, and forth again', async () => {
    const { world, deploy } = await serving();
    await deploy.deploy(target, { version: 'v2' }, deployCall());
    expect(await deploy.rollback(target, {}, deployCall())).toMatchObject({ status: 'done', serving: 'v1', previous: 'v2' });
    expect(await deploy.rollback(target, {}, deployCall())).toMatchObject({ serving: 'v2' });
    expect(await deploy.rollback(target, { version: 'v1' }, deployCall())).toMatchObject({ serving: 'v1' });
    expect(world.place.serving).toBe('v1');
    expect((await deploy.list({ limit: 2 }, deployCall())).deployments).toHaveLength(2);
  });

  it('stays where it is when the release is not healthy', async () => {
    const { world, deploy } = await serving();
    await deploy.deploy(target, { version: 'v2' }, deployCall());
    world.place.healthy.delete('v1');
    const error = await failure(deploy.rollback(target, {}, deployCall()));
    expect(error.message).toContain('v2 serves again and is healthy.');
    expect(world.place).toMatchObject({ serving: 'v2', releases: ['v2', 'v1'] });
  });

  it('says which releases there are', async () => {
    const { deploy } = await serving();
    expect(await failure(deploy.rollback(target, {}, deployCall()))).toMatchObject({ code: 'target_unresolved' });
    const error = await failure(deploy.rollback(target, { version: 'v7' }, deployCall()));
    expect(error).toMatchObject({ code: 'target_unresolved', details: { remedy: expect.stringContaining('v1') } });
  });
});

describe('the record', () => {
  it('pages, and knows its own ids only', async () => {
    const { deploy } = await serving();
    await deploy.deploy(target, { version: 'v2' }, deployCall());
    const first = await deploy.list({ app: 'web', limit: 1 }, deployCall());
    expect(first.deployments).toMatchObject([{ version: 'v2', status: 'done', by: 'agent-ziggie' }]);
    const next = await deploy.list({ app: 'web', limit: 1, cursor: first.nextCursor ?? '' }, deployCall());
    expect(next).toEqual({ deployments: [expect.objectContaining({ version: 'v1' })] });
    expect(await failure(deploy.list({ limit: 1, cursor: 'dep_x' }, deployCall()))).toMatchObject({ code: 'invalid_input' });
    expect(await failure(deploy.status(target, 'dep_x', deployCall()))).toMatchObject({ code: 'target_unresolved' });
    const id = first.deployments[0]?.deployment;
    expect(await failure(deploy.status({ ...target, id: 'api' }, id, deployCall()))).toMatchObject({ code: 'target_unresolved' });
  });

  it('keeps no secret that an error says', async () => {
    const { world, deploy } = await serving();
    world.driver.preflight = () => Promise.reject(new (class extends Error {})('x'));
    expect(await failure(deploy.deploy(target, { version: 'v2' }, deployCall()))).toMatchObject({ code: 'internal' });
    world.driver.check = async () => 'x';
    world.driver.preflight = async () => ['the word is hunter2'];
    await failure(deploy.deploy(target, { version: 'v2' }, deployCall()));
    const status = await deploy.status(target, undefined, deployCall());
    expect(JSON.stringify(status)).toContain('[redacted]');
    expect(JSON.stringify(status)).not.toContain('hunter2');
  });
});

describe('whatever fails', () => {
  const steps = ['inspect', 'preflight', 'upload', 'activate', 'check', 'deactivate', 'clean'];
  const fault = fc.constantFrom<Fault>('before', 'after');

  it('ends with a healthy version that serves, or says otherwise', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(
          fc.tuple(fc.constantFrom(...steps), fc.nat(3)).map(([step, index]) => `${step}#${index}`),
          fault,
          { maxKeys: 4 },
        ),
        fc.subarray(['v1', 'v2']),
        fc.boolean(),
        async (faults, healthy, first) => {
          const world = createWorld();
          const deploy = world.process();
          if (!first) await deploy.deploy(target, { version: 'v1' }, deployCall());
          world.place.asked = [];
          world.place.faults = new Map(Object.entries(faults));
          world.place.healthy = new Set(healthy);
          const before = world.place.serving;
          const outcome = await deploy.deploy(target, { version: 'v2' }, deployCall()).catch((error) => error);
          const [row] = world.store.listDeployments({ limit: 1 });
          const { serving } = world.place;
          if (row?.version !== 'v2') {
            expect(serving).toBe(before);
            return;
          }
          expect(row.status).not.toBe('running');
          expect(outcome instanceof Error).toBe(row.status !== 'done');
          if (row.status === 'abandoned') expect(serving).toBe(before);
          else if (row.serving !== '') {
            expect(serving).toBe(row.serving);
            expect(world.place.healthy.has(row.serving)).toBe(true);
          } else expect(row.status).toBe('failed');
          // Whoever comes next can deploy.
          world.place.faults.clear();
          world.place.healthy = new Set(['v3']);
          expect(await deploy.deploy(target, { version: 'v3' }, deployCall())).toMatchObject({ status: 'done', serving: 'v3' });
          world.store.close();
        },
      ),
      { numRuns: 60 },
    );
  });
});
