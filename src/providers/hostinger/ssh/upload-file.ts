import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import { addAbortSignal, Readable } from 'node:stream';
import type { SFTPWrapper } from 'ssh2';
import { CallError } from '../../../call/errors.ts';
import type { NewFile } from '../../../ports/remote-host.ts';
import { rejected } from './errors.ts';
import { longestWrite, type Sftp } from './sftp.ts';

/** Bytes of all files that were sent and not answered: what the server's window takes, and what an upload costs here in memory. */
const mostInFlight = 2 * 1_024 * 1_024;

/** What the files of one upload share. */
export interface Flow {
  readonly signal: AbortSignal;
  /** Told of bytes that the server has answered for. */
  wrote(bytes: number): void;
  inFlight: number;
  readonly waiting: Set<() => void>;
}

/** @param path of the file on the server @throws CallError; then nothing of the file is left, and what was in its place is as it was */
export async function writeFile(sftp: Sftp, server: string, path: string, file: NewFile, flow: Flow): Promise<void> {
  const part = posix.join(posix.dirname(path), `.ziggie-${randomBytes(8).toString('hex')}.part`);
  const tell = (send: (session: SFTPWrapper, reply: (error?: Error | null) => void) => void) =>
    sftp.ask<undefined>(path, (session, reply) => send(session, (error) => reply(error, undefined)));
  const written = { bytes: 0 };
  let handle: Buffer | undefined;
  let isMade = false;
  try {
    // `wx`: never into something that is there, a link least of all.
    const opened = await sftp.ask<Buffer>(path, (session, reply) => session.open(part, 'wx', file.mode, reply));
    handle = opened;
    isMade = true;
    await pour(sftp, path, opened, file, flow, written);
    handle = undefined;
    // Sent together, answered in order. The mode of an open is cut by the umask.
    await Promise.all([
      tell((session, reply) => session.fsetstat(opened, { mode: file.mode }, reply)),
      ...(sftp.has('fsync@openssh.com') ? [tell((session, reply) => session.ext_openssh_fsync(opened, reply))] : []),
      tell((session, reply) => session.close(opened, reply)),
    ]);
    flow.signal.throwIfAborted();
    // Without the extension a rename refuses to replace.
    const isPosix = sftp.has('posix-rename@openssh.com');
    await tell((session, reply) => (isPosix ? session.ext_openssh_rename(part, path, reply) : session.rename(part, path, reply)));
  } catch (error) {
    // Asked while the part still takes its space.
    const reason = flow.signal.aborted ? flow.signal.reason : await explain(sftp, server, path, file.sizeBytes - written.bytes, error);
    const left = handle;
    if (left) await tell((session, reply) => session.close(left, reply)).catch(() => undefined);
    if (isMade) await tell((session, reply) => session.unlink(part, reply)).catch(() => undefined);
    throw reason;
  }
}

/** Sends what the source gives, piece by piece, with as much under way as memory and the server's window take. */
async function pour(sftp: Sftp, path: string, handle: Buffer, file: NewFile, flow: Flow, written: { bytes: number }): Promise<void> {
  let sent = 0;
  let open = 0;
  const failures: unknown[] = [];
  const send = (piece: Buffer) => {
    const at = sent;
    sent += piece.length;
    open += 1;
    flow.inFlight += piece.length;
    sftp
      .ask<number>(path, (session, reply) => session.write(handle, piece, 0, piece.length, at, (error) => reply(error, 0)))
      .then(
        () => {
          written.bytes += piece.length;
          flow.wrote(piece.length);
        },
        (error) => failures.push(error),
      )
      .finally(() => {
        open -= 1;
        flow.inFlight -= piece.length;
        for (const wake of flow.waiting) wake();
      });
  };
  const something = () =>
    new Promise<void>((resolve) => {
      const wake = () => {
        flow.waiting.delete(wake);
        resolve();
      };
      flow.waiting.add(wake);
    });

  try {
    for await (const piece of piecesOf(file, flow.signal)) {
      while (flow.inFlight >= mostInFlight && failures.length === 0) await something();
      flow.signal.throwIfAborted();
      if (failures.length > 0) break;
      if (sent + piece.length > file.sizeBytes) throw changed(file.path);
      send(piece);
    }
  } finally {
    // What is under way is answered before the file is closed.
    while (open > 0) await something();
  }
  if (failures.length > 0) throw failures[0];
  if (sent !== file.sizeBytes) throw changed(file.path);
}

async function* piecesOf(file: NewFile, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    const source = await file.open();
    if (!(source instanceof Readable)) return yield* piecesOfHandle(source);
    for await (const chunk of addAbortSignal(signal, source)) {
      const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
      for (let at = 0; at < bytes.length; at += longestWrite) yield bytes.subarray(at, at + longestWrite);
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof CallError) throw error;
    throw new CallError(
      'invalid_input',
      `${file.path} could not be read for the upload: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}.`,
      {
        remedy: 'Check that the artifact is still there and readable, and start again.',
        cause: error,
      },
    );
  }
}

/** Every piece is in the same memory: it is copied when it is sent. Without the garbage of a stream this takes a third less time. */
async function* piecesOfHandle(handle: FileHandle): AsyncGenerator<Buffer> {
  try {
    const buffer = Buffer.allocUnsafe(longestWrite);
    for (let at = 0; ; ) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

function changed(path: string): CallError {
  return new CallError('invalid_input', `${path} changed while it was uploaded: its size is not what it was.`, {
    remedy: 'Build the artifact again, leave it alone, and start again.',
  });
}

/** OpenSSH says no more than that it failed; how much room there is tells whether that was it. */
async function explain(sftp: Sftp, server: string, path: string, missingBytes: number, error: unknown): Promise<unknown> {
  if (!(error instanceof CallError) || error.details.provider?.code !== 'SftpFailure' || !sftp.has('statvfs@openssh.com')) return error;
  const folder = posix.dirname(path);
  try {
    const { f_bavail, f_frsize } = await sftp.ask<FileSystem>(folder, (session, reply) =>
      session.ext_openssh_statvfs(folder, (failure, info) => reply(failure, info as unknown as FileSystem)),
    );
    if (f_bavail * f_frsize >= Math.max(missingBytes, 1)) return error;
  } catch {
    return error;
  }
  return rejected(
    'NoSpace',
    `There is no room for ${path} on ${server}. What was written of it is removed.`,
    'Free some space there (old releases, logs, caches), or take a larger disk, and start again.',
    {
      cause: error,
    },
  );
}

/** statvfs(3); ssh2 has it, its types do not. */
interface FileSystem {
  readonly f_bavail: number;
  readonly f_frsize: number;
}
