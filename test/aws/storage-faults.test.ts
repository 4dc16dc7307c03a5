import { appendFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AwsOptions, AwsProvider } from '../../src/providers/aws/index.ts';
import { failure, mainAccount, newAws, newCall, resolved } from './harness.ts';
import { type S3Stub, type StubAnswer, s3Error, startS3Stub, stubObject } from './s3-stub.ts';
import { bucketOf, objectOf } from './storage-world.ts';

const megabyte = 1024 * 1024;
const region = (name: string) => ({ 'x-amz-bucket-region': name });
const sts =
  '<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ziggie-agent</Arn><UserId>AIDAEXAMPLE</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>';
const session =
  '<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId><SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY</SecretAccessKey><SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>';

let stub: S3Stub;
let workspace: string;
beforeAll(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'ziggie-uploads-'));
});
afterAll(() => rm(workspace, { recursive: true, force: true }));
beforeEach(async () => {
  stub = await startS3Stub();
});
afterEach(() => stub.close());

/** STS is asked with POST / and no query, which no request of S3 is; a role is asked for with its policy, at length. */
const isSts = ({ url, operation }: { url: URL; operation: string }) => url.pathname === '/' && operation === 'CompleteMultipartUpload';
const answer = (how: Parameters<S3Stub['answer']>[0]) =>
  stub.answer((request) => (isSts(request) ? { body: request.bytes < 100 ? sts : session } : how(request)));
const answers = (by: Record<string, StubAnswer>) => answer(({ operation }) => by[operation]);
const asked = (operation: string) => stub.requests.filter((request) => request.operation === operation && !isSts(request));

function connect(options: Partial<AwsOptions> = {}): AwsProvider {
  answers({});
  return newAws({ endpoint: stub.endpoint, storage: { workspace, maxShareMinutes: 60 }, ...options });
}

describe('where a bucket is', () => {
  it.each([
    ['a redirect', 301],
    ['a refusal of the signature', 400],
  ])('follows %s to a region that is configured', async (_, status) => {
    const aws = connect({ accounts: [mainAccount({ regions: ['eu-north-1', 'us-west-2'] })] });
    answer(({ operation, headers }) => {
      if (headers.authorization?.includes('/us-west-2/')) return undefined;
      return operation.startsWith('Head')
        ? { status, headers: region('us-west-2') }
        : s3Error(status, 'PermanentRedirect', region('us-west-2'));
    });
    expect(await bucketOf(aws, 'far')).toMatchObject({ region: 'us-west-2', tags: { Project: 'Ziggie' } });
    expect(await objectOf(aws, 'a', { bucket: 'far' })).toMatchObject({ region: 'us-west-2', exists: true, versioning: 'suspended' });
  });

  it('names a region that is not configured, and where to add it', async () => {
    const aws = connect();
    for (const head of [{ status: 301, headers: region('us-west-2') }, { headers: region('us-west-2') }]) {
      answers({ HeadBucket: head });
      const error = await failure(bucketOf(aws, 'far'));
      expect(error).toMatchObject({ code: 'target_unresolved', message: expect.stringContaining('us-west-2') });
      expect(error.details.remedy).toContain('ziggie.yaml');
    }
  });

  it('does not go round in circles', async () => {
    const aws = connect({ accounts: [mainAccount({ regions: ['eu-north-1', 'us-west-2'] })] });
    answer(({ operation, headers }) => {
      const other = headers.authorization?.includes('/us-west-2/') ? 'eu-north-1' : 'us-west-2';
      return operation === 'HeadBucket' ? { status: 301, headers: region(other) } : undefined;
    });
    expect((await failure(bucketOf(aws, 'far'))).code).toBe('target_unresolved');
    expect(asked('HeadBucket')).toHaveLength(2);
  });

  it('says of a refusal that it may be somebody else’s bucket, or a missing permission', async () => {
    const aws = connect();
    answers({ HeadBucket: { status: 403 }, GetBucketTagging: s3Error(403, 'AccessDenied') });
    const error = await failure(bucketOf(aws, 'theirs'));
    expect(error).toMatchObject({ code: 'provider_denied', details: { provider: { code: 'AccessDenied', status: 403 } } });
    expect(error.details.remedy).toContain('belongs to another account');
    answers({ HeadObject: { status: 403 } });
    expect(await failure(objectOf(aws, 'a', { bucket: 'theirs' }))).toMatchObject({
      code: 'provider_denied',
      details: { provider: { code: 'HTTP 403' }, remedy: expect.stringContaining('belongs to another account') },
    });
  });

  it('takes tags that cannot be read for a failure, and no tags for none', async () => {
    const aws = connect();
    answers({ GetBucketTagging: s3Error(403, 'AccessDenied') });
    expect((await failure(bucketOf(aws, 'b-1'))).code).toBe('provider_denied');
    answers({ GetBucketTagging: s3Error(404, 'NoSuchTagSet') });
    expect((await bucketOf(aws, 'b-1')).tags).toEqual({});
  });

  it('says why, though replies to HEAD have no body', async () => {
    const aws = connect();
    answers({ HeadBucket: { status: 400 }, HeadObject: { status: 400 }, GetBucketTagging: s3Error(400, 'ExpiredToken') });
    for (const asking of [bucketOf(aws, 'b-1'), objectOf(aws, 'a', { bucket: 'b-1' })]) {
      const error = await failure(asking);
      expect(error.details).toMatchObject({ provider: { code: 'ExpiredToken' }, remedy: expect.stringContaining('Sign in again') });
    }
  });

  it('finds the account that owns it, and asks each with its own number', async () => {
    const accounts = [mainAccount(), mainAccount({ name: 'other', role: 'arn:aws:iam::210987654321:role/ZiggieAgents' })];
    const aws = connect({ accounts, sessionPolicy: () => '{}' });
    answer(({ headers }) => (headers['x-amz-expected-bucket-owner'] === '123456789012' ? s3Error(403, 'AccessDenied') : undefined));
    expect(await bucketOf(aws, 'theirs')).toMatchObject({ account: 'other', accountId: '210987654321' });
    answer(() => s3Error(403, 'AccessDenied'));
    expect((await failure(bucketOf(aws, 'nobodys'))).code).toBe('provider_denied');
    answer(() => s3Error(404, 'NoSuchBucket'));
    expect((await failure(bucketOf(aws, 'nowhere'))).details.provider?.code).toBe('NoSuchBucket');
  });
});

