import { posix } from 'node:path';
import type { Stats } from 'ssh2';
import type { RemoteFile } from '../../../ports/remote-host.ts';
import { rejected } from './errors.ts';
import { longestWrite, type Sftp, sftpStatus } from './sftp.ts';

/** Most bytes of one read; OpenSSH answers at most 255 KiB. */
const longestRead = longestWrite;

/** Follows links; undefined when there is nothing. */
export async function statFile(sftp: Sftp, path: string): Promise<RemoteFile | undefined> {
  const stats = await sftp.askUnless<Stats>(sftpStatus.noSuchFile, path, (session, reply) => session.stat(path, reply));
  return stats && toFile(path, stats);
}

/** OpenSSH resolves a path whose last part is missing, so that its existence is asked for as well. */
export async function realPathOf(sftp: Sftp, path: string): Promise<string> {
  const resolved = await sftp.ask<string>(path, (session, reply) => session.realpath(path, reply));
  await sftp.ask<Stats>(path, (session, reply) => session.lstat(resolved, reply));
  return resolved;
}

export async function readRange(sftp: Sftp, path: string, { offset, maxBytes }: { offset: number; maxBytes: number }): Promise<Buffer> {
  const handle = await sftp.ask<Buffer>(path, (session, reply) => session.open(path, 'r', reply));
  try {
    const pieces: Buffer[] = [];
    let read = 0;
    while (read < maxBytes) {
      const piece = Buffer.allocUnsafe(Math.min(longestRead, maxBytes - read));
      const at = offset + read;
      const length = await sftp.askUnless<number>(sftpStatus.endOfFile, path, (session, reply) =>
        session.read(handle, piece, 0, piece.length, at, reply),
      );
      if (!length) break;
      pieces.push(piece.subarray(0, length));
      read += length;
    }
    return Buffer.concat(pieces);
  } finally {
    await sftp.ask<void>(path, (session, reply) => session.close(handle, (error) => reply(error, undefined))).catch(() => undefined);
  }
}

/** What is in a folder, by name; links as links. */
export async function listFolder(sftp: Sftp, path: string): Promise<RemoteFile[]> {
  const folder = await statFile(sftp, path);
  if (folder && folder.kind !== 'folder') throw rejected('NotAFolder', `${path} is no folder.`, 'Name the folder that it is in.');
  const entries = await sftp.ask<readonly { filename: string; attrs: Stats }[]>(path, (session, reply) => session.readdir(path, reply));
  return entries.map(({ filename, attrs }) => toFile(posix.join(path, filename), attrs)).sort((a, b) => (a.path < b.path ? -1 : 1));
}

function toFile(path: string, stats: Stats): RemoteFile {
  return {
    path,
    sizeBytes: stats.size,
    kind: stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : stats.isSymbolicLink() ? 'link' : 'other',
    mode: stats.mode & 0o7777,
    modifiedAt: stats.mtime * 1_000,
  };
}
