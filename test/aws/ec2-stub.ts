import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/**
 * EC2's Query protocol, as far as the tests need it: moto takes a repeated client token, wrong states and malformed ids for good, never
 * throttles, and answers some errors in the wrong format. What a request gets is up to the test.
 */
export interface Ec2Stub {
  readonly endpoint: string;
  /** Every request, in the order of arrival. */
  readonly requests: StubRequest[];
  /** Answers of the next requests; when they are used up, the last one again. */
  answerWith(...answers: StubAnswer[]): void;
  close(): Promise<void>;
}
export interface StubRequest {
  readonly action: string;
  readonly parameters: URLSearchParams;
}
export type StubAnswer =
  | { readonly status: number; readonly body: string; readonly headers?: Record<string, string> }
  /** The connection is reset after the request was read. */
  | 'reset'
  /** Nothing comes, for as long as the client holds the connection. */
  | 'silence';

export async function startEc2Stub(): Promise<Ec2Stub> {
  const requests: StubRequest[] = [];
  let answers: StubAnswer[] = [];

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    for await (const part of request) body += part;
    const parameters = new URLSearchParams(body);
    requests.push({ action: parameters.get('Action') ?? '', parameters });
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer === 'silence') return;
    if (answer === undefined || answer === 'reset') return void request.socket.resetAndDestroy();
    response.writeHead(answer.status, { 'content-type': 'text/xml', ...answer.headers }).end(answer.body);
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

export function ec2Error(status: number, code: string, message = 'as the service says', headers: Record<string, string> = {}): StubAnswer {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors><RequestID>req-${code}</RequestID></Response>`;
  return { status, body, headers: { 'x-amzn-requestid': `req-${code}`, ...headers } };
}

export function ran(id: string, state = 'running'): StubAnswer {
  return ok(
    'RunInstances',
    `<instancesSet><item><instanceId>${id}</instanceId><instanceState><name>${state}</name></instanceState></item></instancesSet>`,
  );
}

export function stopped(id: string): StubAnswer {
  return ok(
    'StopInstances',
    `<instancesSet><item><instanceId>${id}</instanceId><currentState><name>stopped</name></currentState><previousState><name>running</name></previousState></item></instancesSet>`,
  );
}

export function described(...instances: { id: string; state?: string; owner?: string; reason?: string }[]): StubAnswer {
  const items = instances.map(
    ({ id, state = 'running', owner = '123456789012', reason }) =>
      `<item><ownerId>${owner}</ownerId><instancesSet><item><instanceId>${id}</instanceId><instanceState><name>${state}</name></instanceState>${
        reason ? `<stateReason><code>${reason}</code><message>because</message></stateReason>` : ''
      }<instanceType>t3.micro</instanceType></item></instancesSet></item>`,
  );
  return ok('DescribeInstances', `<reservationSet>${items.join('')}</reservationSet>`);
}

export function started(id: string, state = 'pending'): StubAnswer {
  return ok(
    'StartInstances',
    `<instancesSet><item><instanceId>${id}</instanceId><currentState><name>${state}</name></currentState><previousState><name>stopped</name></previousState></item></instancesSet>`,
  );
}

function ok(action: string, content: string): StubAnswer {
  const body = `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>req-${action}</requestId>${content}</${action}Response>`;
  return { status: 200, body, headers: { 'x-amzn-requestid': `req-${action}` } };
}
