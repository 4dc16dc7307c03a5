import { z } from 'zod';
import { defineOperation, untrusted } from '../../call/operation.ts';

const status = z.enum(['ok', 'degraded', 'failed']);

export const healthCheck = defineOperation('access', {
  name: 'health_check',
  title: 'Check health',
  description: 'Whether this server, its audit delivery, policy, state and clouds work, one line each. Use when several calls fail alike.',
  effect: 'read',
  retry: 'safe',
  iam: ['sts:GetCallerIdentity'],
  input: z.strictObject({}),
  output: z.object({
    status,
    version: z.string(),
    mode: z.string(),
    checks: z.array(z.object({ name: z.string(), status, detail: untrusted(z.string()).optional() })),
  }),
  entity: 'System',
  needsAudit: false,
  targets: () => [{ type: 'System', id: 'health' }],
  run: ({ access }, _targets, _input, call) => access.health(call),
});
