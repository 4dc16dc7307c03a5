import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createHostingerApi, type HostingerApi, type HostingerApiOptions } from '../../src/providers/hostinger/api/index.ts';
import { createSandboxHostinger, type SandboxHostingerOptions } from '../../src/providers/sandbox/hostinger/index.ts';
import { createGuard } from '../../src/resilience/guard.ts';
import { type SeenRequest, violations } from './official.ts';

/**
 * A Hostinger over loopback: the sandbox's routes behind a real HTTP server, with bad days on demand. Every request is checked against
 * Hostinger's own tool tables, so that neither client nor stub can drift from them: `close` throws what was wrong.
 */

export const exampleToken = 'example-token-of-the-tests';

/** What happens to a request in place of its answer. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: 'text'; readonly status: number; readonly text: string }
  /** The request is read, and acted on, but the connection is cut before the answer. */
  | { readonly kind: 'reset-after'; readonly acts: boolean }
  /** Answers when the test says so. */
  | { readonly kind: 'hang'; readonly until: Promise<unknown> };

export interface Stub {
  readonly url: string;
  readonly requests: readonly SeenRequest[];
  /** Tokens that are taken; others get 401. */
  readonly tokens: Set<string>;
  /** The next requests that match meet these, one each. */
  fail(match: RegExp, ...faults: Fault[]): void;
  /** Takes back what has not happened yet. */
  heal(): void;
  /** Requests whose `METHOD /path` matches. */
  count(match: RegExp): number;
  /** Resolves with the next request that matches. */
  next(match: RegExp): Promise<SeenRequest>;
  /** Throws when a request was none of Hostinger's. */
  close(): Promise<void>;
}

export async function startStub(options: Partial<SandboxHostingerOptions> = {}): Promise<Stub> {
  const sandbox = createSandboxHostinger({ servers: exampleServers, zones: ['ziggie.example'], settleMs: 20, ...options });
  const requests: SeenRequest[] = [];
  const wrong: string[] = [];
  const tokens = new Set([exampleToken]);
  const faults: { match: RegExp; fault: Fault }[] = [];
  const waiting: { match: RegExp; resolve: (request: SeenRequest) => void }[] = [];

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url: target = '' } = request;
    const raw = await text(request);
    const seen: SeenRequest = { method, target, body: raw === '' ? undefined : JSON.parse(raw) };
    requests.push(seen);
    wrong.push(...violations(seen));
    if (raw !== '' && request.headers['content-type'] !== 'application/json')
      wrong.push(`${method} ${target}: a body that is not said to be JSON`);
    for (const waiter of waiting.filter(({ match }) => match.test(`${method} ${target}`))) {
      waiting.splice(waiting.indexOf(waiter), 1);
      waiter.resolve(seen);
    }
    const reply = (status: number, body: string, headers: Readonly<Record<string, string>> = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);

    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) wrong.push(`${method} ${target}: no bearer token`);
    const index = faults.findIndex(({ match }) => match.test(`${method} ${target}`));
    const fault = index < 0 ? undefined : faults.splice(index, 1)[0]?.fault;
    if (fault?.kind === 'status')
      return void reply(fault.status, JSON.stringify(fault.body ?? { message: 'No.', correlation_id: 'c-1' }), fault.headers);
    if (fault?.kind === 'text') return void reply(fault.status, fault.text, { 'content-type': 'text/html' });
    if (fault?.kind === 'hang') await fault.until;
    if (token === undefined || !tokens.has(token))
      return void reply(401, JSON.stringify({ message: 'Unauthenticated', correlation_id: 'c-401' }));
    if (fault?.kind === 'reset-after' && !fault.acts) return void request.socket.destroy();
    const answer = sandbox.answer(method, target, seen.body);
    if (fault?.kind === 'reset-after') return void request.socket.destroy();
    reply(answer.status, JSON.stringify(answer.body));
  };

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      wrong.push(String(error));
      response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    tokens,
    fail: (match, ...list) => void faults.push(...list.map((fault) => ({ match, fault }))),
    heal: () => void faults.splice(0),
    count: (match) => requests.filter(({ method, target }) => match.test(`${method} ${target}`)).length,
    next: (match) => new Promise((resolve) => waiting.push({ match, resolve })),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      if (wrong.length > 0) throw new Error(`requests that Hostinger does not know:\n${wrong.join('\n')}`);
    },
  };
}

export const exampleServers = [
  { name: 'ziggie-main', id: 1_268_054, ip: '203.0.113.10' },
  { name: 'ziggie-staging', id: 1_268_055, ip: '203.0.113.11' },
] as const;

/** The client that tests use: its own guard, a limit that is out of the way, repetitions without long pauses. */
export function apiFor(stub: Pick<Stub, 'url'>, options: Partial<HostingerApiOptions> = {}): HostingerApi {
  return createHostingerApi({
    baseUrl: stub.url,
    token: async () => exampleToken,
    refreshToken: async () => false,
    guard: createGuard(),
    limit: { burst: 10_000, perMinute: 600_000 },
    retryPauseMs: 1,
    ...options,
  });
}
