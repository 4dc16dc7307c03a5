import type { AppSpec } from '../ports/deploy.ts';
import type { AppKind } from '../ports/domain.ts';

/** What a deployment asks of AWS, by what it is deployed to. */

const objects = ['s3:AbortMultipartUpload', 's3:DeleteObject', 's3:GetObject', 's3:ListBucket', 's3:PutObject'];

const byKind: Readonly<Record<AppKind, readonly string[]>> = {
  ssh: [],
  ec2: [
    ...objects,
    's3:DeleteObjectVersion',
    'ec2:DescribeInstances',
    'ssm:DescribeInstanceInformation',
    'ssm:ListCommandInvocations',
    'ssm:SendCommand',
  ],
  'static-site': [...objects, 'cloudfront:CreateInvalidation', 'cloudfront:GetDistribution', 'cloudfront:GetInvalidation'],
  lambda: [
    'lambda:CreateAlias',
    'lambda:DeleteAlias',
    'lambda:DeleteFunction',
    'lambda:GetFunctionConfiguration',
    'lambda:InvokeFunction',
    'lambda:ListAliases',
    'lambda:ListVersionsByFunction',
    'lambda:PublishVersion',
    'lambda:UpdateAlias',
    'lambda:UpdateFunctionCode',
    'lambda:UpdateFunctionConfiguration',
  ],
};

/** Without s3:ListBucket an object that is not there looks like one that is forbidden (S3 API reference, GetObject). */
const bySource: Readonly<Record<AppSpec['source']['kind'], readonly string[]>> = {
  folder: [],
  tarball: [],
  s3: ['s3:GetObject', 's3:ListBucket'],
};

/** Whose account it is, is asked for all of them. */
const always = 'sts:GetCallerIdentity';

/** Actions of every kind of deployment: what the tool declares. */
export const allDeployActions: readonly string[] = [
  ...new Set([always, ...Object.values(byKind).flat(), ...Object.values(bySource).flat()]),
].sort();

/** Actions that deployments of these applications may need. */
export function deployActions(apps: readonly Pick<AppSpec, 'source' | 'targets'>[]): ReadonlySet<string> {
  return new Set([always, ...apps.flatMap(({ source, targets: { aws } }) => [...bySource[source.kind], ...(aws ? byKind[aws.kind] : [])])]);
}
