import { CloudFrontClient, CreateDistributionCommand, GetInvalidationCommand, ListInvalidationsCommand } from '@aws-sdk/client-cloudfront';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AwsProvider } from '../../src/providers/aws/index.ts';
import { appOn, artifactOf, deployment, isHealthy, targets } from './deploy-support.ts';
import { exampleKeys, failure, newAws } from './harness.ts';
import { type Moto, startMoto } from './moto.ts';

let moto: Moto;
let aws: AwsProvider;
let s3: S3Client;
beforeAll(async () => {
  moto = await startMoto();
}, 60_000);
afterAll(() => moto.close());
beforeEach(async () => {
  await moto.reset();
  aws = newAws({ endpoint: moto.endpoint });
  s3 = new S3Client({
    endpoint: moto.endpoint,
    region: 'eu-north-1',
    credentials: exampleKeys,
    forcePathStyle: true,
    // moto says of a copy what the checksum of the parts was.
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const CreateBucketConfiguration = { LocationConstraint: 'eu-north-1' } as const;
  await s3.send(new CreateBucketCommand({ Bucket: 'ziggie-deployments', CreateBucketConfiguration }));
});

const app = appOn(targets.site);
const v1 = artifactOf('v1', { 'index.html': '<h1>one</h1>', 'app.3f2a9c1b.js': 'one', 'style.css': 'body {}', 'only-v1.txt': '1' });
const v2 = artifactOf('v2', { 'index.html': '<h1>two</h1>', 'app.77aa10ff.js': 'two', 'style.css': 'body { color: red }' });
const driver = async () => (await aws.deployDrivers())['static-site'];

async function page(path: string): Promise<{ text: string; type?: string; cache?: string } | undefined> {
  try {
    const found = await s3.send(new GetObjectCommand({ Bucket: 'ziggie-deployments', Key: `web/${path}` }));
    return { text: (await found.Body?.transformToString()) ?? '', type: found.ContentType ?? '', cache: found.CacheControl ?? '' };
  } catch {
    return undefined;
  }
}
const keys = async (prefix = '') =>
  ((await s3.send(new ListObjectsV2Command({ Bucket: 'ziggie-deployments', Prefix: prefix }))).Contents ?? []).map(({ Key }) => Key ?? '');
const put = (Key: string, Body: string) => s3.send(new PutObjectCommand({ Bucket: 'ziggie-deployments', Key, Body }));

async function deploy(artifact = v1, which = app) {
  const call = deployment();
  const site = await driver();
  await site.preflight(which, artifact, call);
  await site.upload(which, artifact, {}, call);
  await site.activate(which, artifact.version, isHealthy, call);
  return call;
}

describe('a static site in S3', () => {
  it('is uploaded without touching what is public, then switched, and can go back', async () => {
    const site = await driver();
    const call = deployment();
    expect(await site.inspect(app, call)).toEqual({ kept: [] });
    await site.upload(app, v1, {}, call);
    expect(await page('index.html')).toBeUndefined();
    await site.activate(app, 'v1', isHealthy, call);
    expect(await page('index.html')).toEqual({ text: '<h1>one</h1>', type: 'text/html; charset=utf-8', cache: 'no-cache' });
    expect(await page('app.3f2a9c1b.js')).toMatchObject({
      cache: 'public, max-age=31536000, immutable',
      type: 'text/javascript; charset=utf-8',
    });
    expect(await page('style.css')).toMatchObject({ cache: 'no-cache' });
    await deploy(v2);
    expect(await site.inspect(app, call)).toEqual({ serving: 'v2', kept: ['v2', 'v1'] });
    expect((await page('style.css'))?.text).toBe('body { color: red }');
    expect((await page('app.3f2a9c1b.js'))?.text).toBe('one');
    await site.activate(app, 'v1', isHealthy, call);
    expect((await page('index.html'))?.text).toBe('<h1>one</h1>');
    expect((await page('style.css'))?.text).toBe('body {}');
    expect(await site.inspect(app, call)).toMatchObject({ serving: 'v1' });
    expect(call.attempts).not.toContain('open');
  });

  it('sends only what is not stored yet', async () => {
    await deploy(v1);
    const again = await deploy(artifactOf('v1b', { 'index.html': '<h1>one</h1>', 'style.css': 'body {}', 'more.txt': 'm' }));
    expect(again.messages.filter((text) => text.includes('new files stored'))).toEqual(['1 of 1 new files stored']);
  });

  it('keeps files of kept releases, and removes those of others and nothing else', async () => {
    await put('web/by-hand.txt', 'mine');
    await put('other/file.txt', 'not of the site');
    await deploy(v1);
    await deploy(v2);
    const site = await driver();
    await site.clean(app, ['v2', 'v1'], deployment());
    expect(await page('only-v1.txt')).toBeDefined();
    await site.clean(app, ['v2'], deployment());
    expect(await page('only-v1.txt')).toBeUndefined();
    expect(await page('by-hand.txt')).toBeDefined();
    expect(await keys('other/')).toEqual(['other/file.txt']);
    expect((await keys('web/_objects/')).length).toBe(3);
    expect(await site.inspect(app, deployment())).toEqual({ serving: 'v2', kept: ['v2'] });
  });

  it('never removes what serves, whatever it is told to keep', async () => {
    await deploy(v1);
    await (await driver()).clean(app, [], deployment());
    expect(await page('index.html')).toBeDefined();
    expect(await (await driver()).inspect(app, deployment())).toEqual({ serving: 'v1', kept: ['v1'] });
  });

  it('puts back what somebody else had there when the first release goes wrong', async () => {
    await put('web/index.html', 'by hand');
    await deploy(v1);
    const site = await driver();
    await site.deactivate(app, deployment());
    expect((await page('index.html'))?.text).toBe('by hand');
    expect(await page('only-v1.txt')).toBeUndefined();
    expect(await site.inspect(app, deployment())).toEqual({ kept: ['v1'] });
  });

  it("leaves somebody else's files when its first release is abandoned, those with the same bytes too", async () => {
    await put('web/index.html', 'by hand');
    await put('web/style.css', 'body {}');
    const site = await driver();
    await site.upload(app, v1, {}, deployment());
    await site.clean(app, [], deployment());
    expect([(await page('index.html'))?.text, (await page('style.css'))?.text]).toEqual(['by hand', 'body {}']);
    expect(await keys('web/_')).toEqual([]);
  });

  it('puts back what has the same bytes as well, and leaves it when the failed release ages out', async () => {
    await put('web/index.html', '<h1>one</h1>');
    await put('web/style.css', 'body {}');
    await put('web/app.3f2a9c1b.js', 'by hand');
    await deploy(v1);
    const site = await driver();
    await site.deactivate(app, deployment());
    const hand = ['<h1>one</h1>', 'body {}', 'by hand'];
    const there = async () => Promise.all(['index.html', 'style.css', 'app.3f2a9c1b.js'].map(async (path) => (await page(path))?.text));
    expect(await there()).toEqual(hand);
    await site.clean(app, [], deployment());
    expect(await there()).toEqual(hand);
    expect((await keys('web/')).length).toBe(3);
  });

  it('takes no file of its own for one of somebody else when a switch broke off', async () => {
    const two = appOn({ ...targets.site, entryDocuments: ['index.html', '404.html'] });
    const release = artifactOf('v1', { 'index.html': 'one', '404.html': 'none' });
    const site = await driver();
    await site.upload(two, release, {}, deployment());
    // The other entry is switched before the main one.
    await site.activate(appOn({ ...targets.site, entryDocuments: ['404.html'] }), 'v1', isHealthy, deployment());
    await s3.send(new DeleteObjectCommand({ Bucket: 'ziggie-deployments', Key: 'web/index.html' }));
    await site.activate(two, 'v1', isHealthy, deployment());
    await site.deactivate(two, deployment());
    expect((await keys('web/')).filter((key) => !key.startsWith('web/_'))).toEqual([]);
  });

  it('removes its large files too, which have another ETag as copies', async () => {
    const film = Buffer.alloc(9 * 1024 * 1024, 'ab');
    await deploy(artifactOf('v0', { 'index.html': 'x', 'film.bin': film }));
    await deploy(v1);
    await (await driver()).clean(app, ['v1'], deployment());
    expect(await keys('web/film')).toEqual([]);
  });

  it('is gone when the first release goes wrong and there was nothing', async () => {
    await deploy(v1);
    await (await driver()).deactivate(app, deployment());
    expect((await keys('web/')).filter((key) => !key.startsWith('web/_'))).toEqual([]);
  });

  it('stores files in parts that are larger than one request', async () => {
    const large = Buffer.alloc(20 * 1024 * 1024, 'ab');
    await deploy(artifactOf('big', { 'index.html': 'x', 'film.bin': large }));
    const found = await s3.send(new GetObjectCommand({ Bucket: 'ziggie-deployments', Key: 'web/film.bin' }));
    expect(Buffer.from((await found.Body?.transformToByteArray()) ?? []).equals(large)).toBe(true);
  });

  it('refuses what it cannot do, each with its own words', async () => {
    const site = await driver();
    const at = (target: object, health = {}) => appOn({ ...targets.site, ...target }, { health: { ...app.health, ...health } });
    const errors = await Promise.all([
      failure(site.preflight(at({ bucket: 'ziggie-nowhere' }), v1, deployment())),
      failure(site.preflight(at({ entryDocuments: ['start.html'] }), v1, deployment())),
      failure(site.preflight(app, artifactOf('v9', { 'index.html': 'x', '_objects/x': 'y' }), deployment())),
      failure(site.preflight(at({}, { command: ['systemctl', 'status'] }), v1, deployment())),
      failure(site.preflight(at({ distribution: 'EDFDVBD6EXAMPLE' }), v1, deployment())),
      failure(site.activate(app, 'v404', isHealthy, deployment())),
      failure(site.activate(app, '../v1', isHealthy, deployment())),
    ]);
    expect(errors.map(({ code, details }) => [code, details.provider?.code ?? ''])).toEqual([
      ['provider_not_found', 'NoSuchBucket'],
      ['provider_rejected', 'NoEntryDocument'],
      ['provider_rejected', 'ReservedName'],
      ['invalid_input', ''],
      ['provider_not_found', 'NoSuchDistribution'],
      ['provider_not_found', 'NoSuchRelease'],
      ['invalid_input', ''],
    ]);
    expect(new Set(errors.map(({ details }) => details.remedy)).size).toBe(errors.length);
  });

  it('says that a release is not whole instead of switching half of it', async () => {
    await deploy(v1);
    const site = await driver();
    await site.upload(app, v2, {}, deployment());
    const lost = (await keys('web/_objects/')).find((key) => key.endsWith(v2.files[1]?.sha256 ?? '-')) ?? '';
    await s3.send(new DeleteObjectCommand({ Bucket: 'ziggie-deployments', Key: lost }));
    expect((await failure(site.activate(app, 'v2', isHealthy, deployment()))).code).toBe('provider_conflict');
    expect((await page('index.html'))?.text).toBe('<h1>one</h1>');
    expect((await page('style.css'))?.text).toBe('body {}');
  });

  it('has CloudFront forget what changed, by the addresses that it has there', async () => {
    const cloudfront = new CloudFrontClient({ endpoint: moto.endpoint, region: 'us-east-1', credentials: exampleKeys });
    const made = await cloudfront.send(
      new CreateDistributionCommand({
        DistributionConfig: {
          CallerReference: 'one',
          Comment: '',
          Enabled: true,
          Origins: {
            Quantity: 1,
            Items: [
              {
                Id: 'o',
                DomainName: 'ziggie-deployments.s3.eu-north-1.amazonaws.com',
                OriginPath: '/web',
                S3OriginConfig: { OriginAccessIdentity: '' },
              },
            ],
          },
          DefaultCacheBehavior: { TargetOriginId: 'o', ViewerProtocolPolicy: 'allow-all' },
        },
      }),
    );
    const Id = made.Distribution?.Id ?? '';
    const behind = appOn({ ...targets.site, distribution: Id });
    await deploy(v1, behind);
    await deploy(v2, behind);
    const list = await cloudfront.send(new ListInvalidationsCommand({ DistributionId: Id }));
    const paths = await Promise.all(
      (list.InvalidationList?.Items ?? []).map(async (each) => {
        const { Invalidation } = await cloudfront.send(new GetInvalidationCommand({ DistributionId: Id, Id: each.Id }));
        return Invalidation?.InvalidationBatch?.Paths?.Items;
      }),
    );
    expect(paths).toEqual([
      ['/index.html', '/'],
      ['/index.html', '/', '/style.css'],
    ]);
    const wrong = appOn({ ...targets.site, bucket: 'ziggie-second', distribution: Id });
    await s3.send(new CreateBucketCommand({ Bucket: 'ziggie-second', CreateBucketConfiguration: { LocationConstraint: 'eu-north-1' } }));
    expect((await failure((await driver()).preflight(wrong, v1, deployment()))).details.provider?.code).toBe('WrongOrigin');
  });
});

describe('an artifact in S3', () => {
  it('is opened by its key, and missed with a remedy', async () => {
    await put('builds/app-v1.tgz', 'bytes');
    const source = {
      kind: 's3',
      bucket: 'ziggie-deployments',
      key: 'builds/app-{version}.tgz',
      account: 'main',
      region: 'eu-north-1',
    } as const;
    const { sizeBytes, body } = await aws.artifacts.open(source, 'builds/app-v1.tgz', deployment());
    expect([sizeBytes, String(Buffer.concat(await body.toArray()))]).toEqual([5, 'bytes']);
    expect((await failure(aws.artifacts.open(source, 'builds/app-v2.tgz', deployment()))).code).toBe('target_unresolved');
  });
});
