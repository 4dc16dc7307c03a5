/**
 * Invariant: nothing goes that CloudWatch does not have, and the time up to which things may be missing is on disk before
 * they are.
 */
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cursor, isDelivered, readCursor } from './cursor.ts';
import { listSegments, listWriters, notePruned, paths, prunedPrefix, segmentStat } from './journal-folder.ts';
import { tryLock } from './lock.ts';

/**
 * Removes journals that are closed, sound, wholly delivered, and were last written to before a time.
 * @param before epoch milliseconds
 * @param passOver writers of this process
 */
export async function pruneJournals(folder: string, before: number, passOver: ReadonlySet<string>): Promise<void> {
  for (const writerId of await listWriters(folder)) {
    if (passOver.has(writerId)) continue;
    const last = (await listSegments(folder, writerId)).at(-1);
    const stat = last === undefined ? undefined : await segmentStat(folder, writerId, last);
    if (!stat || stat.modifiedAt >= before) continue;
    const lock = tryLock(paths.lock(folder, writerId));
    if (!lock) continue;
    try {
      const cursor = await readCursor(folder, writerId);
      if (!cursor || cursor === 'damaged' || !isDelivered(cursor) || cursor.closed?.damaged) continue;
      await notePruned(folder, before);
      await rename(paths.writer(folder, writerId), join(folder, `${prunedPrefix}${writerId}`));
    } finally {
      lock.release();
    }
  }
  for (const name of await readdir(folder)) {
    if (name.startsWith(prunedPrefix)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

/**
 * Removes full, delivered segments of the own journal, the oldest first, so that what is left is one piece.
 * @param before epoch milliseconds
 * @param oldestOpenAt epoch milliseconds of the oldest intent that waits for its outcome
 */
export async function pruneOwnSegments(
  folder: string,
  writerId: string,
  cursor: Cursor,
  before: number,
  oldestOpenAt: number,
): Promise<void> {
  for (const segment of await listSegments(folder, writerId)) {
    const stat = await segmentStat(folder, writerId, segment);
    if (!stat || segment >= cursor.segment || stat.modifiedAt >= Math.min(before, oldestOpenAt)) return;
    await notePruned(folder, before);
    await rm(paths.segment(folder, writerId, segment));
  }
}
