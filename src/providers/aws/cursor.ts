import { z } from 'zod';
import { decodeCursor as decode, encodeCursor as encode, foreignCursor } from '../../call/cursor.ts';

const listCursor = z.object({
  /** `account/region`. */
  scope: z.string(),
  /** EC2's token of the page; absent for the first one. */
  token: z.string().optional(),
  skip: z.int().min(0).max(1_000),
});

/** Where a list goes on: a page of one place, and how many of its rows were shown already. */
export type ListCursor = Readonly<z.output<typeof listCursor>>;

export function encodeCursor(cursor: ListCursor): string {
  return encode(cursor);
}

/**
 * The cursor and the index of its place among the places that this call may list.
 * Throws `invalid_input` for what is no cursor of a list, and for a place that is not (or no longer) among them.
 */
export function decodeCursor(text: string, scopes: readonly string[]): ListCursor & { index: number } {
  const cursor = decode(text, listCursor);
  const index = scopes.indexOf(cursor.scope);
  if (index < 0) throw foreignCursor();
  return { ...cursor, index };
}
