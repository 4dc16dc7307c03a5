/** What a request needs of IAM. Source: Service Authorization Reference, "Actions, resources, and condition keys". */
import type { Service } from './clients.ts';

const prefixes: Readonly<Record<Service, string>> = {
  ec2: 'ec2',
  sts: 'sts',
  cloudwatch: 'cloudwatch',
  logs: 'logs',
  s3: 's3',
  lambda: 'lambda',
  secretsmanager: 'secretsmanager',
  cloudtrail: 'cloudtrail',
  iam: 'iam',
  ssm: 'ssm',
  cloudfront: 'cloudfront',
  ce: 'ce',
  budgets: 'budgets',
  sns: 'sns',
  ses: 'ses',
};

/** Where the action is not called like the operation. */
const others: Readonly<Record<string, string>> = {
  's3:ListBuckets': 's3:ListAllMyBuckets',
  's3:HeadBucket': 's3:ListBucket',
  's3:ListObjectsV2': 's3:ListBucket',
  's3:ListObjectVersions': 's3:ListBucketVersions',
  's3:HeadObject': 's3:GetObject',
  's3:CreateMultipartUpload': 's3:PutObject',
  's3:UploadPart': 's3:PutObject',
  's3:CopyObject': 's3:PutObject',
  's3:CompleteMultipartUpload': 's3:PutObject',
  's3:GetPublicAccessBlock': 's3:GetBucketPublicAccessBlock',
  's3:PutPublicAccessBlock': 's3:PutBucketPublicAccessBlock',
  's3:GetBucketEncryption': 's3:GetEncryptionConfiguration',
  'lambda:Invoke': 'lambda:InvokeFunction',
  // Every mail of ours is given whole.
  'ses:SendEmail': 'ses:SendRawEmail',
  'budgets:DescribeBudgets': 'budgets:ViewBudget',
  'budgets:DescribeBudget': 'budgets:ViewBudget',
  'budgets:DescribeNotificationsForBudget': 'budgets:ViewBudget',
  'budgets:DescribeSubscribersForNotification': 'budgets:ViewBudget',
  'budgets:CreateBudget': 'budgets:ModifyBudget',
  'budgets:UpdateBudget': 'budgets:ModifyBudget',
  'budgets:CreateNotification': 'budgets:ModifyBudget',
  'budgets:DeleteNotification': 'budgets:ModifyBudget',
  'budgets:CreateSubscriber': 'budgets:ModifyBudget',
  'budgets:DeleteSubscriber': 'budgets:ModifyBudget',
  'budgets:UpdateNotification': 'budgets:ModifyBudget',
  'budgets:UpdateSubscriber': 'budgets:ModifyBudget',
};

/** Requests on one version of an object have actions of their own. */
const versioned: Readonly<Record<string, string>> = {
  's3:GetObject': 's3:GetObjectVersion',
  's3:DeleteObject': 's3:DeleteObjectVersion',
};

/** @param operation API operation: `StopInstances` */
export function iamActionOf(service: Service, operation: string, input: object): string {
  const plain = `${prefixes[service]}:${operation}`;
  const action = others[plain] ?? plain;
  return ('VersionId' in input && input.VersionId !== undefined && versioned[action]) || action;
}