describe('every request', () => {
  it('names the owner, and carries what was decided on as its condition', async () => {
    const aws = connect();
    await writeFile(join(workspace, 'large'), Buffer.alloc(17 * megabyte));
    const target = await objectOf(aws, 'a', { bucket: 'b-1' });
    await aws.storage.get(target, { maxBytes: 64, as: 'auto' }, newCall());
    await aws.storage.get(target, { maxBytes: 64, as: 'link' }, newCall());
    await aws.storage.put(target, { text: 'x' }, newCall());
    await aws.storage.put(target, { file: 'large' }, newCall());
    await aws.storage.put(resolved({ ...target, exists: false }), { file: 'large' }, newCall());
    await aws.storage.delete(target, {}, newCall());
    answers({ CompleteMultipartUpload: s3Error(412, 'PreconditionFailed') });
    await failure(aws.storage.put(target, { file: 'large' }, newCall()));
    answers({ ListObjectsV2: { body: '<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>' } });
    await aws.storage.objects(await bucketOf(aws, 'b-1'), { limit: 5 }, newCall());

    const toS3 = stub.requests.filter((request) => !isSts(request));
    expect(new Set(toS3.map(({ operation }) => operation)).size).toBe(12);
    expect(toS3.filter(({ headers }) => headers['x-amz-expected-bucket-owner'] !== '123456789012')).toEqual([]);
    const condition = `"${target.etag}"`;
    for (const operation of ['GetObject', 'PutObject', 'DeleteObject']) expect(asked(operation)[0]?.headers['if-match']).toBe(condition);
    expect(asked('CompleteMultipartUpload').map(({ headers }) => headers['if-match'] ?? headers['if-none-match'])).toEqual([
      condition,
      '*',
      condition,
    ]);
    for (const { headers } of [...asked('PutObject'), ...asked('UploadPart')]) expect(headers['x-amz-checksum-sha256']).toMatch(/=$/);
  });
});

