import { z } from 'zod';
import { decodeCursor, encodeCursor } from '../../../call/cursor.ts';

const position = z.tuple([z.string(), z.string()]);

/**
 * A page of sorted rows; the cursor names the last row shown, so that rows which come and go meanwhile shift nothing.
 * Throws `invalid_input` for a cursor that is none of this list.
 * @param isBehind whether a row comes behind the one that the cursor names
 */
export function pageOf<T>(
  rows: readonly T[],
  { limit, cursor }: { limit: number; cursor?: string | undefined },
  keyOf: (row: T) => readonly [string, string],
  isBehind: (row: T, key: readonly [string, string]) => boolean,
): { rows: T[]; nextCursor?: string } {
  const after = cursor === undefined ? undefined : decodeCursor(cursor, position);
  const rest = after ? rows.filter((row) => isBehind(row, after)) : rows;
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  if (!last || rest.length <= limit) return { rows: page };
  return { rows: page, nextCursor: encodeCursor(keyOf(last)) };
}
