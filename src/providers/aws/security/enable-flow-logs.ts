import type { CreateFlowLogsCommandInput } from '@aws-sdk/client-ec2';
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { AccountTarget, Resolved } from '../../../ports/domain.ts';
import type { FlowLogsChange } from '../../../ports/security.ts';
import { type Scope, scopeOf } from '../accounts.ts';
import { expectDryRun } from '../compute/change.ts';
import type { AwsContext } from '../context.ts';
import { answered, clean } from '../errors.ts';
import type { Sender } from '../send.ts';
import {
  type BucketStatement,
  bucketRegion,
  partitionOf,
  putBucketPolicy,
  readBucketPolicy,
  withLost,
  withStatements,
} from './audit-bucket.ts';
import { readFlowLogs, watches } from './network-facts.ts';
import { type Step, takeSteps } from './steps.ts';

/**
 * Turns the flow log of a VPC on, all traffic, into the bucket: a bucket needs no role that would have to be passed. A VPC that has an
 * active flow log is left as it is. (VPC User Guide, "Publish flow logs to Amazon S3")
 */
export async function enableFlowLogs(
  context: AwsContext,
  target: Resolved<AccountTarget>,
  { vpc, region, bucket }: { readonly vpc: string; readonly region: string; readonly bucket: string },
  call: CallScope,
): Promise<FlowLogsChange> {
  const { sender } = context;
  const scope = scopeOf(context.accounts, { account: target.account, region });
  const [partition, logs, place] = await Promise.all([
    partitionOf(context, scope.account, call),
    readFlowLogs(sender, scope, call, vpc),
    bucketRegion(sender, scope, bucket, call),
    refuseUnknownVpc(sender, scope, vpc, call),
  ]);
  const active = logs.items.find((log) => watches(log, vpc));
  if (active) return alreadyOn(active, { vpc, region }, call);
  if (place === undefined) throw noBucket(bucket, target.account);

  const destination = `arn:${partition}:s3:::${bucket}`;
  const input: CreateFlowLogsCommandInput = {
    ClientToken: call.clientToken,
    ResourceType: 'VPC',
    ResourceIds: [vpc],
    TrafficType: 'ALL',
    LogDestinationType: 's3',
    LogDestination: destination,
  };
  const at: Scope = { account: scope.account, region: place };
  const earlier = await readBucketPolicy(sender, at, bucket, target.accountId, call);
  const policy = withStatements(earlier, statements(bucket, partition, target.accountId));
  if (call.dryRun) {
    await expectDryRun(sender.ask('ec2', scope, call, (sdk) => new sdk.CreateFlowLogsCommand({ ...input, DryRun: true })));
    const change = { flowLogs: `all traffic to ${destination}`, ...(policy ? { bucketPolicy: 'lets the delivery of logs in' } : {}) };
    return { vpc, region, destination, changed: false, plan: { current: { flowLogs: 'off' }, change, providerChecked: true } };
  }

  let flowLog: string | undefined;
  const put = (text: string) => putBucketPolicy(sender, at, bucket, target.accountId, text, call);
  const steps: Step[] = [
    ...(policy ? [{ done: `the delivery of logs let into the policy of ${bucket}`, run: () => put(policy) }] : []),
    {
      done: `flow log of ${vpc} made`,
      run: async () => {
        flowLog = await create(sender, scope, input, call);
      },
    },
    {
      // AWS may write a policy of its own over the one that is there. (VPC User Guide, "Amazon S3 bucket permissions for flow logs")
      done: `policy of ${bucket} checked`,
      run: async () => {
        const now = await readBucketPolicy(sender, at, bucket, target.accountId, call);
        const whole = earlier && withLost(now, earlier);
        if (whole) await put(whole);
      },
    },
  ];
  await takeSteps(steps);
  return { vpc, region, ...(flowLog ? { flowLog } : {}), destination, changed: true };
}

function alreadyOn(
  { FlowLogId = '', LogDestination, LogGroupName = '' }: { FlowLogId?: string; LogDestination?: string; LogGroupName?: string },
  facts: { vpc: string; region: string },
  call: CallScope,
): FlowLogsChange {
  const destination = LogDestination ?? LogGroupName;
  const plan = { current: { flowLogs: FlowLogId, destination }, change: {}, providerChecked: false };
  return { ...facts, flowLog: FlowLogId, destination, changed: false, ...(call.dryRun ? { plan } : {}) };
}

async function refuseUnknownVpc(sender: Sender, scope: Scope, vpc: string, call: CallScope): Promise<void> {
  const Filters = [{ Name: 'vpc-id', Values: [vpc] }];
  const { Vpcs } = await sender.ask('ec2', scope, call, (sdk) => new sdk.DescribeVpcsCommand({ Filters }));
  if (answered(Vpcs, 'DescribeVpcs').length > 0) return;
  throw new CallError('provider_not_found', `There is no VPC ${vpc} in ${scope.region} (account ${scope.account.name}).`, {
    remedy: 'Check the id and the region; security_review_network names VPCs without flow logs.',
    provider: { code: 'InvalidVpcID.NotFound' },
  });
}

function noBucket(bucket: string, account: string): CallError {
  return new CallError('provider_not_found', `The account ${account} has no bucket ${bucket} for flow logs.`, {
    remedy: 'Call security_enable_trail first, which makes the bucket, or name a bucket of the account.',
    provider: { code: 'NoSuchBucket' },
  });
}

/** A reply that is a success may say that the one thing asked for was refused. */
async function create(sender: Sender, scope: Scope, input: CreateFlowLogsCommandInput, call: CallScope): Promise<string> {
  const reply = await sender.change('ec2', scope, 'token', call, (sdk) => new sdk.CreateFlowLogsCommand(input));
  const [failed] = reply.Unsuccessful ?? [];
  if (failed) {
    const { Code = 'Unknown', Message } = failed.Error ?? {};
    throw new CallError('provider_rejected', `AWS did not make the flow log of ${failed.ResourceId}: ${Code}.`, {
      remedy: 'Read what AWS says of it, correct that (often the policy of the bucket), and call again.',
      provider: { code: Code, ...(Message ? { message: clean(Message) } : {}) },
    });
  }
  return answered(reply.FlowLogIds?.[0], 'CreateFlowLogs', 'unknown');
}

function statements(bucket: string, partition: string, accountId: string): BucketStatement[] {
  const Principal = { Service: 'delivery.logs.amazonaws.com' };
  const StringEquals = { 'aws:SourceAccount': accountId };
  const ArnLike = { 'aws:SourceArn': `arn:${partition}:logs:*:${accountId}:*` };
  return [
    {
      Sid: 'ZiggieFlowLogsReadAcl',
      Effect: 'Allow',
      Principal,
      Action: ['s3:GetBucketAcl', 's3:ListBucket'],
      Resource: `arn:${partition}:s3:::${bucket}`,
      Condition: { StringEquals, ArnLike },
    },
    {
      Sid: 'ZiggieFlowLogsWrite',
      Effect: 'Allow',
      Principal,
      Action: 's3:PutObject',
      Resource: `arn:${partition}:s3:::${bucket}/AWSLogs/${accountId}/*`,
      Condition: { StringEquals: { ...StringEquals, 's3:x-amz-acl': 'bucket-owner-full-control' }, ArnLike },
    },
  ];
}
