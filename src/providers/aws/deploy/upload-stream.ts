/** Invariant: an object is there whole or not at all, with checksums that S3 compared, and memory stays flat whatever its size. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { CallError } from '../../../call/errors.ts';
import type { CallScope, EffectLedger } from '../../../ports/call-scope.ts';
import type { AwsContext } from '../context.ts';
import { answered } from '../errors.ts';
import type { ChangeScope } from '../send.ts';
import type { BucketPlace } from '../storage/place.ts';

/** What is larger goes in parts of this size. */
const partBytes = 8 * 1024 * 1024;
/** Parts under way, each with its own buffer. */
const atOnce = 3;
/** 8 MiB at half a megabit per second. */
const partTimeoutMs = 150_000;
/** Of the abort, which must not depend on a call that is over. */
const abortTimeoutMs = 15_000;

export interface ObjectHeaders {
  readonly ContentType: string;
  readonly CacheControl?: string;
  readonly Metadata?: Readonly<Record<string, string>>;
}

export interface StoredBytes {
  readonly sizeBytes: number;
  /** Hex. */
  readonly sha256: string;
  /** Of a bucket that keeps versions. */
  readonly versionId?: string;
}

/** Throws `CallError`; then no object was made, unless the last request is in doubt. A stream that fails with a `CallError` passes it on. */
export async function uploadStream(
  context: AwsContext,
  { scope, input }: BucketPlace,
  Key: string,
  body: Readable,
  { Metadata, ...rest }: ObjectHeaders,
  call: CallScope,
): Promise<StoredBytes> {
  const { sender } = context;
  const headers = { ...rest, ...(Metadata ? { Metadata: { ...Metadata } } : {}) };
  const whole = createHash('sha256');
  let sizeBytes = 0;
  const parts = partsOf(body);
  const next = async () => {
    const part = await parts.next().catch(unreadable);
    if (part.done) return undefined;
    whole.update(part.value);
    sizeBytes += part.value.length;
    return part.value;
  };
  const stored = (VersionId: string | undefined): StoredBytes => {
    return { sizeBytes, sha256: whole.digest('hex'), ...(VersionId ? { versionId: VersionId } : {}) };
  };

  const patient = { ...call, silenceMs: partTimeoutMs };
  const first = (await next()) ?? Buffer.alloc(0);
  let second = first.length < partBytes ? undefined : await next();
  if (second === undefined) {
    const once = { ...input, ...headers, Key, Body: first, ChecksumAlgorithm: 'SHA256', ChecksumSHA256: sha256(first) } as const;
    return stored((await sender.change('s3', scope, 'natural', patient, (sdk) => new sdk.PutObjectCommand(once))).VersionId);
  }

  // Parts are no object: they are sent on a ledger of their own.
  const { signal, deadlineAt, actor, iam } = call;
  const ofParts: ChangeScope = { signal, deadlineAt, actor, iam, ledger: noEffect, silenceMs: partTimeoutMs };
  const created = await sender.change('s3', scope, 'natural', ofParts, (sdk) => {
    return new sdk.CreateMultipartUploadCommand({ ...input, ...headers, Key, ChecksumAlgorithm: 'SHA256' });
  });
  const UploadId = answered(created.UploadId, 'CreateMultipartUpload', 'none');
  const sent: Promise<Part>[] = [];
  const send = async (Body: Buffer, PartNumber: number): Promise<Part> => {
    const ChecksumSHA256 = sha256(Body);
    const one = { ...input, Key, UploadId, PartNumber, Body, ChecksumSHA256 };
    const reply = await sender.change('s3', scope, 'natural', ofParts, (sdk) => new sdk.UploadPartCommand(one));
    return { PartNumber, ETag: answered(reply.ETag, 'UploadPart', 'none'), ChecksumSHA256 };
  };
  try {
    for (let part: Buffer | undefined = first; part; part = second, second = await next()) {
      const one = send(part, sent.length + 1);
      // Whoever waits for it takes its failure.
      one.catch(() => {});
      sent.push(one);
      await sent.at(-atOnce);
    }
    const Parts = await Promise.all(sent);
    const completed = await sender.change('s3', scope, 'natural', patient, (sdk) => {
      return new sdk.CompleteMultipartUploadCommand({ ...input, Key, UploadId, MultipartUpload: { Parts } });
    });
    return stored(completed.VersionId);
  } catch (error) {
    // One that arrives behind the abort would stay.
    await Promise.allSettled(sent);
    const own = { ...ofParts, signal: new AbortController().signal, deadlineAt: Date.now() + abortTimeoutMs };
    const gone = { ...input, Key, UploadId };
    // What cannot be aborted now is taken away by a lifecycle rule, and is no reason to hide why it had to be.
    await sender.change('s3', scope, 'natural', own, (sdk) => new sdk.AbortMultipartUploadCommand(gone)).catch(() => {});
    throw error;
  }
}

/**
 * Reads to the end. @returns SHA-256 in hex, and the checksum that S3 makes of the bytes when `uploadStream` sends them: of all, or of the
 * parts' checksums (S3 User Guide, "Checking object integrity", composite checksums). Throws `CallError`
 */
export async function sumsOf(body: Readable): Promise<{ readonly sha256: string; readonly checksum: string }> {
  const whole = createHash('sha256');
  const ofParts = createHash('sha256');
  let count = 0;
  try {
    for await (const part of partsOf(body)) {
      whole.update(part);
      ofParts.update(sha256(part), 'base64');
      count += 1;
    }
  } catch (error) {
    unreadable(error);
  }
  const digest = whole.digest();
  return {
    sha256: digest.toString('hex'),
    checksum: count > 1 ? `${ofParts.digest('base64')}-${count}` : digest.toString('base64'),
  };
}

interface Part {
  readonly PartNumber: number;
  readonly ETag: string;
  readonly ChecksumSHA256: string;
}

const noEffect: EffectLedger = { attempt: () => () => {}, effect: () => 'none' };

/** Pieces of exactly `partBytes`, and one that is shorter at the end. */
async function* partsOf(body: Readable): AsyncGenerator<Buffer, undefined> {
  let held: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    held.push(Buffer.from(chunk as Uint8Array));
    length += (chunk as Uint8Array).length;
    while (length >= partBytes) {
      const all = Buffer.concat(held);
      yield all.subarray(0, partBytes);
      held = [all.subarray(partBytes)];
      length -= partBytes;
    }
  }
  if (length > 0) yield Buffer.concat(held);
  return undefined;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('base64');
}

function unreadable(cause: unknown): never {
  if (cause instanceof CallError) throw cause;
  throw new CallError('provider_conflict', 'The artifact could not be read to its end.', {
    remedy: 'Wait until whatever builds it has finished, then look at it with deploy_plan and deploy again.',
    cause,
  });
}
