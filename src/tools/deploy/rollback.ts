import { defineOperation } from '../../call/operation.ts';
import { appRef, appVersion, deployReport } from '../fields.ts';

export const deployRollback = defineOperation('deploy', {
  name: 'deploy_rollback',
  title: 'Roll an application back',
  description:
    'Puts a kept release back into service, by default the one that served before, and checks its health; if that fails, the present one serves again. Releases: deploy_plan.',
  effect: 'write',
  retry: 'never',
  iam: [
    'cloudfront:CreateInvalidation',
    'cloudfront:GetDistribution',
    'cloudfront:GetInvalidation',
    'ec2:DescribeInstances',
    'lambda:CreateAlias',
    'lambda:DeleteAlias',
    'lambda:DeleteFunction',
    'lambda:InvokeFunction',
    'lambda:ListAliases',
    'lambda:ListVersionsByFunction',
    'lambda:UpdateAlias',
    's3:DeleteObject',
    's3:DeleteObjectVersion',
    's3:GetObject',
    's3:ListBucket',
    's3:PutObject',
    'ssm:ListCommandInvocations',
    'ssm:SendCommand',
    'sts:GetCallerIdentity',
  ],
  input: appRef.extend({ version: appVersion.optional() }),
  output: deployReport,
  entity: 'Application',
  targets: ({ app, provider }) => [{ type: 'Application', app, provider }],
  run: ({ deploy }, [target], { version }, call) => deploy.rollback(target, { version }, call),
});
