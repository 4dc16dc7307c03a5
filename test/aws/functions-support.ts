import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { FunctionTarget, TargetRef } from '../../src/ports/domain.ts';
import type { AwsProvider } from '../../src/providers/aws/index.ts';
import { newCall, resolved } from './harness.ts';

export async function functionOf(aws: AwsProvider, ref: Omit<TargetRef<'Function'>, 'type'>, call = newCall()) {
  const { targets } = await aws.resolvers.Function({ type: 'Function', ...ref }, call);
  const [first, ...others] = targets;
  if (!first || others.length > 0) throw new Error(`expected one function, found ${targets.length}`);
  return resolved<FunctionTarget>(first);
}

/** A function that nobody looked up. */
export function functionTarget(facts: Partial<FunctionTarget> = {}) {
  const place = { provider: 'aws', account: 'main', accountId: '123456789012', region: 'eu-north-1' } as const;
  return resolved<FunctionTarget>({
    type: 'Function',
    id: 'ziggie-report',
    name: 'ziggie-report',
    ...place,
    runtime: 'nodejs24.x',
    tags: {},
    ...facts,
  });
}

/**
 * A JSON service (Lambda, Secrets Manager) as far as the tests need it: moto's Lambda has no function errors, log tails,
 * throttling or slow functions, and its Secrets Manager no second writer. What a request gets is up to the test.
 */
export interface JsonStub {
  readonly endpoint: string;
  readonly requests: StubRequest[];
  /** Answers of the next requests; when they are used up, the last one again. */
  answerWith(...answers: StubAnswer[]): void;
  close(): Promise<void>;
}
export interface StubRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
export type StubAnswer =
  | { readonly status?: number; readonly body: string; readonly headers?: Record<string, string>; readonly after?: Promise<unknown> }
  | 'reset'
  | 'silence'
  | ((request: StubRequest) => StubAnswer);

export async function startJsonStub(): Promise<JsonStub> {
  const requests: StubRequest[] = [];
  let answers: StubAnswer[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    for await (const part of request) body += part;
    const seen = { path: request.url ?? '', headers: request.headers, body };
    requests.push(seen);
    let answer = answers.length > 1 ? answers.shift() : answers[0];
    while (typeof answer === 'function') answer = answer(seen);
    if (answer === 'silence') return;
    if (answer === undefined || answer === 'reset') return void request.socket.resetAndDestroy();
    await answer.after;
    const headers = { 'content-type': 'application/json', 'x-amzn-requestid': 'req-stub', ...answer.headers };
    response.writeHead(answer.status ?? 200, headers).end(answer.body);
  };
  const server = createServer((request, response) => void handle(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    requests,
    answerWith: (...next) => {
      answers = next;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** An error as Lambda's REST-JSON says it. */
export function serviceError(status: number, code: string, headers: Record<string, string> = {}): StubAnswer {
  return { status, body: JSON.stringify({ Message: 'as the service says' }), headers: { 'x-amzn-errortype': code, ...headers } };
}

export function returned(body: unknown, headers: Record<string, string> = {}): StubAnswer {
  return { body: JSON.stringify(body), headers: { 'x-amz-executed-version': '7', ...headers } };
}

export function failed(kind: 'Handled' | 'Unhandled', errorType: string, errorMessage: string): StubAnswer {
  return returned({ errorType, errorMessage, trace: ['at somewhere'] }, { 'x-amz-function-error': kind });
}

export function logged(text: string): Record<string, string> {
  return { 'x-amz-log-result': Buffer.from(text).toString('base64') };
}
