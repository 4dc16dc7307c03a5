import { z } from 'zod';
import { defineOperation, freeText, untrusted } from '../../call/operation.ts';

export const accessExplain = defineOperation('access', {
  name: 'access_explain',
  title: 'Explain a decision',
  description:
    'Whether you could make a call now, and why: deciding policies, advice, the facts they saw. Changes nothing and asks nobody. Use after policy_denied.',
  effect: 'read',
  retry: 'safe',
  iam: [],
  input: z.strictObject({ tool: z.string().max(40), input: freeText(z.record(z.string(), z.unknown()).default({})) }),
  output: z.object({
    decision: z.enum(['allow', 'deny', 'approval_required']),
    policies: z.array(z.string()),
    advice: z.array(z.string()),
    spend: z.record(z.string(), z.string()).optional(),
    targets: z.array(
      z.object({
        type: z.string(),
        id: z.string(),
        state: z.string().optional(),
        tags: untrusted(z.record(z.string(), z.string())),
      }),
    ),
  }),
  entity: 'System',
  targets: () => [{ type: 'System', id: 'access' }],
  run: ({ access }, _targets, { tool, input }, call) => access.explain(call.principal, tool, input, call),
});
