import { z } from 'zod';
import { defineOperation } from '../../call/operation.ts';
import { secretName } from '../fields.ts';

/**
 * What policy is asked for every secret that a call refers to (`secret://name#field`). It is a write, so that a permit to read
 * everything does not include it. Called by itself it tells that the secret could be used, and nothing of its value.
 */
export const secretsUse = defineOperation('secrets', {
  name: 'secrets_use',
  title: 'Use a secret by reference',
  description: 'Checks that a secret may be used by reference in arguments that take one. Returns no value.',
  effect: 'write',
  retry: 'natural',
  iam: ['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue'],
  input: z.strictObject({ name: secretName, for: z.string().max(40).optional().describe('Tool that would use it') }),
  output: z.object({ name: z.string(), usable: z.boolean() }),
  entity: 'Secret',
  listed: false,
  targets: ({ name }) => [{ type: 'Secret', name }],
  run: async (_ports, [secret]) => ({ name: secret.name, usable: secret.state === 'active' }),
});
