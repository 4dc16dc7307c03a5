import { CloudTrail } from '@aws-sdk/client-cloudtrail';
import { IAM } from '@aws-sdk/client-iam';
import { S3 } from '@aws-sdk/client-s3';
import { SecretsManager } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { exampleKeys, mainAccount } from './harness.ts';
import { type Moto, startMoto } from './moto.ts';
import { about, findingOf, region, reviewAccount, runFix } from './security-seed.ts';

let moto: Moto;
let trail: CloudTrail;
let iam: IAM;
let s3: S3;
let secrets: SecretsManager;

beforeAll(async () => {
  moto = await startMoto();
  const client = { region, endpoint: moto.endpoint, credentials: exampleKeys };
  trail = new CloudTrail(client);
  iam = new IAM(client);
  s3 = new S3({ ...client, forcePathStyle: true });
  secrets = new SecretsManager(client);
}, 40_000);
afterAll(() => moto.close());
beforeEach(() => moto.reset());

const role = 'arn:aws:iam::123456789012:role/ziggie-agent';
const generated = {
  'ziggie-agent-policy.json': {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: ['ec2:DescribeInstances', 'ec2:DescribeVpcs'], Resource: '*' },
      {
        Effect: 'Allow',
        Action: 'ec2:StopInstances',
        Resource: 'arn:aws:ec2:*:*:instance/*',
        Condition: { StringEquals: { 'aws:ResourceTag/Project': 'Ziggie' } },
      },
    ],
  },
  'ziggie-agent-elevated-policy.json': {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 'secretsmanager:CreateSecret', Resource: 'arn:aws:secretsmanager:*:*:secret:ziggie/*' }],
  },
};
const review = (withRole = false) =>
  reviewAccount({
    endpoint: moto.endpoint,
    accounts: [mainAccount(withRole ? { role } : {})],
    security: { sshRanges: [], generatedPolicies: async () => generated },
    sessionPolicy: () => '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
  });

describe('trails', () => {
  const make = async (facts: object = {}, log = true) => {
    await s3.createBucket({ Bucket: 'trails', CreateBucketConfiguration: { LocationConstraint: region } });
    const input = { Name: 'audit', S3BucketName: 'trails', IsMultiRegionTrail: true, EnableLogFileValidation: true };
    await trail.createTrail({ ...input, ...facts });
    if (log) await trail.startLogging({ Name: 'audit' });
  };

  it('are missing', async () => {
    const found = await review();
    expect(about(found, 'main')).toEqual(['high no-trail']);
    expect(findingOf(found, 'no-trail').fix).toBe('security_enable_trail {"account":"main"}');
  });

  it('are as they should be', async () => {
    await make();
    const found = await review();
    expect(found.findings.filter(({ rule }) => rule.includes('trail'))).toEqual([]);
    expect(found.checked).toContain('trails');
  });

  it.each([
    ['stopped', {}, false, ['high trail-stopped']],
    ['of one region', { IsMultiRegionTrail: false }, true, ['medium trail-not-multi-region']],
    ['without digests', { EnableLogFileValidation: false }, true, ['medium trail-without-validation']],
  ])('are %s, and mended by their fix', async (_, facts, log, expected) => {
    await make(facts, log);
    const found = await review();
    expect(about(found, 'audit')).toEqual(expected);
    await runFix(moto.endpoint, found.findings.find(({ resource }) => resource === 'audit')?.fix ?? '');
    expect(about(await review(), 'audit')).toEqual([]);
  });

  it.each([
    ['leave management events out', [{ ReadWriteType: 'All', IncludeManagementEvents: false }] as const],
    ['record reads only', [{ ReadWriteType: 'ReadOnly', IncludeManagementEvents: true }] as const],
  ])('%s, and are mended by their fix', async (_, EventSelectors) => {
    await make();
    await trail.putEventSelectors({ TrailName: 'audit', EventSelectors: [...EventSelectors] });
    const found = await review();
    expect(about(found, 'audit')).toEqual(['high trail-without-management-events']);
    await runFix(moto.endpoint, findingOf(found, 'trail-without-management-events').fix);
    expect(about(await review(), 'audit')).toEqual([]);
  });
});

describe('users', () => {
  it('with a password and no MFA are found, with a device or without a password not', async () => {
    for (const UserName of ['alice', 'bob', 'carol']) await iam.createUser({ UserName });
    for (const UserName of ['alice', 'bob']) await iam.createLoginProfile({ UserName, Password: 'Example-Passw0rd' });
    const { VirtualMFADevice } = await iam.createVirtualMFADevice({ VirtualMFADeviceName: 'bob' });
    const SerialNumber = VirtualMFADevice?.SerialNumber ?? '';
    await iam.enableMFADevice({ UserName: 'bob', SerialNumber, AuthenticationCode1: '123456', AuthenticationCode2: '654321' });
    const found = await review();
    expect(about(found, 'user/alice')).toEqual(['high user-without-mfa']);
    expect(about(found, 'user/bob')).toEqual([]);
    expect(about(found, 'user/carol')).toEqual([]);
    expect(found.checked).toContain('users');
  });

  it('named root have no MFA in moto, and are told so', async () => {
    expect(about(await review(), 'root')).toEqual(['critical root-without-mfa']);
  });
});

