/**
 * Invariant: parts are no object. They are sent on a ledger of their own, and whatever ends an upload before its completion aborts it,
 * so that the call's effect is decided by `CompleteMultipartUpload` alone.
 *
 * The SDK's own upload would send its requests past the sender: past its ledger, guard, deadline and check of IAM actions.
 */
import { createHash } from 'node:crypto';
import { CallError } from '../../../call/errors.ts';
import type { CallScope, EffectLedger } from '../../../ports/call-scope.ts';
import type { AwsContext } from '../context.ts';
import { answered } from '../errors.ts';
import type { ChangeScope } from '../send.ts';
import { objectWith, unlessDone } from './lost-reply.ts';
import type { ObjectPlace } from './place.ts';
import type { Source } from './source.ts';

/** S3 takes parts of at least 5 MiB, and at most 10,000 of them ("Amazon S3 multipart upload limits"). */
const partBytes = 8 * 1024 * 1024;
const mostParts = 10_000;
/** Each has a buffer of its own: this and `partBytes` bound the memory of an upload. */
const atOnce = 3;
/** Of one part: 8 MiB at half a megabit per second. */
export const partTimeoutMs = 150_000;
/** Of the abort, which must not depend on a call that is over. */
const abortTimeoutMs = 15_000;

export interface UploadOptions {
  readonly contentType: string;
  /** `IfMatch` or `IfNoneMatch` of the request that makes the object. */
  readonly condition: object;
}

interface Stored {
  readonly ETag?: string;
  readonly VersionId?: string;
}

/** Throws `CallError`; then nothing was stored, unless the completion itself is in doubt. */
export async function uploadInParts(
  context: AwsContext,
  place: ObjectPlace,
  source: Source,
  { contentType, condition }: UploadOptions,
  call: CallScope,
): Promise<Stored> {
  const count = Math.ceil(source.sizeBytes / partBytes);
  if (count > mostParts) throw tooLarge(source.sizeBytes);
  const { sender } = context;
  const { scope, input } = place;
  const ofParts: ChangeScope = {
    signal: call.signal,
    deadlineAt: call.deadlineAt,
    actor: call.actor,
    iam: call.iam,
    ledger: noEffect,
    silenceMs: partTimeoutMs,
  };
  const created = await sender.change('s3', scope, 'natural', ofParts, (sdk) => {
    return new sdk.CreateMultipartUploadCommand({ ...input, ContentType: contentType, ChecksumAlgorithm: 'SHA256' });
  });
  const UploadId = answered(created.UploadId, 'CreateMultipartUpload', 'none');
  try {
    const Parts = await sendParts(context, place, UploadId, source, ofParts, call);
    await source.assertUnchanged();
    // Assembling large objects may take minutes.
    const completing = { ...call, silenceMs: partTimeoutMs };
    const completed = sender.change('s3', scope, 'natural', completing, (sdk) => {
      return new sdk.CompleteMultipartUploadCommand({ ...input, UploadId, MultipartUpload: { Parts }, ...condition });
    });
    const wanted = { sizeBytes: source.sizeBytes, checksum: checksumOf(Parts) };
    return await unlessDone<Stored>(completed, () => objectWith(context, place, wanted, call), call);
  } catch (error) {
    throw (await abort(context, place, UploadId, call)) ? explained(error) : leftBehind(error, UploadId);
  }
}

interface Part {
  readonly PartNumber: number;
  readonly ETag: string;
  readonly ChecksumSHA256: string;
}

/** What S3 makes of the checksums of parts. (S3 User Guide, "Checking object integrity", composite checksums) */
function checksumOf(parts: readonly Part[]): string {
  const hash = createHash('sha256');
  for (const { ChecksumSHA256 } of parts) hash.update(ChecksumSHA256, 'base64');
  return `${hash.digest('base64')}-${parts.length}`;
}

/** In their order. Returns or throws only when no part is under way any more: one that arrives after the abort would stay. */
async function sendParts(
  { sender }: AwsContext,
  { scope, input }: ObjectPlace,
  UploadId: string,
  source: Source,
  ofParts: ChangeScope,
  call: CallScope,
): Promise<Part[]> {
  const count = Math.ceil(source.sizeBytes / partBytes);
  const parts = new Map<number, Part>();
  let next = 1;
  let hasFailed = false;
  let sentBytes = 0;

  const work = async () => {
    const buffer = Buffer.allocUnsafeSlow(partBytes);
    while (next <= count && !hasFailed) {
      const PartNumber = next;
      next += 1;
      const position = (PartNumber - 1) * partBytes;
      const Body = buffer.subarray(0, Math.min(partBytes, source.sizeBytes - position));
      await source.read(Body, position);
      const ChecksumSHA256 = createHash('sha256').update(Body).digest('base64');
      const reply = await sender.change('s3', scope, 'natural', ofParts, (sdk) => {
        return new sdk.UploadPartCommand({ ...input, UploadId, PartNumber, Body, ChecksumSHA256 });
      });
      parts.set(PartNumber, { PartNumber, ETag: answered(reply.ETag, 'UploadPart', 'none'), ChecksumSHA256 });
      sentBytes += Body.length;
      call.progress(sentBytes, source.sizeBytes, `${Math.floor((100 * sentBytes) / source.sizeBytes)} % of ${input.Key} sent`);
    }
  };
  const workers = Array.from({ length: Math.min(atOnce, count) }, () =>
    work().catch((error: unknown) => {
      hasFailed = true;
      throw error;
    }),
  );
  const failed = (await Promise.allSettled(workers)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  return [...parts.values()].sort((a, b) => a.PartNumber - b.PartNumber);
}

/** Whether nothing of the upload is left. */
async function abort({ sender }: AwsContext, { scope, input }: ObjectPlace, UploadId: string, call: CallScope): Promise<boolean> {
  const own: ChangeScope = {
    signal: new AbortController().signal,
    deadlineAt: Date.now() + abortTimeoutMs,
    actor: call.actor,
    iam: call.iam,
    ledger: noEffect,
  };
  try {
    await sender.change('s3', scope, 'natural', own, (sdk) => new sdk.AbortMultipartUploadCommand({ ...input, UploadId }));
    return true;
  } catch (error) {
    return error instanceof CallError && error.details.provider?.code === 'NoSuchUpload';
  }
}

/** Of requests that nobody but their sender ever sees anything of. */
const noEffect: EffectLedger = { attempt: () => () => {}, effect: () => 'none' };

function explained(error: unknown): unknown {
  if (!(error instanceof CallError) || error.code !== 'timeout') return error;
  const remedy =
    'A large upload needs more time than a call without progress has: call again with a progress token, or upload something smaller. The parts that were sent are gone.';
  return new CallError('timeout', error.message, { ...error.details, remedy, cause: error.cause });
}

function leftBehind(error: unknown, uploadId: string): unknown {
  if (!(error instanceof CallError)) return error;
  const remedy = `${error.details.remedy} Parts of the upload ${uploadId} may still be stored and billed: have it aborted, or let a lifecycle rule do it.`;
  return new CallError(error.code, error.message, { ...error.details, remedy, cause: error.cause });
}

function tooLarge(sizeBytes: number): CallError {
  return new CallError('invalid_input', `The file has ${sizeBytes} bytes; one upload takes at most ${partBytes * mostParts}.`, {
    remedy: 'Split the file, or have a person upload it with the AWS CLI.',
  });
}
