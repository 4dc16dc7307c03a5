import { z } from 'zod';
import { decodeCursor, encodeCursor } from '../call/cursor.ts';
import { CallError } from '../call/errors.ts';
import type { CallScope } from '../ports/call-scope.ts';
import type { ComputePort, InstancePage, InstanceQuery } from '../ports/compute.ts';
import type { AccountTarget, MissingPart, Provider, Resolved } from '../ports/domain.ts';

/** In this order they are listed. */
const order: readonly Provider[] = ['aws', 'hostinger'];

/** Virtual machines of both clouds behind one port. A cloud that is down is named; the other is listed all the same. */
export function bothClouds(clouds: Readonly<Record<Provider, ComputePort>>): ComputePort {
  return {
    list: (accounts, query, call) => listBoth(clouds, accounts, query, call),
    get: (instance, call) => clouds[instance.provider].get(instance, call),
    start: (instance, call) => clouds[instance.provider].start(instance, call),
    stop: (instance, call) => clouds[instance.provider].stop(instance, call),
    restart: (instance, call) => clouds[instance.provider].restart(instance, call),
    terminate: (instance, call) => clouds[instance.provider].terminate(instance, call),
    launch: (account, spec, call) => clouds[account.provider].launch(account, spec, call),
    metrics: (instance, query, call) => clouds[instance.provider].metrics(instance, query, call),
  };
}

/** Where a list of both goes on: in the pages of one of the clouds that are asked. */
const positionIn = (asked: readonly Provider[]) => z.object({ provider: z.literal(asked), cursor: z.string().optional() });

async function listBoth(
  clouds: Readonly<Record<Provider, ComputePort>>,
  accounts: readonly Resolved<AccountTarget>[],
  query: InstanceQuery,
  call: CallScope,
): Promise<InstancePage> {
  const asked = order.filter((provider) => accounts.some((account) => account.provider === provider));
  const from = query.cursor === undefined ? undefined : decodeCursor(query.cursor, positionIn(asked));
  const todo = asked.slice(from ? asked.indexOf(from.provider) : 0);
  const pageOf = (provider: Provider, limit: number, cursor: string | undefined) => {
    const { cursor: _, ...rest } = query;
    const own = accounts.filter((account) => account.provider === provider);
    return clouds[provider].list(own, { ...rest, limit, ...(cursor === undefined ? {} : { cursor }) }, call);
  };
  // The first page asks all of them together, so that one that is down is named at once and costs no second deadline.
  const early = new Map(from ? [] : todo.map((provider) => [provider, settle(pageOf(provider, query.limit, undefined))] as const));

  const page: InstancePage = { instances: [] };
  const missing: MissingPart[] = [];
  const failures: CallError[] = [];
  for (const [index, provider] of todo.entries()) {
    const room = query.limit - page.instances.length;
    const cursor = index === 0 ? from?.cursor : undefined;
    const known = await early.get(provider);
    if (known?.error) {
      failures.push(known.error);
      missing.push(...unread(provider, accounts, known.error));
      continue;
    }
    const whole = known?.page;
    if (room === 0 && !(whole && whole.instances.length === 0 && !whole.nextCursor)) {
      page.nextCursor = encodeCursor({ provider });
      if (whole?.missing) missing.push(...whole.missing);
      break;
    }
    // A page that was read early and does not fit is read again, as long as there is room.
    const fits = whole && whole.instances.length <= room ? whole : undefined;
    const answer = fits ? { page: fits } : await settle(pageOf(provider, room, cursor));
    if (answer.error) {
      failures.push(answer.error);
      missing.push(...unread(provider, accounts, answer.error));
      continue;
    }
    page.instances.push(...answer.page.instances);
    missing.push(...(answer.page.missing ?? []));
    if (answer.page.nextCursor !== undefined) {
      page.nextCursor = encodeCursor({ provider, cursor: answer.page.nextCursor });
      // What fails behind it is said now, not on a later page.
      for (const later of todo.slice(index + 1)) {
        const failure = (await early.get(later))?.error;
        if (failure) missing.push(...unread(later, accounts, failure));
      }
      break;
    }
  }
  const [first] = failures;
  // Of a later page only what is left was asked; where that fails there is nothing to show.
  if (first && failures.length === todo.length) throw first;
  return missing.length > 0 ? { ...page, missing } : page;
}

type Settled = { readonly page: InstancePage; readonly error?: never } | { readonly page?: never; readonly error: CallError };

async function settle(page: Promise<InstancePage>): Promise<Settled> {
  try {
    return { page: await page };
  } catch (error) {
    // Neither a cancelled call nor a cursor of another list is a fault of the cloud.
    if (!(error instanceof CallError) || error.code === 'cancelled' || error.code === 'invalid_input') throw error;
    return { error };
  }
}

function unread(provider: Provider, accounts: readonly Resolved<AccountTarget>[], { code, message }: CallError): MissingPart[] {
  return accounts.filter((account) => account.provider === provider).map(({ account }) => ({ provider, account, code, message }));
}
