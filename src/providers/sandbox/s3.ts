import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type {
  DeleteObjectCommandInput,
  DeleteObjectCommandOutput,
  GetObjectCommandInput,
  GetObjectCommandOutput,
  HeadObjectCommandInput,
  HeadObjectCommandOutput,
  ListBucketsCommandInput,
  ListBucketsCommandOutput,
  PutObjectCommandInput,
  PutObjectCommandOutput,
} from '@aws-sdk/client-s3';
import { type Answers, ServiceFault } from './fault.ts';
import { sandboxAccountId } from './fleet.ts';
import { checkSha256, type SandboxBucket, type Version } from './s3-buckets.ts';
import { copyObject } from './s3-copy.ts';
import { listObjects, offsetOf, tokenAt } from './s3-list.ts';
import { createUploads } from './s3-multipart.ts';
import { bare, checkCondition, type FindBucket, moreOf, preconditionFailed, toBuffer, versionOf } from './s3-requests.ts';
import { seedBuckets } from './s3-seed.ts';

type Answer<O> = Omit<O, '$metadata'>;

/** S3 in memory: two buckets, one of them with versions; conditions, checksums and owners are held as S3 holds them. */
export function createS3Answers({ home, now }: { home: string; now: () => number }, buckets = bucketsOf(home, now)): Answers {
  const find: FindBucket = ({ Bucket = '', ExpectedBucketOwner = sandboxAccountId }) => {
    const bucket = buckets.get(Bucket);
    if (!bucket) throw new ServiceFault('NoSuchBucket', 'The specified bucket does not exist', 404);
    if (ExpectedBucketOwner !== sandboxAccountId) throw new ServiceFault('AccessDenied', 'Access Denied', 403);
    return bucket;
  };
  return {
    ListBucketsCommand: (_, input) => listBuckets([...buckets.values()], input),
    HeadBucketCommand: (_, input) => ({ BucketRegion: find(input).region }),
    GetBucketTaggingCommand: (_, input) => ({ TagSet: Object.entries(find(input).tags).map(([Key, Value]) => ({ Key, Value })) }),
    GetBucketVersioningCommand: (_, input) => (find(input).isVersioned ? { Status: 'Enabled' } : {}),
    ListObjectsV2Command: (_, input) => listObjects(find(input), input),
    HeadObjectCommand: (_, input) => headObject(find(input), input),
    GetObjectCommand: (_, input) => getObject(find(input), input),
    PutObjectCommand: (_, input) => putObject(find(input), input),
    DeleteObjectCommand: (_, input) => deleteObject(find(input), input),
    CopyObjectCommand: (_, input) => copyObject(find, input),
    ...createUploads(find),
  };
}

/** By name. */
export function bucketsOf(home: string, now: () => number): ReadonlyMap<string, SandboxBucket> {
  return new Map(seedBuckets(home, now).map((bucket) => [bucket.name, bucket]));
}

function listBuckets(
  all: readonly SandboxBucket[],
  { Prefix = '', MaxBuckets = 10_000, ContinuationToken }: ListBucketsCommandInput,
): Answer<ListBucketsCommandOutput> {
  const matching = all.filter(({ name }) => name.startsWith(Prefix)).sort((a, b) => (a.name < b.name ? -1 : 1));
  const from = Number(offsetOf(ContinuationToken) || 0);
  const more = from + MaxBuckets < matching.length;
  return {
    Buckets: matching
      .slice(from, from + MaxBuckets)
      .map(({ name, region, createdAt }) => ({ Name: name, BucketRegion: region, CreationDate: createdAt })),
    ...(more ? { ContinuationToken: tokenAt(String(from + MaxBuckets)) } : {}),
  };
}

