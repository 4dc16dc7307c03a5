import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { ObjectTarget, Resolved } from '../../../ports/domain.ts';
import type { ObjectContent, ObjectRange } from '../../../ports/storage.ts';
import type { AwsContext } from '../context.ts';
import { bare, isoTime, type ObjectPlace, placeOfObject, quoted } from './place.ts';
import { readBody } from './read-body.ts';
import { isBinaryType, textOf } from './text.ts';

/** Life of the address that stands in for content, in seconds: long enough to fetch it now. */
const linkSeconds = 300;

/** What is said of an object beside its content. */
type Facts = Pick<ObjectContent, 'sizeBytes' | 'etag' | 'contentType' | 'modifiedAt' | 'versionId'>;

/** Text up to the cap, cut between characters; an address for whatever is not text. Reads the very object that was decided on. */
export async function get(
  context: AwsContext,
  maxShareMinutes: number,
  target: Resolved<ObjectTarget>,
  { from = 0, maxBytes, as, versionId }: ObjectRange,
  call: CallScope,
): Promise<ObjectContent> {
  const place = placeOfObject(context, target);
  const known = as === 'link' || versionId !== undefined ? await head(context, place, versionId, call) : target;
  if (versionId === undefined && known.etag !== target.etag) throw changedMeanwhile(target);
  // Whoever has the address may read: it lives no longer than one that was asked for to be shared.
  const lifeSeconds = Math.min(linkSeconds, maxShareMinutes * 60);
  const link = (facts: Facts) => linkTo(context, place, facts, lifeSeconds, call);
  if (as === 'link') return link(known);

  const { sizeBytes } = known;
  if (from > 0 && from >= sizeBytes) {
    throw new CallError('invalid_input', `The object ends before byte ${from}: it has ${sizeBytes} bytes.`, {
      remedy: sizeBytes === 0 ? 'Leave from out: the object is empty.' : `Use a value of from below ${sizeBytes}.`,
    });
  }
  const to = Math.min(from + maxBytes, sizeBytes);
  const reply = await context.sender.ask('s3', place.scope, call, (sdk) => {
    return new sdk.GetObjectCommand({
      ...place.input,
      IfMatch: quoted(known.etag),
      ...(versionId === undefined ? {} : { VersionId: versionId }),
      // An empty object has no range.
      ...(sizeBytes > 0 ? { Range: `bytes=${from}-${to - 1}` } : {}),
    });
  });
  if (from > 0 && !reply.ContentRange?.startsWith(`bytes ${from}-`)) throw rangeIgnored();
  const bytes = await readBody(reply.Body, to - from, call);

  const facts = factsOf(reply, sizeBytes);
  const part = isBinaryType(reply.ContentType, reply.ContentEncoding)
    ? undefined
    : textOf(bytes, { before: from > 0, behind: to < sizeBytes });
  if (!part) {
    if (as === 'auto') return link(facts);
    throw new CallError('invalid_input', `The object ${target.id} is not text${facts.contentType ? ` (${facts.contentType})` : ''}.`, {
      remedy: 'Call again with as: link to get an address to download it from.',
    });
  }
  const range = { from: from + part.start, to: from + part.end };
  return { ...facts, text: part.text, range, ...(range.to < sizeBytes ? { nextFrom: range.to } : {}) };
}

/** Facts of the current object, or of one version. */
export async function head(
  { sender }: AwsContext,
  { scope, input }: ObjectPlace,
  VersionId: string | undefined,
  call: CallScope,
): Promise<Facts> {
  const reply = await sender.ask('s3', scope, call, (sdk) => {
    return new sdk.HeadObjectCommand({ ...input, ...(VersionId === undefined ? {} : { VersionId }) });
  });
  return factsOf(reply, reply.ContentLength ?? 0);
}

interface ObjectHeaders {
  readonly ETag?: string;
  readonly ContentType?: string;
  readonly LastModified?: Date;
  readonly VersionId?: string;
}

function factsOf({ ETag, ContentType, LastModified, VersionId }: ObjectHeaders, sizeBytes: number): Facts {
  return {
    sizeBytes,
    etag: bare(ETag),
    ...(ContentType ? { contentType: ContentType } : {}),
    ...(LastModified ? { modifiedAt: isoTime(LastModified) } : {}),
    ...(VersionId ? { versionId: VersionId } : {}),
  };
}

/** Bound to the version that the facts are of, where there are versions. */
async function linkTo(
  { sender }: AwsContext,
  { scope, input }: ObjectPlace,
  facts: Facts,
  lifeSeconds: number,
  call: CallScope,
): Promise<ObjectContent> {
  const url = await sender.presign(scope, call, lifeSeconds, (sdk) => {
    return new sdk.GetObjectCommand({ ...input, ...(facts.versionId === undefined ? {} : { VersionId: facts.versionId }) });
  });
  // The signature counts from the second in which it was made.
  return { ...facts, url, urlExpiresAt: isoTime(new Date(Date.now() + (lifeSeconds - 1) * 1_000)) };
}

function changedMeanwhile({ id }: ObjectTarget): CallError {
  return new CallError('provider_conflict', `The object ${id} was changed while the call was decided.`, {
    remedy: 'Call again to get the object as it is now.',
    retryable: true,
    provider: { code: 'PreconditionFailed' },
  });
}

function rangeIgnored(): CallError {
  return new CallError('provider_unavailable', 'What answered does not read from the middle of an object, as S3 does.', {
    remedy: 'Check AWS_ENDPOINT_URL; read from the start, or use as: link.',
    provider: { code: 'UnreadableReply' },
  });
}
