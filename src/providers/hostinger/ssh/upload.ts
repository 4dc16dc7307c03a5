/**
 * Invariant: a file is there whole, with its mode, or not at all. It is written under a name of ours that nothing else has, made safe
 * on disk, and put in its place by a rename; what was not finished is removed.
 */
import { posix } from 'node:path';
import type { Stats } from 'ssh2';
import { CallError } from '../../../call/errors.ts';
import type { NewFile } from '../../../ports/remote-host.ts';
import { rejected } from './errors.ts';
import { statFile } from './files.ts';
import { type Sftp, sftpStatus } from './sftp.ts';
import { type Flow, writeFile } from './upload-file.ts';

/** Small files are mostly waiting for answers: many at once. Each holds a handle at the server and a file here. */
const filesAtOnce = 32;

export interface Uploading {
  readonly server: string;
  readonly signal: AbortSignal;
  readonly onProgress: (bytes: number) => void;
  /** Told once, before the first request that changes something. */
  readonly onChange: () => void;
}

/** How far an upload that failed got: whether something of it stayed. */
export interface Trace {
  changed: boolean;
}

/** Writes all files, or throws the first failure when nothing is under way any more. @throws CallError */
export async function uploadFiles(
  sftp: Sftp,
  folder: string,
  files: readonly NewFile[],
  uploading: Uploading,
  trace: Trace,
): Promise<void> {
  for (const { path } of files) refuseOutside(path);
  const { signal } = uploading;
  signal.throwIfAborted();
  uploading.onChange();
  const folders = foldersOf(folder, files);
  for (const each of folders) {
    signal.throwIfAborted();
    if (await makeFolder(sftp, each)) trace.changed = true;
  }

  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  let total = 0;
  const flow: Flow = {
    signal: either,
    inFlight: 0,
    waiting: new Set(),
    wrote(bytes) {
      total += bytes;
      uploading.onProgress(total);
    },
  };
  const queue = files.values();
  const work = async () => {
    for (const file of queue) {
      either.throwIfAborted();
      await writeFile(sftp, uploading.server, posix.join(folder, file.path), file, flow);
      trace.changed = true;
    }
  };
  const workers = Array.from({ length: Math.min(filesAtOnce, files.length) }, () =>
    work().catch((error) => {
      failed.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(workers);
  if (signal.aborted) throw signal.reason;
  if (failed.signal.aborted) throw failed.signal.reason;
}

/** Parents before what is in them; the folder itself is made with its parents too. */
function foldersOf(folder: string, files: readonly NewFile[]): string[] {
  const all = new Set<string>();
  const add = (path: string) => {
    if (path === '/' || path === '.' || all.has(path)) return;
    add(posix.dirname(path));
    all.add(path);
  };
  add(posix.normalize(folder).replace(/(?<=.)\/$/, ''));
  for (const { path } of files) add(posix.dirname(posix.join(folder, path)));
  return [...all];
}

/** @returns whether it was not there before */
async function makeFolder(sftp: Sftp, path: string): Promise<boolean> {
  const known = await statFile(sftp, path);
  if (known?.kind === 'folder') return false;
  if (known)
    throw rejected('NotAFolder', `${path} is no folder, so nothing can be put into it.`, 'Choose another folder, or move the file away.');
  const made = await sftp.askUnless<true>(sftpStatus.failure, path, (session, reply) =>
    session.mkdir(path, { mode: 0o755 }, (error) => reply(error, true)),
  );
  // Somebody else may have made it in between.
  if (made) return true;
  const stats = await sftp.ask<Stats>(path, (session, reply) => session.stat(path, reply));
  if (stats.isDirectory()) return false;
  throw rejected('NotAFolder', `${path} is no folder, so nothing can be put into it.`, 'Choose another folder, or move the file away.');
}

function refuseOutside(path: string): void {
  const parts = path.split('/');
  const isInside =
    path !== '' && path.isWellFormed() && !path.includes('\0') && parts.every((part) => part !== '' && part !== '.' && part !== '..');
  if (isInside) return;
  throw new CallError('invalid_input', 'A file to upload has a path that is not below its folder. Nothing was sent.', {
    remedy: 'Paths are relative, without .., empty parts and NUL.',
  });
}
