/**
 * Invariant: every request to Hostinger leaves through here: checked path, own limit, deadline, circuit and one layer of retries; the
 * token goes to the one configured address and into nothing else.
 */
import type { Dispatcher } from 'undici';
import type { z } from 'zod';
import { CallError } from '../../../call/errors.ts';
import { once } from '../../../lazily.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { Guard } from '../../../ports/guard.ts';
import { type Attempts, counted, uncounted } from './attempts.ts';
import { correlationIdOf, outcomeOf, type Reply, refused, retryAfterMs, unreadable } from './errors.ts';
import { exchange } from './exchange.ts';
import { createLimiter, type RateLimit } from './limiter.ts';
import { type HostingerRequest, operationOf } from './operations.ts';
import { requestPath } from './request-path.ts';

export type { HostingerRequest, HostingerTool } from './operations.ts';

export interface HostingerApiOptions {
  /** `https://developers.hostinger.com`, or what HOSTINGER_API_URL says. */
  readonly baseUrl: string;
  /** Throws `CallError` `provider_not_configured` when there is none. */
  readonly token: () => Promise<string>;
  /** Reads the token anew; whether there now is another one than the one that was not accepted. */
  readonly refreshToken: (notAccepted: string) => Promise<boolean>;
  readonly guard: Guard;
  /** Stands in for the network. */
  readonly dispatcher?: () => Promise<Dispatcher>;
  readonly limit?: RateLimit;
  /** Pause before the first repetition; it doubles, with jitter. */
  readonly retryPauseMs?: number;
}

/** What a read needs of its call; a whole `CallScope` fits. */
export type AskScope = Pick<CallScope, 'deadlineAt'> & Partial<Pick<CallScope, 'signal' | 'noteRequestId'>>;
export type ChangeScope = AskScope & Pick<CallScope, 'signal' | 'ledger'>;

export interface HostingerApi {
  /** For what changes nothing: repeated on 429, 5xx and network errors, aborted with the call. Throws `CallError`. */
  ask<T>(request: HostingerRequest, schema: z.ZodType<T>, call: AskScope): Promise<T>;
  /**
   * Counts every attempt in the call's ledger. Throws `CallError`.
   * @param retry `natural`: doing it twice is doing it once, so it is repeated like a read; `never`: sent once
   */
  change<T>(request: HostingerRequest, schema: z.ZodType<T>, retry: 'natural' | 'never', call: ChangeScope): Promise<T>;
}

/**
 * Of this process alone, while Hostinger cuts off addresses (API reference, "Rate Limiting"): three agents over stdio are three
 * processes, which make up to 60 requests at once and 120 a minute together. Under `serve` all agents share one limit.
 */
const defaultLimit: RateLimit = { burst: 20, perMinute: 40 };
const repetitions = 3;
/** Silence after which an attempt is given up, in milliseconds. */
const silenceMs = 20_000;

/** The client of Hostinger's API. Creating it asks nobody and loads nothing; a missing token shows at first use. */
export function createHostingerApi(options: HostingerApiOptions): HostingerApi {
  const { guard, retryPauseMs = 300 } = options;
  const base = new URL(options.baseUrl);
  const prefix = base.pathname.replace(/\/+$/, '');
  const limiter = createLimiter(options.limit ?? defaultLimit);
  const dispatcher = once(options.dispatcher ?? (() => openPool(base.origin)));
  const retrying = once(async () => (await import('p-retry')).default);

  const send = async <T>(
    request: HostingerRequest,
    schema: z.ZodType<T>,
    repeat: boolean,
    call: AskScope,
    attempts: Attempts,
  ): Promise<T> => {
    const { method, group } = operationOf(request.tool);
    const message = {
      origin: base.origin,
      method,
      path: prefix + requestPath(request),
      body: request.body === undefined ? undefined : JSON.stringify(request.body),
    };

    const attempt = async (token: string, signal: AbortSignal): Promise<{ reply: Reply; value?: T; error?: CallError }> => {
      await limiter.take(call.deadlineAt, signal);
      const asked = { tool: request.tool, token };
      const network = await dispatcher();
      signal.throwIfAborted();
      const settle = attempts.begin();
      const reply = await exchange(network, message, asked, signal).catch((error: unknown) => {
        settle('unknown');
        throw error;
      });
      const id = correlationIdOf(reply);
      if (id) call.noteRequestId?.(id);
      const remaining = Number([reply.headers['x-ratelimit-remaining']].flat()[0] ?? Number.NaN);
      if (Number.isInteger(remaining) && remaining >= 0) limiter.remaining(remaining);
      if (reply.status === 429) limiter.hold(retryAfterMs(reply));
      const result = read(reply, schema, asked);
      settle('value' in result || outcomeOf(reply.status) !== 'applied' ? outcomeOf(reply.status) : 'unknown');
      return { reply, ...result };
    };

    const withToken = async (signal: AbortSignal): Promise<T> => {
      const token = checked(await options.token());
      let result = await attempt(token, signal);
      if (result.reply.status === 401 && (await options.refreshToken(token))) {
        result = await attempt(checked(await options.token()), signal);
      }
      if (result.error) throw result.error;
      return result.value as T;
    };

    const key = { provider: 'hostinger', account: 'hostinger', region: 'global', service: group } as const;
    return guard.run(key, { deadlineAt: call.deadlineAt, ...(attempts.signal ? { signal: attempts.signal } : {}) }, async (signal) => {
      const retry = await retrying();
      return retry(() => withToken(signal), {
        retries: repeat ? repetitions : 0,
        minTimeout: retryPauseMs,
        randomize: true,
        signal,
        shouldRetry: ({ error, retryDelay }) => {
          if (!(error instanceof CallError) || !error.details.retryable) return false;
          // The limiter holds the repetition back for as long as Hostinger asked.
          return Date.now() + Math.max(retryDelay, error.details.retryAfterMs ?? 0) < call.deadlineAt;
        },
      });
    });
  };

  return {
    ask: (request, schema, call) => send(request, schema, true, call, uncounted(call.signal)),
    change: (request, schema, retry, call) => {
      const attempts = counted(call);
      return send(request, schema, retry === 'natural', call, attempts).finally(attempts.done);
    },
  };
}

function read<T>(reply: Reply, schema: z.ZodType<T>, asked: { tool: string; token: string }): { value: T } | { error: CallError } {
  if (outcomeOf(reply.status) !== 'applied') return { error: refused(reply, asked) };
  // An answer without a body says nothing more than that it was done.
  const parsed = reply.text === '' ? schema.safeParse({}) : schema.safeParse(reply.json);
  if (parsed.success) return { value: parsed.data };
  return { error: unreadable(asked, reply, reply.json === undefined ? undefined : parsed.error.issues[0]?.path.join('.')) };
}

/** Of a token that holds anything else, HTTP libraries say it in words of their own. */
function checked(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new CallError('provider_not_configured', 'The API token of Hostinger is empty or holds characters that no token has.', {
    remedy: 'A person should put the token, and nothing else, into HOSTINGER_API_TOKEN or the secret ziggie/hostinger-api-token.',
  });
}

async function openPool(origin: string): Promise<Dispatcher> {
  const { default: undici } = await import('undici');
  const waits = { connect: { timeout: 10_000 }, headersTimeout: silenceMs, bodyTimeout: silenceMs };
  return new undici.Pool(origin, { connections: 8, allowH2: false, ...waits });
}
