/** Invariant: what policy decides on is what S3 says now. Tags that could not be read are no tags: the call ends. */
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { BucketTarget, ObjectTarget, Tags, TargetRef } from '../../../ports/domain.ts';
import type { Found } from '../../../ports/resolve.ts';
import { type AwsAccount, matchAccounts, settleAll } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { headersOf } from './errors.ts';
import { type BucketPlace, bare } from './place.ts';

export function resolveBucket(context: AwsContext, ref: TargetRef<'Bucket'>, call: CallScope): Promise<Found<BucketTarget>> {
  return search(context, ref, call, async (place) => {
    return { type: 'Bucket', id: ref.bucket, ...whereIs(place), tags: await tagsOf(context, place, call) };
  });
}

export async function resolveObject(context: AwsContext, ref: TargetRef<'Object'>, call: CallScope): Promise<Found<ObjectTarget>> {
  const { bucket, key } = ref;
  const found = await search<ObjectTarget>(context, ref, call, async (place) => {
    const [tags, versioning, current] = await together([
      tagsOf(context, place, call),
      versioningOf(context, place, call),
      headOf(context, place, key, call),
    ]);
    return { type: 'Object', id: `${bucket}/${key}`, bucket, key, ...whereIs(place), tags, versioning, ...current };
  });
  if (ref.mayBeAbsent || found.targets.every(({ exists }) => exists)) return found;
  throw new CallError('target_unresolved', `There is no object ${key} in the bucket ${bucket}.`, {
    remedy: 'Look for its key with storage_list_objects. What was deleted from a bucket with versioning can be read by its versionId.',
    provider: { code: 'NoSuchKey' },
  });
}

/** The bucket in whichever account owns it: names are unique in all of AWS, and the expected owner keeps other accounts' out. */
async function search<T extends BucketTarget | ObjectTarget>(
  context: AwsContext,
  { bucket, account }: { bucket: string; account?: string },
  call: CallScope,
  read: (place: BucketPlace) => Promise<T>,
): Promise<Found<T>> {
  const accounts = matchAccounts(context.accounts, { account });
  const answers = await settleAll(accounts, (each) => lookIn(context, each, bucket, call, read));
  const targets = answers.flatMap((answer) => (answer.status === 'fulfilled' && answer.value ? [answer.value] : []));
  if (targets.length > 0) return { targets };
  for (const answer of answers) if (answer.status === 'rejected') throw answer.reason;
  throw new CallError('target_unresolved', `There is no bucket ${bucket}.`, {
    remedy: 'Look for its name with storage_list_buckets.',
    provider: { code: 'NoSuchBucket' },
  });
}

/** Undefined when there is no such bucket. Asks in the account's first region, and once more where S3 says that the bucket is. */
async function lookIn<T>(
  context: AwsContext,
  account: AwsAccount,
  bucket: string,
  call: CallScope,
  read: (place: BucketPlace) => Promise<T>,
): Promise<T | undefined> {
  const { accountId: ExpectedBucketOwner } = await context.identify(account, call);
  const askIn = async (region: string): Promise<{ found: T | undefined } | { region: string }> => {
    const place = { scope: { account, region }, input: { Bucket: bucket, ExpectedBucketOwner } };
    try {
      const [head, found] = await together([
        context.sender.ask('s3', place.scope, call, (sdk) => new sdk.HeadBucketCommand(place.input)),
        read(place),
      ]);
      const actual = head.BucketRegion ?? region;
      return actual === region ? { found } : { region: actual };
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      const actual = regionNamedIn(error);
      if (actual !== undefined && actual !== region) return { region: actual };
      if (isMissing(error)) return { found: undefined };
      throw deniedOr(error, bucket, account.name);
    }
  };

  const [first = 'us-east-1'] = account.regions;
  const answer = await askIn(first);
  if ('found' in answer) return answer.found;
  if (!account.regions.includes(answer.region)) throw elsewhere(bucket, answer.region, account);
  const second = await askIn(answer.region);
  if ('found' in second) return second.found;
  throw elsewhere(bucket, second.region, account);
}

