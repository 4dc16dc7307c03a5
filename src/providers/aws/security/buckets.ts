import type { Bucket, Grant } from '@aws-sdk/client-s3';
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import { type Scope, settleAll } from '../accounts.ts';
import { answered } from '../errors.ts';
import type { Sender } from '../send.ts';
import { awsCommand } from './commands.ts';
import { readAll } from './read-all.ts';
import type { Report } from './review.ts';

/** Up to three questions about each. */
const mostBuckets = 500;

/** Buckets that anybody may read or write: by their policy or by their access list, unless a block of theirs overrules it. That of the account is not read. */
export async function reviewBuckets(
  sender: Sender,
  scope: Scope,
  ExpectedBucketOwner: string,
  report: Report,
  call: CallScope,
): Promise<void> {
  const { items, complete } = await readBuckets(sender, scope, call);
  if (!complete || items.length > mostBuckets) report.tooMuch('buckets');
  const answers = await settleAll(items.slice(0, mostBuckets), ({ Name = '', BucketRegion }) =>
    reviewBucket(
      sender,
      { account: scope.account, region: BucketRegion || scope.region },
      { Bucket: Name, ExpectedBucketOwner },
      report,
      call,
    ),
  );
  for (const answer of answers) if (answer.status === 'rejected') report.gap(answer.reason);
}

/** Of the account. S3 says where a bucket is only when it is asked for something, be it a number. */
export function readBuckets(sender: Sender, scope: Scope, call: CallScope, Prefix?: string) {
  return readAll<Bucket>(1, async (ContinuationToken) => {
    const input = { MaxBuckets: 1_000, ContinuationToken, Prefix };
    const reply = await sender.ask('s3', scope, call, (sdk) => new sdk.ListBucketsCommand(input));
    return { items: reply.Buckets ?? [], next: reply.ContinuationToken };
  });
}

interface OwnBucket {
  readonly Bucket: string;
  readonly ExpectedBucketOwner: string;
}

async function reviewBucket(sender: Sender, scope: Scope, bucket: OwnBucket, report: Report, call: CallScope): Promise<void> {
  const blocked = await unless('NoSuchPublicAccessBlockConfiguration', async () => {
    const reply = await sender.ask('s3', scope, call, (sdk) => new sdk.GetPublicAccessBlockCommand(bucket));
    return answered(reply.PublicAccessBlockConfiguration, 'GetPublicAccessBlock');
  });
  const looks = [
    ...(blocked?.RestrictPublicBuckets ? [] : [reviewPolicy(sender, scope, bucket, report, call)]),
    ...(blocked?.IgnorePublicAcls ? [] : [reviewAcl(sender, scope, bucket, report, call)]),
  ];
  // Each for itself: what one finds is told even if the other fails.
  for (const look of await Promise.allSettled(looks)) if (look.status === 'rejected') report.gap(look.reason);
}

/** Why a public bucket is no critical finding: the account's block belongs to another API (S3 Control), which is not asked. */
const unblocked = 'and no block of the bucket overrules it; that of the account, which was not read, may';

async function reviewPolicy(sender: Sender, scope: Scope, bucket: OwnBucket, report: Report, call: CallScope): Promise<void> {
  const isPublic = await unless('NoSuchBucketPolicy', async () => {
    const { PolicyStatus } = await sender.ask('s3', scope, call, (sdk) => new sdk.GetBucketPolicyStatusCommand(bucket));
    return answered(PolicyStatus?.IsPublic, 'GetBucketPolicyStatus');
  });
  if (!isPublic) return;
  report.find({
    severity: 'high',
    rule: 'public-bucket-policy',
    resource: bucket.Bucket,
    region: scope.region,
    evidence: `its bucket policy lets everybody in, ${unblocked}`,
    fix: block(bucket.Bucket, scope),
  });
}

/** Everybody, and everybody with any AWS account. (S3 User Guide, "Access control list overview", predefined groups) */
const everybody = ['http://acs.amazonaws.com/groups/global/AllUsers', 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers'];

async function reviewAcl(sender: Sender, scope: Scope, bucket: OwnBucket, report: Report, call: CallScope): Promise<void> {
  const { Grants } = await sender.ask('s3', scope, call, (sdk) => new sdk.GetBucketAclCommand(bucket));
  const open = answered(Grants, 'GetBucketAcl').filter(({ Grantee }: Grant) => everybody.includes(Grantee?.URI ?? ''));
  if (open.length === 0) return;
  const permissions = [...new Set(open.map(({ Permission }) => Permission))].join(', ');
  report.find({
    severity: 'high',
    rule: 'public-bucket-acl',
    resource: bucket.Bucket,
    region: scope.region,
    evidence: `its access list gives everybody ${permissions}, ${unblocked}`,
    fix: block(bucket.Bucket, scope),
  });
}

function block(bucket: string, scope: Scope): string {
  const all = 'BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true';
  return awsCommand(scope, 's3api', 'put-public-access-block', '--bucket', bucket, '--public-access-block-configuration', all);
}

/** Undefined when the service answers that there is none, which it does with an error. */
export async function unless<T>(code: string, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof CallError && error.details.provider?.code === code) return undefined;
    throw error;
  }
}
