import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  renameSync,
  rmdirSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Attributes, SFTPWrapper } from 'ssh2';
import { longRow } from './files.ts';
import { codeOf, systemError, type Tree } from './tree.ts';

/** SFTP version 3 (draft-ietf-secsh-filexfer-02, section 7). */
const status = { ok: 0, eof: 1, noSuchFile: 2, permissionDenied: 3, failure: 4, unsupported: 8 };
const openFlags = { read: 1, write: 2, append: 4, create: 8, truncate: 16, exclusive: 32 };

type Handle = { readonly kind: 'file'; readonly fd: number } | { readonly kind: 'folder'; readonly host: string; names: string[] };

/** Names in one answer, so that a large folder stays below the size of a packet. */
const namesAtOnce = 100;
/** OpenSSH reads at most this much at once. */
const longestRead = 256 * 1_024;

/** Serves one SFTP channel on a tree, until it closes. */
export function serveSftp(sftp: SFTPWrapper, tree: Tree): void {
  const handles = new Map<string, Handle>();
  let lastHandle = 0;

  /** What it answers, or what went wrong as a status. */
  const answer = (id: number, act: () => void) => {
    try {
      act();
    } catch (error) {
      const code = codeOf(error);
      const missing = code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP';
      sftp.status(id, missing ? status.noSuchFile : code === 'EACCES' ? status.permissionDenied : status.failure, code);
    }
  };
  const done = (id: number, act: () => void) =>
    answer(id, () => {
      act();
      sftp.status(id, status.ok);
    });
  const hand = (id: number, handle: Handle) => {
    lastHandle += 1;
    handles.set(String(lastHandle), handle);
    sftp.handle(id, Buffer.from(String(lastHandle)));
  };
  const handleOf = (given: Buffer): Handle => {
    const handle = handles.get(given.toString());
    if (!handle) throw systemError('EBADF', 'handle');
    return handle;
  };
  const fileOf = (given: Buffer): number => {
    const handle = handleOf(given);
    if (handle.kind !== 'file') throw systemError('EISDIR', 'handle');
    return handle.fd;
  };
  const close = (handle: Handle) => {
    if (handle.kind === 'file') closeSync(handle.fd);
  };

  sftp.on('OPEN', (id, path, flags, attrs) =>
    answer(id, () => {
      const place = tree.locate(path);
      if (place.stats?.isDirectory()) throw systemError('EISDIR', path);
      hand(id, { kind: 'file', fd: openSync(place.host, modeOf(flags) | constants.O_NOFOLLOW, attrs.mode ?? 0o644) });
    }),
  );
  sftp.on('READ', (id, handle, offset, length) =>
    answer(id, () => {
      const buffer = Buffer.alloc(Math.min(length, longestRead));
      const read = readSync(fileOf(handle), buffer, 0, buffer.length, offset);
      if (read === 0) sftp.status(id, status.eof);
      else sftp.data(id, buffer.subarray(0, read));
    }),
  );
  sftp.on('WRITE', (id, handle, offset, data) =>
    done(id, () => {
      for (let at = 0; at < data.length; ) at += writeSync(fileOf(handle), data, at, data.length - at, offset + at);
    }),
  );
  sftp.on('CLOSE', (id, handle) =>
    done(id, () => {
      close(handleOf(handle));
      handles.delete(handle.toString());
    }),
  );
  sftp.on('FSTAT', (id, handle) => answer(id, () => sftp.attrs(id, attributesOf(fstatSync(fileOf(handle))))));
  sftp.on('FSETSTAT', (id, handle, attrs: Partial<Attributes>) =>
    done(id, () => {
      const fd = fileOf(handle);
      if (attrs.mode !== undefined) fchmodSync(fd, attrs.mode & 0o7777);
      if (attrs.size !== undefined) ftruncateSync(fd, attrs.size);
    }),
  );
  sftp.on('SETSTAT', (id, path, attrs: Partial<Attributes>) =>
    done(id, () => {
      const { host } = tree.find(path);
      if (attrs.mode !== undefined) chmodSync(host, attrs.mode & 0o7777);
    }),
  );
  sftp.on('STAT', (id, path) => answer(id, () => sftp.attrs(id, attributesOf(tree.find(path).stats))));
  sftp.on('LSTAT', (id, path) => answer(id, () => sftp.attrs(id, attributesOf(tree.find(path, { followLast: false }).stats))));
  // OpenSSH answers for what does not exist yet too, as long as its folder does.
  sftp.on('REALPATH', (id, path) => answer(id, () => sendName(sftp, id, tree.locate(path).path)));
  sftp.on('READLINK', (id, path) => answer(id, () => sendName(sftp, id, readlinkSync(tree.find(path, { followLast: false }).host))));
  sftp.on('MKDIR', (id, path, attrs: Partial<Attributes>) =>
    done(id, () => mkdirSync(tree.locate(path).host, { mode: (attrs.mode ?? 0o755) & 0o7777 })),
  );
  sftp.on('RMDIR', (id, path) => done(id, () => rmdirSync(tree.find(path, { followLast: false }).host)));
  sftp.on('REMOVE', (id, path) => done(id, () => unlinkSync(tree.find(path, { followLast: false }).host)));
  // Takes the place of what is there, which OpenSSH does only for its posix-rename: ssh2 cannot announce that.
  sftp.on('RENAME', (id, from, to) =>
    done(id, () => renameSync(tree.find(from, { followLast: false }).host, tree.locate(to, { followLast: false }).host)),
  );
  sftp.on('OPENDIR', (id, path) =>
    answer(id, () => {
      const { host, stats } = tree.find(path);
      if (!stats.isDirectory()) throw systemError('ENOTDIR', path);
      hand(id, { kind: 'folder', host, names: ['.', '..', ...readdirSync(host)] });
    }),
  );
  sftp.on('READDIR', (id, given) =>
    answer(id, () => {
      const handle = handleOf(given);
      if (handle.kind !== 'folder') throw systemError('ENOTDIR', 'handle');
      const names = handle.names.splice(0, namesAtOnce);
      if (names.length === 0) return sftp.status(id, status.eof);
      sftp.name(
        id,
        names.flatMap((filename) => {
          const host = filename === '..' ? handle.host : join(handle.host, filename);
          const stats = lstatSync(host, { throwIfNoEntry: false });
          return stats ? [{ filename, longname: longRow(filename, host, stats), attrs: attributesOf(stats) }] : [];
        }),
      );
    }),
  );
  sftp.on('close', () => {
    for (const handle of handles.values()) close(handle);
    handles.clear();
  });
}

function sendName(sftp: SFTPWrapper, id: number, path: string): void {
  sftp.name(id, [{ filename: path, longname: path, attrs: { mode: 0, uid: 0, gid: 0, size: 0, atime: 0, mtime: 0 } }]);
}

function modeOf(flags: number): number {
  const has = (flag: keyof typeof openFlags) => (flags & openFlags[flag]) !== 0;
  const access = has('read') && has('write') ? constants.O_RDWR : has('write') ? constants.O_WRONLY : constants.O_RDONLY;
  return (
    access |
    (has('append') ? constants.O_APPEND : 0) |
    (has('create') ? constants.O_CREAT : 0) |
    (has('truncate') ? constants.O_TRUNC : 0) |
    (has('exclusive') ? constants.O_EXCL : 0)
  );
}

/** Everything belongs to root, whoever keeps the folder. */
function attributesOf(stats: Stats): Attributes {
  return {
    mode: stats.mode,
    uid: 0,
    gid: 0,
    size: stats.size,
    atime: Math.floor(stats.atimeMs / 1_000),
    mtime: Math.floor(stats.mtimeMs / 1_000),
  };
}
