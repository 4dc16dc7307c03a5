import type { z } from 'zod';
import { CallError } from './errors.ts';

/** What pages are of. */
type Paged = 'list' | 'review';

export const cursorRemedies: Readonly<Record<Paged, string>> = {
  list: 'Pass nextCursor of the previous page unchanged, with the other arguments as they were, or list again without a cursor.',
  review: 'Review again without a cursor, with the same account, region and severity on every page.',
};

/** Opaque to the client: base64url of JSON. */
export function encodeCursor(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** What `encodeCursor` was given. Throws `invalid_input` for any other text, and for a position of another shape. */
export function decodeCursor<T>(text: string, shape: z.ZodType<T>, paged: Paged = 'list'): T {
  const parsed = shape.safeParse(parse(text));
  if (!parsed.success) throw foreignCursor(paged);
  return parsed.data;
}

export function foreignCursor(paged: Paged = 'list'): CallError {
  return new CallError('invalid_input', `The cursor does not belong to ${paged === 'list' ? 'this list' : 'a review'}.`, {
    remedy: cursorRemedies[paged],
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
