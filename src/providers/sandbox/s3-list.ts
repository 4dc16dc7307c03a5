import type { ListObjectsV2CommandInput, ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { ServiceFault } from './fault.ts';
import type { SandboxBucket } from './s3-buckets.ts';

/** Keys behind the token, folders counted like keys (API reference, `ListObjectsV2`). */
export function listObjects(
  bucket: SandboxBucket,
  { Prefix = '', Delimiter, MaxKeys = 1_000, ContinuationToken, EncodingType }: ListObjectsV2CommandInput,
): Omit<ListObjectsV2CommandOutput, '$metadata'> {
  const after = offsetOf(ContinuationToken);
  const rows = new Set<string>();
  let isTruncated = false;
  for (const key of bucket.keys(Prefix)) {
    const row = rowOf(key, Prefix, Delimiter);
    // A folder that was shown already covers all keys in it.
    if (rows.has(row) || (after && (row === after || Buffer.compare(Buffer.from(row), Buffer.from(after)) <= 0))) continue;
    if (rows.size === Math.min(MaxKeys, 1_000)) {
      isTruncated = true;
      break;
    }
    rows.add(row);
  }
  const encode = EncodingType === 'url' ? encodeKey : (key: string) => key;
  const shown = [...rows];
  const isFolder = (row: string) => Delimiter !== undefined && row.endsWith(Delimiter) && row !== Prefix && !bucket.current(row);
  return {
    KeyCount: shown.length,
    MaxKeys,
    ...(EncodingType ? { EncodingType } : {}),
    Contents: shown
      .filter((row) => !isFolder(row))
      .map((row) => {
        const version = bucket.current(row);
        return {
          Key: encode(row),
          Size: version?.content?.length ?? 0,
          LastModified: version?.modifiedAt,
          ETag: `"${version?.etag}"`,
          StorageClass: 'STANDARD',
        };
      }),
    CommonPrefixes: shown.filter(isFolder).map((row) => ({ Prefix: encode(row) })),
    IsTruncated: isTruncated,
    ...(isTruncated ? { NextContinuationToken: tokenAt(shown.at(-1) ?? '') } : {}),
  };
}

function rowOf(key: string, prefix: string, delimiter: string | undefined): string {
  const end = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length);
  return end < 0 ? key : key.slice(0, end + 1);
}

export function tokenAt(position: string): string {
  return Buffer.from(`at:${position}`).toString('base64');
}

/** Empty without a token. @throws ServiceFault for one that is not ours */
export function offsetOf(token: string | undefined): string {
  if (token === undefined) return '';
  const text = Buffer.from(token, 'base64').toString();
  if (!text.startsWith('at:')) throw new ServiceFault('InvalidArgument', 'The continuation token provided is incorrect');
  return text.slice('at:'.length);
}

/** As S3 does where keys are asked for URL-encoded: a space is a plus, a slash stays. */
function encodeKey(key: string): string {
  return encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/');
}
