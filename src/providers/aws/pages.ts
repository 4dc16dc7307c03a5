import { CallError } from '../../call/errors.ts';
import type { AccountTarget, MissingPart } from '../../ports/domain.ts';
import { type AwsAccount, type Scope, scopeKey, scopeOf, settleAll } from './accounts.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';

export interface Chunk<T> {
  readonly items: readonly T[];
  /** The service's token of the page behind this one. */
  readonly nextToken?: string;
}

export interface Pager<T, R> {
  readonly scopes: readonly Scope[];
  /** Rows wanted, at most. */
  readonly limit: number;
  readonly cursor?: string;
  /**
   * One page of one place.
   * @param atMost rows that are of use; the same for a repeated request, as tokens of some services demand
   */
  ask(scope: Scope, token: string | undefined, atMost: number): Promise<Chunk<T>>;
  /** Undefined for an item that is not shown. */
  row(item: T, scope: Scope): R | undefined;
}

export interface Page<R> {
  readonly rows: R[];
  readonly nextCursor?: string;
  readonly missing?: MissingPart[];
}

/** A page of one place that is to be read, from a row on. */
interface Position {
  readonly scope: Scope;
  /** Absent for the first. */
  readonly token?: string;
  readonly skip: number;
}

/** Read one after the other for one page, at most: where few rows are shown, a page may be shorter than asked, or empty. */
const mostReads = 20;

/** Every region of the accounts, in their order. */
export function scopesOf(accounts: readonly AwsAccount[], targets: readonly AccountTarget[]): Scope[] {
  return targets.flatMap(({ account, regions }) => regions.map((region) => scopeOf(accounts, { account, region })));
}

/**
 * One page over all places, in their order. Places are asked for their first rows together, so that one that fails is named at once;
 * after that no more is read than the page needs, nor than 20 requests give. Throws `invalid_input` for a foreign cursor, and the first failure when no place answered.
 */
export async function readPage<T, R>({ scopes, limit, cursor, ask, row }: Pager<T, R>): Promise<Page<R>> {
  const todo = agenda(scopes, cursor);
  const reader = createReader(({ scope, token, skip }: Position) => ask(scope, token, skip + limit));
  if (cursor === undefined) await reader.lookAhead(todo);

  const rows: R[] = [];
  let reads = 0;
  for (let position = todo[0]; position; position = todo[0]) {
    const known = reader.peek(position);
    // Places already known to have nothing do not deserve a page of their own.
    if (rows.length >= limit && !(known && known.items.length === 0 && !known.nextToken)) break;
    if (!known && reads >= mostReads) break;
    if (!known) reads += 1;
    const { scope, token, skip } = position;
    const chunk = known ?? (await reader.read(position));
    const rest = chunk?.items.slice(skip) ?? [];
    let taken = 0;
    for (const each of rest) {
      if (rows.length >= limit) break;
      taken += 1;
      const shown = row(each, scope);
      if (shown !== undefined) rows.push(shown);
    }
    todo.shift();
    if (taken < rest.length) todo.unshift({ scope, skip: skip + taken, ...(token ? { token } : {}) });
    else if (chunk?.nextToken) todo.unshift({ scope, token: chunk.nextToken, skip: 0 });
    else await reader.lookAhead(todo);
  }

  const missing = reader.missing();
  const [next] = todo;
  return {
    rows,
    ...(next
      ? { nextCursor: encodeCursor({ scope: scopeKey(next.scope), skip: next.skip, ...(next.token ? { token: next.token } : {}) }) }
      : {}),
    ...(missing.length > 0 ? { missing } : {}),
  };
}

/** What is left to read: all places from their start, or from where the cursor says. */
function agenda(scopes: readonly Scope[], cursor: string | undefined): Position[] {
  const all = scopes.map((scope) => ({ scope, skip: 0 }));
  if (cursor === undefined) return all;
  const { index, token, skip } = decodeCursor(cursor, scopes.map(scopeKey));
  const [first, ...rest] = all.slice(index);
  return first ? [{ ...first, skip, ...(token ? { token } : {}) }, ...rest] : [];
}

/** Reads chunks, keeps those that were read before their turn, and notes which places failed. */
function createReader<T>(ask: (position: Position) => Promise<Chunk<T>>) {
  const kept = new Map<Position, Chunk<T>>();
  const failed = new Map<Position, unknown>();
  let answered = 0;

  const lookAhead = async (positions: readonly Position[]) => {
    const unread = positions.filter((each) => !kept.has(each) && !failed.has(each));
    const results = await settleAll(unread, ask);
    unread.forEach((position, index) => {
      const result = results[index];
      if (result?.status === 'fulfilled') {
        kept.set(position, result.value);
        answered += 1;
      } else failed.set(position, result?.reason);
    });
  };

  return {
    lookAhead,
    peek: (position: Position): Chunk<T> | undefined => kept.get(position),
    /** Undefined when the place failed. */
    read: async (position: Position): Promise<Chunk<T> | undefined> => {
      await lookAhead([position]);
      return kept.get(position);
    },
    missing(): MissingPart[] {
      const errors = [...failed.values()];
      // Neither a cancelled call nor a cursor that the service does not know is a fault of the place.
      const fatal = errors.find((error) => error instanceof CallError && (error.code === 'cancelled' || error.code === 'invalid_input'));
      if (fatal !== undefined) throw fatal;
      if (answered === 0 && errors.length > 0) throw errors[0];
      return [...failed].map(([{ scope }, error]) => missingPart(scope, error));
    },
  };
}

/** Names a place that failed with a `CallError`; anything else is a bug and is thrown again. */
export function missingPart({ account, region }: Scope, error: unknown): MissingPart {
  if (!(error instanceof CallError)) throw error;
  return { provider: 'aws', account: account.name, region, code: error.code, message: error.message };
}
