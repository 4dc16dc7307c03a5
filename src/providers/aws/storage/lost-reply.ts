import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { AwsContext } from '../context.ts';
import type { ObjectPlace } from './place.ts';

/** What S3 answers to a change that was made already: the object is no longer what the condition says, or the upload is over. */
const afterTheFact = new Set(['PreconditionFailed', 'ConditionalRequestConflict', 'NoSuchKey', 'NotFound', 'NoSuchUpload']);

/**
 * A change whose answer was lost is sent again by the SDK, and then S3 refuses it because of what the first attempt did. Looks at what is
 * there: what was wanted counts as done. Throws the refusal otherwise; it says that an unanswered attempt may be behind it.
 * @param found what the call returns if what was wanted is there now, else undefined
 */
export async function unlessDone<T>(change: Promise<T>, found: () => Promise<T | undefined>, call: CallScope): Promise<T> {
  try {
    return await change;
  } catch (error) {
    const code = error instanceof CallError ? error.details.provider?.code : undefined;
    if (!(error instanceof CallError) || !afterTheFact.has(code ?? '') || call.ledger.effect() !== 'unknown') throw error;
    const done = await found().catch(() => undefined);
    if (done === undefined) throw inDoubt(error);
    call.ledger.attempt()('applied');
    return done;
  }
}

function inDoubt(error: CallError): CallError {
  return new CallError(error.code, `${error.message} An earlier attempt of this call got no answer, and may have changed the object.`, {
    ...error.details,
    remedy: 'Look at the object with storage_get_object: what is there may be of this very call. Then decide again.',
    cause: error.cause,
  });
}

/** The current object, if it has that size and checksum. @param checksum base64 SHA-256, with `-parts` behind that of parts */
export async function objectWith(
  { sender }: AwsContext,
  { scope, input }: ObjectPlace,
  { sizeBytes, checksum }: { readonly sizeBytes: number; readonly checksum: string },
  call: CallScope,
): Promise<{ ETag?: string; VersionId?: string } | undefined> {
  const head = await sender.ask('s3', scope, call, (sdk) => new sdk.HeadObjectCommand({ ...input, ChecksumMode: 'ENABLED' }));
  if (head.ContentLength !== sizeBytes || head.ChecksumSHA256 !== checksum) return undefined;
  const { ETag, VersionId } = head;
  return { ...(ETag ? { ETag } : {}), ...(VersionId ? { VersionId } : {}) };
}
