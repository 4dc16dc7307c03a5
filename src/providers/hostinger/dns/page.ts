import { CallError } from '../../../call/errors.ts';

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
  const after = cursor === undefined ? undefined : decode(cursor);
  const rest = after ? rows.filter((row) => isBehind(row, after)) : rows;
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  if (!last || rest.length <= limit) return { rows: page };
  return { rows: page, nextCursor: Buffer.from(JSON.stringify(keyOf(last))).toString('base64url') };
}

function decode(cursor: string): readonly [string, string] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(parsed) && parsed.length === 2) {
      const [first, second]: unknown[] = parsed;
      if (typeof first === 'string' && typeof second === 'string') return [first, second];
    }
  } catch {
    // Falls through to the same refusal.
  }
  throw new CallError('invalid_input', 'The cursor does not belong to this list.', {
    remedy: 'Pass nextCursor of the previous page unchanged, with the other arguments as they were, or list again without a cursor.',
  });
}