describe('the agents', () => {
  const trusted = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }],
  });
  const base = generated['ziggie-agent-policy.json'];
  const attach = async (name: string, document: unknown) => {
    const { Policy } = await iam.createPolicy({ PolicyName: name, PolicyDocument: JSON.stringify(document) });
    await iam.attachRolePolicy({ RoleName: 'ziggie-agent', PolicyArn: Policy?.Arn ?? '' });
    return Policy?.Arn ?? '';
  };
  beforeEach(async () => {
    await iam.createRole({ RoleName: 'ziggie-agent', AssumeRolePolicyDocument: trusted });
  });
  const onPolicy = async () => {
    const found = await review(true);
    expect(found.checked).toContain('agent-policy');
    return found.findings.filter(({ rule }) => rule.startsWith('policy-'));
  };

  it('have the generated policy, and another generated one on top, written in another way', async () => {
    const [first, second] = base.Statement;
    await attach('ZiggieAgentPolicy', { ...base, Statement: [{ ...second, Action: ['EC2:StopInstances'] }, first] });
    await iam.putRolePolicy({
      RoleName: 'ziggie-agent',
      PolicyName: 'elevated',
      PolicyDocument: JSON.stringify(generated['ziggie-agent-elevated-policy.json']),
    });
    expect(await onPolicy()).toEqual([]);
  });

  it('have an inline policy beyond it, taken away by its fix', async () => {
    await attach('ZiggieAgentPolicy', base);
    const more = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: ['iam:CreateUser', 's3:*'], Resource: '*' }] };
    await iam.putRolePolicy({ RoleName: 'ziggie-agent', PolicyName: 'more', PolicyDocument: JSON.stringify(more) });
    const [finding, ...others] = await onPolicy();
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ severity: 'high', rule: 'policy-allows-more', resource: 'role/ziggie-agent more' });
    expect(finding?.evidence).toBe('allows beyond the generated policy: iam:createuser, s3:*');
    await runFix(moto.endpoint, finding?.fix ?? '');
    expect(await onPolicy()).toEqual([]);
  });

  it('have the generated actions on more than generated', async () => {
    await attach('ZiggieAgentPolicy', { ...base, Statement: [{ ...base.Statement[0], Action: ['ec2:*Instances', 'ec2:DescribeVpcs'] }] });
    await attach('Wide', { ...base, Statement: [{ Effect: 'Allow', Action: 'ec2:StopInstances', Resource: '*' }] });
    const found = await onPolicy();
    expect(found.map(({ resource, evidence }) => [resource, evidence])).toEqual([
      ['role/ziggie-agent Wide', 'allows on more than generated: ec2:stopinstances on * without a condition'],
      ['role/ziggie-agent ZiggieAgentPolicy', 'allows beyond the generated policy: ec2:*instances'],
    ]);
    expect(found[0]?.fix).toContain('detach-role-policy');
    expect(found[1]?.fix).toContain('create-policy-version');
  });

  it('lack a part of it', async () => {
    await attach('ZiggieAgentPolicy', { ...base, Statement: [base.Statement[0]] });
    const [finding, ...others] = await onPolicy();
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ severity: 'low', rule: 'policy-lacks-actions', resource: 'role/ziggie-agent' });
    expect(finding?.evidence).toContain('ec2:stopinstances');
  });
});

describe('buckets', () => {
  const closed = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
  const make = async (Bucket: string) => {
    await s3.createBucket({ Bucket, CreateBucketConfiguration: { LocationConstraint: region } });
  };

  it('open by their access list are found, until their fix', async () => {
    await make('open-bucket');
    await s3.putBucketAcl({ Bucket: 'open-bucket', ACL: 'public-read' });
    await make('closed-bucket');
    await s3.putPublicAccessBlock({ Bucket: 'closed-bucket', PublicAccessBlockConfiguration: closed });
    const found = await review();
    expect(about(found, 'open-bucket')).toEqual(['high public-bucket-acl']);
    expect(about(found, 'closed-bucket')).toEqual([]);
    // moto does not know GetBucketPolicyStatus: the review says that it has not seen it.
    expect(found.checked).not.toContain('buckets');
    expect(found.missing?.map(({ check }) => check)).toContain('buckets');
    await runFix(moto.endpoint, findingOf(found, 'public-bucket-acl').fix);
    const after = await review();
    expect(about(after, 'open-bucket')).toEqual([]);
    expect(after.checked).toContain('buckets');
  });
});

describe('secrets', () => {
  it('that nothing rotates are found, rotated ones not', async () => {
    await secrets.createSecret({ Name: 'ziggie/still', SecretString: 'example' });
    await secrets.createSecret({ Name: 'ziggie/turning', SecretString: 'example' });
    await secrets.rotateSecret({
      SecretId: 'ziggie/turning',
      RotationRules: { AutomaticallyAfterDays: 30 },
      RotateImmediately: false,
    });
    const found = await review();
    expect(about(found, 'ziggie/still')).toEqual(['low secret-without-rotation']);
    expect(about(found, 'ziggie/turning')).toEqual([]);
  });
});
