import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeployReport } from '../../src/ports/deploy.ts';
import type { DeploymentRow } from '../../src/ports/state.ts';
import { failure } from '../aws/harness.ts';
import { broken, createWorld } from './world.ts';
import { deployCall, target } from './world-calls.ts';

/** A process that never comes back is one whose driver hangs for good; the next one starts when its lease has run out. */

async function interruptedAt(step: string, facts = {}) {
  const world = createWorld(facts);
  const dead = world.process();
  await dead.deploy(target, { version: 'v1' }, deployCall());
  world.place.asked = [];
  world.place.faults.set(`${step}#0`, 'hang');
  const abandoned = dead.deploy(target, { version: 'v2' }, deployCall());
  abandoned.catch(() => {});
  await world.place.hung.promise;
  world.place.faults.clear();
  return { world, dead, abandoned };
}

type Resumed = DeployReport | Pick<DeploymentRow, 'status' | 'serving' | 'version' | 'message'>;

/** What a new process makes of it: of what went wrong the record, which every error must be about. */
async function resumed(world: ReturnType<typeof createWorld>): Promise<Resumed[]> {
  world.time.now += 60_000;
  const reports: Resumed[] = [];
  const next = world.process();
  await next.resume(async ({ row, target }, run) => {
    expect(row.app).toBe(target.id);
    try {
      const report = await run(deployCall());
      expect(report.status).toBe('done');
      reports.push(report);
    } catch (error) {
      const ended = world.store.getDeployment(row.id);
      if (ended?.status !== 'running') {
        expect(ended?.message).toBe((error as Error).message);
        if (ended) reports.push(ended);
      }
      throw error;
    }
  });
  await next.close(0);
  return reports;
}