describe('what S3 refuses', () => {
  it.each([
    ['ConditionalRequestConflict', 409, 'provider_conflict', 'none'],
    ['PreconditionFailed', 412, 'provider_conflict', 'none'],
    ['BadDigest', 400, 'provider_rejected', 'none'],
    ['EntityTooLarge', 400, 'invalid_input', 'none'],
    ['SlowDown', 503, 'provider_throttled', 'none'],
    ['InvalidAccessKeyId', 403, 'provider_not_configured', 'none'],
    ['AccessDenied', 403, 'provider_denied', 'none'],
    ['InternalError', 500, 'provider_unavailable', 'unknown'],
  ])('%s (%i) is %s, and the effect is %s', async (code, status, expected, effect) => {
    const aws = connect();
    const target = await objectOf(aws, 'a', { bucket: 'b-1' });
    answers({ PutObject: s3Error(status, code) });
    const call = newCall();
    expect(await failure(aws.storage.put(target, { text: 'x' }, call))).toMatchObject({ code: expected, details: { provider: { code } } });
    expect(call.ledger.effect()).toBe(effect);
  });

  it.each([
    ['InvalidObjectState', 403, 'provider_rejected', 'archived'],
    ['NoSuchKey', 404, 'provider_not_found', 'storage_list_objects'],
    ['NoSuchVersion', 404, 'provider_not_found', 'versionId'],
    ['MethodNotAllowed', 405, 'provider_rejected', 'delete marker'],
    ['InvalidRange', 416, 'invalid_input', 'earlier'],
  ])('%s (%i) on a read is %s', async (code, status, expected, remedy) => {
    const aws = connect();
    const target = await objectOf(aws, 'a', { bucket: 'b-1' });
    answers({ GetObject: s3Error(status, code) });
    const error = await failure(aws.storage.get(target, { maxBytes: 64, as: 'auto' }, newCall()));
    expect(error).toMatchObject({ code: expected, details: { remedy: expect.stringContaining(remedy) } });
  });

  it('keeps nothing of what is deleted while versioning is suspended, marker or not', async () => {
    const aws = connect();
    const target = await objectOf(aws, 'a', { bucket: 'b-1' });
    answers({ DeleteObject: { status: 204, headers: { 'x-amz-delete-marker': 'true', 'x-amz-version-id': 'null' } } });
    expect(await aws.storage.delete(target, {}, newCall())).toEqual({ canBeUndone: false, versionId: 'null' });
  });

  it('does not know what a lost reply means', async () => {
    const aws = connect();
    const target = await objectOf(aws, 'a', { bucket: 'b-1' });
    let sent = 0;
    answer(({ operation }) => {
      if (operation !== 'PutObject') return undefined;
      sent += 1;
      return sent === 1 ? { afterwards: 'reset' } : s3Error(412, 'PreconditionFailed');
    });
    const call = newCall();
    expect((await failure(aws.storage.put(target, { text: 'x' }, call))).code).toBe('provider_conflict');
    expect(call.ledger.effect()).toBe('unknown');
  });
});

