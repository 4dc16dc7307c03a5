import { z } from 'zod';
import { defineOperation } from '../../call/operation.ts';

/** Only a resource (`cloud://runbooks/{name}`): it is here so that reading one takes the same road as everything else. */
export const runbooksGet = defineOperation('access', {
  name: 'runbooks_get',
  title: 'Read a runbook',
  description: 'The text of a runbook.',
  effect: 'read',
  retry: 'safe',
  iam: [],
  input: z.strictObject({
    name: z
      .string()
      .max(64)
      .regex(/^[a-z0-9-]+$/, 'expected a runbook name like instance-fails-to-start'),
  }),
  output: z.object({ name: z.string(), markdown: z.string() }),
  entity: 'System',
  listed: false,
  targets: () => [{ type: 'System', id: 'runbooks' }],
  run: async ({ access }, _targets, { name }) => ({ name, markdown: await access.runbook(name) }),
});
