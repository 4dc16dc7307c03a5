import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { securityEnableFlowLogs } from '../../src/tools/security/enable-flow-logs.ts';
import { securityEnableTrail } from '../../src/tools/security/enable-trail.ts';
import { failure, mainAccount, newAws, newCall, sandboxAws } from './harness.ts';
import { mainTarget } from './security-seed.ts';
import { type SecurityStub, startSecurityStub } from './security-stub.ts';

let stub: SecurityStub;
beforeAll(async () => {
  stub = await startSecurityStub();
});
afterAll(() => stub.close());
beforeEach(() => stub.reset());

const bucket = 'ziggie-audit-logs';
const vpc = 'vpc-0123456789abcdef0';
const buckets = (region = 'eu-north-1') =>
  `<ListAllMyBucketsResult><Buckets><Bucket><Name>${bucket}</Name><BucketRegion>${region}</BucketRegion></Bucket></Buckets></ListAllMyBucketsResult>`;
const noBuckets = '<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>';
const noPolicy = { status: 404, code: 'NoSuchBucketPolicy' };
const changes = () => stub.asked.filter((operation) => /^(Put|Create|Update|Start)/.test(operation));

describe('security_enable_trail', () => {
  const enable = async (call = newCall({ iam: securityEnableTrail.iam }), account = mainAccount()) => {
    const aws = newAws({ endpoint: stub.endpoint, accounts: [account] });
    return aws.security.enableTrail(await mainTarget(aws, newCall()), { bucket }, call);
  };
  beforeEach(() => {
    stub.on('DescribeTrails', { trailList: [] });
    stub.on('ListBuckets', noBuckets);
    stub.on('CreateBucket', '');
    stub.on('PutPublicAccessBlock', '');
    stub.on('GetBucketPolicy', noPolicy);
    stub.on('PutBucketPolicy', '');
    stub.on('CreateTrail', { TrailARN: 'arn' });
    stub.on('StartLogging', {});
  });

  it('says what exists when a step in the middle fails', async () => {
    stub.on('CreateTrail', { status: 400, code: 'InsufficientS3BucketPolicyException' });
    const call = newCall({ iam: securityEnableTrail.iam });
    const error = await failure(enable(call));
    expect(error).toMatchObject({ code: 'provider_rejected', details: { provider: { code: 'InsufficientS3BucketPolicyException' } } });
    expect(error.message).toContain(
      'Before that: bucket ziggie-audit-logs made, bucket ziggie-audit-logs closed to the public, CloudTrail let into the policy of ziggie-audit-logs.',
    );
    expect(error.details.remedy).toContain('call security_enable_trail again');
    expect(call.attempts).toEqual(['applied', 'applied', 'applied', 'refused']);
    expect(changes()).not.toContain('StartLogging');
  });

  it('goes on behind what an earlier call did', async () => {
    stub.on('ListBuckets', buckets());
    expect((await enable()).done).toEqual([
      'CloudTrail let into the policy of ziggie-audit-logs',
      'trail ziggie-audit-trail made',
      'logging started',
    ]);
  });

  it('tells a name that another account has', async () => {
    stub.on('CreateBucket', { status: 409, code: 'BucketAlreadyExists' });
    const error = await failure(enable());
    expect(error).toMatchObject({ code: 'provider_conflict', details: { provider: { code: 'BucketAlreadyExists' } } });
    expect(error.details.remedy).toContain('another name');
    expect(changes()).toEqual(['CreateBucket']);
  });

  describe('when the bucket is there already', () => {
    const owned = { status: 409, code: 'BucketAlreadyOwnedByYou' };

    it('goes on if an attempt that got no answer made it', async () => {
      stub.on('CreateBucket', { status: 500, code: 'InternalError' }, owned);
      const call = newCall({ iam: securityEnableTrail.iam });
      expect((await enable(call)).done).toHaveLength(5);
      // The bucket counts as made, and then come four more changes.
      expect(call.attempts).toEqual(['unknown', 'refused', 'applied', 'applied', 'applied', 'applied', 'applied']);
      expect(changes().slice(0, 3)).toEqual(['CreateBucket', 'CreateBucket', 'PutPublicAccessBlock']);
    });

    it('stops if somebody else made it just now, whose policy would be lost', async () => {
      stub.on('CreateBucket', owned);
      const error = await failure(enable());
      expect(error).toMatchObject({ code: 'provider_conflict', details: { remedy: expect.stringContaining('Call again') } });
      expect(changes()).toEqual(['CreateBucket']);
    });
  });

  describe('when the trail is there', () => {
    const right = {
      Name: 'ziggie-audit-trail',
      TrailARN: 'arn:t',
      HomeRegion: 'eu-north-1',
      S3BucketName: bucket,
      IsMultiRegionTrail: true,
      IncludeGlobalServiceEvents: true,
      LogFileValidationEnabled: true,
    };
    beforeEach(() => {
      stub.on('DescribeTrails', { trailList: [right] });
      stub.on('GetTrailStatus', { IsLogging: true });
      stub.on('GetEventSelectors', {});
      stub.on('ListBuckets', buckets());
      stub.on('UpdateTrail', {});
      stub.on('PutEventSelectors', {});
    });
    const sent = (operation: string) => JSON.parse(stub.bodies.get(operation) ?? '{}');

    it.each([
      [
        'simple',
        { EventSelectors: [{ ReadWriteType: 'WriteOnly', IncludeManagementEvents: false }] },
        {
          EventSelectors: [
            { ReadWriteType: 'WriteOnly', IncludeManagementEvents: false },
            { ReadWriteType: 'All', IncludeManagementEvents: true },
          ],
        },
      ],
      [
        'advanced',
        { AdvancedEventSelectors: [{ FieldSelectors: [{ Field: 'eventCategory', Equals: ['Data'] }] }] },
        {
          AdvancedEventSelectors: [
            { FieldSelectors: [{ Field: 'eventCategory', Equals: ['Data'] }] },
            { Name: 'All management events', FieldSelectors: [{ Field: 'eventCategory', Equals: ['Management'] }] },
          ],
        },
      ],
    ])('adds management events to its %s selectors, and keeps the others', async (_, there, expected) => {
      stub.on('GetEventSelectors', there);
      expect((await enable()).done).toContain('all management events recorded');
      expect(sent('PutEventSelectors')).toEqual({ TrailName: 'ziggie-audit-trail', ...expected });
      const planned = await enable(newCall({ iam: securityEnableTrail.iam, dryRun: true }));
      expect(planned.plan?.current['all management events']).toBe('false');
    });

    it('leaves selectors alone that record them', async () => {
      stub.on('GetEventSelectors', { EventSelectors: [{ ReadWriteType: 'All', IncludeManagementEvents: true }] });
      await enable();
      expect(changes()).toEqual(['PutBucketPolicy']);
    });

    it('names one of the organization by its ARN', async () => {
      stub.on('DescribeTrails', { trailList: [{ ...right, IsOrganizationTrail: true, LogFileValidationEnabled: false }] });
      stub.on('GetTrailStatus', { IsLogging: false });
      stub.on('GetEventSelectors', { EventSelectors: [{ IncludeManagementEvents: false }] });
      await enable();
      for (const operation of ['GetTrailStatus', 'UpdateTrail', 'StartLogging']) expect(sent(operation).Name).toBe('arn:t');
      for (const operation of ['GetEventSelectors', 'PutEventSelectors']) expect(sent(operation).TrailName).toBe('arn:t');
    });
  });

  it.each([
    ['eu-north-1', true],
    ['us-east-1', false],
  ])('names the region %s to S3: %s', async (region, named) => {
    await enable(undefined, mainAccount({ regions: [region] }));
    expect(stub.bodies.get('CreateBucket')?.includes(`<LocationConstraint>${region}<`)).toBe(named);
  });

  it('changes a trail where it lives, and a bucket where that is', async () => {
    const trail = {
      Name: 'ziggie-audit-trail',
      TrailARN: 'arn:t',
      HomeRegion: 'us-east-1',
      S3BucketName: bucket,
      S3KeyPrefix: 'trail',
    };
    stub.on('DescribeTrails', { trailList: [trail] });
    stub.on('GetTrailStatus', { IsLogging: true });
    stub.on('ListBuckets', buckets('eu-west-1'));
    stub.on('GetEventSelectors', {});
    stub.on('UpdateTrail', {});
    const changed = await enable();
    expect(changed).toMatchObject({ region: 'us-east-1', changed: true });
    expect(changes()).toEqual(['PutBucketPolicy', 'UpdateTrail']);
    const { Statement } = JSON.parse(stub.bodies.get('PutBucketPolicy') ?? '{}');
    expect(Statement[1]).toMatchObject({
      Resource: `arn:aws:s3:::${bucket}/trail/AWSLogs/123456789012/*`,
      Condition: { StringEquals: { 'aws:SourceArn': 'arn:t' } },
    });
    expect(JSON.parse(stub.bodies.get('UpdateTrail') ?? '{}')).toMatchObject({ S3BucketName: bucket, EnableLogFileValidation: true });
  });

  it('does not move a trail that writes elsewhere', async () => {
    stub.on('DescribeTrails', { trailList: [{ Name: 'ziggie-audit-trail', TrailARN: 'arn:t', S3BucketName: 'elsewhere' }] });
    stub.on('GetTrailStatus', { IsLogging: true });
    stub.on('ListBuckets', buckets());
    stub.on('GetEventSelectors', {});
    const error = await failure(enable());
    expect(error).toMatchObject({
      code: 'provider_conflict',
      details: { effect: 'none', remedy: expect.stringContaining('bucket elsewhere') },
    });
    expect(changes()).toEqual([]);
  });

  it.each(['{not json', '[1'])('leaves a policy alone that it cannot read: %s', async (text) => {
    stub.on('ListBuckets', buckets());
    stub.on('GetBucketPolicy', text);
    expect(await failure(enable())).toMatchObject({ code: 'provider_rejected' });
    expect(changes()).toEqual([]);
  });

  it('sends CreateTrail once, since a second one would be told that it exists', async () => {
    stub.on('CreateTrail', { status: 500, code: 'InternalFailure' });
    const call = newCall({ iam: securityEnableTrail.iam });
    expect(await failure(enable(call))).toMatchObject({ code: 'provider_unavailable' });
    expect(call.attempts.at(-1)).toBe('unknown');
    expect(changes().filter((each) => each === 'CreateTrail')).toHaveLength(1);
  });
});

