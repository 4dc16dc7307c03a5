import { defineOperation } from '../../call/operation.ts';
import { account, region, reviewInput, reviewOutput } from '../fields.ts';

export const securityReviewNetwork = defineOperation('security', {
  name: 'security_review_network',
  title: 'Review the network',
  description:
    'Finds ports open to the world and what they expose, SSH from unexpected ranges, unused security groups, VPCs without flow logs, and VPS firewalls at Hostinger. Each finding has its fix. Changes nothing; each page reads everything again.',
  effect: 'read',
  retry: 'safe',
  iam: ['ec2:DescribeSecurityGroups', 'ec2:DescribeNetworkInterfaces', 'ec2:DescribeVpcs', 'ec2:DescribeFlowLogs'],
  input: reviewInput.extend({ account: account.optional(), region: region.optional() }),
  output: reviewOutput,
  entity: 'Account',
  decide: 'any',
  targets: ({ account, region }) => [{ type: 'Account', account, region }],
  run: ({ security }, accounts, { limit, cursor, severity }, call) => security.network(accounts, { limit, cursor, severity }, call),
});
