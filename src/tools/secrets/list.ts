import { z } from 'zod';
import { defineOperation, namesOnly, untrusted } from '../../call/operation.ts';
import { account, cursor, limit, missing, region, secretName } from '../fields.ts';

export const secretsList = defineOperation('secrets', {
  name: 'secrets_list',
  title: 'List secrets',
  description: 'Lists secrets of Secrets Manager, one short row each, never a value. deletedAt marks those scheduled for deletion.',
  effect: 'read',
  retry: 'safe',
  iam: ['secretsmanager:ListSecrets'],
  input: z.strictObject({
    prefix: secretName.optional().describe('Start of the name'),
    account: account.optional(),
    region: region.optional(),
    limit,
    cursor,
  }),
  output: z.object({
    secrets: namesOnly(
      z.array(
        z.object({
          name: untrusted(z.string()),
          region: z.string(),
          changedAt: z.string().optional(),
          accessedAt: z.string().optional(),
          rotates: z.boolean(),
          deletedAt: z.string().optional(),
          account: z.string().optional(),
        }),
      ),
    ),
    nextCursor: z.string().optional(),
    missing,
  }),
  entity: 'Account',
  decide: 'any',
  targets: ({ account, region }) => [{ type: 'Account', provider: 'aws', account, region }],
  seen: ({ secrets }) => secrets.map(({ name }) => ({ type: 'Secret', id: name, label: name })),
  run: ({ secrets }, accounts, { limit, cursor, prefix }, call) => secrets.list(accounts, { limit, cursor, prefix }, call),
});
