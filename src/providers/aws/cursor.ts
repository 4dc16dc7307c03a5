import { CallError } from '../../call/errors.ts';

/** Where a list goes on: a page of one place, and how many of its rows were shown already. */
export interface ListCursor {
  /** `account/region`. */
  readonly scope: string;
  /** EC2's token of the page; absent for the first one. */
  readonly token?: string;
  readonly skip: number;
}

/** Opaque to the client: base64url of JSON. */
export function encodeCursor(cursor: ListCursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

/**
 * The cursor and the index of its place among the places that this call may list.
 * Throws `invalid_input` for anything that `encodeCursor` did not make, and for a place that is not (or no longer) among them.
 */
export function decodeCursor(text: string, scopes: readonly string[]): ListCursor & { index: number } {
  const parsed = parse(text);
  const index = parsed === undefined ? -1 : scopes.indexOf(parsed.scope);
  if (parsed === undefined || index < 0) {
    throw new CallError('invalid_input', 'The cursor does not belong to this list.', {
      remedy: 'Pass nextCursor of the previous page unchanged, with the other arguments as they were, or list again without a cursor.',
    });
  }
  return { ...parsed, index };
}

function parse(text: string): ListCursor | undefined {
  try {
    const { scope, token, skip } = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Record<string, unknown>;
    if (typeof scope !== 'string' || (token !== undefined && typeof token !== 'string')) return undefined;
    if (typeof skip !== 'number' || !Number.isInteger(skip) || skip < 0 || skip > 1_000) return undefined;
    return { scope, skip, ...(token === undefined ? {} : { token }) };
  } catch {
    return undefined;
  }
}