describe('a deployment whose process has gone', () => {
  it.each([
    ['preflight', 'abandoned', 'v1'],
    ['upload', 'abandoned', 'v1'],
    ['activate', 'done', 'v2'],
    ['check', 'done', 'v2'],
    ['clean', 'done', 'v2'],
  ])('in %s ends %s', async (step, status, serving) => {
    const { world } = await interruptedAt(step);
    expect(await resumed(world)).toMatchObject([{ status, serving, version: 'v2' }]);
    expect(world.place.serving).toBe(serving);
    expect(world.place.releases.filter((each) => each.startsWith('.'))).toEqual([]);
    expect(await resumed(world)).toEqual([]);
    expect(await world.process().deploy(target, { version: 'v3' }, deployCall())).toMatchObject({ status: 'done' });
  });

  it.each(['activate', 'check'])('in %s goes back where the version is not healthy', async (step) => {
    const { world } = await interruptedAt(step);
    world.place.healthy.delete('v2');
    expect(await resumed(world)).toMatchObject([{ status: 'rolled_back', serving: 'v1' }]);
    expect(world.place.serving).toBe('v1');
  });

  it('in the way back goes back again, whatever the version is now', async () => {
    const world = createWorld();
    const dead = world.process();
    await dead.deploy(target, { version: 'v1' }, deployCall());
    world.place.asked = [];
    world.place.healthy.delete('v2');
    world.place.faults.set('activate#1', 'hang');
    dead.deploy(target, { version: 'v2' }, deployCall()).catch(() => {});
    await world.place.hung.promise;
    world.place.faults.clear();
    world.place.healthy.add('v2');
    expect(await resumed(world)).toMatchObject([{ status: 'rolled_back', serving: 'v1' }]);
    const [row] = world.store.listDeployments({ limit: 1 });
    expect(row?.message).toContain('v2 is not healthy');
  });

  it('is left alone while its lease is held', async () => {
    const { world } = await interruptedAt('upload');
    world.time.now -= 60_000;
    expect(await resumed(world)).toEqual([]);
    expect(world.store.listDeployments({ limit: 1 })).toMatchObject([{ status: 'running' }]);
  });

  it('goes on from where it is once the lease is taken, not from where it was seen', async () => {
    const { world } = await interruptedAt('activate');
    const { listDeployments } = world.store;
    world.store.listDeployments = (filter) => listDeployments.call(world.store, filter).map((row) => ({ ...row, steps: [] }));
    expect(await resumed(world)).toMatchObject([{ status: 'done', serving: 'v2' }]);
  });

  it('keeps others out until it has ended', async () => {
    const { world } = await interruptedAt('activate');
    world.time.now += 60_000;
    const error = await failure(world.process().deploy(target, { version: 'v3' }, deployCall()));
    expect(error).toMatchObject({ code: 'provider_conflict', details: { provider: { code: 'DeployInterrupted' } } });
    expect(await resumed(world)).toMatchObject([{ status: 'done' }]);
  });

  it('stays open while its place cannot be asked, and while no record can be made', async () => {
    const { world } = await interruptedAt('activate');
    const { inspect } = world.driver;
    world.driver.inspect = () => Promise.reject(broken);
    expect(await resumed(world)).toEqual([]);
    expect(world.store.listDeployments({ limit: 1 })).toMatchObject([{ status: 'running' }]);
    world.driver.inspect = inspect;
    world.time.now += 60_000;
    await world.process().resume(() => Promise.reject(new Error('no journal')));
    expect(world.place.asked.filter((step) => step === 'activate')).toHaveLength(1);
    expect(await resumed(world)).toMatchObject([{ status: 'done' }]);
  });

  it('whose application is not in ziggie.yaml is left to a process that has it, for a day', async () => {
    const { world } = await interruptedAt('activate');
    world.apps = [];
    expect(await resumed(world)).toEqual([]);
    expect(world.store.listDeployments({ limit: 1 })).toMatchObject([{ status: 'running' }]);
    world.apps = [world.spec];
    expect(await resumed(world)).toMatchObject([{ status: 'done' }]);
  });

  it('whose application stays gone from ziggie.yaml says that nothing is known', async () => {
    const { world } = await interruptedAt('activate');
    world.apps = [];
    world.time.now += 24 * 3_600_000;
    expect(await resumed(world)).toEqual([]);
    expect(world.store.listDeployments({ limit: 1 })).toMatchObject([
      { status: 'failed', serving: '', message: expect.stringContaining('ziggie.yaml') },
    ]);
  });

  it('is ended without a request where ziggie.yaml says another place by now', async () => {
    const { world } = await interruptedAt('activate');
    world.place.asked = [];
    world.apps = [{ ...world.spec, targets: { hostinger: { kind: 'ssh', server: 'vps-1', folder: '/srv/other' } } }];
    expect(await resumed(world)).toEqual([]);
    expect(world.place.asked).toEqual([]);
    expect(world.store.listDeployments({ limit: 1 })).toMatchObject([
      { status: 'failed', serving: '', message: expect.stringContaining('another target') },
    ]);
    expect(await world.process().deploy(target, { version: 'v3' }, deployCall())).toMatchObject({ status: 'done' });
  });

  it.each(['activate', 'verify'])('after %s had failed goes back without another try', async (failed) => {
    const { world } = await interruptedAt('clean');
    const [row] = world.store.listDeployments({ limit: 1 });
    const lease = world.store.takeLease('deploy:web:hostinger', 'x', world.time.now + 40_000, 1);
    if (!('token' in lease) || !row) throw new Error('no lease');
    // As a process leaves it that ends between the failure and the way back.
    const steps = ['preflight', 'upload', 'activate', 'verify'].map((step) => ({ step, startedAt: 1 }));
    const until = steps.slice(
      0,
      steps.findIndex(({ step }) => step === failed),
    );
    const bad = { step: failed, startedAt: 1, endedAt: 2, outcome: 'failed', detail: 'v2 was ill.' } as const;
    world.store.updateDeployment(row.id, { name: 'deploy:web:hostinger', token: lease.token }, { steps: [...until, bad] });
    expect(await resumed(world)).toMatchObject([{ status: 'rolled_back', serving: 'v1', message: expect.stringContaining('v2 was ill.') }]);
    expect(world.place.serving).toBe('v1');
  });

  it('does nothing more when it comes back after all', async () => {
    const { world, abandoned } = await interruptedAt('upload');
    expect(await resumed(world)).toMatchObject([{ status: 'abandoned' }]);
    world.place.asked = [];
    world.place.wake.resolve();
    expect(await failure(abandoned)).toMatchObject({ code: 'provider_conflict', details: { provider: { code: 'DeployTakenOver' } } });
    expect(world.place.asked).toEqual([]);
    expect(world.place.serving).toBe('v1');
    expect(world.store.listDeployments({ limit: 1 })).toMatchObject([{ status: 'abandoned' }]);
  });

  it('keeps a release that it was only to go back to', async () => {
    const world = createWorld();
    const dead = world.process();
    for (const version of ['v1', 'v2']) await dead.deploy(target, { version }, deployCall());
    // As a process leaves it that ends between the record and the first step.
    const lease = world.store.takeLease('deploy:web:hostinger', 'x', world.time.now, 1);
    const [last] = world.store.listDeployments({ limit: 1 });
    if (!('token' in lease) || !last) throw new Error('no lease');
    const row = { ...last, id: 'dep_x', kind: 'rollback', version: 'v1', previous: 'v2', status: 'running', steps: [] } as const;
    world.store.createDeployment(row, { name: 'deploy:web:hostinger', token: lease.token });
    expect(await resumed(world)).toMatchObject([{ status: 'abandoned', serving: 'v2' }]);
    expect(world.place.releases).toEqual(['v2', 'v1']);
  });
});

