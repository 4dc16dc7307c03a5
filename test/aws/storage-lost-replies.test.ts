import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ObjectTarget } from '../../src/ports/domain.ts';
import { failure, newAws, newCall, resolved } from './harness.ts';
import { type S3Stub, type StubAnswer, s3Error, startS3Stub } from './s3-stub.ts';

/** Changes whose first attempt acted, and whose answer was lost: the SDK's second attempt is refused because of the first. */

let stub: S3Stub;
let workspace: string;
beforeAll(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'ziggie-lost-'));
});
afterAll(() => rm(workspace, { recursive: true, force: true }));
beforeEach(async () => {
  stub = await startS3Stub();
});
afterEach(() => stub.close());

const connect = () => newAws({ endpoint: stub.endpoint, storage: { workspace, maxShareMinutes: 60 } });
const target = (facts: Partial<ObjectTarget> = {}) =>
  resolved<ObjectTarget>({
    type: 'Object',
    id: 'bucket/a',
    bucket: 'bucket',
    key: 'a',
    provider: 'aws',
    account: 'main',
    accountId: '123456789012',
    region: 'eu-north-1',
    tags: {},
    versioning: 'enabled',
    exists: false,
    sizeBytes: 0,
    etag: '',
    ...facts,
  });
const there = target({ exists: true, sizeBytes: 3, etag: 'abc' });
const sha256 = (...parts: (string | Buffer)[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const stored = (checksum: string, sizeBytes: number): StubAnswer => ({
  headers: { etag: '"of-ours"', 'x-amz-version-id': 'v1', 'x-amz-checksum-sha256': checksum, 'content-length': String(sizeBytes) },
});

/** The first answer to the operation is lost, the next ones are the given one; HEAD gets what is there then. */
function loses(operation: string, refusal: StubAnswer, head: StubAnswer): void {
  let sent = 0;
  stub.answer((request) => {
    if (request.operation === 'HeadObject') return head;
    if (request.operation !== operation) return undefined;
    sent += 1;
    return sent === 1 ? { afterwards: 'reset' } : refusal;
  });
}
const asked = (operation: string) => stub.requests.filter((request) => request.operation === operation);

describe('an object whose storing was not answered', () => {
  it.each([
    ['PreconditionFailed', 412],
    ['ConditionalRequestConflict', 409],
  ])('is stored if what is there now is what was sent (%s)', async (code, status) => {
    loses('PutObject', s3Error(status, code), stored(sha256('x').toString('base64'), 1));
    const call = newCall();
    expect(await connect().storage.put(target(), { text: 'x' }, call)).toEqual({
      sizeBytes: 1,
      etag: 'of-ours',
      versionId: 'v1',
      replaced: false,
    });
    expect(call.ledger.effect()).toBe('applied');
    expect(asked('HeadObject')[0]?.headers['x-amz-checksum-mode']).toBe('ENABLED');
  });

  it.each([
    ['something else', stored(sha256('y').toString('base64'), 1)],
    ['of another size', stored(sha256('x').toString('base64'), 2)],
    ['without a checksum', { headers: { etag: '"e"', 'content-length': '1' } }],
    ['not to be seen', { status: 403 }],
    ['gone', { status: 404 }],
  ])('is in doubt when what is there is %s', async (_, head) => {
    loses('PutObject', s3Error(412, 'PreconditionFailed'), head);
    const call = newCall();
    const error = await failure(connect().storage.put(target(), { text: 'x' }, call));
    expect(error).toMatchObject({
      code: 'provider_conflict',
      message: expect.stringContaining('got no answer'),
      details: { provider: { code: 'PreconditionFailed' }, remedy: expect.stringContaining('of this very call') },
    });
    expect(call.ledger.effect()).toBe('unknown');
  });

  it('is not looked for when every attempt was refused', async () => {
    stub.answer(({ operation }) => (operation === 'PutObject' ? s3Error(412, 'PreconditionFailed') : undefined));
    const call = newCall();
    const error = await failure(connect().storage.put(target(), { text: 'x' }, call));
    expect(error.details.remedy).toContain('Somebody changed the object');
    expect(asked('HeadObject')).toEqual([]);
    expect(call.ledger.effect()).toBe('none');
  });
});

describe('a deletion that was not answered', () => {
  it('is done when there is no object any more, and can be undone by its marker', async () => {
    const gone = { status: 404, headers: { 'x-amz-delete-marker': 'true', 'x-amz-version-id': 'm1' } };
    loses('DeleteObject', s3Error(404, 'NoSuchKey'), gone);
    const call = newCall();
    expect(await connect().storage.delete(there, {}, call)).toMatchObject({
      canBeUndone: true,
      versionId: 'm1',
      undo: expect.stringContaining('m1'),
    });
    expect(call.ledger.effect()).toBe('applied');
  });

  it('is done without versions too', async () => {
    loses('DeleteObject', s3Error(412, 'PreconditionFailed'), { status: 404 });
    const call = newCall();
    expect(await connect().storage.delete({ ...there, versioning: 'off' }, {}, call)).toEqual({ canBeUndone: false });
    expect(call.ledger.effect()).toBe('applied');
  });

  it.each([
    ['an object', {}],
    ['nothing to be seen', { status: 403 }],
  ])('is in doubt when there is %s', async (_, head) => {
    loses('DeleteObject', s3Error(412, 'PreconditionFailed'), head);
    const call = newCall();
    expect((await failure(connect().storage.delete(there, {}, call))).message).toContain('got no answer');
    expect(call.ledger.effect()).toBe('unknown');
  });
});

describe('an upload in parts whose completion was not answered', () => {
  const partBytes = 8 * 1024 * 1024;
  const content = Buffer.alloc(2 * partBytes + 5, 'abcdefg');
  const parts = [0, 1, 2].map((index) => content.subarray(index * partBytes, (index + 1) * partBytes));
  const composite = `${sha256(...parts.map((part) => sha256(part))).toString('base64')}-3`;
  beforeAll(() => writeFile(join(workspace, 'large'), content));

  it.each([
    ['NoSuchUpload', 404],
    ['PreconditionFailed', 412],
  ])('is stored if what is there now is made of its parts (%s)', async (code, status) => {
    loses('CompleteMultipartUpload', s3Error(status, code), stored(composite, content.length));
    const call = newCall();
    expect(await connect().storage.put(target(), { file: 'large' }, call)).toMatchObject({ sizeBytes: content.length, versionId: 'v1' });
    expect(call.ledger.effect()).toBe('applied');
    expect(asked('AbortMultipartUpload')).toEqual([]);
  });

  it('is in doubt when it is not', async () => {
    loses('CompleteMultipartUpload', s3Error(404, 'NoSuchUpload'), stored(composite.replace('-3', '-2'), content.length));
    const call = newCall();
    expect((await failure(connect().storage.put(target(), { file: 'large' }, call))).message).toContain('got no answer');
    expect(call.ledger.effect()).toBe('unknown');
    expect(asked('AbortMultipartUpload')).toHaveLength(1);
  });
});
