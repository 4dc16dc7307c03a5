import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateTagsCommand, DescribeImagesCommand, EC2Client, RunInstancesCommand, StopInstancesCommand } from '@aws-sdk/client-ec2';
import { CreateBucketCommand, ListObjectVersionsCommand, PutBucketVersioningCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CallError } from '../../src/call/errors.ts';
import type { AwsProvider } from '../../src/providers/aws/index.ts';
import { temporaryFolder } from '../support/folders.ts';
import { appOn, artifactOf, deployment, isHealthy, targets } from './deploy-support.ts';
import { exampleKeys, failure, newAws } from './harness.ts';
import { type Moto, startMoto } from './moto.ts';
import { type Instance, type SsmStub, startSsmStub } from './ssm-stub.ts';

const folder = '/srv/ziggie-backend';
const app = appOn({ ...targets.ec2, folder });
const release = (version: string, script = `#!/bin/sh\necho ${version}\n`) =>
  artifactOf(version, { 'app.sh': script, 'lib/data.txt': version });
const v1 = release('v1');
const v2 = release('v2');

let moto: Moto;
let ssm: SsmStub;
let aws: AwsProvider;
let s3: S3Client;
let ec2: EC2Client;
let ids: string[];
let fleet: Map<string, Instance>;
const root = temporaryFolder();
let round = 0;
beforeAll(async () => {
  moto = await startMoto();
}, 60_000);
afterAll(() => moto.close());
beforeEach(async () => {
  await moto.reset();
  round += 1;
  ssm = await startSsmStub(join(root, String(round)), folder);
  aws = newAws({ endpoint: moto.endpoint, endpoints: { ssm: ssm.endpoint } });
  const config = { endpoint: moto.endpoint, region: 'eu-north-1', credentials: exampleKeys };
  s3 = new S3Client({ ...config, forcePathStyle: true });
  const Bucket = 'ziggie-deployments';
  await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-north-1' } }));
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  ec2 = new EC2Client(config);
  const { Images } = await ec2.send(new DescribeImagesCommand({ Owners: ['amazon'] }));
  const made = await ec2.send(
    new RunInstancesCommand({ ImageId: Images?.[0]?.ImageId, MinCount: 5, MaxCount: 5, InstanceType: 't3.micro' }),
  );
  const all = (made.Instances ?? []).map(({ InstanceId = '' }) => InstanceId).sort();
  ids = all.slice(0, 3);
  const Tags = Object.entries(app.target.tags).map(([Key, Value]) => ({ Key, Value }));
  await ec2.send(new CreateTagsCommand({ Resources: all.slice(0, 4), Tags }));
  await ec2.send(new StopInstancesCommand({ InstanceIds: all.slice(3, 4) }));
  fleet = new Map(ids.map((id) => [id, ssm.manage(id)]));
});
afterEach(() => ssm.close());

const driver = async () => (await aws.deployDrivers()).ec2;
const at = (id: string | undefined, path: string) => join(fleet.get(id ?? '')?.disk ?? '', folder, path);
const current = (id: string | undefined) => (existsSync(at(id, 'current')) ? readlinkSync(at(id, 'current')) : undefined);
const serving = () => ids.map(current);
const restarts = (id: string | undefined) => (fleet.get(id ?? '')?.log() ?? []).filter((line) => line.startsWith('restart')).length;

async function deploy(artifact = v1, environment: Record<string, string> = {}, which = app) {
  const call = deployment();
  const instances = await driver();
  await instances.upload(which, artifact, environment, call);
  await instances.activate(which, artifact.version, isHealthy, call);
  return call;
}

