import { open } from 'node:fs/promises';
import { isMissing } from './files.ts';

export interface RawLine {
  /** Without the newline. */
  bytes: Buffer;
  /** Where the line begins, and where the next one does. */
  start: number;
  end: number;
  /** Whether a newline ended it: without one it was never acknowledged. */
  whole: boolean;
}

const chunkBytes = 256 * 1024;
const newline = 0x0a;

/**
 * Lines of a file from an offset on, in chunks of 256 KB; a file that is gone has none.
 * @param untilOffset where to stop reading, at the end of a line
 */
export async function* readLines(path: string, fromOffset = 0, untilOffset = Number.POSITIVE_INFINITY): AsyncGenerator<RawLine> {
  const file = await openIfThere(path);
  if (!file) return;
  try {
    let rest: Buffer = Buffer.alloc(0);
    let restAt = fromOffset;
    for (;;) {
      const readAt = restAt + rest.length;
      const wanted = Math.min(chunkBytes, untilOffset - readAt);
      if (wanted <= 0) break;
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, readAt);
      if (bytesRead === 0) break;
      const read = buffer.subarray(0, bytesRead);
      const data: Buffer = rest.length === 0 ? read : Buffer.concat([rest, read]);
      let from = 0;
      // What was left over holds no newline.
      for (let at = data.indexOf(newline, rest.length); at !== -1; at = data.indexOf(newline, from)) {
        yield { bytes: data.subarray(from, at), start: restAt + from, end: restAt + at + 1, whole: true };
        from = at + 1;
      }
      rest = data.subarray(from);
      restAt += from;
    }
    if (rest.length > 0) yield { bytes: rest, start: restAt, end: restAt + rest.length, whole: false };
  } finally {
    await file.close();
  }
}

/** Whole lines of a file from its end, or from the line that ends at `beforeOffset`, to its beginning. */
export async function* readLinesBackwards(path: string, beforeOffset: number): AsyncGenerator<RawLine> {
  const file = await openIfThere(path);
  if (!file) return;
  try {
    let at = beforeOffset;
    // Bytes from `at` on that belong to a line whose beginning was not read yet.
    let rest: Buffer = Buffer.alloc(0);
    let whole = false;
    while (at > 0) {
      const length = Math.min(chunkBytes, at);
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, at - length);
      if (bytesRead < length) return;
      at -= length;
      const data: Buffer = rest.length === 0 ? buffer : Buffer.concat([buffer, rest]);
      let end = data.length;
      for (let found = data.lastIndexOf(newline); found !== -1; found = found === 0 ? -1 : data.lastIndexOf(newline, found - 1)) {
        if (whole) yield { bytes: data.subarray(found + 1, end), start: at + found + 1, end: at + end + 1, whole };
        whole = true;
        end = found;
      }
      rest = data.subarray(0, end);
    }
    if (whole) yield { bytes: rest, start: 0, end: rest.length + 1, whole };
  } finally {
    await file.close();
  }
}

async function openIfThere(path: string) {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
