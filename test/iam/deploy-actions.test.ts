import { describe, expect, it } from 'vitest';
import type { AppSpec, DeployDriver, DeployedApp } from '../../src/ports/deploy.ts';
import { deployActions } from '../../src/tools/deploy-actions.ts';
import { operations } from '../../src/tools/index.ts';
import { appOn, artifactOf, deployment, isHealthy, targets } from '../aws/deploy-support.ts';
import { failure, sandboxAws } from '../aws/harness.ts';

const folder: AppSpec['source'] = { kind: 'folder', path: 'dist/{version}' };
const fromBucket: AppSpec['source'] = {
  kind: 's3',
  bucket: 'ziggie-deployments',
  key: '{version}.tgz',
  account: 'main',
  region: 'eu-north-1',
};
const onServer: AppSpec['targets'] = { hostinger: { kind: 'ssh', server: 'vps-1', folder: '/srv/web' } };
const declared = new Set(operations.filter(({ toolset }) => toolset === 'deploy').flatMap(({ iam }) => iam));
const of = (...targets: AppSpec['targets'][]) => [...deployActions(targets.map((each) => ({ source: folder, targets: each })))];

const backend = appOn({ ...targets.ec2, tags: { Project: 'Ziggie', Service: 'backend' } });
const site = appOn({ ...targets.site, distribution: 'E1SANDBOXSITE' });
const report = appOn(targets.lambda);

describe('what deployments need of AWS', () => {
  it('is what their tools declare, all kinds together', () => {
    const all = deployActions([
      { source: fromBucket, targets: onServer },
      ...[targets.ec2, targets.site, targets.lambda].map((aws) => ({ source: folder, targets: { aws } })),
    ]);
    expect(all).toEqual(declared);
  });

  it('is next to nothing for servers, and reading for what comes from a bucket', () => {
    expect(of(onServer)).toEqual(['sts:GetCallerIdentity']);
    expect([...deployActions([{ source: fromBucket, targets: onServer }])].sort()).toEqual([
      's3:GetObject',
      's3:ListBucket',
      'sts:GetCallerIdentity',
    ]);
  });

  it.each<[string, DeployedApp, [string, ...string[]]]>([
    ['ec2', backend, ['systemctl', 'is-active', '--quiet', 'ziggie-backend']],
    ['static-site', site, ['exists', 'index.html']],
    ['lambda', report, ['invoke', '{"ping":true}']],
  ])('is enough for a whole life of an application of kind %s', async (_kind, app, command) => {
    const iam = of({ aws: app.target } as AppSpec['targets']);
    const drivers = await sandboxAws().deployDrivers();
    const driver = drivers[app.target.kind as keyof typeof drivers] as DeployDriver;
    const call = deployment({ iam });
    for (const version of ['v1', 'v2']) {
      const artifact = artifactOf(version, { 'index.html': version, 'health.json': '{"status":"ok"}' });
      await driver.preflight(app, artifact, call);
      await driver.upload(app, artifact, { GREETING: 'hello' }, call);
      await driver.activate(app, version, isHealthy, call);
      expect(await driver.check(app, command, call)).toBeUndefined();
    }
    await driver.clean(app, ['v2'], call);
    expect(await driver.inspect(app, call)).toMatchObject({ serving: 'v2' });
    await driver.deactivate(app, call);
    // That the sandbox would refuse it otherwise.
    const without = deployment({ iam: ['sts:GetCallerIdentity'] });
    expect((await failure(driver.inspect(app, without))).code).toBe('internal');
  });
});
