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

export interface ObjectPage {
  objects: ObjectRow[];
  /** Common prefixes ("folders"), when a delimiter was asked for. */
  prefixes?: string[];
  nextCursor?: string;
}

export interface ObjectContent {
  sizeBytes: number;
  contentType?: string;
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
  sha256?: string;
  versionId?: string;
  /** Whether an object was replaced, and whether the one before can be had back. */
  replaced?: boolean;
  canBeUndone?: boolean;
  plan?: Plan;
}

export interface DeletedObject {
  /** True when versioning keeps what was deleted. */
  canBeUndone: boolean;
  /** The delete marker, or the version that went. */
  versionId?: string;
  undo?: string;
  plan?: Plan;
}

export interface SharedObject {
  url?: string;
  expiresAt?: string;
  plan?: Plan;
}

/** S3. All methods throw `CallError` and nothing else; every request names the expected owner of the bucket. */
export interface StoragePort {
  buckets(
    accounts: readonly Resolved<AccountTarget>[],
    query: { limit: number; cursor?: string; prefix?: string },
    call: CallScope,
  ): Promise<BucketPage>;
  objects(
    bucket: Resolved<BucketTarget>,
    query: { prefix?: string; delimiter?: string; limit: number; cursor?: string },
    call: CallScope,
  ): Promise<ObjectPage>;
  get(
    object: Resolved<ObjectTarget>,
    query: { from?: number; maxBytes: number; as: 'text' | 'link' | 'auto'; versionId?: string },
    call: CallScope,
  ): Promise<ObjectContent>;
  put(object: Resolved<ObjectTarget>, body: PutObject, call: CallScope): Promise<StoredObject>;
  delete(object: Resolved<ObjectTarget>, query: { versionId?: string; ifMatch?: string }, call: CallScope): Promise<DeletedObject>;
  /** A presigned address; its life is at most what the configuration allows. */
  share(object: Resolved<ObjectTarget>, query: { minutes: number; versionId?: string }, call: CallScope): Promise<SharedObject>;
}
