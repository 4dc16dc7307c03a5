import type { GetEventSelectorsResponse, Trail } from '@aws-sdk/client-cloudtrail';
import type { BucketLocationConstraint } from '@aws-sdk/client-s3';
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { AccountTarget, Resolved } from '../../../ports/domain.ts';
import type { TrailChange } from '../../../ports/security.ts';
import { matchAccounts, type Scope } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { answered } from '../errors.ts';
import type { Sender } from '../send.ts';
import { type BucketStatement, bucketRegion, partitionOf, putBucketPolicy, readBucketPolicy, withStatements } from './audit-bucket.ts';
import { recordsManagement, withManagement } from './event-selectors.ts';
import { type Step, takeSteps } from './steps.ts';

/** Of the trail that this server makes. */
export const trailName = 'ziggie-audit-trail';

/**
 * Makes the trail what it should be, and nothing that is so already is sent again: multi-region, with global and all management events
 * and log file validation, logging into the bucket. A new bucket is closed to the public; one that is there keeps its settings and its policy's
 * other statements. (CloudTrail User Guide, "Amazon S3 bucket policy for CloudTrail")
 */
export async function enableTrail(
  context: AwsContext,
  target: Resolved<AccountTarget>,
  { bucket }: { readonly bucket: string },
  call: CallScope,
): Promise<TrailChange> {
  const { sender } = context;
  const account = matchAccounts(context.accounts, { account: target.account })[0];
  const first: Scope = { account, region: target.regions[0] ?? 'us-east-1' };
  const [found, place, partition] = await Promise.all([
    findTrail(sender, first, call),
    bucketRegion(sender, first, bucket, call),
    partitionOf(context, account, call),
  ]);
  const elsewhere = found?.trail.S3BucketName;
  if (elsewhere !== undefined && elsewhere !== bucket) throw keptElsewhere(elsewhere, bucket);
  const home: Scope = { account, region: found?.trail.HomeRegion ?? first.region };
  const owned: Owned = { sender, bucket, owner: target.accountId, scope: { account, region: place ?? home.region }, call };
  const trailArn = found?.trail.TrailARN ?? `arn:${partition}:cloudtrail:${home.region}:${target.accountId}:trail/${trailName}`;
  const policy = place === undefined ? undefined : await readBucketPolicy(sender, owned.scope, bucket, target.accountId, call);
  const wanted = withStatements(policy, statements(bucket, partition, target.accountId, trailArn, found?.trail.S3KeyPrefix));
  const steps = [
    ...(place === undefined ? makeBucket(owned) : []),
    ...(wanted === undefined ? [] : [writePolicy(owned, wanted)]),
    ...trailSteps(sender, home, bucket, found, call),
  ];
  const facts = { trail: trailName, bucket, region: home.region };
  if (call.dryRun) {
    const current = describe(found, place);
    const change = Object.fromEntries(steps.map(({ done }, index) => [`step ${index + 1}`, done]));
    return { ...facts, done: [], changed: false, plan: { current, change, providerChecked: false } };
  }
  const done = await takeSteps(steps);
  return { ...facts, done, changed: done.length > 0 };
}

/** Where the record of an account goes is a person's decision: moving it hides what comes next from whoever looks in the old place. */
function keptElsewhere(elsewhere: string, bucket: string): CallError {
  return new CallError('provider_conflict', `${trailName} writes into ${elsewhere}; it is not moved to ${bucket}.`, {
    remedy: `Call again with bucket ${elsewhere}, or have a person move it: aws cloudtrail update-trail --name ${trailName} --s3-bucket-name ${bucket}`,
    effect: 'none',
    provider: { code: 'TrailElsewhere' },
  });
}

interface FoundTrail {
  readonly trail: Trail;
  /** What CloudTrail takes for its name: a trail of the organization goes by its ARN alone. */
  readonly name: string;
  readonly logging: boolean;
  readonly selectors: GetEventSelectorsResponse;
}

/** Trails that cover all regions are shown in each of them. */
async function findTrail(sender: Sender, scope: Scope, call: CallScope): Promise<FoundTrail | undefined> {
  const { trailList } = await sender.ask('cloudtrail', scope, call, (sdk) => new sdk.DescribeTrailsCommand({}));
  const trail = answered(trailList, 'DescribeTrails').find((each) => each.Name === trailName);
  if (!trail) return undefined;
  const home: Scope = { account: scope.account, region: trail.HomeRegion ?? scope.region };
  const name = (trail.IsOrganizationTrail && trail.TrailARN) || trailName;
  const [status, selectors] = await Promise.all([
    sender.ask('cloudtrail', home, call, (sdk) => new sdk.GetTrailStatusCommand({ Name: name })),
    sender.ask('cloudtrail', home, call, (sdk) => new sdk.GetEventSelectorsCommand({ TrailName: name })),
  ]);
  return { trail, name, logging: answered(status.IsLogging, 'GetTrailStatus'), selectors };
}

function statements(bucket: string, partition: string, accountId: string, trailArn: string, prefix?: string): BucketStatement[] {
  const Principal = { Service: 'cloudtrail.amazonaws.com' };
  const from = { 'aws:SourceArn': trailArn, 'aws:SourceAccount': accountId };
  const folder = `arn:${partition}:s3:::${bucket}/${prefix ? `${prefix}/` : ''}AWSLogs/${accountId}/*`;
  return [
    {
      Sid: 'ZiggieTrailReadsAcl',
      Effect: 'Allow',
      Principal,
      Action: 's3:GetBucketAcl',
      Resource: `arn:${partition}:s3:::${bucket}`,
      Condition: { StringEquals: from },
    },
    {
      Sid: 'ZiggieTrailWrites',
      Effect: 'Allow',
      Principal,
      Action: 's3:PutObject',
      Resource: folder,
      Condition: { StringEquals: { ...from, 's3:x-amz-acl': 'bucket-owner-full-control' } },
    },
  ];
}

