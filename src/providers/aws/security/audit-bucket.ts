/** Invariant: statements of others in the policy of a bucket stay; only those with a name of ours are added or replaced. */
import { canonicalJson } from '../../../call/canonical.ts';
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { AwsAccount, Scope } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import type { Sender } from '../send.ts';
import { readBuckets, unless } from './buckets.ts';

/** A statement of a bucket policy; `Sid` is how we know ours again. */
export interface BucketStatement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Principal: { readonly Service: string };
  readonly Action: string | readonly string[];
  readonly Resource: string;
  readonly Condition: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

interface PolicyText {
  readonly Statement?: unknown;
}

/** Where a bucket of the account is; undefined when the account has none of that name. */
export async function bucketRegion(sender: Sender, scope: Scope, bucket: string, call: CallScope): Promise<string | undefined> {
  const { items } = await readBuckets(sender, scope, call, bucket);
  const found = items.find(({ Name }) => Name === bucket);
  return found && (found.BucketRegion || scope.region);
}

/** `aws`, or the name of one of the clouds apart from it (`aws-cn`): part of every ARN. */
export async function partitionOf({ identify }: AwsContext, account: AwsAccount, call: CallScope): Promise<string> {
  return (await identify(account, call)).arn.split(':')[1] || 'aws';
}

/** The bucket's policy; undefined when it has none. */
export async function readBucketPolicy(
  sender: Sender,
  scope: Scope,
  bucket: string,
  owner: string,
  call: CallScope,
): Promise<PolicyText | undefined> {
  const input = { Bucket: bucket, ExpectedBucketOwner: owner };
  const text = await unless('NoSuchBucketPolicy', async () => {
    return (await sender.ask('s3', scope, call, (sdk) => new sdk.GetBucketPolicyCommand(input))).Policy;
  });
  if (text === undefined) return undefined;
  try {
    const policy: unknown = JSON.parse(text);
    if (typeof policy === 'object' && policy !== null) return policy;
  } catch {
    // Told below, with what is no object.
  }
  throw new CallError('provider_rejected', `The policy of the bucket ${bucket} is no JSON, and was left alone.`, {
    remedy: 'Look at it with: aws s3api get-bucket-policy. Or use another bucket.',
  });
}

/** The policy with these statements in it; undefined when it has them all already. */
export function withStatements(policy: PolicyText | undefined, wanted: readonly BucketStatement[]): string | undefined {
  const there = statementsOf(policy);
  const texts = new Set(there.map(canonicalJson));
  if (wanted.every((statement) => texts.has(canonicalJson(statement)))) return undefined;
  const names = new Set(wanted.map(({ Sid }) => Sid));
  const others = there.filter((statement) => !names.has((statement as { Sid?: string }).Sid ?? ''));
  return JSON.stringify({ Version: '2012-10-17', ...policy, Statement: [...others, ...wanted] });
}

/** The later policy with what it lost of the earlier one; undefined when it lost nothing. */
export function withLost(later: PolicyText | undefined, earlier: PolicyText): string | undefined {
  const there = statementsOf(later);
  const texts = new Set(there.map(canonicalJson));
  const lost = statementsOf(earlier).filter((statement) => !texts.has(canonicalJson(statement)));
  if (lost.length === 0) return undefined;
  const names = new Set(lost.flatMap((statement) => (statement as { Sid?: string }).Sid ?? []));
  const kept = there.filter((statement) => !names.has((statement as { Sid?: string }).Sid ?? ''));
  return JSON.stringify({ Version: '2012-10-17', ...later, Statement: [...lost, ...kept] });
}

function statementsOf(policy: PolicyText | undefined): unknown[] {
  const { Statement = [] } = policy ?? {};
  return Array.isArray(Statement) ? Statement : [Statement];
}

export async function putBucketPolicy(
  sender: Sender,
  scope: Scope,
  bucket: string,
  owner: string,
  policy: string,
  call: CallScope,
): Promise<void> {
  const input = { Bucket: bucket, ExpectedBucketOwner: owner, Policy: policy };
  await sender.change('s3', scope, 'natural', call, (sdk) => new sdk.PutBucketPolicyCommand(input));
}
