import { z } from 'zod';
import { defineOperation } from '../../call/operation.ts';

export const accessWhoami = defineOperation('access', {
  name: 'access_whoami',
  title: 'Who am I',
  description:
    'Who you are to this server: agent, teams, what you may do in words, usable tools and limits. Free. Call it first when a tool is missing or denied.',
  effect: 'read',
  retry: 'safe',
  iam: [],
  input: z.strictObject({}),
  output: z.object({
    agent: z.string(),
    teams: z.array(z.string()),
    capabilities: z.array(z.string()),
    tools: z.array(z.object({ tool: z.string(), effect: z.string() })),
    limits: z.object({ callsPerMinute: z.int(), callsAtOnce: z.int() }),
    policySet: z.string(),
    mode: z.string(),
  }),
  entity: 'System',
  needsAudit: false,
  targets: () => [{ type: 'System', id: 'access' }],
  run: ({ access }, _targets, _input, call) => access.whoami(call.principal),
});
