/**
 * Invariant: nothing is read but regular files whose real path, with every link resolved by the server, is below the real path of a
 * folder that ziggie.yaml names, below no folder of a deployed application and in nothing that is called `.env…`: both hold secrets.
 * What is read is the resolved path. (Whoever may change links in those folders between the two requests could still bend it:
 * readFolders should hold what only the server's own services write.)
 */
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { RemoteHosts } from '../../../ports/remote-host.ts';
import type { ServerSpec, VpsFilePart } from '../../../ports/vps.ts';

/** UTF-8 takes at most four bytes a character (RFC 3629, section 3). */
const longestCharacter = 4;
/** One character in so many may be broken in what still is text: logs hold what strangers sent. */
const brokenInText = 10;

/**
 * A part of a file.
 * @param deployed folders that applications are deployed to on this server
 * @throws CallError `invalid_input` outside of the folders, `provider_not_found`, `provider_rejected` for what is no text
 */
export async function readFilePart(
  hosts: RemoteHosts,
  server: ServerSpec,
  deployed: readonly string[],
  query: { readonly path: string; readonly offset: number; readonly maxBytes: number },
  call: CallScope,
): Promise<VpsFilePart> {
  const { path, offset, maxBytes } = query;
  // Before anything is asked, so that an agent cannot find out what exists elsewhere.
  if (!isCanonical(path) || !server.readFolders.some((folder) => isBelow(path, folder))) throw outside(server, path);
  if (holdsSecrets(path, deployed)) throw closed(server, path);
  const realOf = (folders: readonly string[]) => Promise.all(folders.map((folder) => realFolder(hosts, server.name, folder, call)));
  const [real, open, shut] = await Promise.all([hosts.realPath(server.name, path, call), realOf(server.readFolders), realOf(deployed)]);
  if (!open.some((folder) => folder !== undefined && isBelow(real, folder))) throw outside(server, path);
  if (holdsSecrets(real, [...deployed, ...shut])) throw closed(server, path);
  const found = await hosts.stat(server.name, real, call);
  if (!found)
    throw new CallError('provider_not_found', `There is no ${path} on ${server.name}.`, {
      remedy: 'Check the path; names are case-sensitive.',
    });
  if (found.kind !== 'file') {
    throw new CallError('provider_rejected', `${path} on ${server.name} is no regular file.`, {
      remedy: 'Only files are read; a command of vps_run_command can list a folder.',
    });
  }
  if (offset > found.sizeBytes) {
    throw new CallError('invalid_input', `${path} ends at byte ${found.sizeBytes}, before offset ${offset}.`, {
      remedy: 'It may have been rotated: start again without an offset.',
    });
  }
  const bytes = await hosts.read(server.name, real, { offset, maxBytes }, call);
  const { text, end } = textOf(bytes, offset + bytes.length < found.sizeBytes);
  if (text === undefined) {
    throw new CallError('provider_rejected', `${path} on ${server.name} is no text.`, { remedy: 'Binary files are not shown.' });
  }
  const next = offset + end;
  return { path, sizeBytes: found.sizeBytes, text, ...(next < found.sizeBytes && bytes.length > 0 ? { nextOffset: next } : {}) };
}

/** A folder that is not there holds nothing; every other failure is one. */
async function realFolder(hosts: RemoteHosts, server: string, folder: string, call: CallScope): Promise<string | undefined> {
  try {
    return await hosts.realPath(server, folder, call);
  } catch (error) {
    if (error instanceof CallError && error.code === 'provider_not_found') return undefined;
    throw error;
  }
}

/** Whole characters only: the rest of one that was cut begins the next part. */
function textOf(bytes: Buffer, goesOn: boolean): { text?: string; end: number } {
  let start = 0;
  while (start < Math.min(longestCharacter - 1, bytes.length) && isContinuation(bytes[start])) start += 1;
  let end = bytes.length;
  if (goesOn) {
    let lead = end - 1;
    while (lead > end - longestCharacter && lead > start && isContinuation(bytes[lead])) lead -= 1;
    if (end - lead < lengthOf(bytes[lead])) end = lead;
  }
  const shown = bytes.subarray(start, end);
  const text = shown.toString('utf8');
  const broken = text.split('\ufffd').length - 1;
  return { ...(shown.includes(0) || broken * brokenInText > text.length ? {} : { text }), end };
}

function isContinuation(byte = 0): boolean {
  return (byte & 0xc0) === 0x80;
}

/** Bytes of the character that this one begins. */
function lengthOf(byte = 0): number {
  if (byte >= 0xf0) return 4;
  if (byte >= 0xe0) return 3;
  return byte >= 0xc0 ? 2 : 1;
}

function isCanonical(path: string): boolean {
  return (
    path.startsWith('/') &&
    !path.includes('\0') &&
    path
      .slice(1)
      .split('/')
      .every((part) => part !== '' && part !== '.' && part !== '..')
  );
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder === '/' ? '/' : `${folder}/`);
}

/** A release has its environment beside its files, and an application's own configuration is as good as its environment. */
function holdsSecrets(path: string, deployed: readonly (string | undefined)[]): boolean {
  return (
    path.split('/').some((part) => part.startsWith('.env')) || deployed.some((folder) => folder !== undefined && isBelow(path, folder))
  );
}

function closed({ name }: ServerSpec, path: string): CallError {
  return new CallError('invalid_input', `${path} on ${name} is not read: folders of deployed applications and .env files hold secrets.`, {
    remedy: 'Read its log (a file below /var/log, or the journal in vps_service); deploy_status says which version serves.',
  });
}

function outside({ name, readFolders }: ServerSpec, path: string): CallError {
  return new CallError('invalid_input', `${path} is not below a folder that may be read on ${name}.`, {
    remedy:
      readFolders.length > 0
        ? `ziggie.yaml opens ${readFolders.join(', ')} (readFolders); links that lead out of them are not followed.`
        : 'ziggie.yaml opens no folder of this server (readFolders).',
  });
}
