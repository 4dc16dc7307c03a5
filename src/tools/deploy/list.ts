import { z } from 'zod';
import { defineOperation } from '../../call/operation.ts';
import { appName, cursor, limit, provider } from '../fields.ts';

export const deployList = defineOperation('deploy', {
  name: 'deploy_list',
  title: 'List deployments',
  description: 'Deployments and rollbacks, newest first, one short row each. Free. deploy_status has the steps of one.',
  effect: 'read',
  retry: 'safe',
  iam: [],
  input: z.strictObject({ app: appName.optional(), provider: provider.optional(), limit, cursor }),
  output: z.object({
    deployments: z.array(
      z.object({
        deployment: z.string(),
        app: z.string(),
        provider: z.string(),
        version: z.string(),
        status: z.string(),
        by: z.string(),
        startedAt: z.string(),
      }),
    ),
    nextCursor: z.string().optional(),
  }),
  entity: 'System',
  targets: () => [{ type: 'System', id: 'deployments' }],
  seen: ({ deployments }) => deployments.map(({ app, provider }) => ({ type: 'Application', id: `${provider}/${app}`, label: app })),
  run: ({ deploy }, _targets, query, call) => deploy.list(query, call),
});
