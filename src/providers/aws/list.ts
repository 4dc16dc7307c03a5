import type { Instance } from '@aws-sdk/client-ec2';
import { CallError } from '../../call/errors.ts';
import type { CallScope } from '../../ports/call-scope.ts';
import type { InstancePage, InstanceQuery, InstanceRow, MissingPart } from '../../ports/compute.ts';
import type { AccountTarget } from '../../ports/domain.ts';
import { type AwsAccount, type Scope, scopeKey, scopeOf, settleAll } from './accounts.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { answered } from './errors.ts';
import { tagsOf, toFilters, toRow } from './instance-facts.ts';
import type { Sender } from './send.ts';

/** EC2 takes from 5 to 1,000 as `MaxResults`. */
const fewestResults = 5;
const mostResults = 1_000;

/** A page of one place that is to be read, from a row on. */
interface Position {
  readonly scope: Scope;
  /** EC2's token of the page; absent for the first. */
  readonly token?: string;
  readonly skip: number;
}
interface Chunk {
  readonly instances: readonly Instance[];
  readonly nextToken?: string;
}
type Ask = (position: Position) => Promise<Chunk>;

/**
 * One page over all accounts and regions, in their order. Places are asked for their first rows together, so that one that fails is
 * named at once; after that no more is read than the page needs. Throws `invalid_input` for a foreign cursor, and the first failure
 * when no place answered.
 */
export async function list(
  accounts: readonly AwsAccount[],
  sender: Sender,
  targets: readonly AccountTarget[],
  query: InstanceQuery,
  call: CallScope,
): Promise<InstancePage> {
  const scopes = targets.flatMap(({ account, regions }) => regions.map((region) => scopeOf(accounts, { account, region })));
  const todo = agenda(scopes, query.cursor);
  const Filters = toFilters(query);
  if (!Filters) return { instances: [] };

  const ask: Ask = async ({ scope, token, skip }) => {
    const MaxResults = Math.min(mostResults, Math.max(fewestResults, skip + query.limit));
    const input = { MaxResults, NextToken: token, ...(Filters.length > 0 ? { Filters } : {}) };
    const reply = await sender.ask('ec2', scope, call, (sdk) => new sdk.DescribeInstancesCommand(input));
    return {
      instances: answered(reply.Reservations, 'DescribeInstances').flatMap(({ Instances }) => Instances ?? []),
      nextToken: reply.NextToken || undefined,
    };
  };
  const reader = createReader(ask);
  if (query.cursor === undefined) await reader.lookAhead(todo);

  const instances: InstanceRow[] = [];
  for (let position = todo[0]; position; position = todo[0]) {
    const known = reader.peek(position);
    // Places already known to have nothing do not deserve a page of their own.
    if (instances.length >= query.limit && !(known && known.instances.length === 0 && !known.nextToken)) break;
    const { scope, token, skip } = position;
    const chunk = known ?? (await reader.read(position));
    const rest = chunk?.instances.slice(skip) ?? [];
    const taken = rest.slice(0, query.limit - instances.length);
    for (const each of taken) if (carries(each, query.tag)) instances.push(toRow(each, scope, accounts.length > 1));
    todo.shift();
    if (taken.length < rest.length) todo.unshift({ scope, skip: skip + taken.length, ...(token ? { token } : {}) });
    else if (chunk?.nextToken) todo.unshift({ scope, token: chunk.nextToken, skip: 0 });
    else await reader.lookAhead(todo);
  }

  const missing = reader.missing();
  const [next] = todo;
  return {
    instances,
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
function createReader(ask: Ask) {
  const kept = new Map<Position, Chunk>();
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
    peek: (position: Position): Chunk | undefined => kept.get(position),
    /** Undefined when the place failed. */
    read: async (position: Position): Promise<Chunk | undefined> => {
      await lookAhead([position]);
      return kept.get(position);
    },
    missing(): MissingPart[] {
      const errors = [...failed.values()];
      // Neither a cancelled call nor a cursor that EC2 does not know is a fault of the place.
      const fatal = errors.find((error) => error instanceof CallError && (error.code === 'cancelled' || error.code === 'invalid_input'));
      if (fatal !== undefined) throw fatal;
      if (answered === 0 && errors.length > 0) throw errors[0];
      return [...failed].map(([{ scope }, error]) => missingPart(scope, error));
    },
  };
}

function missingPart({ account, region }: Scope, error: unknown): MissingPart {
  if (!(error instanceof CallError)) throw error;
  return { provider: 'aws', account: account.name, region, code: error.code, message: error.message };
}

/** EC2's filter has wildcards and escapes of its own; this is the last word. */
function carries(instance: Instance, tag: InstanceQuery['tag']): boolean {
  return tag === undefined || tagsOf(instance)[tag.key] === tag.value;
}
