import { z } from 'zod';
import { defineOperation } from '../../call/operation.ts';
import { account, auditBucket, region } from '../fields.ts';

export const securityEnableFlowLogs = defineOperation('security', {
  name: 'security_enable_flow_logs',
  title: 'Enable VPC flow logs',
  description:
    'Records all traffic of a VPC in the audit bucket, unless a flow log is on already. Needs the bucket: security_enable_trail makes it. Delivery and storage are billed by the gigabyte.',
  effect: 'write',
  retry: 'token',
  iam: [
    'ec2:DescribeVpcs',
    'ec2:DescribeFlowLogs',
    'ec2:CreateFlowLogs',
    'logs:CreateLogDelivery',
    's3:ListAllMyBuckets',
    's3:GetBucketPolicy',
    's3:PutBucketPolicy',
  ],
  input: z.strictObject({
    vpc: z
      .string()
      .max(40)
      .regex(/^vpc-([0-9a-f]{8}|[0-9a-f]{17})$/, 'expected vpc-…')
      .describe('vpc-…'),
    region,
    bucket: auditBucket,
    account: account.optional(),
  }),
  output: z.object({
    vpc: z.string(),
    region: z.string(),
    flowLog: z.string().optional(),
    destination: z.string(),
    changed: z.boolean(),
  }),
  entity: 'Account',
  targets: ({ account, region }) => [{ type: 'Account', provider: 'aws', account, region }],
  run: ({ security }, [target], { vpc, region, bucket }, call) => security.enableFlowLogs(target, { vpc, region, bucket }, call),
});
