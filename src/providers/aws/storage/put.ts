import { createHash } from 'node:crypto';
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { ObjectTarget, Resolved } from '../../../ports/domain.ts';
import type { PutObject, StoredObject } from '../../../ports/storage.ts';
import type { AwsContext } from '../context.ts';
import { contentTypeOf } from './content-type.ts';
import { objectWith, unlessDone } from './lost-reply.ts';
import { partTimeoutMs, type UploadOptions, uploadInParts } from './multipart.ts';
import { bare, type ObjectPlace, placeOfObject, quoted } from './place.ts';
import { openSource, type Source, sha256Of } from './source.ts';

/** What is larger goes in parts, so that no more than a few of them are in memory. */
const largestAtOnce = 16 * 1024 * 1024;

/**
 * Stores an object under the condition that it is still as it was decided on. Throws `provider_conflict` when it is not, or not as the
 * caller wants it to be, `invalid_input` for a body that is not what it should be.
 */
export async function put(
  context: AwsContext,
  workspace: string | undefined,
  target: Resolved<ObjectTarget>,
  request: PutObject,
  call: CallScope,
): Promise<StoredObject> {
  refuseUnlessAsWanted(target, request);
  const source = await openSource(workspace, request);
  try {
    if (request.sha256 !== undefined) await compare(source, request.sha256);
    const contentType = request.contentType ?? contentTypeOf(target.key, request.text !== undefined);
    const { sizeBytes } = source;
    const outcome = { replaced: target.exists, ...(target.exists ? { canBeUndone: target.versioning === 'enabled' } : {}) };
    if (call.dryRun) return { sizeBytes, ...outcome, plan: plan(target, sizeBytes, contentType) };

    const place = placeOfObject(context, target);
    const condition = target.exists ? { IfMatch: quoted(target.etag) } : { IfNoneMatch: '*' };
    const reply =
      sizeBytes > largestAtOnce
        ? await uploadInParts(context, place, source, { contentType, condition }, call)
        : await uploadAtOnce(context, place, source, { contentType, condition }, call);
    const etag = bare(reply.ETag);
    return { sizeBytes, ...(etag ? { etag } : {}), ...(reply.VersionId ? { versionId: reply.VersionId } : {}), ...outcome };
  } finally {
    await source.close();
  }
}

async function uploadAtOnce(
  context: AwsContext,
  place: ObjectPlace,
  source: Source,
  { contentType, condition }: UploadOptions,
  call: CallScope,
): Promise<{ ETag?: string; VersionId?: string }> {
  const Body = Buffer.allocUnsafe(source.sizeBytes);
  await source.read(Body, 0);
  await source.assertUnchanged();
  const ChecksumSHA256 = createHash('sha256').update(Body).digest('base64');
  const stored = context.sender.change('s3', place.scope, 'natural', { ...call, silenceMs: partTimeoutMs }, (sdk) => {
    return new sdk.PutObjectCommand({ ...place.input, ...condition, ContentType: contentType, Body, ChecksumSHA256 });
  });
  const wanted = { sizeBytes: source.sizeBytes, checksum: ChecksumSHA256 };
  return unlessDone(stored, () => objectWith(context, place, wanted, call), call);
}

/** The caller's conditions on the facts; the request itself carries the facts as its condition. */
function refuseUnlessAsWanted({ id, exists, etag }: ObjectTarget, { ifAbsent, ifMatch }: PutObject): void {
  if (ifAbsent && exists) {
    throw conflict(
      `The object ${id} exists already.`,
      'Use another key, or look at the object and pass its etag as ifMatch to replace it.',
    );
  }
  if (ifMatch !== undefined && (!exists || bare(ifMatch) !== etag)) {
    throw conflict(
      exists ? `The object ${id} is no longer the one with that ETag.` : `There is no object ${id} any more.`,
      'Look at the object with storage_get_object, decide again, and pass its current etag.',
    );
  }
}

function conflict(message: string, remedy: string): CallError {
  return new CallError('provider_conflict', message, { remedy, provider: { code: 'PreconditionFailed' } });
}

async function compare(source: Source, expected: string): Promise<void> {
  const actual = await sha256Of(source);
  if (actual === expected) return;
  throw new CallError('invalid_input', `The content has the SHA-256 ${actual}, not the one that was given. Nothing was sent.`, {
    remedy: 'Check that the content is complete and the one that was meant, then give its own hash or none.',
  });
}

function plan({ exists, sizeBytes, etag, versioning }: ObjectTarget, newSize: number, contentType: string) {
  return {
    current: { exists: String(exists), ...(exists ? { sizeBytes: String(sizeBytes), etag } : {}), versioning },
    change: { exists: 'true', sizeBytes: String(newSize), contentType },
    providerChecked: false,
  };
}
