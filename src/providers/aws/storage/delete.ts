import type { CallScope } from '../../../ports/call-scope.ts';
import type { ObjectTarget, Resolved } from '../../../ports/domain.ts';
import type { DeletedObject } from '../../../ports/storage.ts';
import type { AwsContext } from '../context.ts';
import { placeOfObject, quoted } from './place.ts';

/**
 * Deletes the object that was decided on, or one version for good. With versioning S3 only puts a marker on top of it.
 * Throws `provider_conflict` when the object was changed meanwhile.
 */
export async function remove(
  context: AwsContext,
  target: Resolved<ObjectTarget>,
  { versionId }: { versionId?: string },
  call: CallScope,
): Promise<DeletedObject> {
  const isKept = target.versioning === 'enabled' && versionId === undefined;
  if (call.dryRun) {
    const { exists, sizeBytes, etag, versioning } = target;
    const current = { exists: String(exists), ...(exists ? { sizeBytes: String(sizeBytes), etag } : {}), versioning };
    const change: Record<string, string> = versionId === undefined ? { exists: 'false' } : { [`version ${versionId}`]: 'deleted for good' };
    return { canBeUndone: isKept, plan: { current, change, providerChecked: false } };
  }
  const { scope, input } = placeOfObject(context, target);
  const reply = await context.sender.change('s3', scope, 'natural', call, (sdk) => {
    // S3 holds the condition against the current object, which one version need not be.
    return new sdk.DeleteObjectCommand({
      ...input,
      ...(versionId === undefined ? { IfMatch: quoted(target.etag) } : { VersionId: versionId }),
    });
  });
  const marker = isKept && reply.DeleteMarker ? reply.VersionId : undefined;
  if (marker !== undefined) {
    return { canBeUndone: true, versionId: marker, undo: `storage_delete_object with versionId ${marker} takes the delete marker away.` };
  }
  return { canBeUndone: false, ...(reply.VersionId ? { versionId: reply.VersionId } : {}) };
}
