import { z } from 'zod';
import { defineOperation } from '../../call/operation.ts';
import { account, auditBucket } from '../fields.ts';

export const securityEnableTrail = defineOperation('security', {
  name: 'security_enable_trail',
  title: 'Enable the audit trail',
  description:
    'Makes ziggie-audit-trail record all regions, validated, into a bucket, which is made if need be. Safe to repeat. The first trail is free; its storage is billed.',
  effect: 'write',
  retry: 'natural',
  iam: [
    'cloudtrail:DescribeTrails',
    'cloudtrail:GetTrailStatus',
    'cloudtrail:GetEventSelectors',
    'cloudtrail:CreateTrail',
    'cloudtrail:UpdateTrail',
    'cloudtrail:PutEventSelectors',
    'cloudtrail:StartLogging',
    's3:ListAllMyBuckets',
    's3:CreateBucket',
    's3:PutBucketPublicAccessBlock',
    's3:GetBucketPolicy',
    's3:PutBucketPolicy',
  ],
  input: z.strictObject({ bucket: auditBucket, account: account.optional() }),
  output: z.object({ trail: z.string(), bucket: z.string(), region: z.string(), done: z.array(z.string()), changed: z.boolean() }),
  entity: 'Account',
  targets: ({ account }) => [{ type: 'Account', provider: 'aws', account }],
  run: ({ security }, [target], { bucket }, call) => security.enableTrail(target, { bucket }, call),
});
