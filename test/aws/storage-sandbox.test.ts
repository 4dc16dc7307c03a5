import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createS3Answers } from '../../src/providers/sandbox/s3.ts';

/** What the adapter never does, and S3 would refuse: asked of the sandbox itself. */
function sandbox() {
  const answers = createS3Answers({ home: 'eu-north-1', now: Date.now });
  return (command: string, input: object) => answers[`${command}Command`]?.('eu-north-1', input as never) as Record<string, unknown>;
}
const at = { Bucket: 'ziggie-deployments', Key: 'web/new' };

describe('the sandbox’s S3', () => {
  it('keeps nothing whose checksum is another', () => {
    const ask = sandbox();
    const Body = Buffer.from('sent');
    const ChecksumSHA256 = createHash('sha256').update('meant').digest('base64');
    expect(() => ask('PutObject', { ...at, Body, ChecksumSHA256 })).toThrow(/SHA256/);
    const { UploadId } = ask('CreateMultipartUpload', at);
    expect(() => ask('UploadPart', { ...at, UploadId, PartNumber: 1, Body, ChecksumSHA256 })).toThrow(/SHA256/);
    expect(() => ask('HeadObject', at)).toThrow();
  });

  it('shows nothing of an upload before it is completed, and takes its parts in order and in size only', () => {
    const ask = sandbox();
    const { UploadId } = ask('CreateMultipartUpload', at);
    const part = (PartNumber: number) => {
      const { ETag } = ask('UploadPart', { ...at, UploadId, PartNumber, Body: Buffer.from(`part ${PartNumber}`) });
      return { PartNumber, ETag };
    };
    const [one, two] = [part(1), part(2)];
    const complete = (...Parts: object[]) => ask('CompleteMultipartUpload', { ...at, UploadId, MultipartUpload: { Parts } });
    expect(() => complete(one, two)).toThrow(/too small/);
    expect(() => complete(two, one)).toThrow(/not in order|too small/);
    expect(() => complete({ PartNumber: 3, ETag: one.ETag })).toThrow(/could not be found/);
    expect(() => ask('HeadObject', at)).toThrow();
    complete(one);
    expect(ask('HeadObject', at)).toMatchObject({ ContentLength: 6 });
    expect(() => ask('AbortMultipartUpload', { ...at, UploadId })).toThrow(/does not exist/);
  });

  it('refuses tokens that are not its own', () => {
    expect(() => sandbox()('ListObjectsV2', { Bucket: at.Bucket, ContinuationToken: 'eA==' })).toThrow(/incorrect/);
  });

  it('lists the first page of a bucket of 100,000 keys, and goes on from there', async () => {
    const ask = sandbox();
    for (let index = 0; index < 100_000; index += 1) {
      ask('PutObject', { Bucket: 'ziggie-audit-logs', Key: `logs/${String(index).padStart(6, '0')}`, Body: Buffer.from('x') });
    }
    const page = { Bucket: 'ziggie-audit-logs', Prefix: 'logs/', MaxKeys: 25 };
    const first = ask('ListObjectsV2', page);
    expect(first).toMatchObject({ KeyCount: 25, IsTruncated: true });
    const { Contents } = ask('ListObjectsV2', { ...page, ContinuationToken: first.NextContinuationToken });
    expect((Contents as { Key: string }[])[0]?.Key).toBe('logs/000025');
  });
});
