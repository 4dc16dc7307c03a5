import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Moto, startMoto } from '../aws/moto.ts';
import { configurationWith, temporaryFolder } from '../support/folders.ts';
import { until } from '../support/until.ts';
import { type AwsProxy, mutations, startAwsProxy } from './aws-proxy.ts';
import { awsEnvironment, connectAgent, ec2, instances, launch, readCloudWatch, run } from './world.ts';

/** A disk that is really full: a small tmpfs of the test's own. Mounting it needs root, as CI has. */

let moto: Moto;
let proxy: AwsProxy;
const disk = temporaryFolder();
beforeAll(async () => {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
  moto = await startMoto();
  proxy = await startAwsProxy(moto.endpoint);
});
afterAll(async () => {
  execFileSync('umount', ['-l', disk]);
  await proxy?.close();
  await moto?.close();
});

/** Leaves no byte free. */
function fill(file: string): void {
  const descriptor = openSync(file, 'w');
  try {
    for (const size of [65_536, 512, 1]) {
      const block = Buffer.alloc(size);
      try {
        for (;;) if (writeSync(descriptor, block) < size) break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
  } finally {
    closeSync(descriptor);
  }
}

it('refuses calls with audit_unavailable while the disk is full, touches nothing, and goes on when there is room', async () => {
  const client = ec2(moto.endpoint);
  const id = await launch(client, { Project: 'Ziggie' });
  const environment = { ...awsEnvironment(disk, proxy.endpoint), HOME: temporaryFolder(), ZIGGIE_CONFIG: configurationWith() };
  const marcus = await connectAgent('marcus', environment);
  expect((await marcus.call('instances_restart', { provider: 'aws', id })).ok).toBe(true);
  const before = proxy.actions.filter((action) => mutations.includes(action)).length;

  const ballast = join(disk, 'ballast');
  fill(ballast);
  // A page already allocated may still take a record or two; then there is no room.
  const refused = await until('a refusal for want of space', async () => {
    const { ok, body } = await marcus.call('instances_get', { provider: 'aws', id });
    return ok ? undefined : body;
  });
  expect(refused).toMatchObject({ code: 'audit_unavailable', effect: 'none' });
  for (let attempt = 0; attempt < 5; attempt += 1) {
    expect((await marcus.call('instances_stop', { provider: 'aws', id })).body).toMatchObject({
      code: 'audit_unavailable',
      effect: 'none',
    });
  }
  expect(proxy.actions.filter((action) => mutations.includes(action))).toHaveLength(before);
  expect(await instances(client)).toEqual([{ id, state: 'running' }]);
  expect((await marcus.call('access_whoami')).body).toMatchObject({ agent: 'agent-marcus' });
  expect((await marcus.call('health_check')).body.checks).toContainEqual(
    expect.objectContaining({ name: 'audit journal', status: 'failed' }),
  );

  rmSync(ballast);
  expect((await marcus.call('instances_stop', { provider: 'aws', id })).body).toMatchObject({ state: 'stopped' });
  await marcus.close();
  // What the full disk ended is adopted by the next process.
  const next = await connectAgent('chen', environment);
  await until('everything adopted', async () => (await run(['audit', 'verify', '--offline'], environment)).code === 0);
  await next.close();
  expect((await run(['audit', 'verify'], environment)).code).toBe(0);
  expect(readCloudWatch(moto.endpoint).filter(({ tool, phase }) => tool === 'instances_stop' && phase === 'intent')).toHaveLength(1);
});
