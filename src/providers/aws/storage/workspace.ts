/**
 * Invariant: what is uploaded from a file is a regular file that really lies below the real workspace folder, read through the one
 * handle that was checked. Links are followed to where they lead, and refused when that is outside; a path that is exchanged between
 * the check and the opening gives another file than the checked one, and is refused.
 */
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { CallError } from '../../../call/errors.ts';

/**
 * Opens a file below the workspace for reading; whoever calls closes it.
 * Throws `provider_not_configured` without a usable workspace, `invalid_input` for anything but a file in it.
 * @param workspace absolute path of the folder
 * @param path relative to it, with `/` between its parts
 */
export async function openWorkspaceFile(workspace: string | undefined, path: string): Promise<FileHandle> {
  const root = await realFolder(workspace);
  if (path.includes('\0') || path.split(/[\\/]/).some((part) => ['', '.', '..'].includes(part))) throw outside(path);
  const named = join(root, path);
  const real = await realPath(named, path);
  if (!isBelow(root, real)) throw outside(path);
  // NOFOLLOW: the last part was resolved already. NONBLOCK: opening a pipe would wait for its writer.
  const handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((cause) => {
    throw unreadable(path, cause);
  });
  try {
    if (!(await handle.stat()).isFile()) throw unreadable(path);
    if (!(await isStillThat(handle, real))) throw outside(path);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Whether what was opened is what has been checked: by the kernel's own word where there is one, and by device and inode. */
async function isStillThat(handle: FileHandle, real: string): Promise<boolean> {
  const opened = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => real);
  if (opened !== real) return false;
  const [there, own] = await Promise.all([lstat(real, { bigint: true }).catch(() => undefined), handle.stat({ bigint: true })]);
  return there !== undefined && there.dev === own.dev && there.ino === own.ino;
}

async function realFolder(workspace: string | undefined): Promise<string> {
  const real = workspace === undefined ? undefined : await realpath(workspace).catch(() => undefined);
  if (real !== undefined) return real;
  throw new CallError(
    'provider_not_configured',
    workspace === undefined ? 'Uploads from files are not configured.' : 'The workspace folder of uploads does not exist.',
    { remedy: 'Send the content as text or base64, or have storage.workspace set to a folder in ziggie.yaml.' },
  );
}

async function realPath(named: string, path: string): Promise<string> {
  try {
    return await realpath(named);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function isBelow(root: string, real: string): boolean {
  return real.startsWith(root.endsWith(sep) ? root : `${root}${sep}`);
}

function outside(path: string): CallError {
  return new CallError('invalid_input', `The file ${path} is not inside the workspace.`, {
    remedy: 'Name a file below the workspace folder, relative to it. Links that lead out of it are not followed.',
  });
}

function unreadable(path: string, cause?: unknown): CallError {
  return new CallError('invalid_input', `There is no readable file ${path} in the workspace.`, {
    remedy: 'Check the path, relative to the workspace folder; folders and devices cannot be uploaded.',
    cause,
  });
}
