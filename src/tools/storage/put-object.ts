import { z } from 'zod';
import { defineOperation, freeText } from '../../call/operation.ts';
import { objectRef } from '../fields.ts';

export const storagePutObject = defineOperation('storage', {
  name: 'storage_put_object',
  title: 'Store an object',
  description:
    'Stores text, base64 or a workspace file as an object, replacing what is there unless ifAbsent. Large files need a progress token. Says whether it can be undone.',
  effect: 'write',
  retry: 'natural',
  iam: ['s3:PutObject', 's3:AbortMultipartUpload', 's3:GetObject', 's3:ListBucket', 's3:GetBucketTagging', 's3:GetBucketVersioning'],
  input: objectRef.extend({
    text: freeText(z.string().max(262_144)).optional(),
    base64: freeText(z.string().max(349_528)).optional(),
    file: z.string().min(1).max(1024).optional().describe('Path in the workspace'),
    contentType: z
      .string()
      .max(200)
      .regex(/^[\w.+-]+\/[\w.+-]+(; ?[\w-]+=[\w."+-]+)*$/, 'expected a media type like text/html; charset=utf-8')
      .optional(),
    sha256: z
      .string()
      .max(64)
      .regex(/^[0-9a-f]{64}$/, 'expected 64 hex digits')
      .optional(),
    ifMatch: z.string().min(1).max(100).optional().describe('etag that it must still have'),
    ifAbsent: z.boolean().optional(),
  }),
  output: z.object({
    sizeBytes: z.number(),
    etag: z.string().optional(),
    versionId: z.string().optional(),
    replaced: z.boolean(),
    canBeUndone: z.boolean().optional(),
  }),
  entity: 'Object',
  check: ({ text, base64, file, ifMatch, ifAbsent }) => {
    if ([text, base64, file].filter((body) => body !== undefined).length !== 1) return 'give exactly one of text, base64 and file.';
    return ifAbsent && ifMatch !== undefined ? 'ifMatch and ifAbsent exclude each other.' : undefined;
  },
  targets: ({ bucket, key, account }) => [{ type: 'Object', bucket, key, account, mayBeAbsent: true }],
  run: ({ storage }, [target], { bucket: _, key: __, account: ___, ...body }, call) => storage.put(target, body, call),
});
