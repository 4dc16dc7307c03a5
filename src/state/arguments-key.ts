import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CallError } from '../call/errors.ts';

/** Key of the argument hashes: random, made once, for the server's eyes only. */
export function argumentsKey(stateFolder: string): KeyObject {
  const file = join(stateFolder, 'arguments.key');
  const temporary = `${file}.${process.pid}`;
  try {
    chmodSync(stateFolder, 0o700);
    if (!existsSync(file)) {
      // Linked into place whole: another process must never read half a key.
      writeFileSync(temporary, randomBytes(32), { mode: 0o600 });
      try {
        linkSync(temporary, file);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      } finally {
        unlinkSync(temporary);
      }
    }
    const key = readFileSync(file);
    if (key.length !== 32) throw new Error(`it has ${key.length} bytes`);
    return createSecretKey(key);
  } catch (error) {
    throw new CallError('internal', `${file} cannot be used: ${(error as Error).message}.`, {
      remedy: 'Make the state folder writable for the server; remove the file if it is damaged.',
      cause: error,
    });
  }
}
