import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ObjectTarget } from '../../src/ports/domain.ts';
import { bucket as bucketField } from '../../src/tools/fields.ts';
import { failure, newAws, newCall, resolved } from './harness.ts';
import { type S3Stub, type StubAnswer, s3Error, startS3Stub } from './s3-stub.ts';
import { objectOf } from './storage-world.ts';

/** What S3 refuses for reasons that its codes leave out, versions that are none, and buckets of other kinds. moto has none of them. */

let stub: S3Stub;
beforeEach(async () => {
  stub = await startS3Stub();
});
afterEach(() => stub.close());

const connect = () => newAws({ endpoint: stub.endpoint });
const there = resolved<ObjectTarget>({
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
  exists: true,
  sizeBytes: 3,
  etag: 'abc',
});
const hidden = { ...there, exists: false, sizeBytes: 0, etag: '' };
const answers = (by: Record<string, StubAnswer>) => stub.answer(({ operation }) => by[operation]);
const asked = (operation: string) => stub.requests.filter((request) => request.operation === operation);
const says = (code: string, message: string, status = 403): StubAnswer => {
  const { body, ...rest } = s3Error(status, code);
  return { ...rest, body: String(body).replace('as S3 says', message) };
};

describe('the remedy of', () => {
  it.each([
    ['Object Lock', 'AccessDenied', 'Access Denied because object protected by object lock.', 'provider_rejected', 'retention'],
    ['MFA Delete', 'AccessDenied', 'Mfa Authentication must be used for this request', 'provider_rejected', 'MFA device'],
    ['Requester Pays', 'AccessDenied', 'Bucket is requester pays bucket but no RequestPayer header present.', 'provider_rejected', 'copy'],
    [
      'a key that is not for this identity',
      'AccessDenied',
      'User: arn:aws:iam::1:user/x is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext',
      'provider_denied',
      'boundary.kmsKeys',
    ],
    ['SSE-C', 'InvalidRequest', 'The object was stored using a form of Server Side Encryption.', 'provider_rejected', 'SSE-C'],
    ['a disabled key', 'KMS.DisabledException', 'arn:aws:kms:eu-north-1:1:key/k is disabled.', 'provider_rejected', 'disabled'],
    ['a deleted key', 'KMS.NotFoundException', 'no such key', 'provider_rejected', 'deleted'],
    ['any other refusal', 'AccessDenied', 'Access Denied for arn:aws:s3:::kms-mfa/object-lock', 'provider_denied', 'docs/permissions.md'],
  ])('%s says what helps', async (_, code, message, expected, remedy) => {
    answers({ GetObject: says(code, message) });
    const error = await failure(connect().storage.get(there, { maxBytes: 64, as: 'text' }, newCall()));
    expect(error).toMatchObject({ code: expected, details: { provider: { code }, remedy: expect.stringContaining(remedy) } });
  });

  it('a HEAD that is refused alone names a key of the owner; one that is refused with its neighbours does not', async () => {
    const sts =
      '<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/x</Arn><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>';
    let neighbour: StubAnswer | undefined;
    stub.answer(({ operation, url }) => {
      if (url.pathname === '/') return { body: sts };
      if (operation === 'HeadObject') return { status: 400 };
      return operation === 'GetBucketTagging' ? neighbour : undefined;
    });
    const aws = connect();
    expect((await failure(objectOf(aws, 'a', { bucket: 'b-1' }))).details.remedy).toContain('SSE-C');
    neighbour = s3Error(400, 'ExpiredToken');
    expect((await failure(objectOf(aws, 'a', { bucket: 'b-1' }))).details.remedy).not.toContain('SSE-C');
  });
});

describe('deleting a version', () => {
  it('that does not exist deletes nothing, and says so', async () => {
    answers({ HeadObject: { status: 404 } });
    const call = newCall();
    const error = await failure(connect().storage.delete(there, { versionId: 'v9' }, call));
    expect(error).toMatchObject({ code: 'provider_not_found', message: expect.stringContaining('v9') });
    expect(call.attempts).toEqual([]);
    expect(asked('HeadObject')[0]?.url.searchParams.get('versionId')).toBe('v9');
  });

  it('that cannot be looked at does not go ahead', async () => {
    answers({ HeadObject: { status: 403 } });
    expect((await failure(connect().storage.delete(there, { versionId: 'v9' }, newCall()))).code).toBe('provider_denied');
    expect(asked('DeleteObject')).toEqual([]);
  });

  it.each([
    ['405', { status: 405 }],
    ['a header', { status: 404, headers: { 'x-amz-delete-marker': 'true' } }],
  ])('that is a delete marker (%s) brings the object back, and says so', async (_, head) => {
    answers({ HeadObject: head });
    expect(await connect().storage.delete(hidden, { versionId: 'm1' }, newCall())).toMatchObject({
      canBeUndone: true,
      versionId: 'm1',
      undo: expect.stringContaining('the object is back'),
    });
    const planned = await connect().storage.delete(hidden, { versionId: 'm1' }, newCall({ dryRun: true }));
    expect(planned.plan?.change).toEqual({ 'delete marker m1': expect.stringContaining('is back') });
    expect(asked('DeleteObject')).toHaveLength(1);
  });

  it('that is a delete marker below the object brings nothing back', async () => {
    answers({ HeadObject: { status: 405 } });
    expect(await connect().storage.delete(there, { versionId: 'm1' }, newCall())).toEqual({ canBeUndone: false, versionId: 'm1' });
  });
});

describe('a link', () => {
  it('is bound to the version that was decided on', async () => {
    answers({ HeadObject: { headers: { etag: '"abc"', 'x-amz-version-id': 'v7', 'content-length': '3' } } });
    const { url } = await connect().storage.get(there, { maxBytes: 64, as: 'link' }, newCall());
    expect(new URL(url ?? '').searchParams.get('versionId')).toBe('v7');
  });
});

describe('a bucket', () => {
  it.each(['data--eun1-az1--x-s3', 'alias-0123-s3alias', 'olap--ol-s3', 'access.mrap', 'tables--table-s3', 'a..b'])(
    'called %s is none of ours',
    (name) => expect(bucketField.safeParse(name).success).toBe(false),
  );
  it.each(['ziggie-audit-logs', 'a.b', 'x-s3', 'mrap'])('called %s is one', (name) =>
    expect(bucketField.safeParse(name).success).toBe(true),
  );

  it('of another kind gets no session of its own', async () => {
    const call = newCall();
    const target = { ...hidden, bucket: 'data--eun1-az1--x-s3' };
    await connect()
      .storage.put(target, { text: 'x' }, call)
      .catch(() => {});
    expect(stub.requests.length).toBeGreaterThan(0);
    expect(stub.requests.filter(({ url }) => url.searchParams.has('session'))).toEqual([]);
  });
});
