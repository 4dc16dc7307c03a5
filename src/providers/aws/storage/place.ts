import type { BucketTarget, ObjectTarget } from '../../../ports/domain.ts';
import { type Scope, scopeOf } from '../accounts.ts';
import type { AwsContext } from '../context.ts';

/** Where requests on a target go, and what each of them says of its bucket. */
export interface BucketPlace {
  readonly scope: Scope;
  /** With the owner, so that a bucket that changed hands under its name gets and gives nothing. */
  readonly input: { readonly Bucket: string; readonly ExpectedBucketOwner: string };
}
export interface ObjectPlace {
  readonly scope: Scope;
  readonly input: BucketPlace['input'] & { readonly Key: string };
}

export function placeOfBucket({ accounts }: AwsContext, target: BucketTarget): BucketPlace {
  return { scope: scopeOf(accounts, target), input: { Bucket: target.id, ExpectedBucketOwner: target.accountId } };
}

export function placeOfObject({ accounts }: AwsContext, target: ObjectTarget): ObjectPlace {
  const { bucket, key, accountId } = target;
  return { scope: scopeOf(accounts, target), input: { Bucket: bucket, Key: key, ExpectedBucketOwner: accountId } };
}

/** S3 writes ETags in quotes, which say nothing and cost tokens. */
export function bare(etag: string | undefined): string {
  return etag?.replaceAll('"', '') ?? '';
}

export function quoted(etag: string): string {
  return `"${bare(etag)}"`;
}

/** ISO without milliseconds: S3 has none. */
export function isoTime(date: Date | undefined): string | undefined {
  return date?.toISOString().replace(/\.\d{3}Z$/, 'Z');
}
