import { EC2 } from '@aws-sdk/client-ec2';
import { S3 } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { securityEnableFlowLogs } from '../../src/tools/security/enable-flow-logs.ts';
import { securityEnableTrail } from '../../src/tools/security/enable-trail.ts';
import { exampleKeys, failure, newAws, newCall } from './harness.ts';
import { type Moto, startMoto } from './moto.ts';
import { about, awsCli, findingOf, mainTarget, region, reviewAccount, reviewNetwork } from './security-seed.ts';

const bucket = 'ziggie-audit-logs';
const trailArn = 'arn:aws:cloudtrail:eu-north-1:123456789012:trail/ziggie-audit-trail';

let moto: Moto;
let ec2: EC2;
let s3: S3;
beforeAll(async () => {
  moto = await startMoto();
  const client = { region, endpoint: moto.endpoint, credentials: exampleKeys };
  ec2 = new EC2(client);
  s3 = new S3({ ...client, forcePathStyle: true });
}, 40_000);
afterAll(() => moto.close());
beforeEach(() => moto.reset());

/** Calls that may ask AWS for what the tool declares, and nothing else. */
const newTrailCall = (options: Parameters<typeof newCall>[0] = {}) => newCall({ iam: securityEnableTrail.iam, ...options });
const newFlowCall = (options: Parameters<typeof newCall>[0] = {}) => newCall({ iam: securityEnableFlowLogs.iam, ...options });

const cli = (...args: string[]) => awsCli(moto.endpoint, ...args);

async function enableTrail(call = newTrailCall()) {
  const aws = newAws({ endpoint: moto.endpoint });
  return aws.security.enableTrail(await mainTarget(aws), { bucket }, call);
}

async function policyStatements(): Promise<{ Sid: string; Condition?: unknown; Resource: string }[]> {
  const { Policy = '{}' } = await s3.getBucketPolicy({ Bucket: bucket });
  return JSON.parse(Policy).Statement;
}

describe('security_enable_trail', () => {
  it('makes bucket and trail, as the AWS CLI sees them, and the review is content', async () => {
    const call = newTrailCall();
    expect(await enableTrail(call)).toEqual({
      trail: 'ziggie-audit-trail',
      bucket,
      region,
      changed: true,
      done: [
        'bucket ziggie-audit-logs made',
        'bucket ziggie-audit-logs closed to the public',
        'CloudTrail let into the policy of ziggie-audit-logs',
        'trail ziggie-audit-trail made',
        'logging started',
      ],
    });
    expect(call.attempts).toEqual(['applied', 'applied', 'applied', 'applied', 'applied']);
    expect(await cli('cloudtrail', 'get-trail', '--name', 'ziggie-audit-trail')).toMatchObject({
      Trail: {
        S3BucketName: bucket,
        IsMultiRegionTrail: true,
        LogFileValidationEnabled: true,
        IncludeGlobalServiceEvents: true,
        TrailARN: trailArn,
      },
    });
    expect(await cli('cloudtrail', 'get-trail-status', '--name', 'ziggie-audit-trail')).toMatchObject({ IsLogging: true });
    expect(await cli('s3api', 'get-public-access-block', '--bucket', bucket)).toEqual({
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        IgnorePublicAcls: true,
        BlockPublicPolicy: true,
        RestrictPublicBuckets: true,
      },
    });
    expect(await policyStatements()).toMatchObject([
      {
        Resource: `arn:aws:s3:::${bucket}`,
        Condition: { StringEquals: { 'aws:SourceArn': trailArn, 'aws:SourceAccount': '123456789012' } },
      },
      {
        Resource: `arn:aws:s3:::${bucket}/AWSLogs/123456789012/*`,
        Condition: { StringEquals: { 'aws:SourceArn': trailArn, 's3:x-amz-acl': 'bucket-owner-full-control' } },
      },
    ]);
    const { findings } = await reviewAccount({ endpoint: moto.endpoint });
    expect(findings.filter(({ rule }) => rule.includes('trail'))).toEqual([]);
  });

  it('changes nothing the second time', async () => {
    await enableTrail();
    const call = newTrailCall();
    expect(await enableTrail(call)).toMatchObject({ changed: false, done: [] });
    expect(call.attempts).toEqual([]);
  });

  it('keeps the other statements of a bucket that is there, and its other settings', async () => {
    await s3.createBucket({ Bucket: bucket, CreateBucketConfiguration: { LocationConstraint: region } });
    const other = { Sid: 'Other', Effect: 'Deny', Principal: '*', Action: 's3:DeleteObject', Resource: `arn:aws:s3:::${bucket}/*` };
    await s3.putBucketPolicy({ Bucket: bucket, Policy: JSON.stringify({ Version: '2012-10-17', Statement: other }) });
    expect((await enableTrail()).done).toEqual([
      'CloudTrail let into the policy of ziggie-audit-logs',
      'trail ziggie-audit-trail made',
      'logging started',
    ]);
    expect((await policyStatements()).map(({ Sid }) => Sid)).toEqual(['Other', 'ZiggieTrailReadsAcl', 'ZiggieTrailWrites']);
  });

  it('mends a trail that is not as it should be', async () => {
    await enableTrail();
    await cli(
      'cloudtrail',
      'update-trail',
      '--name',
      'ziggie-audit-trail',
      '--no-is-multi-region-trail',
      '--no-enable-log-file-validation',
    );
    const selector = 'ReadWriteType=WriteOnly,IncludeManagementEvents=true';
    await cli('cloudtrail', 'put-event-selectors', '--trail-name', 'ziggie-audit-trail', '--event-selectors', selector);
    await cli('cloudtrail', 'stop-logging', '--name', 'ziggie-audit-trail');
    expect((await enableTrail()).done).toEqual([
      'trail ziggie-audit-trail set to all regions, validated, into ziggie-audit-logs',
      'all management events recorded',
      'logging started',
    ]);
    expect(await enableTrail()).toMatchObject({ changed: false });
  });

  it('only plans in a dry run', async () => {
    const call = newTrailCall({ dryRun: true });
    expect(await enableTrail(call)).toMatchObject({
      changed: false,
      done: [],
      plan: {
        current: { trail: 'absent', bucket: 'absent' },
        change: { 'step 1': 'bucket ziggie-audit-logs made', 'step 5': 'logging started' },
        providerChecked: false,
      },
    });
    expect(call.attempts).toEqual([]);
    expect(await cli('s3api', 'list-buckets')).toMatchObject({ Buckets: [] });
    expect(await cli('cloudtrail', 'describe-trails')).toEqual({ trailList: [] });
  });
});

