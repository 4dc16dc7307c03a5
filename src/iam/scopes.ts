/**
 * Invariant: what an action may reach is written down here, action by action; one that is not listed has no document. Sources: Service
 * Authorization Reference (resource types and condition keys of each action), and the EC2 and S3 user guides where named.
 */

/** What AWS itself lets an agent reach. Names may end in a star. */
export interface IamBoundary {
  readonly tags: Readonly<Record<string, string>>;
  readonly buckets: readonly string[];
  readonly prefixes: readonly string[];
  readonly secrets: readonly string[];
  readonly functions: readonly string[];
  /** ARNs of customer-managed KMS keys that S3, Secrets Manager and EC2 may use in an agent's name. */
  readonly kmsKeys: readonly string[];
}

export const defaultBoundary: IamBoundary = {
  tags: { Project: 'Ziggie' },
  buckets: ['ziggie-deployments'],
  prefixes: ['*'],
  secrets: ['ziggie/*'],
  functions: ['ziggie-*'],
  kmsKeys: [],
};

export type Condition = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;

/** A statement without its actions. */
export interface Reach {
  readonly resources: readonly string[];
  /** Everything but the resources. */
  readonly except?: boolean;
  readonly condition?: Condition;
}

/** Made by the server itself, so that it can be named. */
const trail = 'ziggie-audit-trail';
const auditBucket = 'ziggie-audit-logs';

const tagCondition = (key: string, tags: IamBoundary['tags']): Condition | undefined => {
  const entries = Object.entries(tags).map(([name, value]) => [`${key}/${name}`, value]);
  return entries.length > 0 ? { StringEquals: Object.fromEntries(entries) } : undefined;
};
const withTags = (resources: string[], key: string, tags: IamBoundary['tags']): Reach => {
  const condition = tagCondition(key, tags);
  return condition ? { resources, condition } : { resources };
};

const launched = ['arn:aws:ec2:*:*:instance/*', 'arn:aws:ec2:*:*:volume/*'];

/** Kinds of reach; some need several statements. */
const reaches = {
  /** The service knows no narrower resource, or a review has to see everything. */
  any: () => [{ resources: ['*'] }],
  instances: ({ tags }) => [withTags(['arn:aws:ec2:*:*:instance/*'], 'aws:ResourceTag', tags)],
  /** What is made must carry the tags; what it is made of need not. (EC2 User Guide, "Example policies … RunInstances") */
  launch: ({ tags }) => [withTags(launched, 'aws:RequestTag', tags), { resources: launched, except: true }],
  /** Tags may be set while something is being launched, and never on what is there. */
  tagAtLaunch: () => [{ resources: launched, condition: { StringEquals: { 'ec2:CreateAction': 'RunInstances' } } }],
  passRole: () => [
    { resources: ['arn:aws:iam::*:role/ziggie-*'], condition: { StringEquals: { 'iam:PassedToService': 'ec2.amazonaws.com' } } },
  ],
  buckets: ({ buckets }) => [{ resources: buckets.map((name) => `arn:aws:s3:::${name}`) }],
  objects: ({ buckets, prefixes }) => [
    { resources: buckets.flatMap((name) => prefixes.map((prefix) => `arn:aws:s3:::${name}/${prefix}`)) },
  ],
  auditBucket: () => [{ resources: [`arn:aws:s3:::${auditBucket}`] }],
  // With a version or an alias the ARN goes on behind the name.
  functions: ({ functions }) => [
    {
      resources: functions
        .flatMap((name) => (name.endsWith('*') ? [name] : [name, `${name}:*`]))
        .map((name) => `arn:aws:lambda:*:*:function:${name}`),
    },
  ],
  // Secrets Manager adds six random characters to a name.
  secrets: ({ secrets }) => [
    { resources: secrets.map((name) => `arn:aws:secretsmanager:*:*:secret:${name.endsWith('*') ? name : `${name}-??????`}`) },
  ],
  /** Run Command asks for the instance and for the document. (Systems Manager User Guide, "Restricting Run Command access based on tags") */
  commands: ({ tags }) => [
    withTags(['arn:aws:ec2:*:*:instance/*'], 'aws:ResourceTag', tags),
    // AWS's own have no account; nobody else may use names that begin like this.
    { resources: ['arn:aws:ssm:*:*:document/AWS-RunShellScript'] },
  ],
  /** Of every account: a budget's ARN carries no region. */
  budgets: () => [{ resources: ['arn:aws:budgets::*:budget/*'] }],
  topics: () => [{ resources: ['arn:aws:sns:*:*:ziggie-*'] }],
  mail: () => [{ resources: ['arn:aws:ses:*:*:identity/*', 'arn:aws:ses:*:*:configuration-set/*'] }],
  distributions: () => [{ resources: ['arn:aws:cloudfront::*:distribution/*'] }],
  trail: () => [{ resources: [`arn:aws:cloudtrail:*:*:trail/${trail}`] }],
} as const satisfies Record<string, (boundary: IamBoundary) => readonly Reach[]>;

export type Scope = keyof typeof reaches;

/** What they reach without a condition is of resource types that no action of the others applies to: those statements may be one. */
export const apart: readonly Scope[] = [
  'buckets',
  'objects',
  'functions',
  'secrets',
  'commands',
  'budgets',
  'topics',
  'mail',
  'distributions',
  'trail',
];

