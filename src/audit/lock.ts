/**
 * Invariant: as long as a writer's process lives, and be it suspended, nobody else takes its journal; once it is gone, by
 * kill -9 too, anybody may. SQLite's exclusive transaction gives both, because the kernel drops the lock with the process.
 * Nothing else may open the lock file: on POSIX, closing any other descriptor of it would drop the lock.
 */
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

export interface WriterLock {
  /** May be called twice. */
  release(): void;
}

const sqliteBusy = 5;

/**
 * Takes the lock without waiting.
 * @returns undefined when somebody holds it; throws when the file cannot be opened at all
 */
export function tryLock(path: string): WriterLock | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
    const held = database;
    return {
      release: () => {
        if (held.isOpen) held.close();
      },
    };
  } catch (error) {
    database?.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
}

/** Makes the lock file, for its owner alone, and takes the lock. For a writer in its own new folder. */
export function createLock(path: string): WriterLock {
  closeSync(openSync(path, 'wx', 0o600));
  const lock = tryLock(path);
  if (!lock) throw new Error(`${path} was taken by another process`);
  return lock;
}

/** Whether somebody holds the lock. Asks for a shared lock only, so that a reader does not disturb those who adopt. */
export function isLocked(path: string): boolean {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0, readOnly: true });
    database.prepare('SELECT 1 FROM sqlite_master').all();
    return false;
  } catch (error) {
    // A lock file that is missing or damaged is held by nobody.
    return isBusy(error);
  } finally {
    database?.close();
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy;
}
