import { z } from 'zod';
import { defineOperation, mayReferToSecrets, untrusted } from '../../call/operation.ts';
import { functionRef } from '../fields.ts';

/** Characters of a result that are worth their place in a conversation. */
const shownOfResult = 32_768;

export const functionsInvoke = defineOperation('functions', {
  name: 'functions_invoke',
  title: 'Invoke a function',
  description:
    'Runs a Lambda function once, never retried; billed per run. sync waits for its answer and log tail, async queues it: use that for more than 40 s. A function that fails is outcome "failed".',
  effect: 'write',
  retry: 'never',
  iam: ['lambda:InvokeFunction', 'lambda:GetFunctionConfiguration', 'lambda:ListTags'],
  input: functionRef.extend({
    payload: mayReferToSecrets(z.record(z.string(), z.unknown())).optional().describe('Event; texts may be secret://name#field'),
    mode: z.enum(['sync', 'async']).default('sync'),
    qualifier: z
      .string()
      .max(128)
      .regex(/^(\$LATEST|[A-Za-z0-9_-]+)$/, 'expected a version or alias')
      .optional()
      .describe('Version or alias'),
  }),
  output: z.object({
    outcome: z.enum(['succeeded', 'failed', 'queued']).optional(),
    version: z.string().optional(),
    result: untrusted(z.unknown(), shownOfResult).optional(),
    truncated: z.boolean().optional(),
    error: untrusted(z.object({ type: z.string(), message: z.string(), kind: z.string() })).optional(),
    logTail: untrusted(z.string(), 4_096).optional(),
    billedMs: z.number().optional(),
  }),
  entity: 'Function',
  targets: ({ name, account, region }) => [{ type: 'Function', name, account, region }],
  run: ({ functions }, [target], { payload, mode, qualifier }, call) => functions.invoke(target, { payload, mode, qualifier }, call),
});
