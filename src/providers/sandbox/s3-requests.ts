import { ServiceFault } from './fault.ts';
import type { ObjectExtras, SandboxBucket, Version } from './s3-buckets.ts';

/** What every request on a bucket says. */
export interface OnBucket {
  readonly Bucket?: string;
  readonly ExpectedBucketOwner?: string;
}
export type FindBucket = (input: OnBucket) => SandboxBucket;

/** Conditions of writes (S3 User Guide, "Conditional requests"). */
export function checkCondition(
  bucket: SandboxBucket,
  key: string,
  { IfMatch, IfNoneMatch }: { IfMatch?: string; IfNoneMatch?: string },
): void {
  const current = bucket.current(key);
  if (IfNoneMatch === '*' && current) throw preconditionFailed();
  if (IfMatch === undefined) return;
  if (!current) throw new ServiceFault('NoSuchKey', 'The specified key does not exist.', 404);
  if (bare(IfMatch) !== current.etag) throw preconditionFailed();
}

export function versionOf(bucket: SandboxBucket, { id }: Version): { VersionId?: string } {
  return bucket.isVersioned ? { VersionId: id } : {};
}

/** The adapter sends everything as bytes. */
export function toBuffer(body: unknown): Buffer {
  if (body instanceof Uint8Array) return Buffer.from(body);
  throw new ServiceFault('NotImplemented', 'The sandbox takes bodies as bytes only.', 501);
}

export function preconditionFailed(): ServiceFault {
  return new ServiceFault('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412);
}

export function bare(etag: string): string {
  return etag.replaceAll('"', '');
}

/** What a new object carries besides its bytes and type. */
export function moreOf({ CacheControl, Metadata }: { CacheControl?: string; Metadata?: Record<string, string> }): ObjectExtras {
  return { ...(CacheControl ? { cacheControl: CacheControl } : {}), ...(Metadata ? { metadata: Metadata } : {}) };
}
