import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { ObjectTarget, Resolved } from '../../../ports/domain.ts';
import type { SharedObject } from '../../../ports/storage.ts';
import type { AwsContext } from '../context.ts';
import { head } from './get.ts';
import { isoTime, placeOfObject } from './place.ts';

/** An address that lets anybody read the object (or one version) until it ends. Nothing changes at AWS. */
export async function share(
  context: AwsContext,
  maxMinutes: number,
  target: Resolved<ObjectTarget>,
  { minutes, versionId }: { minutes: number; versionId?: string },
  call: CallScope,
): Promise<SharedObject> {
  if (minutes > maxMinutes) {
    throw new CallError('invalid_input', `An address may live at most ${maxMinutes} minutes here, not ${minutes}.`, {
      remedy: `Ask for at most ${maxMinutes} minutes, or have storage.maxShareMinutes raised in ziggie.yaml.`,
    });
  }
  const place = placeOfObject(context, target);
  // An address of a version that does not exist would look as good as any.
  const { sizeBytes } = versionId === undefined ? target : await head(context, place, versionId, call);
  if (call.dryRun) {
    const current = { access: 'as the bucket allows', sizeBytes: String(sizeBytes) };
    const change = { access: `anybody with the address may read it for ${minutes} minutes` };
    return { plan: { current, change, providerChecked: false } };
  }
  const expiresAt = isoTime(new Date(Date.now() + minutes * 60_000 - 1_000));
  const url = await context.sender.presign(place.scope, call, minutes * 60, (sdk) => {
    return new sdk.GetObjectCommand({ ...place.input, ...(versionId === undefined ? {} : { VersionId: versionId }) });
  });
  return { url, expiresAt, ...(new URL(url).searchParams.has('X-Amz-Security-Token') ? { mayEndSooner: true } : {}) };
}