const scopes: Readonly<Record<Scope, readonly string[]>> = {
  any: [
    'ec2:DescribeInstances',
    'ec2:DescribeSecurityGroups',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeVpcs',
    'ec2:DescribeFlowLogs',
    'sts:GetCallerIdentity',
    'cloudwatch:GetMetricData',
    'cloudwatch:ListMetrics',
    'cloudwatch:DescribeAlarms',
    'cloudwatch:ListTagsForResource',
    'cloudwatch:PutMetricAlarm',
    'cloudwatch:TagResource',
    'cloudwatch:DeleteAlarms',
    'cloudwatch:GetDashboard',
    'cloudwatch:PutDashboard',
    'logs:StartQuery',
    'logs:StopQuery',
    'logs:GetQueryResults',
    'logs:FilterLogEvents',
    's3:ListAllMyBuckets',
    's3:GetBucketPolicyStatus',
    's3:GetBucketPublicAccessBlock',
    's3:GetBucketAcl',
    'ec2:CreateFlowLogs',
    'lambda:ListFunctions',
    'secretsmanager:ListSecrets',
    'secretsmanager:GetRandomPassword',
    'cloudtrail:DescribeTrails',
    'cloudtrail:GetTrailStatus',
    'cloudtrail:GetEventSelectors',
    'iam:GetAccountSummary',
    'iam:GenerateCredentialReport',
    'iam:GetCredentialReport',
    'iam:GenerateServiceLastAccessedDetails',
    'iam:GetServiceLastAccessedDetails',
    'iam:ListAttachedRolePolicies',
    'iam:ListAttachedUserPolicies',
    'iam:ListRolePolicies',
    'iam:ListUserPolicies',
    'iam:GetPolicy',
    'iam:GetPolicyVersion',
    'iam:GetRolePolicy',
    'iam:GetUserPolicy',
    'iam:GetRole',
    'iam:ListGroupsForUser',
    'iam:ListAttachedGroupPolicies',
    'iam:ListGroupPolicies',
    'iam:GetGroupPolicy',
    'logs:CreateLogDelivery',
    'ssm:DescribeInstanceInformation',
    'ssm:ListCommandInvocations',
    'ce:GetCostAndUsage',
    'ce:GetCostForecast',
    'ce:GetAnomalies',
  ],
  instances: ['ec2:StartInstances', 'ec2:StopInstances', 'ec2:RebootInstances', 'ec2:TerminateInstances'],
  launch: ['ec2:RunInstances'],
  tagAtLaunch: ['ec2:CreateTags'],
  passRole: ['iam:PassRole'],
  buckets: ['s3:ListBucket', 's3:GetBucketTagging', 's3:GetBucketVersioning'],
  objects: ['s3:GetObject', 's3:GetObjectVersion', 's3:PutObject', 's3:AbortMultipartUpload', 's3:DeleteObject', 's3:DeleteObjectVersion'],
  auditBucket: ['s3:CreateBucket', 's3:GetBucketPolicy', 's3:PutBucketPolicy', 's3:PutBucketPublicAccessBlock'],
  functions: [
    'lambda:InvokeFunction',
    'lambda:GetFunctionConfiguration',
    'lambda:ListAliases',
    'lambda:ListTags',
    'lambda:ListVersionsByFunction',
    'lambda:UpdateFunctionCode',
    'lambda:UpdateFunctionConfiguration',
    'lambda:PublishVersion',
    'lambda:CreateAlias',
    'lambda:UpdateAlias',
    'lambda:DeleteAlias',
    // IAM knows no versions here: that a number is always named is up to the adapter.
    'lambda:DeleteFunction',
  ],
  commands: ['ssm:SendCommand'],
  distributions: ['cloudfront:GetDistribution', 'cloudfront:CreateInvalidation', 'cloudfront:GetInvalidation'],
  secrets: [
    'secretsmanager:DescribeSecret',
    'secretsmanager:GetSecretValue',
    'secretsmanager:CreateSecret',
    'secretsmanager:PutSecretValue',
    'secretsmanager:DeleteSecret',
    'secretsmanager:RestoreSecret',
    'secretsmanager:TagResource',
  ],
  budgets: ['budgets:ViewBudget', 'budgets:ModifyBudget'],
  topics: ['sns:Publish'],
  mail: ['ses:SendRawEmail'],
  trail: ['cloudtrail:CreateTrail', 'cloudtrail:UpdateTrail', 'cloudtrail:StartLogging', 'cloudtrail:PutEventSelectors'],
};

const scopeOf = new Map(Object.entries(scopes).flatMap(([scope, actions]) => actions.map((action) => [action, scope as Scope] as const)));

/** Every action that has a scope. */
export const scopedActions: readonly string[] = [...scopeOf.keys()];

/** Name of what an action reaches: actions with the same one share statements. @throws Error for an action that nobody has placed */
export function scopeNameOf(action: string): Scope {
  const scope = scopeOf.get(action);
  if (!scope) throw new Error(`src/iam/scopes.ts does not say what ${action} may reach`);
  return scope;
}

export function reachesOf(scope: Scope, boundary: IamBoundary): readonly Reach[] {
  return reaches[scope](boundary);
}
