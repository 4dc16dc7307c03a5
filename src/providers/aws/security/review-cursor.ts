import { z } from 'zod';
import { cursorRemedies, decodeCursor, encodeCursor } from '../../../call/cursor.ts';
import { CallError } from '../../../call/errors.ts';

/** Where a review goes on: in the sorted findings, as long as they are the same. */
const pageCursor = z.object({ offset: z.int().nonnegative(), hash: z.string() });

export function encodePage(cursor: z.output<typeof pageCursor>): string {
  return encodeCursor(cursor);
}

/** The offset. Throws `invalid_input` for what `encodePage` did not make, and when the findings are no longer those of the page before. */
export function decodePage(text: string, hash: string): number {
  const cursor = decodeCursor(text, pageCursor, 'review');
  if (cursor.hash === hash) return cursor.offset;
  throw new CallError('invalid_input', 'The findings have changed since the page before, so that there is no next one.', {
    remedy: cursorRemedies.review,
  });
}