interface Owned {
  readonly sender: Sender;
  readonly bucket: string;
  readonly owner: string;
  readonly scope: Scope;
  readonly call: CallScope;
}

function makeBucket({ sender, bucket: Bucket, owner, scope, call }: Owned): Step[] {
  // S3's first region is the one that is not named. (S3 API reference, CreateBucket)
  const LocationConstraint = scope.region as BucketLocationConstraint;
  const place = scope.region === 'us-east-1' ? {} : { CreateBucketConfiguration: { LocationConstraint } };
  const PublicAccessBlockConfiguration = {
    BlockPublicAcls: true,
    IgnorePublicAcls: true,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: true,
  };
  return [
    {
      done: `bucket ${Bucket} made`,
      run: async () => {
        try {
          await sender.change('s3', scope, 'natural', call, (sdk) => new sdk.CreateBucketCommand({ Bucket, ...place }));
        } catch (error) {
          if (!isOurs(error, call)) throw nameTaken(error, Bucket);
          call.ledger.attempt()('applied');
        }
      },
    },
    {
      done: `bucket ${Bucket} closed to the public`,
      run: async () => {
        const input = { Bucket, ExpectedBucketOwner: owner, PublicAccessBlockConfiguration };
        await sender.change('s3', scope, 'natural', call, (sdk) => new sdk.PutPublicAccessBlockCommand(input));
      },
    },
  ];
}

/** Whether the bucket was made by an attempt whose answer was lost. One that somebody else made just now may have a policy already. */
function isOurs(error: unknown, call: CallScope): boolean {
  const isOwned = error instanceof CallError && error.details.provider?.code === 'BucketAlreadyOwnedByYou';
  return isOwned && call.ledger.effect() === 'unknown';
}

/** Names of buckets are shared by everybody: another account may have it. */
function nameTaken(error: unknown, bucket: string): unknown {
  if (!(error instanceof CallError) || error.details.provider?.code !== 'BucketAlreadyExists') return error;
  return new CallError('provider_conflict', `The bucket name ${bucket} belongs to another AWS account.`, {
    ...error.details,
    remedy: 'Call again with another name as bucket, such as one that ends in your account id.',
    cause: error,
  });
}

function writePolicy({ sender, bucket, owner, scope, call }: Owned, policy: string): Step {
  return {
    done: `CloudTrail let into the policy of ${bucket}`,
    run: () => putBucketPolicy(sender, scope, bucket, owner, policy, call),
  };
}

function trailSteps(sender: Sender, home: Scope, bucket: string, found: FoundTrail | undefined, call: CallScope): Step[] {
  const name = found?.name ?? trailName;
  const input = {
    Name: name,
    S3BucketName: bucket,
    IsMultiRegionTrail: true,
    IncludeGlobalServiceEvents: true,
    EnableLogFileValidation: true,
  };
  const make: Step = {
    done: `trail ${trailName} made`,
    run: async () => {
      // A repeated request would be told that the trail exists.
      await sender.change('cloudtrail', home, 'never', call, (sdk) => new sdk.CreateTrailCommand(input));
    },
  };
  const update: Step = {
    done: `trail ${trailName} set to all regions, validated, into ${bucket}`,
    run: async () => {
      await sender.change('cloudtrail', home, 'natural', call, (sdk) => new sdk.UpdateTrailCommand(input));
    },
  };
  const start: Step = {
    done: 'logging started',
    run: async () => {
      await sender.change('cloudtrail', home, 'natural', call, (sdk) => new sdk.StartLoggingCommand({ Name: name }));
    },
  };
  if (!found) return [make, start];
  const select: Step = {
    done: 'all management events recorded',
    run: async () => {
      const selectors = { TrailName: name, ...withManagement(found.selectors) };
      await sender.change('cloudtrail', home, 'natural', call, (sdk) => new sdk.PutEventSelectorsCommand(selectors));
    },
  };
  return [
    ...(isRight(found.trail, bucket) ? [] : [update]),
    ...(recordsManagement(found.selectors) ? [] : [select]),
    ...(found.logging ? [] : [start]),
  ];
}

function isRight(trail: Trail, bucket: string): boolean {
  const { IsMultiRegionTrail, IncludeGlobalServiceEvents, LogFileValidationEnabled } = trail;
  return trail.S3BucketName === bucket && Boolean(IsMultiRegionTrail && IncludeGlobalServiceEvents && LogFileValidationEnabled);
}

function describe(found: FoundTrail | undefined, place: string | undefined): Record<string, string> {
  const bucket = place === undefined ? 'absent' : `in ${place}`;
  if (!found) return { trail: 'absent', bucket };
  const { S3BucketName = '', IsMultiRegionTrail, LogFileValidationEnabled } = found.trail;
  return {
    trail: found.logging ? 'logging' : 'stopped',
    'trail bucket': S3BucketName,
    multiRegion: String(IsMultiRegionTrail ?? false),
    validation: String(LogFileValidationEnabled ?? false),
    'all management events': String(recordsManagement(found.selectors)),
    bucket,
  };
}