async function tagsOf({ sender }: AwsContext, { scope, input }: BucketPlace, call: CallScope): Promise<Tags> {
  try {
    const { TagSet = [] } = await sender.ask('s3', scope, call, (sdk) => new sdk.GetBucketTaggingCommand(input));
    return Object.fromEntries(TagSet.map(({ Key = '', Value = '' }) => [Key, Value]));
  } catch (error) {
    if (codeOf(error) === 'NoSuchTagSet') return {};
    throw error;
  }
}

async function versioningOf({ sender }: AwsContext, { scope, input }: BucketPlace, call: CallScope): Promise<ObjectTarget['versioning']> {
  const { Status } = await sender.ask('s3', scope, call, (sdk) => new sdk.GetBucketVersioningCommand(input));
  return Status === 'Enabled' ? 'enabled' : Status === 'Suspended' ? 'suspended' : 'off';
}

/** A bucket that is missing shows in the other answers: to this one it looks like an object that is. */
async function headOf(
  { sender }: AwsContext,
  { scope, input }: BucketPlace,
  Key: string,
  call: CallScope,
): Promise<Pick<ObjectTarget, 'exists' | 'sizeBytes' | 'etag'>> {
  try {
    const head = await sender.ask('s3', scope, call, (sdk) => new sdk.HeadObjectCommand({ ...input, Key }));
    return { exists: true, sizeBytes: head.ContentLength ?? 0, etag: bare(head.ETag) };
  } catch (error) {
    if (isMissing(error)) return { exists: false, sizeBytes: 0, etag: '' };
    throw ownKeyOr(error);
  }
}

/** All answers, or the failure that tells most: replies to HEAD have no body, so that only their neighbours say why. */
async function together<T extends readonly unknown[]>(asked: readonly [...{ [K in keyof T]: Promise<T[K]> }]): Promise<T> {
  const answers = await Promise.allSettled(asked);
  const failures = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []));
  if (failures.length > 0) throw failures.find((error) => /^(?!HTTP |NotFound$)/.test(codeOf(error) ?? 'HTTP ')) ?? failures[0];
  // None was rejected; the tuple's types are lost on the way through an array.
  return answers.map((answer) => (answer as PromiseFulfilledResult<unknown>).value) as unknown as T;
}

function whereIs({ scope: { account, region }, input }: BucketPlace) {
  return { provider: 'aws', account: account.name, accountId: input.ExpectedBucketOwner, region } as const;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof CallError ? error.details.provider?.code : undefined;
}

function isMissing(error: unknown): boolean {
  return ['NoSuchBucket', 'NotFound', 'NoSuchKey'].includes(codeOf(error) ?? '');
}

/** S3 names the region of a bucket in a header of whatever it answers elsewhere. */
function regionNamedIn(error: CallError): string | undefined {
  return headersOf(error)['x-amz-bucket-region'];
}

/** To HEAD without the key that only its owner has, S3 says 400 and not why; other reasons for that show in the neighbours' answers. */
function ownKeyOr(error: unknown): unknown {
  if (!(error instanceof CallError) || codeOf(error) !== 'HTTP 400') return error;
  const remedy = 'The object is probably encrypted with a key that only its owner has (SSE-C): this server cannot use it. Ask the owner.';
  return new CallError(error.code, error.message, { ...error.details, remedy, cause: error.cause });
}

function elsewhere(bucket: string, region: string, { name, regions }: AwsAccount): CallError {
  return new CallError('target_unresolved', `The bucket ${bucket} is in ${region}, which is not configured for the account ${name}.`, {
    remedy: `Use a bucket in ${regions.join(', ')}, or have ${region} added to the account's regions in ziggie.yaml.`,
    provider: { code: 'PermanentRedirect' },
  });
}

function deniedOr(error: CallError, bucket: string, account: string): CallError {
  const { provider } = error.details;
  if (provider?.status !== 403 || (provider.code !== 'AccessDenied' && provider.code !== 'HTTP 403')) return error;
  return new CallError('provider_denied', error.message, {
    ...error.details,
    remedy: `The bucket ${bucket} belongs to another account, or the IAM identity of the account ${account} may not read it. Check the name with storage_list_buckets; else have the action allowed.`,
    cause: error.cause,
  });
}
