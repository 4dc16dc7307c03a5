import { createHash } from 'node:crypto';
import { ServiceFault } from './fault.ts';

/** Headers beside the type. */
export interface ObjectExtras {
  readonly cacheControl?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** One version of an object; a delete marker has no content. */
export interface Version extends ObjectExtras {
  readonly id: string;
  readonly content?: Buffer;
  readonly etag: string;
  readonly contentType?: string;
  readonly modifiedAt: Date;
}

export interface Upload {
  readonly key: string;
  readonly contentType?: string;
  readonly parts: Map<number, Buffer>;
}

/** Objects by key, each with its versions, the newest last. */
export class SandboxBucket {
  readonly name: string;
  readonly region: string;
  readonly createdAt: Date;
  readonly tags: Readonly<Record<string, string>>;
  readonly isVersioned: boolean;
  readonly uploads = new Map<string, Upload>();
  readonly #objects = new Map<string, Version[]>();
  readonly #now: () => number;
  #made = 0;

  constructor(facts: Pick<SandboxBucket, 'name' | 'region' | 'tags' | 'isVersioned'> & { readonly now: () => number }) {
    this.name = facts.name;
    this.region = facts.region;
    this.tags = facts.tags;
    this.isVersioned = facts.isVersioned;
    this.#now = facts.now;
    this.createdAt = new Date(facts.now() - 90 * 86_400_000);
  }

  /** The newest version of a key that is an object and no delete marker. */
  current(key: string): Version | undefined {
    const newest = this.#objects.get(key)?.at(-1);
    return newest?.content ? newest : undefined;
  }

  version(key: string, id: string): Version | undefined {
    return this.#objects.get(key)?.find((version) => version.id === id);
  }

  /** Keys that have a current object, in the order of their UTF-8 bytes. */
  keys(prefix: string): string[] {
    const keys = [...this.#objects.keys()].filter((key) => key.startsWith(prefix) && this.current(key));
    return keys
      .map((key) => Buffer.from(key))
      .sort(Buffer.compare)
      .map(String);
  }

  put(key: string, content: Buffer, contentType: string | undefined, etag = md5(content), extras: ObjectExtras = {}): Version {
    return this.#add(key, { content, etag, ...extras, ...(contentType === undefined ? {} : { contentType }) });
  }

  /** The delete marker, where there are versions. */
  delete(key: string): Version | undefined {
    if (this.isVersioned) return this.#add(key, { etag: '' });
    this.#objects.delete(key);
    return undefined;
  }

  /** The version that went, if there was one. */
  deleteVersion(key: string, id: string): Version | undefined {
    const gone = this.version(key, id);
    this.#objects.set(
      key,
      (this.#objects.get(key) ?? []).filter((version) => version !== gone),
    );
    return gone;
  }

  newId(): string {
    this.#made += 1;
    return createHash('sha256').update(`${this.name} ${this.#made}`).digest('base64url').slice(0, 32);
  }

  #add(key: string, facts: Omit<Version, 'id' | 'modifiedAt'>): Version {
    const modifiedAt = new Date(Math.floor(this.#now() / 1_000) * 1_000);
    const version = { id: this.isVersioned ? this.newId() : 'null', modifiedAt, ...facts };
    const before = this.isVersioned ? (this.#objects.get(key) ?? []) : [];
    this.#objects.set(key, [...before, version]);
    return version;
  }
}

/** Hex, as in the ETag of an object that was sent in one piece. */
export function md5(content: Buffer): string {
  return createHash('md5').update(content).digest('hex');
}

/** @throws ServiceFault when the content is not the one that its sender hashed */
export function checkSha256(content: Buffer, expected: string | undefined): void {
  if (expected === undefined || createHash('sha256').update(content).digest('base64') === expected) return;
  throw new ServiceFault('BadDigest', 'The SHA256 you specified did not match the calculated checksum.');
}
