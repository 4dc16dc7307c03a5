import { z } from 'zod';
import { defineOperation } from '../../call/operation.ts';
import { secretRef } from '../fields.ts';

export const secretsDelete = defineOperation('secrets', {
  name: 'secrets_delete',
  title: 'Delete a secret',
  description:
    'Schedules a secret for deletion; nothing can use it from now on. Until deletesAt secrets_restore brings it back. Look at accessedAt first. Needs a person to approve it.',
  effect: 'destructive',
  retry: 'natural',
  iam: ['secretsmanager:DeleteSecret', 'secretsmanager:DescribeSecret'],
  input: secretRef.extend({ recoveryDays: z.int().min(7).max(30).default(30) }),
  output: z.object({ name: z.string(), deletesAt: z.string().optional() }),
  entity: 'Secret',
  targets: ({ name, account, region }) => [{ type: 'Secret', name, account, region }],
  run: async ({ secrets }, [secret], { name, recoveryDays }, call) => ({ name, ...(await secrets.delete(secret, { recoveryDays }, call)) }),
});
