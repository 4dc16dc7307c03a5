import { z } from 'zod';
import { defineOperation, untrusted } from '../../call/operation.ts';
import { appRef, deploymentId, deployReport } from '../fields.ts';

export const deployStatus = defineOperation('deploy', {
  name: 'deploy_status',
  title: 'Status of a deployment',
  description: 'How a deployment stands or ended, step by step, and which version serves; the newest of the application by default. Free.',
  effect: 'read',
  retry: 'safe',
  iam: [],
  input: appRef.extend({ deployment: deploymentId.optional() }),
  output: deployReport.extend({
    kind: z.string(),
    by: z.string(),
    startedAt: z.string(),
    endedAt: z.string().optional(),
    message: untrusted(z.string()).optional(),
    steps: z.array(
      z.object({ step: z.string(), outcome: z.string(), seconds: z.number().optional(), detail: untrusted(z.string(), 600).optional() }),
    ),
  }),
  entity: 'Application',
  targets: ({ app, provider }) => [{ type: 'Application', app, provider }],
  run: ({ deploy }, [target], { deployment }, call) => deploy.status(target, deployment, call),
});
