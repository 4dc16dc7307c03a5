import { AsyncLocalStorage } from 'node:async_hooks';
import {
  createMcpHandler,
  hostHeaderValidationResponse,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  type McpHttpHandler,
  originValidationResponse,
  readRequestBody,
  type Server,
} from '@modelcontextprotocol/server';
import { CallError } from '../call/errors.ts';
import type { Principal } from '../ports/domain.ts';
import type { Content } from './content.ts';
import { refusedSubscription } from './listen.ts';
import { addressesFor } from './notices.ts';
import { parseMessage, UnfitMessage } from './parse-message.ts';
import { createMcpServer } from './server-factory.ts';
import type { McpBackend } from './session.ts';
import { maxMessageBytes } from './stdio.ts';
import { asCall, createTap, notTaken, type Tap } from './tap.ts';

/**
 * Invariant: a request is served only with a token that stands for an agent, only for a Host and Origin that we
 * answer to (DNS rebinding), and only up to a size; what is turned away here is on record or counted.
 */

export interface HttpFaceOptions {
  readonly backend: McpBackend;
  /** Host names beside loopback. */
  readonly allowedHosts: readonly string[];
  /** The principal of a bearer token; undefined for an unknown one. */
  authenticate(token: string): Principal | undefined;
  /** Refusals of callers that nobody knows are counted, not written one by one. */
  countUnauthenticated(): void;
  readonly onError: (error: Error) => void;
  /** What is served; absent: the product's own. */
  readonly content?: Content;
}

export interface HttpFace {
  fetch(request: Request): Promise<Response>;
  close(): Promise<void>;
}

/** One POST on its way. */
interface Exchange {
  readonly tap: Tap;
  /** Set once a server instance sees a message: from then on the tap records what is refused. */
  reached: boolean;
  /** Records that must be durable before the response leaves. */
  readonly records: Promise<void>[];
}

export function createHttpFace(options: HttpFaceOptions): HttpFace {
  const { backend } = options;
  const hosts = [...localhostAllowedHostnames(), ...options.allowedHosts];
  const origins = [...localhostAllowedOrigins(), ...options.allowedHosts];
  const exchanges = new AsyncLocalStorage<Exchange>();
  const handlers = new Map<string, { handler: McpHttpHandler; stop: () => void }>();

  const newExchange = (principal: Principal): Exchange => ({ tap: createTap(backend, principal, 'http'), reached: false, records: [] });

  /** One handler and one bus for a token: what is published to it was decided for its agent, and ends when it is revoked. */
  function handlerOf(token: string, principal: Principal): McpHttpHandler {
    const known = handlers.get(token);
    if (known) return known.handler;
    const handler = createMcpHandler(
      (context) => {
        const exchange = exchanges.getStore() ?? newExchange(principal);
        const { tap } = exchange;
        const server = createMcpServer(
          { backend, principal, face: 'http', tap, ...(options.content ? { content: options.content } : {}) },
          context,
        );
        watch(server, exchange, context.era);
        return server;
      },
      { maxRequestBodySize: maxMessageBytes, onerror: options.onError },
    );
    const stop = backend.notices.subscribe((notice) => {
      if (options.authenticate(token)?.id !== principal.id) {
        stop();
        handlers.delete(token);
        void handler.close().catch(options.onError);
      } else if (notice.kind === 'tools') handler.notify.toolsChanged();
      else {
        void addressesFor(backend, principal, notice).then((addresses) => {
          for (const address of addresses) handler.notify.resourceUpdated(address);
        }, options.onError);
      }
    });
    handlers.set(token, { handler, stop });
    return handler;
  }

  async function serve(request: Request, token: string, principal: Principal): Promise<Response> {
    const exchange = newExchange(principal);
    let parsedBody: unknown;
    if (request.method === 'POST') {
      const body = await readRequestBody(request, maxMessageBytes);
      if (body.tooLarge) return refuse(principal, 413, -32600, `The message is larger than ${maxMessageBytes} bytes.`);
      try {
        parsedBody = parseMessage(body.text);
      } catch (error) {
        const excerpt = body.text.slice(0, 400);
        if (error instanceof UnfitMessage) return refuse(principal, 400, -32600, error.message, excerpt, error.id);
        return refuse(principal, 400, -32700, 'Parse error: the body is not JSON.', excerpt);
      }
      const refused = await refusedSubscription(backend, principal, 'http', parsedBody);
      if (refused) return Response.json(refused);
    }
    const response = await exchanges.run(exchange, () =>
      handlerOf(token, principal).fetch(request, parsedBody === undefined ? undefined : { parsedBody }),
    );
    await Promise.all(exchange.records);
    if (response.status >= 400 && request.method === 'POST' && !exchange.reached) {
      const message = parsedBody as { method?: unknown; params?: unknown } | undefined;
      const call =
        typeof message?.method === 'string'
          ? asCall(message as Parameters<typeof asCall>[0], principal, 'http')
          : { principal, tool: 'malformed', input: message, client: 'http' };
      await backend.refuse(call, notTaken(`The request was refused with HTTP status ${response.status}.`));
    }
    return response;
  }

  async function refuse(
    principal: Principal,
    status: number,
    code: number,
    message: string,
    excerpt?: string,
    id: string | number | null = null,
  ): Promise<Response> {
    await backend.refuse(
      { principal, tool: 'malformed', input: excerpt === undefined ? undefined : { excerpt }, client: 'http' },
      notTaken(message),
    );
    return Response.json({ jsonrpc: '2.0', id, error: { code, message } }, { status });
  }

  return {
    async fetch(request) {
      const rejected = hostHeaderValidationResponse(request, hosts) ?? originValidationResponse(request, origins);
      const token = /^Bearer ([\w.~+/-]+=*)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
      const principal = token === undefined || rejected ? undefined : options.authenticate(token);
      if (rejected || !principal) options.countUnauthenticated();
      if (rejected) return rejected;
      if (token === undefined || !principal) return unauthenticated();
      return serve(request, token, principal);
    },
    async close() {
      await Promise.all(
        [...handlers.values()].map(({ handler, stop }) => {
          stop();
          return handler.close();
        }),
      );
    },
  };
}

/** Lets the tap see what a server instance is sent and what it answers. */
function watch(server: Server, exchange: Exchange, era: 'legacy' | 'modern'): void {
  const connect = server.connect.bind(server);
  server.connect = async (transport) => {
    const send = transport.send.bind(transport);
    transport.send = (message, options) => {
      const recorded = exchange.tap.leaving(message);
      if (era === 'legacy') return recorded.then(() => send(message, options));
      // The SDK gives an error its HTTP status only if it is sent at once; so here it is the response that waits.
      exchange.records.push(recorded);
      return send(message, options);
    };
    await connect(transport);
    const deliver = transport.onmessage?.bind(transport);
    transport.onmessage = (message, extra) => {
      exchange.reached = true;
      exchange.tap.arriving(message);
      deliver?.(message, extra);
    };
  };
}

/** RFC 6750, section 3. */
function unauthenticated(): Response {
  const error = new CallError('unauthenticated', 'No known agent token came with the request.', {
    remedy: 'Send `Authorization: Bearer <token>`; a token comes from `ziggie-cloud agents token create`.',
    effect: 'none',
  });
  return Response.json(
    { jsonrpc: '2.0', id: null, error: { code: -32000, message: `unauthenticated: ${error.message} ${error.details.remedy}` } },
    { status: 401, headers: { 'WWW-Authenticate': 'Bearer realm="ziggie-cloud"' } },
  );
}
