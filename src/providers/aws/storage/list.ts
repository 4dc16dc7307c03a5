import { createHash } from 'node:crypto';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { AccountTarget, BucketTarget } from '../../../ports/domain.ts';
import type { BucketPage, ObjectPage, ObjectQuery } from '../../../ports/storage.ts';
import { matchAccounts, type Scope } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import { answered } from '../errors.ts';
import { readPage } from '../pages.ts';
import { isoTime, placeOfBucket } from './place.ts';

/** One page over all accounts; any region answers for all of an account. */
export async function buckets(
  { accounts, sender }: AwsContext,
  targets: readonly AccountTarget[],
  { limit, cursor, prefix = '' }: { limit: number; cursor?: string; prefix?: string },
  call: CallScope,
): Promise<BucketPage> {
  const scopes = targets.map(({ account: name }): Scope => {
    const [account] = matchAccounts(accounts, { account: name });
    return { account, region: account.regions[0] ?? 'us-east-1' };
  });
  const { rows, ...rest } = await readPage({
    scopes,
    limit,
    cursor,
    ask: async (scope, ContinuationToken, atMost) => {
      const input = { MaxBuckets: atMost, ContinuationToken, ...(prefix ? { Prefix: prefix } : {}) };
      const reply = await sender.ask('s3', scope, call, (sdk) => new sdk.ListBucketsCommand(input));
      return { items: answered(reply.Buckets, 'ListBuckets'), nextToken: reply.ContinuationToken || undefined };
    },
    row: ({ Name = '', BucketRegion, CreationDate }, { account }) =>
      Name.startsWith(prefix)
        ? {
            bucket: Name,
            region: BucketRegion,
            createdAt: isoTime(CreationDate),
            ...(accounts.length > 1 ? { account: account.name } : {}),
          }
        : undefined,
  });
  return { buckets: rows, ...rest };
}

/** One page of keys in S3's order. Throws `invalid_input` for the cursor of another list. */
export async function objects(
  context: AwsContext,
  target: BucketTarget,
  { limit, cursor, prefix, folders }: ObjectQuery,
  call: CallScope,
): Promise<ObjectPage> {
  const { scope, input } = placeOfBucket(context, target);
  const list = nameOf(target, prefix, folders);
  const reply = await context.sender.ask('s3', scope, call, (sdk) => {
    return new sdk.ListObjectsV2Command({
      ...input,
      MaxKeys: limit,
      // Keys may hold characters that XML cannot.
      EncodingType: 'url',
      ...(prefix ? { Prefix: prefix } : {}),
      ...(folders ? { Delimiter: '/' } : {}),
      ...(cursor === undefined ? {} : { ContinuationToken: decodeCursor(cursor, [list]).token }),
    });
  });
  answered(reply.KeyCount ?? reply.MaxKeys, 'ListObjectsV2');
  const decode = reply.EncodingType === 'url' ? decodeKey : (key: string) => key;
  return {
    objects: (reply.Contents ?? []).map(({ Key = '', Size = 0, LastModified, StorageClass }) => ({
      key: decode(Key),
      sizeBytes: Size,
      modifiedAt: isoTime(LastModified),
      ...(StorageClass && StorageClass !== 'STANDARD' ? { storageClass: StorageClass } : {}),
    })),
    ...(folders ? { folders: (reply.CommonPrefixes ?? []).map(({ Prefix = '' }) => decode(Prefix)) } : {}),
    ...(reply.IsTruncated && reply.NextContinuationToken
      ? { nextCursor: encodeCursor({ scope: list, skip: 0, token: reply.NextContinuationToken }) }
      : {}),
  };
}

/** Ties a cursor to its list, however long the prefix is. */
function nameOf({ account, id }: BucketTarget, prefix = '', folders = false): string {
  return createHash('sha256')
    .update(JSON.stringify([account, id, prefix, folders]))
    .digest('base64url')
    .slice(0, 16);
}

/** S3 encodes keys like form fields: a space is a plus. */
function decodeKey(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '));
}
