import { z } from 'zod';
import { defineOperation } from '../../call/operation.ts';

export const accessCheckApproval = defineOperation('access', {
  name: 'access_check_approval',
  title: 'Check an approval',
  description:
    'Whether a person has decided on your approval request, and what to do next. Free. Once approved, repeat the very same call.',
  effect: 'read',
  retry: 'safe',
  iam: [],
  input: z.strictObject({
    id: z
      .string()
      .max(40)
      .regex(/^apr_[A-Za-z0-9_-]+$/, 'expected an approval id like apr_…'),
  }),
  output: z.object({
    id: z.string(),
    status: z.enum(['pending', 'approved', 'rejected', 'consumed', 'expired']),
    tool: z.string(),
    expiresAt: z.string(),
    approver: z.string().optional(),
    next: z.string(),
  }),
  entity: 'System',
  targets: () => [{ type: 'System', id: 'access' }],
  run: ({ access }, _targets, { id }, call) => access.approval(call.principal, id),
});
