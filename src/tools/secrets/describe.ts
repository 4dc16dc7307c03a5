import { z } from 'zod';
import { defineOperation, untrusted } from '../../call/operation.ts';
import { secretRef } from '../fields.ts';

export const secretsDescribe = defineOperation('secrets', {
  name: 'secrets_describe',
  title: 'Describe a secret',
  description:
    'Everything known of one secret but its value: versions, rotation, last use, tags. Values are used by reference (secret://name#field), never shown.',
  effect: 'read',
  retry: 'safe',
  iam: ['secretsmanager:DescribeSecret'],
  input: secretRef,
  output: z.object({
    name: z.string(),
    region: z.string(),
    account: z.string(),
    state: z.enum(['active', 'deleted']),
    description: untrusted(z.string()).optional(),
    createdAt: z.string().optional(),
    changedAt: z.string().optional(),
    accessedAt: z.string().optional(),
    rotates: z.boolean(),
    rotatedAt: z.string().optional(),
    nextRotationAt: z.string().optional(),
    deletedAt: z.string().optional(),
    kmsKey: z.string().optional(),
    primaryRegion: z.string().optional(),
    replicas: z.array(z.string()).optional(),
    versions: untrusted(z.record(z.string(), z.array(z.string()))).optional(),
    tags: untrusted(z.record(z.string(), z.string())),
  }),
  entity: 'Secret',
  targets: ({ name, account, region }) => [{ type: 'Secret', name, account, region }],
  run: ({ secrets }, [secret], _input, call) => secrets.describe(secret, call),
});
