/**
 * Invariant: `/` of a sandbox server is its folder, and no path, link or `..` reaches anything outside. Links are followed here and
 * never by the operating system, and each step is synchronous, so that nothing can be changed between the look and the use.
 */
import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';

export interface Place {
  /** As the sandbox shows it: absolute, canonical, and without links except perhaps the last part. */
  readonly path: string;
  /** Where it is kept. */
  readonly host: string;
  /** Absent when there is nothing; of the link itself where links are not followed. */
  readonly stats?: Stats;
}

export interface Tree {
  /** @throws an error with `code` `ENOENT` (a folder on the way is missing), `ENOTDIR` or `ELOOP` */
  locate(path: string, options?: { followLast?: boolean }): Place;
  /** What is there. @throws `ENOENT` besides */
  find(path: string, options?: { followLast?: boolean }): Place & { readonly stats: Stats };
}

/** Where commands and relative paths begin. */
export const home = '/root';
/** As Linux: more links than this in one path are a loop (path_resolution(7)). */
const mostLinks = 40;

/** @param root an existing folder that nobody else writes to */
export function createTree(root: string): Tree {
  const locate: Tree['locate'] = (path, { followLast = true } = {}) => {
    if (path.includes('\0')) throw systemError('EINVAL', path);
    const ahead = partsOf(path.startsWith('/') ? path : `${home}/${path}`);
    let behind: string[] = [];
    let links = 0;
    for (;;) {
      const part = ahead.shift();
      if (part === undefined) return { path: '/', host: root, stats: lstatSync(root) };
      if (part === '.' || part === '..') {
        if (part === '..') behind.pop();
        if (ahead.length === 0) return locate(`/${behind.join('/')}`, { followLast });
        continue;
      }
      const here = [...behind, part];
      const host = join(root, ...here);
      const stats = lstatSync(host, { throwIfNoEntry: false });
      const isLast = ahead.length === 0;
      if (stats?.isSymbolicLink() && (followLast || !isLast)) {
        links += 1;
        if (links > mostLinks) throw systemError('ELOOP', path);
        const target = readlinkSync(host);
        if (target.startsWith('/')) behind = [];
        ahead.unshift(...partsOf(target));
        if (ahead.length === 0) return locate(`/${behind.join('/')}`, { followLast });
        continue;
      }
      if (isLast) return { path: `/${here.join('/')}`, host, ...(stats ? { stats } : {}) };
      if (!stats) throw systemError('ENOENT', path);
      if (!stats.isDirectory()) throw systemError('ENOTDIR', path);
      behind = here;
    }
  };
  return {
    locate,
    find(path, options) {
      const place = locate(path, options);
      if (!place.stats) throw systemError('ENOENT', path);
      return { ...place, stats: place.stats };
    },
  };
}

export function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'EIO';
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '');
}
