import { z } from 'zod';
import { defineOperation } from '../../call/operation.ts';
import { secretRef } from '../fields.ts';

export const secretsRestore = defineOperation('secrets', {
  name: 'secrets_restore',
  title: 'Restore a secret',
  description: 'Takes back a scheduled deletion: the secret can be used again, with the value it had. Free.',
  effect: 'write',
  retry: 'natural',
  iam: ['secretsmanager:RestoreSecret', 'secretsmanager:DescribeSecret'],
  input: secretRef,
  output: z.object({ name: z.string() }),
  entity: 'Secret',
  targets: ({ name, account, region }) => [{ type: 'Secret', name, account, region }],
  run: async ({ secrets }, [secret], { name }, call) => ({ name, ...(await secrets.restore(secret, call)) }),
});
