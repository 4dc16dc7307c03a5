import { z } from 'zod';
import { defineOperation, untrusted } from '../../call/operation.ts';
import { account, bucket, cursor, limit, prefix } from '../fields.ts';

export const storageListObjects = defineOperation('storage', {
  name: 'storage_list_objects',
  title: 'List objects',
  description: 'Lists the objects of a bucket by key. Narrow it with prefix; with folders only one level is shown.',
  effect: 'read',
  retry: 'safe',
  iam: ['s3:ListBucket', 's3:GetBucketTagging'],
  input: z.strictObject({
    bucket,
    prefix: prefix.optional(),
    folders: z.boolean().optional(),
    account: account.optional(),
    limit,
    cursor,
  }),
  output: z.object({
    objects: z.array(
      z.object({
        key: untrusted(z.string()),
        sizeBytes: z.number(),
        modifiedAt: z.string().optional(),
        storageClass: z.string().optional(),
      }),
    ),
    folders: untrusted(z.array(z.string())).optional(),
    nextCursor: z.string().optional(),
  }),
  entity: 'Bucket',
  targets: ({ bucket, account }) => [{ type: 'Bucket', bucket, account }],
  run: ({ storage }, [target], { limit, cursor, prefix, folders }, call) =>
    storage.objects(target, { limit, cursor, prefix, folders }, call),
});
