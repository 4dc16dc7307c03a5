import { z } from 'zod';
import { defineOperation } from '../../call/operation.ts';
import { account, cursor, limit, missing, prefix } from '../fields.ts';

export const storageListBuckets = defineOperation('storage', {
  name: 'storage_list_buckets',
  title: 'List buckets',
  description: 'Lists S3 buckets, one short row each. Only those in configured regions can be used.',
  effect: 'read',
  retry: 'safe',
  iam: ['s3:ListAllMyBuckets'],
  input: z.strictObject({ prefix: prefix.max(63).optional(), account: account.optional(), limit, cursor }),
  output: z.object({
    buckets: z.array(
      z.object({ bucket: z.string(), region: z.string().optional(), createdAt: z.string().optional(), account: z.string().optional() }),
    ),
    nextCursor: z.string().optional(),
    missing,
  }),
  entity: 'Account',
  decide: 'any',
  targets: ({ account }) => [{ type: 'Account', provider: 'aws', account }],
  seen: ({ buckets }) => buckets.map(({ bucket }) => ({ type: 'Bucket', id: bucket, label: bucket })),
  run: ({ storage }, accounts, { limit, cursor, prefix }, call) => storage.buckets(accounts, { limit, cursor, prefix }, call),
});