describe('reading', () => {
  const get = async (aws: AwsProvider, answer: StubAnswer, options: { from?: number; deadlineAt?: number } = {}) => {
    const target = await objectOf(aws, 'a', { bucket: 'b-1' });
    answers({ GetObject: answer });
    const { from, ...call } = options;
    return aws.storage.get(target, { from, maxBytes: 64, as: 'text' }, newCall(call));
  };
  const headers = { etag: '"0123456789abcdef0123456789abcdef"', 'content-type': 'text/plain' };

  it('says that a reply ended early', async () => {
    const cut = {
      status: 206,
      headers: { ...headers, 'content-length': String(stubObject.length) },
      body: 'half',
      afterwards: 'reset',
    } as const;
    expect(await failure(get(connect(), cut))).toMatchObject({ code: 'provider_unavailable', details: { retryable: true } });
  });

  it('gives up at the deadline on a reply that does not come to its end', async () => {
    const stuck = { status: 206, headers, body: 'half', afterwards: 'silence' } as const;
    expect((await failure(get(connect(), stuck, { deadlineAt: Date.now() + 400 }))).code).toBe('timeout');
  });

  it('stops when the call is cancelled', async () => {
    const aws = connect();
    const target = await objectOf(aws, 'a', { bucket: 'b-1' });
    const call = newCall();
    answer(({ operation }) => {
      if (operation !== 'GetObject') return undefined;
      setImmediate(() => call.cancel());
      return { status: 206, headers, body: 'half', afterwards: 'silence' };
    });
    expect((await failure(aws.storage.get(target, { maxBytes: 64, as: 'text' }, call))).code).toBe('cancelled');
  });

  it('takes no more than it asked for', async () => {
    const endless = { status: 200, headers, body: Buffer.alloc(megabyte, 'a'), afterwards: 'silence' } as const;
    // It would wait for the rest until the deadline.
    expect((await get(connect(), endless, { deadlineAt: Date.now() + 600_000 })).text).toBe('a'.repeat(stubObject.length));
  });

  it('does not take the start of an object for its middle', async () => {
    const whole = { status: 200, headers, body: stubObject };
    expect((await failure(get(connect(), whole, { from: 4 }))).details.provider?.code).toBe('UnreadableReply');
  });

  it('decodes keys that XML cannot hold, and refuses what is no list', async () => {
    const aws = connect();
    const bucket = await bucketOf(aws, 'b-1');
    const row = '<Contents><Key>a+b%2Bc%01%C3%BC</Key><Size>1</Size><StorageClass>GLACIER</StorageClass></Contents>';
    answers({
      ListObjectsV2: { body: `<ListBucketResult><EncodingType>url</EncodingType><KeyCount>1</KeyCount>${row}</ListBucketResult>` },
    });
    expect((await aws.storage.objects(bucket, { limit: 7 }, newCall())).objects).toEqual([
      { key: 'a b+c\u0001ü', sizeBytes: 1, storageClass: 'GLACIER' },
    ]);
    expect(asked('ListObjectsV2')[0]?.url.searchParams.get('max-keys')).toBe('7');
    answers({ ListObjectsV2: { body: '<html>login</html>' } });
    expect((await failure(aws.storage.objects(bucket, { limit: 7 }, newCall()))).details.provider?.code).toBe('UnreadableReply');
  });
});

