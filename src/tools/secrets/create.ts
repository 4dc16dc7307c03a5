import { z } from 'zod';
import { defineOperation, freeText } from '../../call/operation.ts';
import { newSecretValue, oneSource, secretRef, secretSource, tags } from '../fields.ts';

export const secretsCreate = defineOperation('secrets', {
  name: 'secrets_create',
  title: 'Create a secret',
  description:
    'Creates a secret; its value is generated, copied from another secret, or given: prefer generate. About 0.40 USD a month. The value is never shown.',
  effect: 'write',
  retry: 'token',
  iam: ['secretsmanager:CreateSecret', 'secretsmanager:TagResource', 'secretsmanager:GetRandomPassword', 'secretsmanager:DescribeSecret'],
  input: secretRef.extend({
    ...secretSource,
    description: freeText(z.string().max(2048)).optional(),
    tags: tags.default({ Project: 'Ziggie' }),
  }),
  output: z.object({ name: z.string(), region: z.string(), versionId: z.string().optional() }),
  entity: 'Secret',
  check: oneSource,
  targets: ({ name, account, region }) => [{ type: 'Secret', name, account, region, mayBeAbsent: true }],
  run: async ({ secrets }, [secret], input, call) => {
    const { name, field, description, tags } = input;
    const write = { value: newSecretValue(input), field, description, tags };
    return { name, region: secret.region, ...(await secrets.create(secret, write, call)) };
  },
});
