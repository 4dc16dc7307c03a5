import type { CopyObjectCommandInput, CopyObjectCommandOutput } from '@aws-sdk/client-s3';
import { ServiceFault } from './fault.ts';
import { type FindBucket, moreOf, versionOf } from './s3-requests.ts';

/** Within the account, with or without new headers (API reference, `CopyObject`). @throws ServiceFault */
export function copyObject(find: FindBucket, input: CopyObjectCommandInput): Omit<CopyObjectCommandOutput, '$metadata'> {
  const [, from = '', key = ''] = /^\/?([^/]+)\/(.+)$/.exec(input.CopySource ?? '') ?? [];
  const found = find({ Bucket: from, ExpectedBucketOwner: input.ExpectedSourceBucketOwner }).current(decodeURIComponent(key));
  if (!found?.content) throw new ServiceFault('NoSuchKey', 'The specified key does not exist.', 404);
  const bucket = find(input);
  const isNew = input.MetadataDirective === 'REPLACE';
  const type = isNew ? input.ContentType : found.contentType;
  const made = bucket.put(input.Key ?? '', found.content, type, undefined, isNew ? moreOf(input) : found);
  return { CopyObjectResult: { ETag: `"${made.etag}"`, LastModified: made.modifiedAt }, ...versionOf(bucket, made) };
}