describe('security_enable_flow_logs', () => {
  const enable = async (call = newCall({ iam: securityEnableFlowLogs.iam })) => {
    const aws = newAws({ endpoint: stub.endpoint });
    return aws.security.enableFlowLogs(await mainTarget(aws), { vpc, region: 'eu-north-1', bucket }, call);
  };
  const made = '<flowLogIdSet><item>fl-0123456789abcdef0</item></flowLogIdSet>';
  beforeEach(() => {
    stub.on('DescribeVpcs', `<vpcSet><item><vpcId>${vpc}</vpcId></item></vpcSet>`);
    stub.on('DescribeFlowLogs', '<flowLogSet/>');
    stub.on('ListBuckets', buckets());
    stub.on('GetBucketPolicy', noPolicy);
    stub.on('PutBucketPolicy', '');
    stub.on('CreateFlowLogs', made);
  });

  it('takes what was refused in a success for a failure', async () => {
    const error = '<error><code>LogDestinationPermissionIssue</code><message>not for you</message></error>';
    stub.on('CreateFlowLogs', `<unsuccessful><item>${error}<resourceId>${vpc}</resourceId></item></unsuccessful>`);
    const failed = await failure(enable());
    expect(failed).toMatchObject({
      code: 'provider_rejected',
      details: { provider: { code: 'LogDestinationPermissionIssue', message: 'not for you' } },
    });
  });

  it('sends the client token of the call', async () => {
    await enable(newCall({ iam: securityEnableFlowLogs.iam, clientToken: 'token-of-the-call' }));
    expect(new URLSearchParams(stub.bodies.get('CreateFlowLogs')).get('ClientToken')).toBe('token-of-the-call');
  });

  it('puts back what AWS wrote over in the policy of the bucket', async () => {
    const other = { Sid: 'Other', Effect: 'Deny', Principal: '*', Action: 's3:DeleteObject', Resource: 'x' };
    const ofAws = { Sid: 'AWSLogDeliveryWrite', Effect: 'Allow', Principal: '*', Action: 's3:PutObject', Resource: 'y' };
    const policy = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
    stub.on('GetBucketPolicy', policy(other), policy(ofAws));
    await enable();
    expect(changes()).toEqual(['PutBucketPolicy', 'CreateFlowLogs', 'PutBucketPolicy']);
    expect(JSON.parse(stub.bodies.get('PutBucketPolicy') ?? '{}').Statement).toEqual([other, ofAws]);
  });

  it('does not take the flow log of a part, or one that is off, for that of the VPC', async () => {
    const log = (resource: string, status: string) =>
      `<item><flowLogId>fl-1</flowLogId><resourceId>${resource}</resourceId><flowLogStatus>${status}</flowLogStatus></item>`;
    stub.on('DescribeFlowLogs', `<flowLogSet>${log('subnet-1', 'ACTIVE')}${log(vpc, 'INACTIVE')}</flowLogSet>`);
    expect(await enable()).toMatchObject({ changed: true });
    stub.on('DescribeFlowLogs', `<flowLogSet>${log(vpc, 'ACTIVE')}</flowLogSet>`);
    expect(await enable()).toMatchObject({ changed: false, flowLog: 'fl-1' });
  });

  it('says in the sandbox that it is not emulated', async () => {
    const aws = sandboxAws();
    const asked = aws.security.enableFlowLogs(await mainTarget(aws), { vpc, region: 'eu-north-1', bucket }, newCall());
    expect(await failure(asked)).toMatchObject({ code: 'provider_not_configured' });
  });
});