function headObject(bucket: SandboxBucket, input: HeadObjectCommandInput): Answer<HeadObjectCommandOutput> {
  const { version, content } = read(bucket, input, 'NotFound');
  // Of parts S3 would show a checksum of theirs: the sandbox shows none.
  const isWhole = input.ChecksumMode === 'ENABLED' && !version.etag.includes('-');
  const checksum = isWhole ? { ChecksumSHA256: createHash('sha256').update(content).digest('base64') } : {};
  return { ...headersOf(bucket, version), ...checksum, ContentLength: content.length };
}

function getObject(bucket: SandboxBucket, input: GetObjectCommandInput): Answer<GetObjectCommandOutput> {
  const { version, content } = read(bucket, input, 'NoSuchKey');
  if (input.IfMatch !== undefined && bare(input.IfMatch) !== version.etag) throw preconditionFailed();
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(input.Range ?? '') ?? [];
  if (first === undefined || last === undefined) {
    return { ...headersOf(bucket, version), ContentLength: content.length, Body: toBody(content) };
  }
  if (Number(first) >= content.length) throw new ServiceFault('InvalidRange', 'The requested range is not satisfiable', 416);
  const end = Math.min(Number(last) + 1, content.length);
  const part = content.subarray(Number(first), end);
  return {
    ...headersOf(bucket, version),
    ContentLength: part.length,
    ContentRange: `bytes ${first}-${end - 1}/${content.length}`,
    Body: toBody(part),
  };
}

function putObject(bucket: SandboxBucket, input: PutObjectCommandInput): Answer<PutObjectCommandOutput> {
  const { Key = '', Body, ContentType, ChecksumSHA256 } = input;
  const content = toBuffer(Body);
  checkSha256(content, ChecksumSHA256);
  checkCondition(bucket, Key, input);
  const version = bucket.put(Key, content, ContentType, undefined, moreOf(input));
  return { ETag: `"${version.etag}"`, ...versionOf(bucket, version), ...(ChecksumSHA256 ? { ChecksumSHA256 } : {}) };
}

function deleteObject(
  bucket: SandboxBucket,
  { Key = '', VersionId, IfMatch }: DeleteObjectCommandInput,
): Answer<DeleteObjectCommandOutput> {
  if (VersionId !== undefined) {
    const gone = bucket.deleteVersion(Key, VersionId);
    return { VersionId, ...(gone && !gone.content ? { DeleteMarker: true } : {}) };
  }
  checkCondition(bucket, Key, { IfMatch });
  const marker = bucket.delete(Key);
  return marker ? { DeleteMarker: true, VersionId: marker.id } : {};
}

/** @throws ServiceFault when there is no such object or version; the code of a miss depends on the verb */
function read(
  bucket: SandboxBucket,
  { Key = '', VersionId }: { Key: string | undefined; VersionId?: string },
  missing: string,
): { version: Version; content: Buffer } {
  const version = VersionId === undefined ? bucket.current(Key) : bucket.version(Key, VersionId);
  if (!version) {
    const code = VersionId === undefined || missing === 'NotFound' ? missing : 'NoSuchVersion';
    throw new ServiceFault(code, 'There is no such object.', 404);
  }
  if (!version.content) throw new ServiceFault('MethodNotAllowed', 'The specified method is not allowed against this resource.', 405);
  return { version, content: version.content };
}

function headersOf(bucket: SandboxBucket, version: Version) {
  const { etag, contentType, modifiedAt, cacheControl, metadata } = version;
  return {
    ETag: `"${etag}"`,
    ContentType: contentType ?? 'binary/octet-stream',
    LastModified: modifiedAt,
    ...(cacheControl ? { CacheControl: cacheControl } : {}),
    Metadata: { ...metadata },
    ...versionOf(bucket, version),
  };
}

/** A body as the adapter reads it; the SDK's own has conveniences that nothing here uses. */
function toBody(content: Buffer): NonNullable<GetObjectCommandOutput['Body']> {
  return Readable.from(content.length > 0 ? [Buffer.from(content)] : []) as NonNullable<GetObjectCommandOutput['Body']>;
}
