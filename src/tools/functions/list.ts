import { z } from 'zod';
import { defineOperation, untrusted } from '../../call/operation.ts';
import { account, cursor, functionName, limit, missing, region } from '../fields.ts';

export const functionsList = defineOperation('functions', {
  name: 'functions_list',
  title: 'List functions',
  description: 'Lists Lambda functions, one short row each. Start here to find a name; functions_get has the details.',
  effect: 'read',
  retry: 'safe',
  iam: ['lambda:ListFunctions'],
  input: z.strictObject({
    prefix: functionName.optional().describe('Start of the name'),
    account: account.optional(),
    region: region.optional(),
    limit,
    cursor,
  }),
  output: z.object({
    functions: z.array(
      z.object({
        name: untrusted(z.string()),
        runtime: z.string(),
        region: z.string(),
        memoryMb: z.number(),
        timeoutSeconds: z.number(),
        modifiedAt: z.string().optional(),
        account: z.string().optional(),
      }),
    ),
    nextCursor: z.string().optional(),
    missing,
  }),
  entity: 'Account',
  decide: 'any',
  targets: ({ account, region }) => [{ type: 'Account', provider: 'aws', account, region }],
  seen: ({ functions }) => functions.map(({ name, runtime }) => ({ type: 'Function', id: name, label: runtime })),
  run: ({ functions }, accounts, { limit, cursor, prefix }, call) => functions.list(accounts, { limit, cursor, prefix }, call),
});
