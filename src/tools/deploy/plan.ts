import { z } from 'zod';
import { defineOperation, untrusted } from '../../call/operation.ts';
import { appRef, appVersion } from '../fields.ts';

export const deployPlan = defineOperation('deploy', {
  name: 'deploy_plan',
  title: 'Plan a deployment',
  description:
    'What deploying a version would do: files, checks, steps, cost, and whether you may. Touches nothing. Use it before deploy_application, and pass on its digest.',
  effect: 'read',
  retry: 'safe',
  iam: [
    'cloudfront:GetDistribution',
    'ec2:DescribeInstances',
    'lambda:GetFunctionConfiguration',
    'lambda:ListAliases',
    'lambda:ListVersionsByFunction',
    's3:GetObject',
    's3:ListBucket',
    'ssm:DescribeInstanceInformation',
    'sts:GetCallerIdentity',
  ],
  input: appRef.extend({ version: appVersion }),
  output: z.object({
    app: z.string(),
    provider: z.string(),
    kind: z.string(),
    place: z.string(),
    version: z.string(),
    digest: z.string(),
    files: z.number(),
    totalBytes: z.number(),
    largest: untrusted(z.array(z.object({ path: z.string(), sizeBytes: z.number() })), 200),
    serving: z.string().optional(),
    kept: z.array(z.string()),
    preflight: untrusted(z.array(z.string()), 300),
    steps: z.array(z.string()),
    cost: z.string(),
    decision: z.string().describe('of deploy_application'),
    advice: z.array(z.string()).optional(),
  }),
  entity: 'Application',
  targets: ({ app, provider }) => [{ type: 'Application', app, provider }],
  run: async ({ deploy, access }, [target], { app, version, provider }, call) => {
    const plan = await deploy.plan(target, { version }, call);
    const wish = { app, version, ...(provider ? { provider } : {}) };
    const { decision, advice } = await access.explain(call.principal, 'deploy_application', wish, call);
    return { ...plan, decision, ...(advice.length > 0 ? { advice } : {}) };
  },
});
