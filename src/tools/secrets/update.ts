import { z } from 'zod';
import { defineOperation } from '../../call/operation.ts';
import { newSecretValue, oneSource, secretRef, secretSource } from '../fields.ts';

export const secretsUpdate = defineOperation('secrets', {
  name: 'secrets_update',
  title: 'Update a secret',
  description:
    'Gives a secret a new value: generated, copied from another, or given. With field it sets that member of a JSON value and leaves the others. The version before is kept as AWSPREVIOUS.',
  effect: 'write',
  retry: 'token',
  iam: [
    'secretsmanager:PutSecretValue',
    'secretsmanager:GetRandomPassword',
    'secretsmanager:DescribeSecret',
    // To set one member the others must be read.
    'secretsmanager:GetSecretValue',
  ],
  input: secretRef.extend(secretSource),
  output: z.object({ name: z.string(), versionId: z.string().optional() }),
  entity: 'Secret',
  check: oneSource,
  targets: ({ name, account, region }) => [{ type: 'Secret', name, account, region }],
  run: async ({ secrets }, [secret], input, call) => ({
    name: input.name,
    ...(await secrets.update(secret, { value: newSecretValue(input), field: input.field }, call)),
  }),
});
