import { z } from 'zod';
import { defineOperation, presigned } from '../../call/operation.ts';
import { objectRef, versionId } from '../fields.ts';

export const storageShareObject = defineOperation('storage', {
  name: 'storage_share_object',
  title: 'Share an object',
  description:
    'Makes an address with which anybody can download the object until it ends; it cannot be revoked. Signed with temporary credentials, it ends with them at the latest.',
  effect: 'write',
  retry: 'safe',
  iam: ['s3:GetObject', 's3:GetObjectVersion', 's3:ListBucket', 's3:GetBucketTagging', 's3:GetBucketVersioning'],
  input: objectRef.extend({ minutes: z.int().min(1).max(10_080).default(15), versionId }),
  output: z.object({
    url: presigned(z.string()).optional(),
    expiresAt: z.string().optional(),
    mayEndSooner: z.boolean().optional(),
  }),
  entity: 'Object',
  targets: ({ bucket, key, account, versionId }) => [{ type: 'Object', bucket, key, account, mayBeAbsent: versionId !== undefined }],
  run: ({ storage }, [target], { minutes, versionId }, call) => storage.share(target, { minutes, versionId }, call),
});
