import { z } from 'zod';
import { defineOperation, untrusted } from '../../call/operation.ts';
import { account } from '../fields.ts';

export const monitoringPutDashboard = defineOperation('monitoring', {
  name: 'monitoring_put_dashboard',
  title: 'Write the fleet dashboard',
  description:
    'Generates the CloudWatch dashboard of all instances tagged Project=Ziggie: CPU, status checks, network and alarms of each. Call again when the fleet has changed; an unchanged fleet changes nothing. $3 a month beyond three dashboards.',
  effect: 'write',
  retry: 'natural',
  iam: ['cloudwatch:PutDashboard', 'cloudwatch:GetDashboard', 'cloudwatch:DescribeAlarms', 'ec2:DescribeInstances'],
  input: z.strictObject({
    name: z
      .string()
      .max(255)
      .regex(/^[A-Za-z0-9_-]+$/, 'expected letters, digits, - and _')
      .default('ziggie-fleet'),
    account: account.optional(),
    ifExists: z.boolean().optional().describe('Only bring it up to date'),
  }),
  output: z.object({
    name: z.string(),
    changed: z.boolean(),
    instances: z.int(),
    widgets: z.int(),
    omitted: z.int().optional().describe('Instances beyond the first 100'),
    warnings: untrusted(z.array(z.string()), 500).optional(),
  }),
  entity: 'Account',
  targets: ({ account }) => [{ type: 'Account', provider: 'aws', account }],
  run: async ({ monitoring }, [target], { name, ifExists }, call) => ({
    name,
    ...(await monitoring.putDashboard(target, { name, ifExists }, call)),
  }),
});
