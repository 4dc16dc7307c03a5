import { CreateBucketCommand, PutBucketTaggingCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import type { CallScope } from '../../src/ports/call-scope.ts';
import type { BucketTarget, ObjectTarget, Resolved } from '../../src/ports/domain.ts';
import type { AwsProvider } from '../../src/providers/aws/index.ts';
import { exampleKeys, newCall, resolved } from './harness.ts';

/** The two buckets that the sandbox has from the start, made on another S3. */
export async function makeBuckets(endpoint: string, region = 'eu-north-1'): Promise<S3Client> {
  const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials: exampleKeys });
  for (const Bucket of ['ziggie-deployments', 'ziggie-audit-logs']) {
    await client.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: region as 'eu-north-1' } }));
    await client.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [{ Key: 'Project', Value: 'Ziggie' }] } }));
  }
  await client.send(new PutBucketVersioningCommand({ Bucket: 'ziggie-deployments', VersioningConfiguration: { Status: 'Enabled' } }));
  return client;
}

export async function bucketOf(aws: AwsProvider, bucket: string, call: CallScope = newCall()): Promise<Resolved<BucketTarget>> {
  const { targets } = await aws.resolvers.Bucket({ type: 'Bucket', bucket }, call);
  const [first] = targets;
  if (!first || targets.length > 1) throw new Error(`expected one bucket, found ${targets.length}`);
  return resolved(first);
}

/** The object, there or not. */
export async function objectOf(
  aws: AwsProvider,
  key: string,
  {
    bucket = 'ziggie-deployments',
    mayBeAbsent = true,
    call = newCall(),
  }: { bucket?: string; mayBeAbsent?: boolean; call?: CallScope } = {},
): Promise<Resolved<ObjectTarget>> {
  const { targets } = await aws.resolvers.Object({ type: 'Object', bucket, key, mayBeAbsent }, call);
  const [first] = targets;
  if (!first || targets.length > 1) throw new Error(`expected one object, found ${targets.length}`);
  return resolved(first);
}
