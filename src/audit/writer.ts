/**
 * Invariant: `append` resolves only after its line, and every line before it in the chain, is on disk by fdatasync. The
 * first write or sync that fails ends the writer for good: after a failed fsync the kernel's pages cannot be trusted, so
 * nothing is tried again on the same file. Nothing that was refused is left behind where the file can still be cut.
 */
import fs from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import type { CallError } from '../call/errors.ts';
import type { AuditEntry } from '../ports/audit.ts';
import type { Destination } from './destination.ts';
import { makeFolder, syncFolder } from './files.ts';
import { folderId, newWriterId, paths } from './journal-folder.ts';
import { encodeLine, genesis } from './line.ts';
import { createLock, type WriterLock } from './lock.ts';
import { maxLineBytes, shrinkEntry } from './size-cap.ts';
import { journalFailed, unavailable } from './unavailable.ts';
import type { Position } from './walk.ts';

export interface WriterOptions {
  folder: string;
  destination: Destination;
  version: string;
  segmentBytes: number;
  now: () => number;
}

interface QueuedLine {
  segment: number;
  /** Number of the last record up to and including this line. */
  seq: number;
  text: string;
  settle?: { resolve: () => void; reject: (error: CallError) => void };
}

/** A disk that takes longer is waited for outside this thread. */
const slowSyncMs = 2;
const lonesBefore = 8;
const lonesInThread = 64;

export class Writer {
  readonly writerId: string;
  readonly #options: WriterOptions;
  readonly #lock: WriterLock;
  #file: FileHandle;
  /** Folder syncs of opening, which the first append waits for instead of the start of the process. */
  #created: Promise<unknown>;
  #queue: QueuedLine[] = [];
  #draining: Promise<void> | undefined;
  #failure: CallError | undefined;
  #prev = genesis;
  #seq = 0;
  /** Segment and size as the queue will leave them. */
  #tail: Position = { segment: 1, offset: 0 };
  #durable: Position = { segment: 1, offset: 0 };
  #durableSeq = 0;
  /** How long the last sync took. */
  #syncMs = 0;
  /** Syncs in a row that were for one line, and during which no other came. */
  #loneSyncs = 0;

  private constructor(options: WriterOptions, writerId: string, lock: WriterLock, file: FileHandle) {
    this.#options = options;
    this.writerId = writerId;
    this.#lock = lock;
    this.#file = file;
    this.#created = Promise.resolve();
  }

  /**
   * Makes the folder, lock and first segment of a new writer. The segment comes after the lock, so that nobody adopts a
   * writer that is about to begin.
   * @throws whatever the file system says; nothing is left behind then
   */
  static async open(options: WriterOptions): Promise<Writer> {
    const { folder, now } = options;
    const made = await makeFolder(folder);
    const writerId = newWriterId(await folderId(folder), now());
    const own = paths.writer(folder, writerId);
    made.push(...(await makeFolder(own)));
    let lock: WriterLock | undefined;
    let file: FileHandle | undefined;
    try {
      lock = createLock(paths.lock(folder, writerId));
      file = await open(paths.segment(folder, writerId, 1), 'ax', 0o600);
      const writer = new Writer(options, writerId, lock, file);
      const header = `${writer.#header()}\n`;
      await file.appendFile(header);
      writer.#tail.offset = Buffer.byteLength(header);
      writer.#durable = { ...writer.#tail };
      writer.#created = Promise.all([file.datasync(), ...[own, ...made.map(dirname)].map(syncFolder)]);
      writer.#created.catch(() => undefined);
      return writer;
    } catch (error) {
      await file?.close();
      lock?.release();
      await rm(own, { recursive: true, force: true });
      throw error;
    }
  }

  /** Number of the last record that is on disk. */
  get lastSeq(): number {
    return this.#durableSeq;
  }

  /** How far the journal is on disk. */
  get durable(): Position {
    return this.#durable;
  }

  get ended(): boolean {
    return this.#failure !== undefined;
  }

