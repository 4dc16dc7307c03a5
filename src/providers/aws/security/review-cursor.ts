import { CallError } from '../../../call/errors.ts';

/** Where a review goes on: in the sorted findings, as long as they are the same. */
interface PageCursor {
  readonly offset: number;
  readonly hash: string;
}

/** Opaque to the client: base64url of JSON. */
export function encodePage(cursor: PageCursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

/** The offset. Throws `invalid_input` for what `encodePage` did not make, and when the findings are no longer those of the page before. */
export function decodePage(text: string, hash: string): number {
  const cursor = parse(text);
  if (cursor?.hash === hash) return cursor.offset;
  throw new CallError(
    'invalid_input',
    cursor ? 'The findings have changed since the page before, so that there is no next one.' : 'The cursor does not belong to a review.',
    { remedy: 'Review again without a cursor, with the same account, region and severity on every page.' },
  );
}

function parse(text: string): PageCursor | undefined {
  try {
    const { offset, hash } = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Record<string, unknown>;
    if (typeof offset !== 'number' || !Number.isSafeInteger(offset) || offset < 0 || typeof hash !== 'string') return undefined;
    return { offset, hash };
  } catch {
    return undefined;
  }
}
