import { z } from 'zod';
import { defineOperation } from '../../call/operation.ts';
import { objectRef, versionId } from '../fields.ts';

export const storageDeleteObject = defineOperation('storage', {
  name: 'storage_delete_object',
  title: 'Delete an object',
  description:
    'Deletes an object and says whether it can be undone: with versioning only a delete marker is put on top. With versionId that version goes for good.',
  effect: 'destructive',
  retry: 'natural',
  iam: [
    's3:DeleteObject',
    's3:DeleteObjectVersion',
    's3:GetObject',
    's3:GetObjectVersion',
    's3:ListBucket',
    's3:GetBucketTagging',
    's3:GetBucketVersioning',
  ],
  input: objectRef.extend({ versionId }),
  output: z.object({ canBeUndone: z.boolean(), versionId: z.string().optional(), undo: z.string().optional() }),
  entity: 'Object',
  targets: ({ bucket, key, account, versionId }) => [{ type: 'Object', bucket, key, account, mayBeAbsent: versionId !== undefined }],
  run: ({ storage }, [target], { versionId }, call) => storage.delete(target, { versionId }, call),
});
