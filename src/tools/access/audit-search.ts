import { z } from 'zod';
import { defineOperation, untrusted } from '../../call/operation.ts';
import { cursor, limit } from '../fields.ts';

export const auditSearch = defineOperation('access', {
  name: 'audit_search',
  title: 'Search the audit record',
  description:
    'Your recorded calls, newest first: what was asked, decided and done. Reads this host only, free. Another agent only where policy allows it.',
  effect: 'read',
  retry: 'safe',
  iam: [],
  input: z.strictObject({
    agent: z.string().max(64).optional().describe('Default: you'),
    tool: z.string().max(40).optional(),
    callId: z.string().max(40).optional(),
    phase: z.enum(['intent', 'outcome', 'refused']).optional(),
    errorCode: z.string().max(40).optional(),
    since: z.iso.datetime().optional(),
    until: z.iso.datetime().optional(),
    limit,
    cursor,
  }),
  output: z.object({
    records: z.array(
      z.object({
        ts: z.string(),
        phase: z.string(),
        callId: z.string(),
        principal: z.string(),
        tool: z.string(),
        targets: z.array(z.string()).optional(),
        outcome: z.string().optional(),
        effect: z.string().optional(),
        errorCode: z.string().optional(),
        message: untrusted(z.string()).optional(),
        durationMs: z.number().optional(),
      }),
    ),
    nextCursor: z.string().optional(),
  }),
  entity: 'System',
  targets: () => [{ type: 'System', id: 'audit' }],
  run: async ({ access }, _targets, { agent, ...query }, call) => {
    const page = await access.searchAudit({
      ...query,
      principal: agent ? `agent:${agent}` : `${call.principal.kind}:${call.principal.id}`,
    });
    return {
      records: page.records.map(({ ts, phase, callId, principal, tool, targets, outcome, effect, errorCode, message, durationMs }) => ({
        ts,
        phase,
        callId,
        principal,
        tool,
        targets: targets?.map(({ type, id }) => `${type}:${id}`),
        outcome,
        effect,
        errorCode,
        message,
        durationMs,
      })),
      nextCursor: page.nextCursor,
    };
  },
});
