import { z } from 'zod';
import { defineOperation, presigned, untrusted } from '../../call/operation.ts';
import { objectRef, versionId } from '../fields.ts';

export const storageGetObject = defineOperation('storage', {
  name: 'storage_get_object',
  title: 'Read an object',
  description: 'Reads text of an object, up to maxBytes; go on from nextFrom. What is not text comes as a link that lasts five minutes.',
  effect: 'read',
  retry: 'safe',
  iam: ['s3:GetObject', 's3:GetObjectVersion', 's3:ListBucket', 's3:GetBucketTagging', 's3:GetBucketVersioning'],
  input: objectRef.extend({
    as: z.enum(['auto', 'text', 'link']).default('auto'),
    from: z.int().min(0).optional().describe('First byte'),
    maxBytes: z.int().min(64).max(65_536).default(16_384),
    versionId,
  }),
  output: z.object({
    sizeBytes: z.number(),
    contentType: untrusted(z.string()).optional(),
    etag: z.string(),
    modifiedAt: z.string().optional(),
    versionId: z.string().optional(),
    text: untrusted(z.string(), 70_000).optional(),
    range: z.object({ from: z.number(), to: z.number() }).optional(),
    nextFrom: z.number().optional(),
    url: presigned(z.string()).optional(),
    urlExpiresAt: z.string().optional(),
  }),
  entity: 'Object',
  targets: ({ bucket, key, account, versionId }) => [{ type: 'Object', bucket, key, account, mayBeAbsent: versionId !== undefined }],
  run: ({ storage }, [target], { as, from, maxBytes, versionId }, call) => storage.get(target, { as, from, maxBytes, versionId }, call),
});