it('closing waits, then leaves what runs to the next', async () => {
  const { world, dead, abandoned } = await interruptedAt('upload');
  await dead.close(1);
  world.place.wake.resolve();
  expect(await failure(abandoned)).toMatchObject({ details: { provider: { code: 'DeployTakenOver' } } });
  expect(world.store.listDeployments({ limit: 1 })).toMatchObject([{ status: 'running' }]);
  expect(await resumed(world)).toMatchObject([{ status: 'abandoned' }]);
});

it('ends whole wherever a process ends, and however often', { timeout: 60_000 }, async () => {
  const steps = ['preflight', 'upload', 'activate', 'check', 'clean', 'inspect'];
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...steps), { minLength: 1, maxLength: 3 }),
      fc.constantFrom(['v1'], ['v1', 'v2']),
      async (ends, healthy) => {
        const world = createWorld();
        await world.process().deploy(target, { version: 'v1' }, deployCall());
        world.place.healthy = new Set(healthy);
        let work: Promise<unknown> = Promise.resolve();
        for (const [index, step] of ends.entries()) {
          world.place.asked = [];
          world.place.hung = Promise.withResolvers();
          world.place.wake = Promise.withResolvers();
          // The first look at what serves is no part of the deployment.
          world.place.faults = new Map([[`${step}#${step === 'inspect' ? 1 : 0}`, 'hang']]);
          const next = world.process();
          work =
            index === 0
              ? next.deploy(target, { version: 'v2' }, deployCall()).catch(() => {})
              : next.resume(async (_, run) => void (await run(deployCall())));
          await Promise.race([work, world.place.hung.promise]);
          world.time.now += 60_000;
        }
        world.place.faults.clear();
        await resumed(world);
        const [row] = world.store.listDeployments({ limit: 1 });
        expect(row?.status).not.toBe('running');
        expect(world.place.serving).toBe(row?.serving);
        expect(world.place.healthy.has(world.place.serving ?? '')).toBe(true);
        expect(world.place.releases.filter((each) => each.startsWith('.'))).toEqual([]);
        world.store.close();
      },
    ),
    { numRuns: 40 },
  );
});