describe('security_enable_flow_logs', () => {
  let vpc: string;
  beforeEach(async () => {
    vpc = (await ec2.createVpc({ CidrBlock: '10.0.0.0/16' })).Vpc?.VpcId ?? '';
  });
  const enable = async (call = newFlowCall(), of = vpc) => {
    const aws = newAws({ endpoint: moto.endpoint });
    return aws.security.enableFlowLogs(await mainTarget(aws), { vpc: of, region, bucket }, call);
  };

  it('makes a flow log, as the AWS CLI sees it, lets it into the bucket, and the review is content', async () => {
    await enableTrail();
    expect(about(await reviewNetwork({ endpoint: moto.endpoint }), vpc)).toEqual(['medium vpc-without-flow-logs']);
    const call = newFlowCall();
    const made = await enable(call);
    expect(made).toEqual({ vpc, region, flowLog: expect.stringMatching(/^fl-/), destination: `arn:aws:s3:::${bucket}`, changed: true });
    expect(call.attempts).toEqual(['applied', 'applied']);
    expect(await cli('ec2', 'describe-flow-logs')).toMatchObject({
      FlowLogs: [
        {
          FlowLogId: made.flowLog,
          ResourceId: vpc,
          TrafficType: 'ALL',
          FlowLogStatus: 'ACTIVE',
          LogDestinationType: 's3',
          LogDestination: `arn:aws:s3:::${bucket}`,
        },
      ],
    });
    expect((await policyStatements()).map(({ Sid }) => Sid)).toEqual([
      'ZiggieTrailReadsAcl',
      'ZiggieTrailWrites',
      'ZiggieFlowLogsReadAcl',
      'ZiggieFlowLogsWrite',
    ]);
    expect(about(await reviewNetwork({ endpoint: moto.endpoint }), vpc)).toEqual([]);
  });

  it('changes nothing the second time', async () => {
    await enableTrail();
    const { flowLog } = await enable();
    const call = newFlowCall();
    expect(await enable(call)).toMatchObject({ changed: false, flowLog });
    expect(await enable(newFlowCall({ dryRun: true }))).toMatchObject({ changed: false, plan: { change: {} } });
    expect(call.attempts).toEqual([]);
  });

  it('says what to do first when there is no bucket', async () => {
    const error = await failure(enable());
    expect(error).toMatchObject({ code: 'provider_not_found', details: { provider: { code: 'NoSuchBucket' } } });
    expect(error.details.remedy).toContain('security_enable_trail');
  });

  it('refuses a VPC that does not exist', async () => {
    await enableTrail();
    const call = newFlowCall();
    const error = await failure(enable(call, 'vpc-0123456789abcdef0'));
    expect(error).toMatchObject({ code: 'provider_not_found', details: { provider: { code: 'InvalidVpcID.NotFound' } } });
    expect(call.attempts).toEqual([]);
  });

  it('only plans in a dry run, which AWS checked', async () => {
    await enableTrail();
    const call = newFlowCall({ dryRun: true });
    expect(await enable(call)).toMatchObject({
      changed: false,
      plan: { current: { flowLogs: 'off' }, change: { flowLogs: `all traffic to arn:aws:s3:::${bucket}` }, providerChecked: true },
    });
    expect(call.attempts).toEqual([]);
    expect(await cli('ec2', 'describe-flow-logs')).toEqual({ FlowLogs: [] });
    expect((await policyStatements()).map(({ Sid }) => Sid)).toEqual(['ZiggieTrailReadsAcl', 'ZiggieTrailWrites']);
  });
});

it('the fix of a finding is the call that mends it', async () => {
  const { findings } = await reviewNetwork({ endpoint: moto.endpoint });
  const { fix, resource } = findingOf({ findings, counts: {}, checked: [] }, 'vpc-without-flow-logs');
  expect(fix).toBe(`security_enable_flow_logs {"vpc":"${resource}","region":"eu-north-1","account":"main"}`);
});