  /**
   * Resolves when the entry is durable.
   * @throws `CallError` `audit_unavailable`
   */
  append(entry: AuditEntry): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#tail.offset >= this.#options.segmentBytes) {
      this.#tail = { segment: this.#tail.segment + 1, offset: 0 };
      this.#enqueue(this.#header());
    }
    const seq = this.#seq + 1;
    let text: string;
    try {
      text = this.#record(entry, seq);
    } catch (cause) {
      return Promise.reject(unavailable('The audit record cannot be written as JSON', 'Report this as a bug of the server.', cause));
    }
    this.#seq = seq;
    return this.#whenDurable(text);
  }

  /**
   * Ends the journal with its footer and closes the file. The lock stays.
   * @returns hash of the footer
   */
  async close(): Promise<string> {
    if (this.#failure) throw this.#failure;
    const { writerId } = this;
    const ts = new Date(this.#options.now()).toISOString();
    await this.#whenDurable(this.#chain({ v: 1, kind: 'closed', writerId, after: this.#seq, ts, prev: this.#prev }));
    this.#failure = unavailable('The audit journal is closed', 'The server is shutting down; call again when it is back.', undefined);
    await this.#file.close();
    return this.#prev;
  }

  release(): void {
    this.#lock.release();
  }

  #header(): string {
    const { writerId } = this;
    const { destination, version, now } = this.#options;
    const { segment } = this.#tail;
    const ts = new Date(now()).toISOString();
    const origin = { destination, pid: process.pid, version, host: hostname() };
    return this.#chain({ v: 1, kind: 'header', writerId, segment, after: this.#seq, ts, ...origin, prev: this.#prev });
  }

  #record(entry: AuditEntry, seq: number): string {
    const place = { v: 1, writerId: this.writerId, seq, prev: this.#prev };
    const encoded = encodeLine({ ...entry, ...place });
    const excess = Buffer.byteLength(encoded.line) - maxLineBytes;
    const fitting = excess > 0 ? encodeLine({ ...shrinkEntry(entry, excess), ...place }) : encoded;
    this.#prev = fitting.hash;
    return fitting.line;
  }

  #chain(content: object): string {
    const { line, hash } = encodeLine(content);
    this.#prev = hash;
    return line;
  }

  #whenDurable(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#enqueue(text, { resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  #enqueue(line: string, settle?: QueuedLine['settle']): void {
    const text = `${line}\n`;
    this.#tail.offset += Buffer.byteLength(text);
    this.#queue.push({ segment: this.#tail.segment, seq: this.#seq, text, ...(settle ? { settle } : {}) });
  }

  /** Writes what is queued, everything that waits for one segment in one write and one sync. */
  async #drain(): Promise<void> {
    let group: QueuedLine[] = [];
    try {
      await this.#created;
      while (this.#queue.length > 0) {
        const segment = this.#queue[0]?.segment;
        const other = this.#queue.findIndex((line) => line.segment !== segment);
        group = this.#queue.splice(0, other === -1 ? this.#queue.length : other);
        if (segment !== undefined && segment !== this.#durable.segment) await this.#openSegment(segment);
        const data = Buffer.from(group.map((line) => line.text).join(''));
        // Into the page cache only, so it does not block; a trip through the thread pool would cost more than it does.
        for (let written = 0; written < data.length; ) written += fs.writeSync(this.#file.fd, data, written);
        await this.#sync(group.length);
        this.#durable = { segment: this.#durable.segment, offset: this.#durable.offset + data.length };
        this.#durableSeq = group.at(-1)?.seq ?? this.#durableSeq;
        for (const line of group) line.settle?.resolve();
        group = [];
      }
    } catch (error) {
      await this.#end(error, group);
    }
    this.#draining = undefined;
  }

  /**
   * Where calls come one after the other, the sync is made in this thread: the way through the thread pool costs it half as
   * much again. Where they come together that would keep them from sharing a sync, so it is done only after a run of
   * syncs during which nothing else came, and looked at anew every so often; and never on a disk that was slow.
   */
  async #sync(lines: number): Promise<void> {
    const startedAt = performance.now();
    if (lines === 1 && this.#loneSyncs >= lonesBefore && this.#syncMs < slowSyncMs) {
      fs.fdatasyncSync(this.#file.fd);
      this.#loneSyncs = this.#loneSyncs < lonesBefore + lonesInThread ? this.#loneSyncs + 1 : lonesBefore - 1;
    } else {
      await this.#file.datasync();
      this.#loneSyncs = lines === 1 && this.#queue.length === 0 ? this.#loneSyncs + 1 : 0;
    }
    this.#syncMs = performance.now() - startedAt;
  }

  async #openSegment(segment: number): Promise<void> {
    const { folder } = this.#options;
    await this.#file.close();
    this.#file = await open(paths.segment(folder, this.writerId, segment), 'ax', 0o600);
    this.#durable = { segment, offset: 0 };
    await syncFolder(paths.writer(folder, this.writerId));
  }

  async #end(error: unknown, group: QueuedLine[]): Promise<void> {
    const failure = journalFailed(error);
    this.#failure = failure;
    const waiting = [...group, ...this.#queue];
    this.#queue = [];
    // Lines that were refused must not be read as intents later. On a dead disk this fails too, and adoption ends them.
    await this.#file.truncate(this.#durable.offset).catch(() => undefined);
    await this.#file.close().catch(() => undefined);
    for (const line of waiting) line.settle?.reject(failure);
  }
}
