/** Invariant: every request names the owner that the bucket should have, so that one that changed hands gets and gives nothing. */
import { Readable } from 'node:stream';
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import { scopeOf } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import type { BucketPlace } from '../storage/place.ts';
import { bare } from '../storage/place.ts';
import { readBody } from '../storage/read-body.ts';
import { type ObjectHeaders, type StoredBytes, uploadStream } from './upload-stream.ts';

export interface ListedObject {
  readonly etag: string;
  /** Epoch milliseconds. */
  readonly modifiedAt: number;
}

export interface ObjectFacts {
  readonly metadata: Readonly<Record<string, string>>;
  /** As S3 made it of the bytes, if it made one: SHA-256 in base64; of an object in parts that of theirs, with `-parts` behind. */
  readonly checksum?: string;
  /** Of a bucket that keeps versions. */
  readonly versionId?: string;
}

/** What deployments do with one bucket, for one call. All methods throw `CallError`. */
export interface DeployBucket {
  /** @throws CallError `provider_not_found` */
  mustExist(): Promise<void>;
  /** By key. */
  list(prefix: string): Promise<Map<string, ListedObject>>;
  /** Undefined when there is no such object. */
  head(key: string): Promise<ObjectFacts | undefined>;
  /** Undefined when there is no such object, or it is not JSON. */
  json(key: string): Promise<unknown>;
  put(key: string, body: Readable, headers: ObjectHeaders): Promise<StoredBytes>;
  putJson(key: string, value: unknown): Promise<void>;
  /** Without headers those of the source stay. */
  copy(from: string, to: string, headers?: ObjectHeaders): Promise<void>;
  /** @param versionId of the only version that goes; absent: the object, as far as the bucket's versioning lets it */
  remove(key: string, versionId?: string): Promise<void>;
  /** An address at which everybody may read the object until it expires. */
  address(key: string, expiresInSeconds: number): Promise<string>;
}

/** Our JSON documents are small: anything larger is none of ours. */
const longestJsonBytes = 32 * 1024 * 1024;

export async function openBucket(
  context: AwsContext,
  { account, region, bucket }: { readonly account: string; readonly region: string; readonly bucket: string },
  call: CallScope,
): Promise<DeployBucket> {
  const { sender } = context;
  const scope = scopeOf(context.accounts, { account, region });
  const { accountId } = await context.identify(scope.account, call);
  const place: BucketPlace = { scope, input: { Bucket: bucket, ExpectedBucketOwner: accountId } };
  const { input } = place;
  return {
    async mustExist() {
      await sender
        .ask('s3', scope, call, (sdk) => new sdk.HeadBucketCommand(input))
        .catch((error: unknown) => {
          throw isMissing(error) ? noBucket(bucket, error) : error;
        });
    },
    async list(Prefix) {
      const found = new Map<string, ListedObject>();
      let ContinuationToken: string | undefined;
      do {
        const page = await sender.ask('s3', scope, call, (sdk) => new sdk.ListObjectsV2Command({ ...input, Prefix, ContinuationToken }));
        for (const { Key, ETag, LastModified } of page.Contents ?? []) {
          if (Key !== undefined) found.set(Key, { etag: bare(ETag), modifiedAt: LastModified?.getTime() ?? 0 });
        }
        ContinuationToken = page.IsTruncated ? page.NextContinuationToken : undefined;
      } while (ContinuationToken !== undefined);
      return found;
    },
    async head(Key) {
      try {
        const asked = { ...input, Key, ChecksumMode: 'ENABLED' } as const;
        const { Metadata = {}, ChecksumSHA256, VersionId } = await sender.ask('s3', scope, call, (sdk) => new sdk.HeadObjectCommand(asked));
        return {
          metadata: Metadata,
          ...(ChecksumSHA256 === undefined ? {} : { checksum: ChecksumSHA256 }),
          ...(VersionId === undefined ? {} : { versionId: VersionId }),
        };
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    async json(Key) {
      try {
        const found = await sender.ask('s3', scope, call, (sdk) => new sdk.GetObjectCommand({ ...input, Key }));
        if ((found.ContentLength ?? 0) > longestJsonBytes) return undefined;
        return JSON.parse((await readBody(found.Body, found.ContentLength ?? 0, call)).toString('utf8')) as unknown;
      } catch (error) {
        if (isMissing(error) || error instanceof SyntaxError) return undefined;
        throw error;
      }
    },
    put: (key, body, headers) => uploadStream(context, place, key, body, headers, call),
    async putJson(key, value) {
      const body = Readable.from([Buffer.from(JSON.stringify(value))]);
      await uploadStream(context, place, key, body, { ContentType: 'application/json' }, call);
    },
    async copy(from, to, headers) {
      await sender.change('s3', scope, 'natural', call, (sdk) => {
        return new sdk.CopyObjectCommand({
          ...input,
          Key: to,
          // Sent as a header, which nobody encodes (S3 API Reference, "CopyObject").
          CopySource: `${bucket}/${from.split('/').map(encodeURIComponent).join('/')}`,
          ExpectedSourceBucketOwner: accountId,
          ...(headers ? { MetadataDirective: 'REPLACE', ...headers } : {}),
        });
      });
    },
    async remove(Key, VersionId) {
      const one = { ...input, Key, ...(VersionId === undefined ? {} : { VersionId }) };
      await sender.change('s3', scope, 'natural', call, (sdk) => new sdk.DeleteObjectCommand(one));
    },
    address: (Key, expiresInSeconds) => sender.presign(scope, call, expiresInSeconds, (sdk) => new sdk.GetObjectCommand({ ...input, Key })),
  };
}

function isMissing(error: unknown): boolean {
  return error instanceof CallError && error.code === 'provider_not_found' && error.details.provider?.code !== 'NoSuchBucket';
}

function noBucket(bucket: string, cause: unknown): CallError {
  return new CallError('provider_not_found', `There is no bucket ${bucket} that this account may use.`, {
    remedy: 'Look for its name with storage_list_buckets and correct `bucket` of the application in ziggie.yaml, or have it made.',
    provider: { code: 'NoSuchBucket' },
    cause,
  });
}
