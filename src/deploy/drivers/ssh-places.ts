import { posix } from 'node:path';
import { CallError } from '../../call/errors.ts';
import type { DriverScope } from '../../ports/deploy.ts';
import type { RemoteFile, RemoteHosts } from '../../ports/remote-host.ts';
import { refused } from '../failures.ts';

/** Of the environment, in the folder of a release. */
export const environmentName = '.env';
/** Beginnings of names beside the releases, with the version behind: none of them is a release. */
export const incoming = '.incoming-';
export const removing = '.removing-';
/** Holds environments of a release that is there. */
export const waiting = '.environment-';

export async function listOrNone(hosts: RemoteHosts, server: string, folder: string, scope: DriverScope): Promise<RemoteFile[]> {
  try {
    return await hosts.list(server, folder, scope);
  } catch (error) {
    if (error instanceof CallError && error.code === 'provider_not_found') return [];
    throw error;
  }
}

/** The folder, or the nearest above it that is there: the one whose disk it will be on. */
export async function nearestFolder(hosts: RemoteHosts, server: string, folder: string, scope: DriverScope): Promise<string> {
  if (folder === '/') return folder;
  const found = await hosts.stat(server, folder, scope);
  if (found?.kind === 'folder') return folder;
  if (found)
    throw refused(
      'provider_conflict',
      'NotAFolder',
      `${folder} on ${server} is no folder.`,
      'Correct folder in ziggie.yaml, or move the file.',
    );
  return nearestFolder(hosts, server, posix.dirname(folder), scope);
}
