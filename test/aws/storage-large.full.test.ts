import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startMoto } from './moto.ts';
import { makeBuckets } from './storage-world.ts';

/** How much memory an upload may cost, whatever its size. Time is for the benchmarks. */
const mostBytes = 150 * 1024 * 1024;
const gigabyte = 1024 ** 3;

let workspace: string;
beforeAll(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'ziggie-large-'));
});
afterAll(() => rm(workspace, { recursive: true, force: true }));

async function sparseFile(sizeBytes: number): Promise<string> {
  const file = join(workspace, String(sizeBytes));
  await writeFile(file, '');
  await truncate(file, sizeBytes);
  return file;
}

async function upload(endpoint: string, file: string) {
  const child = spawn(process.execPath, ['--expose-gc', join(import.meta.dirname, 'storage-upload-process.ts'), endpoint, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.on('data', (part) => {
    printed += part;
  });
  await once(child, 'close');
  return JSON.parse(printed) as { grownBytes: number; sizeBytes: number; effect: string; progress: number };
}

it('sends 5 GB to a sink that counts, in bounded memory', async () => {
  const sink = await startSink();
  const result = await upload(sink.endpoint, await sparseFile(5 * gigabyte));
  expect(sink.receivedBytes()).toBe(5 * gigabyte);
  expect(result).toMatchObject({ sizeBytes: 5 * gigabyte, effect: 'applied', progress: 640 });
  expect(result.grownBytes).toBeLessThan(mostBytes);
  await sink.close();
});

it('sends 200 MB to moto, in bounded memory', async () => {
  const moto = await startMoto();
  const client = await makeBuckets(moto.endpoint);
  const sizeBytes = 200 * 1024 * 1024;
  const result = await upload(moto.endpoint, await sparseFile(sizeBytes));
  expect(result).toMatchObject({ sizeBytes, effect: 'applied', progress: 25 });
  expect(result.grownBytes).toBeLessThan(mostBytes);
  const head = await client.send(new HeadObjectCommand({ Bucket: 'ziggie-deployments', Key: 'large/upload.bin' }));
  expect(head.ContentLength).toBe(sizeBytes);
  client.destroy();
  await moto.close();
});

/** S3's answers to an upload in parts, whose bytes go nowhere: no counterpart would hold 5 GB. */
async function startSink() {
  let received = 0;
  const server = createServer((request, response) => {
    const { searchParams, pathname } = new URL(request.url ?? '/', 'http://sink');
    const isPart = searchParams.has('partNumber');
    request.on('data', (part: Buffer) => {
      if (isPart) received += part.length;
    });
    request.on('end', () => {
      const answer = (body: string, status = 200) =>
        response.writeHead(status, { etag: '"part"', 'content-type': 'application/xml' }).end(body);
      if (request.method === 'HEAD') return answer('', pathname.split('/').filter(Boolean).length > 1 ? 404 : 200);
      if (isPart) return answer('');
      if (searchParams.has('uploads')) return answer('<R><UploadId>upload-1</UploadId></R>');
      if (searchParams.has('uploadId')) return answer('<R><ETag>"whole"</ETag></R>');
      if (searchParams.has('tagging')) return answer('<Tagging><TagSet></TagSet></Tagging>');
      if (searchParams.has('versioning')) return answer('<VersioningConfiguration></VersioningConfiguration>');
      return answer(
        '<R><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/x</Arn><Account>123456789012</Account></GetCallerIdentityResult></R>',
      );
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    receivedBytes: () => received,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