describe('instances, over a Run Command that runs', () => {
  it('get a release beside the others, are switched one first and then the rest, and can go back', async () => {
    const instances = await driver();
    const call = deployment();
    expect(await instances.preflight(app, v1, call)).toEqual([
      '3 running instances with Project=Ziggie, Role=api, all reached by Systems Manager',
      '1 more are stopped and keep what they have until it is deployed again',
      'bucket ziggie-deployments is there',
    ]);
    await instances.upload(app, v1, {}, call);
    expect(serving()).toEqual([undefined, undefined, undefined]);
    expect(readFileSync(at(ids[2], 'releases/v1/lib/data.txt'), 'utf8')).toBe('v1');
    expect(statSync(at(ids[0], 'releases/v1/app.sh')).mode & 0o777).toBe(0o755);
    const asked: (string | undefined)[][] = [];
    await instances.activate(app, 'v1', async () => void asked.push(serving()), call);
    expect(asked).toEqual([
      ['releases/v1', undefined, undefined],
      ['releases/v1', 'releases/v1', 'releases/v1'],
    ]);
    await deploy(v2);
    expect(await instances.inspect(app, call)).toEqual({ serving: 'v2', kept: ['v2', 'v1'] });
    await instances.activate(app, 'v1', isHealthy, call);
    expect(serving()).toEqual(['releases/v1', 'releases/v1', 'releases/v1']);
    expect(await instances.inspect(app, call)).toMatchObject({ serving: 'v1' });
    expect(ids.map(restarts)).toEqual([3, 3, 3]);
    expect(call.attempts).not.toContain('open');
  });

  it('go back, every one that was touched and no other, when a later batch goes wrong', async () => {
    await deploy(v1);
    const instances = await driver();
    await instances.upload(app, v2, {}, deployment());
    const before = ids.map(restarts);
    const third = fleet.get(ids[2] ?? '');
    if (third) third.trouble = 'slow';
    const error = await failure(instances.activate(app, 'v2', isHealthy, deployment()));
    expect(error.message).toContain(ids[2]);
    expect(error.details.provider?.code).toBe('ExecutionTimedOut');
    expect(serving()).toEqual(['releases/v2', 'releases/v2', 'releases/v1']);
    expect((await instances.inspect(app, deployment())).serving).toBe('v1');
    if (third) third.trouble = undefined;
    await instances.activate(app, 'v1', isHealthy, deployment());
    expect(serving()).toEqual(['releases/v1', 'releases/v1', 'releases/v1']);
    // Two went there and back; the third was left alone.
    expect(ids.map((id, index) => restarts(id) - (before[index] ?? 0))).toEqual([2, 2, 0]);
  });

  it('stop after the first when it is not healthy, and ask only the batch that was switched', async () => {
    await deploy(v1);
    const instances = await driver();
    await instances.upload(app, release('v2', '#!/bin/sh\n# sick\n'), {}, deployment());
    const sent = ssm.commands.length;
    let said: string | undefined;
    const healthy = async () => {
      said = await instances.check(app, ['systemctl', 'is-active', 'ziggie-backend'], deployment());
      if (said) throw new CallError('provider_rejected', said, { remedy: '', provider: { code: 'HealthCheckFailed' } });
    };
    await failure(instances.activate(app, 'v2', healthy, deployment()));
    expect(said).toBe(`${ids[0]}: exit code 3: not active`);
    expect(ssm.commands.slice(sent).map((command) => command.instances)).toEqual([[ids[0]], [ids[0]]]);
    expect(serving()).toEqual(['releases/v2', 'releases/v1', 'releases/v1']);
    await instances.activate(app, 'v1', healthy, deployment());
    expect(await instances.check(app, ['systemctl', 'is-active', 'ziggie-backend'], deployment())).toBeUndefined();
    expect(ssm.commands.at(-1)?.instances).toEqual(ids);
  });

  it('have their environment in one file, which leaves nothing in S3 or in commands', async () => {
    const value = 'pa$$ "word" `x` \\ end';
    await deploy(v1, { DATABASE_URL: value });
    const file = at(ids[1], 'releases/v1/.env');
    expect(readFileSync(file, 'utf8')).toBe('DATABASE_URL="pa\\$\\$ \\"word\\" \\`x\\` \\\\ end"\n');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.stringify(ssm.commands)).not.toContain('word');
    const { Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket: 'ziggie-deployments', Prefix: 'ziggie-releases/' }));
    expect((Versions ?? []).map(({ Key }) => Key).filter((key) => key?.includes('environment'))).toEqual([]);
  });

  it('leave no environment in S3 when the delivery fails', async () => {
    const second = fleet.get(ids[1] ?? '');
    if (second) second.trouble = 'lost';
    const call = deployment();
    const error = await failure((await driver()).upload(app, v1, { KEY: 'secret' }, call));
    expect(error.details.provider?.code).toBe('Undeliverable');
    expect(error.message).toContain(ids[1]);
    const { Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket: 'ziggie-deployments', Prefix: 'ziggie-releases/' }));
    expect((Versions ?? []).map(({ Key }) => Key).filter((key) => key?.includes('environment'))).toEqual([]);
  });

  it('unpack nothing but the artifact at hand, and its archive is stored anew where it is another', async () => {
    const Bucket = 'ziggie-deployments';
    const Key = `ziggie-releases/${app.name}/v1.tar.gz`;
    await deploy(v1);
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'bytes of somebody else' }));
    expect((await deploy(v1)).messages).toContain('the archive of v1 is stored');
    expect((await deploy(v1)).messages).not.toContain('the archive of v1 is stored');
    ssm.beforeCommand = () => s3.send(new PutObjectCommand({ Bucket, Key, Body: 'in between' })).then(() => {});
    expect((await failure((await driver()).upload(app, v1, {}, deployment()))).details.provider?.code).toBe('Damaged');
  });

  it('are not switched to what they do not have', async () => {
    await deploy(v1);
    const instances = await driver();
    expect((await failure(instances.activate(app, 'v2', isHealthy, deployment()))).details.provider?.code).toBe('NoSuchRelease');
    await instances.upload(app, v2, {}, deployment());
    rmSync(at(ids[0], 'releases/v2'), { recursive: true });
    const error = await failure(instances.activate(app, 'v2', isHealthy, deployment()));
    expect(error.message).toContain(`${ids[0]} does not have the release`);
    expect(serving()).toEqual(['releases/v1', 'releases/v1', 'releases/v1']);
  });

  it('say what the service said when it does not start', async () => {
    await deploy(v1);
    const instances = await driver();
    await instances.upload(app, release('v2', '#!/bin/sh\n# broken\n'), {}, deployment());
    const error = await failure(instances.activate(app, 'v2', isHealthy, deployment()));
    expect(error.details.provider).toMatchObject({ code: 'RestartFailed', message: expect.stringContaining('failed to start') });
    await instances.activate(app, 'v1', isHealthy, deployment());
    expect(serving()).toEqual(['releases/v1', 'releases/v1', 'releases/v1']);
  });

  it('refuse a release that does not fit, another unit, and what stands where the link belongs', async () => {
    const instances = await driver();
    const disk = (id: string | undefined) => fleet.get(id ?? '')?.disk ?? '';
    writeFileSync(join(disk(ids[0]), 'full'), '10');
    expect((await failure(instances.upload(app, v1, {}, deployment()))).details.provider?.code).toBe('NoSpace');
    expect(readdirSync(at(ids[0], 'releases'))).toEqual([]);
    // Twice the size of the files, and a mebibyte more.
    const large = artifactOf('large', { 'app.sh': '', data: Buffer.alloc(1024 * 1024) });
    writeFileSync(join(disk(ids[0]), 'full'), '3071');
    expect((await failure(instances.upload(app, large, {}, deployment()))).details.provider?.code).toBe('NoSpace');
    writeFileSync(join(disk(ids[0]), 'full'), '3072');
    await instances.upload(app, large, {}, deployment());
    const other = appOn({ ...targets.ec2, folder, service: 'nothing' });
    expect((await failure(instances.upload(other, v1, {}, deployment()))).details.provider?.code).toBe('NoSuchService');
    mkdirSync(at(ids[1], 'current'), { recursive: true });
    rmSync(join(disk(ids[0]), 'full'));
    const error = await failure(instances.upload(app, v1, {}, deployment()));
    expect([error.details.provider?.code, error.message]).toEqual(['NotALink', expect.stringContaining(ids[1] ?? '')]);
  });

  it('keep what is to be kept and what serves', async () => {
    for (const version of ['v1', 'v2', 'v3']) await deploy(release(version));
    const instances = await driver();
    mkdirSync(at(ids[0], 'releases/.incoming-v0'));
    // Somebody went back by hand, on one of them.
    rmSync(at(ids[1], 'current'));
    symlinkSync('releases/v1', at(ids[1], 'current'));
    await instances.clean(app, ['v2'], deployment());
    expect(readdirSync(at(ids[0], 'releases')).sort()).toEqual(['v2', 'v3']);
    expect(readdirSync(at(ids[1], 'releases')).sort()).toEqual(['v1', 'v2', 'v3']);
    expect(await instances.inspect(app, deployment())).toEqual({ serving: 'v3', kept: ['v3', 'v2'] });
  });

  it('are rid of the environment that a delivery left in S3, with its version, even when none of them runs', async () => {
    const Bucket = 'ziggie-deployments';
    const Key = `ziggie-releases/${app.name}/_environment-left`;
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'KEY="value"' }));
    await ec2.send(new StopInstancesCommand({ InstanceIds: ids }));
    expect((await failure((await driver()).clean(app, [], deployment()))).details.provider?.code).toBe('NoInstances');
    const { Versions, DeleteMarkers } = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: Key }));
    expect([Versions ?? [], DeleteMarkers ?? []]).toEqual([[], []]);
  });

  it('run nothing when the first release goes wrong', async () => {
    await deploy(v1);
    const instances = await driver();
    await instances.deactivate(app, deployment());
    expect(serving()).toEqual([undefined, undefined, undefined]);
    expect(
      fleet
        .get(ids[0] ?? '')
        ?.log()
        .at(-1),
    ).toBe('stop ziggie-backend');
    expect(await instances.inspect(app, deployment())).toEqual({ kept: ['v1'] });
  });

  it('finish what a crash left: the same upload and switch again change nothing else', async () => {
    await deploy(v1);
    const before = ids.map(restarts);
    const again = await deploy(v1);
    expect(serving()).toEqual(['releases/v1', 'releases/v1', 'releases/v1']);
    // Delivered anew, so that it is started anew.
    expect(ids.map(restarts)).toEqual(before.map((count) => count + 1));
    expect(again.messages.some((text) => text.includes('archive'))).toBe(false);
    await (await driver()).activate(app, 'v1', isHealthy, deployment());
    expect(ids.map(restarts)).toEqual(before.map((count) => count + 1));
  });

  it('pass data through as data, whatever it looks like', async () => {
    await deploy(v1);
    const instances = await driver();
    for (const text of ["it's", '$(touch pwned)', '`touch pwned`', 'a;touch pwned', 'a\nb', '-n', '{{ssm:name}}', '"', '\\']) {
      const said = await instances.check(app, ['sh', '-c', 'printf %s "$1" >&2; exit 7', 'sh', text], deployment());
      expect(said).toBe(`${ids[0]}: exit code 7: ${text.replace(/\s+/g, ' ')}`);
      expect(ssm.commands.at(-1)?.script).not.toContain('{{');
    }
    expect(existsSync(join(fleet.get(ids[0] ?? '')?.disk ?? '', 'pwned'))).toBe(false);
    expect((await failure(instances.check(app, ['echo', 'a\0b'], deployment()))).code).toBe('invalid_input');
  });

  it('refuse before anything is sent: no instance, one that is not reached, no bucket', async () => {
    const instances = await driver();
    const nobody = appOn({ ...targets.ec2, folder, tags: { Project: 'Zigg*' } });
    const nowhere = appOn({ ...targets.ec2, folder, bucket: 'ziggie-nowhere' });
    const errors = [
      await failure(instances.preflight(nobody, v1, deployment())),
      await failure(instances.preflight(nowhere, v1, deployment())),
      await failure(instances.preflight(appOn(app.target, { environment: { A: 'b' } }), artifactOf('v1', { '.env': 'A=c' }), deployment())),
    ];
    const first = fleet.get(ids[0] ?? '');
    if (first) first.isOnline = false;
    errors.push(await failure(instances.preflight(app, v1, deployment())));
    expect(errors.map(({ details }) => details.provider?.code)).toEqual(['NoInstances', 'NoSuchBucket', 'TwoEnvironments', 'NotManaged']);
    expect(ssm.commands).toEqual([]);
  });

  it('are sent a command once, even when its answer is lost', async () => {
    await (await driver()).upload(app, v1, {}, deployment());
    ssm.loseNextAnswer();
    const call = deployment();
    const sent = ssm.commands.length;
    const error = await failure((await driver()).activate(app, 'v1', isHealthy, call));
    expect([error.code, ssm.commands.length - sent, call.ledger.effect()]).toEqual(['provider_unavailable', 1, 'applied']);
    expect(call.attempts).toContain('unknown');
  });

  it('are sent nothing once the call is cancelled', async () => {
    const call = deployment();
    call.cancel();
    expect((await failure((await driver()).activate(app, 'v1', isHealthy, call))).code).toBe('cancelled');
    expect(ssm.commands).toEqual([]);
  });
});
