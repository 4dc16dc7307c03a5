/**
 * Layout of a journal folder, one per destination:
 *
 *     folder.json         id of this folder, part of every writer's name, so that CloudWatch's events can be told apart
 *     destination.json    account that the first delivery went to
 *     pruned.json         time before which shipped records may have been pruned
 *     <writerId>/lock.sqlite  000001.jsonl …  cursor.json
 */
import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createJson, isMissing, readJson, replaceJson } from './files.ts';

export const paths = {
  folderId: (folder: string) => join(folder, 'folder.json'),
  destination: (folder: string) => join(folder, 'destination.json'),
  pruned: (folder: string) => join(folder, 'pruned.json'),
  writer: (folder: string, writerId: string) => join(folder, writerId),
  lock: (folder: string, writerId: string) => join(folder, writerId, 'lock.sqlite'),
  cursor: (folder: string, writerId: string) => join(folder, writerId, 'cursor.json'),
  segment: (folder: string, writerId: string, segment: number) => join(folder, writerId, segmentName(segment)),
};

/** What a writer's folder is renamed to before it is removed, so that a half removed one is not taken for a damaged one. */
export const prunedPrefix = '.pruned-';

export function segmentName(segment: number): string {
  return `${String(segment).padStart(6, '0')}.jsonl`;
}

/** @returns segment numbers of a writer, oldest first */
export async function listSegments(folder: string, writerId: string): Promise<number[]> {
  const names = await readdir(paths.writer(folder, writerId)).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  return names
    .filter((name) => /^\d{6}\.jsonl$/.test(name))
    .map((name) => Number.parseInt(name, 10))
    .sort((a, b) => a - b);
}

/** @returns names of all writers with a folder here, oldest first; a folder without a segment is a writer that is about to begin */
export async function listWriters(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .filter((name) => !name.startsWith(prunedPrefix))
      .sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** @returns size and epoch milliseconds of the last write, or undefined when the segment is gone */
export async function segmentStat(
  folder: string,
  writerId: string,
  segment: number,
): Promise<{ size: number; modifiedAt: number } | undefined> {
  try {
    const { size, mtimeMs } = await stat(paths.segment(folder, writerId, segment));
    return { size, modifiedAt: mtimeMs };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Reads the folder's id, giving it one the first time. Several processes may do so at once. */
export async function folderId(folder: string): Promise<string> {
  const known = await readFolderId(folder);
  if (known) return known;
  await createJson(paths.folderId(folder), { id: randomBytes(4).toString('hex') });
  return (await readFolderId(folder)) ?? '00000000';
}

export async function readFolderId(folder: string): Promise<string | undefined> {
  const content = await readJson(paths.folderId(folder));
  return typeof content === 'object' && content !== null && 'id' in content && typeof content.id === 'string' ? content.id : undefined;
}

/** A name that sorts by time of birth within its folder. */
export function newWriterId(folderIdentity: string, now: number): string {
  const birth = new Date(now).toISOString().replace(/[-:]/g, '').replace(/\..*/, 'Z');
  return `${folderIdentity}-${birth}-${randomBytes(4).toString('hex')}`;
}

export function isWriterOf(folderIdentity: string, writerId: string): boolean {
  return writerId.startsWith(`${folderIdentity}-`);
}

/** @returns epoch milliseconds before which a shipped record may be missing here; 0 when nothing was ever pruned */
export async function readPrunedBefore(folder: string): Promise<number> {
  const content = await readJson(paths.pruned(folder));
  return typeof content === 'object' && content !== null && 'before' in content && typeof content.before === 'string'
    ? Date.parse(content.before)
    : 0;
}

export async function notePruned(folder: string, before: number): Promise<void> {
  if ((await readPrunedBefore(folder)) < before) await replaceJson(paths.pruned(folder), { before: new Date(before).toISOString() });
}
