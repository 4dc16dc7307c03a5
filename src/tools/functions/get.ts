import { z } from 'zod';
import { defineOperation, untrusted } from '../../call/operation.ts';
import { functionRef } from '../fields.ts';

export const functionsGet = defineOperation('functions', {
  name: 'functions_get',
  title: 'Get a function',
  description:
    'Everything known of one Lambda function: state, settings, aliases, log group, names of environment variables (never values), tags.',
  effect: 'read',
  retry: 'safe',
  iam: ['lambda:GetFunctionConfiguration', 'lambda:ListAliases', 'lambda:ListTags'],
  input: functionRef,
  output: z.object({
    name: z.string(),
    runtime: z.string(),
    region: z.string(),
    account: z.string(),
    memoryMb: z.number(),
    timeoutSeconds: z.number(),
    modifiedAt: z.string().optional(),
    description: untrusted(z.string()).optional(),
    handler: untrusted(z.string()).optional(),
    role: z.string().optional(),
    state: z.string().optional(),
    stateReason: untrusted(z.string()).optional(),
    lastUpdate: z.string().optional(),
    aliases: untrusted(z.record(z.string(), z.string())).optional(),
    environmentVariables: untrusted(z.array(z.string())).optional(),
    logGroup: z.string().optional(),
    tags: untrusted(z.record(z.string(), z.string())),
  }),
  entity: 'Function',
  targets: ({ name, account, region }) => [{ type: 'Function', name, account, region }],
  run: ({ functions }, [target], _input, call) => functions.get(target, call),
});
