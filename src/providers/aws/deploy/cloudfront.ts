import { randomUUID } from 'node:crypto';
import { CallError } from '../../../call/errors.ts';
import type { DriverScope } from '../../../ports/deploy.ts';
import type { Scope } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { answered } from '../errors.ts';
import { invalidationPaths } from './site-files.ts';
import { pauseFor } from './wait.ts';

/** CloudFront mostly takes seconds, sometimes minutes. Documents are asked for anew each time, so that waiting for ever gains nothing. */
const longestWaitMs = 120_000;

/** The path that CloudFront puts in front of addresses to get a key of the bucket. Throws `provider_rejected` when it does not read the bucket. */
export async function originPathOf(
  { sender }: AwsContext,
  scope: Scope,
  distribution: string,
  bucket: string,
  call: DriverScope,
): Promise<string> {
  const reply = await sender.ask('cloudfront', scope, call, (sdk) => new sdk.GetDistributionCommand({ Id: distribution }));
  const origins = answered(reply.Distribution, 'GetDistribution').DistributionConfig?.Origins?.Items ?? [];
  const origin = origins.find(({ DomainName = '' }) => DomainName.startsWith(`${bucket}.s3`));
  if (origin) return origin.OriginPath ?? '';
  throw new CallError('provider_rejected', `The distribution ${distribution} does not read the bucket ${bucket}.`, {
    remedy: 'Correct `bucket` or `distribution` of the application in ziggie.yaml, or the origin of the distribution.',
    provider: { code: 'WrongOrigin' },
  });
}

/** Has CloudFront forget these keys, and waits a while for it. That it is not done by then is said, and no error. */
export async function invalidate(
  { sender, pollMs }: AwsContext,
  scope: Scope,
  { distribution, originPath, keys }: { distribution: string; originPath: string; keys: readonly string[] },
  call: DriverScope,
): Promise<void> {
  const Items = invalidationPaths(keys, originPath);
  if (Items.length === 0) return;
  const InvalidationBatch = { CallerReference: randomUUID(), Paths: { Quantity: Items.length, Items } };
  const made = await sender.change('cloudfront', scope, 'token', call, (sdk) => {
    return new sdk.CreateInvalidationCommand({ DistributionId: distribution, InvalidationBatch });
  });
  const Id = answered(made.Invalidation?.Id, 'CreateInvalidation', 'unknown');
  let status = made.Invalidation?.Status;
  for (const until = Date.now() + longestWaitMs; status?.toLowerCase() !== 'completed'; ) {
    if (Date.now() >= until) return call.note(`CloudFront is still forgetting the old files (invalidation ${Id}).`);
    call.progress(0, undefined, `CloudFront forgets the old files (${Items.length} paths)`);
    await pauseFor(pollMs, call);
    const look = await sender.ask('cloudfront', scope, call, (sdk) => new sdk.GetInvalidationCommand({ DistributionId: distribution, Id }));
    status = look.Invalidation?.Status;
  }
}