describe('uploads in parts', () => {
  const upload = async (aws: AwsProvider, call = newCall(), megabytes = 40) => {
    const name = `upload-${megabytes}`;
    await writeFile(join(workspace, name), '');
    await truncate(join(workspace, name), megabytes * megabyte);
    return aws.storage.put(await objectOf(aws, 'a', { bucket: 'b-1' }), { file: name }, call);
  };

  it('abort when a part fails, after the parts under way, and change nothing', async () => {
    const aws = connect();
    let unanswered = 0;
    let unansweredAtAbort: number | undefined;
    answer(async ({ operation, url }) => {
      if (operation === 'AbortMultipartUpload') unansweredAtAbort = unanswered;
      if (operation !== 'UploadPart') return undefined;
      if (url.searchParams.get('partNumber') === '2') return s3Error(403, 'AccessDenied');
      unanswered += 1;
      for (let turn = 0; turn < 2_000; turn += 1) await nextTurn();
      unanswered -= 1;
      return undefined;
    });
    const call = newCall();
    const error = await failure(upload(aws, call, 160));
    expect(error).toMatchObject({ code: 'provider_denied', details: { provider: { code: 'AccessDenied' } } });
    expect(call.ledger.effect()).toBe('none');
    expect(call.attempts).toEqual([]);
    const operations = stub.requests.map(({ operation }) => operation);
    expect(operations.at(-1)).toBe('AbortMultipartUpload');
    expect(unansweredAtAbort).toBe(0);
    // A few were under way; the rest of twenty was never sent.
    expect(asked('UploadPart').length).toBeLessThan(20);
  });

  it('repeat a part that failed for a moment', async () => {
    const aws = connect();
    let failures = 0;
    answer(({ operation }) => {
      if (operation !== 'UploadPart' || failures === 2) return undefined;
      failures += 1;
      return failures === 1 ? s3Error(500, 'InternalError') : { afterwards: 'reset' };
    });
    const call = newCall();
    expect(await upload(aws, call)).toMatchObject({ sizeBytes: 40 * megabyte });
    expect(asked('UploadPart')).toHaveLength(5 + 2);
    expect(call.attempts).toEqual(['applied']);
  });

  it('abort when the call is cancelled, and say so', async () => {
    const aws = connect();
    const call = newCall();
    answer(({ operation }) => {
      if (operation === 'UploadPart') call.cancel();
      return undefined;
    });
    expect((await failure(upload(aws, call))).code).toBe('cancelled');
    expect(asked('AbortMultipartUpload')).toHaveLength(1);
    expect(call.ledger.effect()).toBe('none');
  });

  it('abort at the deadline on a deadline of their own, and say what large uploads need', async () => {
    const aws = connect();
    answers({ UploadPart: { body: 'x', afterwards: 'silence' } });
    const error = await failure(upload(aws, newCall({ deadlineAt: Date.now() + 1_500 })));
    expect(error).toMatchObject({ code: 'timeout', details: { remedy: expect.stringContaining('progress token') } });
    expect(asked('AbortMultipartUpload')).toHaveLength(1);
  });

  it('abort when the file changes, and say so', async () => {
    const aws = connect();
    await writeFile(join(workspace, 'growing'), Buffer.alloc(20 * megabyte));
    answer(async ({ operation, url }) => {
      if (operation === 'UploadPart' && url.searchParams.get('partNumber') === '3') await appendFile(join(workspace, 'growing'), 'more');
      return undefined;
    });
    const call = newCall();
    const error = await failure(aws.storage.put(await objectOf(aws, 'a', { bucket: 'b-1' }), { file: 'growing' }, call));
    expect(error).toMatchObject({ code: 'provider_conflict', message: expect.stringContaining('changed while it was uploaded') });
    expect(asked('CompleteMultipartUpload')).toHaveLength(0);
    expect(asked('AbortMultipartUpload')).toHaveLength(1);
    expect(call.ledger.effect()).toBe('none');
  });

  it('name what may be left when even the abort fails', async () => {
    const aws = connect();
    answers({ UploadPart: s3Error(403, 'AccessDenied'), AbortMultipartUpload: s3Error(403, 'AccessDenied') });
    expect((await failure(upload(aws))).details.remedy).toContain('upload-1');
    answers({ UploadPart: s3Error(403, 'AccessDenied'), AbortMultipartUpload: s3Error(404, 'NoSuchUpload') });
    expect((await failure(upload(aws))).details.remedy).not.toContain('upload-1');
  });

  it('do not know what a lost reply to the completion means', async () => {
    const aws = connect();
    answers({ CompleteMultipartUpload: { afterwards: 'reset' } });
    const call = newCall();
    expect((await failure(upload(aws, call))).code).toBe('provider_unavailable');
    expect(call.ledger.effect()).toBe('unknown');
  });

  it('take an error that comes with status 200 for one', async () => {
    const aws = connect();
    answers({ CompleteMultipartUpload: { body: s3Error(200, 'InternalError').body ?? '' } });
    const call = newCall();
    expect((await failure(upload(aws, call))).code).toBe('provider_unavailable');
    expect(call.ledger.effect()).toBe('unknown');
  });

  it('refuse what does not fit into ten thousand parts, before anything is sent', async () => {
    const aws = connect();
    await writeFile(join(workspace, 'sparse'), '');
    await truncate(join(workspace, 'sparse'), 10_000 * 8 * megabyte + 1);
    const error = await failure(aws.storage.put(await objectOf(aws, 'a', { bucket: 'b-1' }), { file: 'sparse' }, newCall()));
    expect(error.code).toBe('invalid_input');
    expect(asked('CreateMultipartUpload')).toHaveLength(0);
    await rm(join(workspace, 'sparse'));
  });
});

describe('what is sent from here', () => {
  it.each([['%%%'], ['YQ'], ['YQ==\n']])('refuses %j as base64', async (base64) => {
    const aws = connect();
    const error = await failure(aws.storage.put(await objectOf(aws, 'a', { bucket: 'b-1' }), { base64 }, newCall()));
    expect(error.code).toBe('invalid_input');
    expect(asked('PutObject')).toHaveLength(0);
  });

  it('says of an address that was signed with temporary credentials that it may end sooner', async () => {
    const credentials = { accessKeyId: 'ASIAIOSFODNN7EXAMPLE', secretAccessKey: 'x', sessionToken: 'token' };
    const aws = connect({ accounts: [mainAccount({ credentials })] });
    const target = await objectOf(aws, 'a', { bucket: 'b-1' });
    expect(await aws.storage.share(target, { minutes: 5 }, newCall())).toMatchObject({ mayEndSooner: true });
  });
});
