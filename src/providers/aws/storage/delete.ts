import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { ObjectTarget, Resolved } from '../../../ports/domain.ts';
import type { DeletedObject } from '../../../ports/storage.ts';
import type { AwsContext } from '../context.ts';
import { headersOf } from './errors.ts';
import { head } from './get.ts';
import { unlessDone } from './lost-reply.ts';
import { type ObjectPlace, placeOfObject, quoted } from './place.ts';

/**
 * Deletes the object that was decided on, or one version for good. With versioning S3 only puts a marker on top of it.
 * Throws `provider_conflict` when the object was changed meanwhile, `provider_not_found` for a version that does not exist.
 */
export function remove(
  context: AwsContext,
  target: Resolved<ObjectTarget>,
  { versionId }: { versionId?: string },
  call: CallScope,
): Promise<DeletedObject> {
  return versionId === undefined ? removeCurrent(context, target, call) : removeVersion(context, target, versionId, call);
}

async function removeCurrent(context: AwsContext, target: ObjectTarget, call: CallScope): Promise<DeletedObject> {
  const isKept = target.versioning === 'enabled';
  if (call.dryRun) return { canBeUndone: isKept, plan: plan(target, { exists: 'false' }) };
  const place = placeOfObject(context, target);
  const deleted = context.sender.change('s3', place.scope, 'natural', call, (sdk) => {
    return new sdk.DeleteObjectCommand({ ...place.input, IfMatch: quoted(target.etag) });
  });
  const { DeleteMarker, VersionId } = await unlessDone<Deletion>(deleted, () => absence(context, place, call), call);
  if (isKept && DeleteMarker && VersionId !== undefined) {
    return {
      canBeUndone: true,
      versionId: VersionId,
      undo: `storage_delete_object with versionId ${VersionId} takes the delete marker away.`,
    };
  }
  return { canBeUndone: false, ...(VersionId ? { versionId: VersionId } : {}) };
}

/** S3 says of a version that never was that it is deleted. */
async function removeVersion(context: AwsContext, target: ObjectTarget, versionId: string, call: CallScope): Promise<DeletedObject> {
  const place = placeOfObject(context, target);
  const isMarker = (await kindOf(context, place, versionId, call)) === 'marker';
  // A marker below the current object hides nothing.
  const isBack = isMarker && !target.exists;
  if (call.dryRun) {
    const happens = isBack ? 'taken away, and what it hides is back' : 'deleted for good';
    return { canBeUndone: isBack, plan: plan(target, { [`${isMarker ? 'delete marker' : 'version'} ${versionId}`]: happens }) };
  }
  // S3 holds a condition against the current object, which one version need not be.
  await context.sender.change('s3', place.scope, 'natural', call, (sdk) => {
    return new sdk.DeleteObjectCommand({ ...place.input, VersionId: versionId });
  });
  if (!isBack) return { canBeUndone: false, versionId };
  const undo = 'It was a delete marker: the object is back, unless another marker lies below. storage_delete_object deletes it again.';
  return { canBeUndone: true, versionId, undo };
}

/** What a version is: asked of S3, which answers for a delete marker with 405 and a header. */
async function kindOf(context: AwsContext, place: ObjectPlace, versionId: string, call: CallScope): Promise<'object' | 'marker'> {
  try {
    await head(context, place, versionId, call);
    return 'object';
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    const { provider } = error.details;
    if (provider?.status === 405 || headersOf(error)['x-amz-delete-marker'] === 'true') return 'marker';
    if (provider?.status !== 404) throw error;
    throw new CallError('provider_not_found', `There is no version ${versionId} of ${place.input.Key}, or no longer.`, {
      ...error.details,
      remedy: 'Check the versionId: storage_put_object, storage_get_object and storage_delete_object name those of what they touched.',
      cause: error.cause,
    });
  }
}

interface Deletion {
  readonly DeleteMarker?: boolean;
  readonly VersionId?: string;
}

/** What is known of a deletion from there being no object any more; undefined when there is one. */
async function absence({ sender }: AwsContext, { scope, input }: ObjectPlace, call: CallScope): Promise<Deletion | undefined> {
  try {
    await sender.ask('s3', scope, call, (sdk) => new sdk.HeadObjectCommand(input));
    return undefined;
  } catch (error) {
    if (!(error instanceof CallError) || error.details.provider?.status !== 404) throw error;
    const { 'x-amz-delete-marker': marker, 'x-amz-version-id': VersionId } = headersOf(error);
    return marker === 'true' && VersionId ? { DeleteMarker: true, VersionId } : {};
  }
}

function plan({ exists, sizeBytes, etag, versioning }: ObjectTarget, change: Record<string, string>) {
  const current = { exists: String(exists), ...(exists ? { sizeBytes: String(sizeBytes), etag } : {}), versioning };
  return { current, change, providerChecked: false };
}
