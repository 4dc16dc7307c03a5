import type { CallScope } from './call-scope.ts';
import type { AccountTarget, BucketTarget, MissingPart, ObjectTarget, Resolved } from './domain.ts';
import type { Plan } from './plan.ts';

export interface BucketRow {
  bucket: string;
  region?: string;
  createdAt?: string;
  /** Only when more than one account is configured. */
  account?: string;
}

export interface BucketPage {
  buckets: BucketRow[];
  nextCursor?: string;
  missing?: MissingPart[];
}

export interface ObjectRow {
  key: string;
  sizeBytes: number;
  modifiedAt?: string;
  /** Storage class, where it is not STANDARD. */
  storageClass?: string;
}

export interface ObjectQuery {
  /** Rows and folders together, at most. */
  limit: number;
  cursor?: string;
  prefix?: string;
  /** Whether what lies below the next `/` is shown as one folder. */
  folders?: boolean;
}

export interface ObjectPage {
  objects: ObjectRow[];
  /** Prefixes that end in `/`, when folders were asked for. */
  folders?: string[];
  nextCursor?: string;
}

export interface ObjectRange {
  /** First byte that is read. */
  from?: number;
  maxBytes: number;
  /** `auto`: text where it is text, else a link. */
  as: 'text' | 'link' | 'auto';
  versionId?: string;
}

export interface ObjectContent {
  sizeBytes: number;
  contentType?: string;
  /** Without quotes, here and everywhere. */
  etag: string;
  modifiedAt?: string;
  versionId?: string;
  /** UTF-8 text of the range that was read. Absent for what is not text. */
  text?: string;
  /** Bytes read: `from` inclusive, `to` exclusive. */
  range?: { from: number; to: number };
  /** Where to read on, when the cap cut the text. */
  nextFrom?: number;
  /** For what is not text, or was asked for as a link: a presigned address of a few minutes. */
  url?: string;
  urlExpiresAt?: string;
}

/** What to store: exactly one of `text`, `base64` and `file` (a path below the configured workspace). */
export interface ObjectBody {
  text?: string;
  base64?: string;
  file?: string;
}

export interface PutObject extends ObjectBody {
  contentType?: string;
  /** SHA-256 of the whole body in hex: compared before anything is sent. */
  sha256?: string;
  /** Only if the object still has this ETag. */
  ifMatch?: string;
  /** Only if there is no such object. */
  ifAbsent?: boolean;
}

export interface StoredObject {
  sizeBytes: number;
  etag?: string;
  versionId?: string;
  /** Whether an object was replaced. */
  replaced: boolean;
  /** Whether the object that was replaced can be had back; only when one was. */
  canBeUndone?: boolean;
  plan?: Plan;
}

export interface DeletedObject {
  /** True when versioning keeps what was deleted. */
  canBeUndone: boolean;
  /** The delete marker, or the version that went. */
  versionId?: string;
  /** How to undo it, in words. */
  undo?: string;
  plan?: Plan;
}

export interface SharedObject {
  url?: string;
  expiresAt?: string;
  /** Set when the address was signed with temporary credentials, and ends with them at the latest. */
  mayEndSooner?: boolean;
  plan?: Plan;
}

/**
 * S3. All methods throw `CallError` and nothing else; every request names the expected owner of the bucket, and every change carries
 * the resolved fact as its condition: that the object is still the one that was decided on, or still absent.
 */
export interface StoragePort {
  buckets(
    accounts: readonly Resolved<AccountTarget>[],
    query: { limit: number; cursor?: string; prefix?: string },
    call: CallScope,
  ): Promise<BucketPage>;
  objects(bucket: Resolved<BucketTarget>, query: ObjectQuery, call: CallScope): Promise<ObjectPage>;
  /** Throws `invalid_input` for a range beyond the end, and for what is not text asked for as text. */
  get(object: Resolved<ObjectTarget>, range: ObjectRange, call: CallScope): Promise<ObjectContent>;
  /** Throws `provider_conflict` when a condition does not hold, `provider_not_configured` for a file without a workspace. */
  put(object: Resolved<ObjectTarget>, body: PutObject, call: CallScope): Promise<StoredObject>;
  delete(object: Resolved<ObjectTarget>, query: { versionId?: string }, call: CallScope): Promise<DeletedObject>;
  /** A presigned address; its life is at most what the configuration allows, else `invalid_input`. */
  share(object: Resolved<ObjectTarget>, query: { minutes: number; versionId?: string }, call: CallScope): Promise<SharedObject>;
}
