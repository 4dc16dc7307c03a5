/**
 * Invariant: each page is one request on the wire, announced before it leaves and never repeated, because each is billed; what was
 * announced in vain (`announce` throws) does not leave; and a page that has left is waited for, because it is paid. All are asked
 * under the server's own identity, since what they answer is kept for every agent.
 */
import { CallError } from '../../../call/errors.ts';
import type { CostScope } from '../../../ports/cost-sources.ts';
import type { SendScope } from '../send.ts';
import { explained } from './errors.ts';

/** Of one answer: what goes on and on is no bill, and every page costs. */
const mostPages = 20;

/** Sends one request under the scope that it is given. */
export type Ask<T> = (scope: SendScope) => Promise<T>;

/** Cancellation counts until the request leaves. Throws `CallError`. */
export async function askOnce<T>(call: CostScope, announce: () => void, ask: Ask<T>): Promise<T> {
  const unsent = new AbortController();
  const cancel = () => unsent.abort();
  call.signal.addEventListener('abort', cancel);
  if (call.signal.aborted) cancel();
  const noteSent = () => {
    call.signal.removeEventListener('abort', cancel);
    announce();
  };
  try {
    return await ask({ ...call, actor: undefined, signal: unsent.signal, once: true, noteSent });
  } catch (error) {
    throw error instanceof CallError ? explained(error) : error;
  } finally {
    call.signal.removeEventListener('abort', cancel);
  }
}

/**
 * All pages, in their order.
 * @param page sends the request of one token
 */
export async function* pagesOf<T extends { NextPageToken?: string | undefined }>(
  call: CostScope,
  announce: () => void,
  page: (token: string | undefined, scope: SendScope) => Promise<T>,
): AsyncGenerator<T> {
  const seen = new Set<string>();
  let token: string | undefined;
  do {
    const asked = token;
    const reply = await askOnce(call, announce, (scope) => page(asked, scope));
    yield reply;
    token = reply.NextPageToken || undefined;
    if (token !== undefined && seen.has(token)) throw endless('the same page again and again');
    if (token !== undefined) seen.add(token);
  } while (token !== undefined && seen.size < mostPages);
  if (token !== undefined) throw endless(`${mostPages} pages and did not end`);
}

function endless(what: string): CallError {
  return new CallError('provider_unavailable', `Cost Explorer gave ${what}.`, {
    remedy: 'Look at these costs in the AWS console; do not ask again and again, since every page costs.',
  });
}
