import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AwsProvider } from '../../src/providers/aws/index.ts';
import { exampleKeys, failure, newAws, newCall } from './harness.ts';
import { type Moto, startMoto } from './moto.ts';
import { describeStorage, differences } from './storage-contract.ts';
import { makeBuckets, objectOf } from './storage-world.ts';

let moto: Moto;
beforeAll(async () => {
  moto = await startMoto();
  const client = await makeBuckets(moto.endpoint);
  client.destroy();
}, 40_000);
afterAll(() => moto.close());

describeStorage('moto', async (options) => newAws({ endpoint: moto.endpoint, ...options }), differences.moto);

describe('beside the AWS CLI', () => {
  let folder: string;
  let aws: AwsProvider;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ziggie-cli-'));
    aws = newAws({ endpoint: moto.endpoint, storage: { workspace: folder, maxShareMinutes: 60 } });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const s3api = async (operation: string, ...args: string[]): Promise<Record<string, unknown>> => {
    const bucket = ['--bucket', 'ziggie-deployments', '--endpoint-url', moto.endpoint, '--region', 'eu-north-1', '--output', 'json'];
    const child = spawn('aws', ['s3api', operation, ...bucket, ...args], {
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        AWS_ACCESS_KEY_ID: exampleKeys.accessKeyId,
        AWS_SECRET_ACCESS_KEY: exampleKeys.secretAccessKey,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    child.stdout.on('data', (part) => {
      printed += part;
    });
    const [code] = await once(child, 'close');
    expect(code).toBe(0);
    return printed.trim() ? (JSON.parse(printed) as Record<string, unknown>) : {};
  };

  it('reads back what was stored: text with its type, and a large file byte by byte', async () => {
    await aws.storage.put(await objectOf(aws, 'cli/grüße.txt'), { text: 'Grüße ☃' }, newCall());
    const read = await s3api('get-object', '--key', 'cli/grüße.txt', join(folder, 'read'));
    expect(read).toMatchObject({ ContentType: 'text/plain; charset=utf-8', ContentLength: 11 });
    expect(String(await readFile(join(folder, 'read')))).toBe('Grüße ☃');

    const large = Buffer.alloc(20 * 1024 * 1024, 'the quick brown fox ');
    await writeFile(join(folder, 'large'), large);
    await aws.storage.put(await objectOf(aws, 'cli/large.js'), { file: 'large' }, newCall());
    expect(await s3api('get-object', '--key', 'cli/large.js', join(folder, 'read'))).toMatchObject({
      ContentType: 'text/javascript; charset=utf-8',
    });
    expect((await readFile(join(folder, 'read'))).equals(large)).toBe(true);
  });

  it('stored what is read: text, and what looks like text but is packed', async () => {
    await writeFile(join(folder, 'plain'), 'by the CLI');
    await s3api('put-object', '--key', 'cli/plain', '--body', join(folder, 'plain'));
    const got = await aws.storage.get(await objectOf(aws, 'cli/plain'), { maxBytes: 1_024, as: 'auto' }, newCall());
    expect(got.text).toBe('by the CLI');
    await writeFile(join(folder, 'packed'), gzipSync('by the CLI'));
    await s3api('put-object', '--key', 'cli/packed', '--body', join(folder, 'packed'), '--content-encoding', 'gzip');
    const packed = await aws.storage.get(await objectOf(aws, 'cli/packed'), { maxBytes: 1_024, as: 'auto' }, newCall());
    expect(packed).toMatchObject({ url: expect.any(String) });
    expect(packed).not.toHaveProperty('text');
  });

  it('finds no parts after an upload that failed', async () => {
    await writeFile(join(folder, 'large'), Buffer.alloc(20 * 1024 * 1024));
    const target = await objectOf(aws, 'cli/taken');
    await s3api('put-object', '--key', 'cli/taken');
    expect((await failure(aws.storage.put(target, { file: 'large' }, newCall()))).code).toBe('provider_conflict');
    expect(await s3api('list-multipart-uploads')).not.toHaveProperty('Uploads');
    expect(await s3api('head-object', '--key', 'cli/taken')).toMatchObject({ ContentLength: 0 });
  });

  it('sees the delete marker', async () => {
    await aws.storage.put(await objectOf(aws, 'cli/marked'), { text: 'x' }, newCall());
    const { versionId } = await aws.storage.delete(await objectOf(aws, 'cli/marked'), {}, newCall());
    expect((await s3api('list-object-versions', '--prefix', 'cli/marked')).DeleteMarkers).toMatchObject([
      { VersionId: versionId, IsLatest: true },
    ]);
  });

  it('is not needed for what is shared: anybody may fetch it', async () => {
    await aws.storage.put(await objectOf(aws, 'cli/a b+c.txt'), { text: 'shared' }, newCall());
    const { url } = await aws.storage.share(await objectOf(aws, 'cli/a b+c.txt'), { minutes: 5 }, newCall());
    expect(await (await fetch(url ?? '')).text()).toBe('shared');
  });
});
