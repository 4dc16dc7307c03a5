import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A network and a set of services with bad days, of the tests' own: in front of moto, it throttles, resets (before the service hears
 * of a request, or after), fails and cuts off. It also does what moto does not: it answers a repeated client token with the answer of
 * the first request, as AWS does, so that a retry shows as what it is.
 */
export interface FaultProxy {
  readonly endpoint: string;
  /** What arrived, as `service action`. */
  readonly arrived: string[];
  /** Bodies of query requests (EC2, STS, IAM). */
  readonly forms: URLSearchParams[];
  /** What reached moto. */
  readonly passed: string[];
  readonly faults: { throttled: number; resetBefore: number; resetAfter: number; failed: number };
  /** While it gives a fault for a request, that is what the request gets. */
  plan: (index: number, service: string) => Fault | undefined;
  close(): Promise<void>;
}

export type Fault = 'throttle' | 'reset-before' | 'reset-after' | 'fail' | 'truncate';

/** Five in a hundred throttled, one reset: every second of those after the service has acted. */
export function badDay(index: number): Fault | undefined {
  if (index % 100 === 37) return index % 200 === 37 ? 'reset-before' : 'reset-after';
  return index % 20 === 11 ? 'throttle' : undefined;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const to = new URL(target);
  const arrived: string[] = [];
  const passed: string[] = [];
  const forms: URLSearchParams[] = [];
  const faults = { throttled: 0, resetBefore: 0, resetAfter: 0, failed: 0 };
  const byToken = new Map<string, Promise<Answer>>();
  const server = createServer((incoming, outgoing) => {
    void serve(incoming, outgoing).catch(() => outgoing.destroy());
  });

  const forward = async (incoming: IncomingMessage, body: Buffer, name: string): Promise<Answer> => {
    passed.push(name);
    const onward = request({ host: to.hostname, port: to.port, method: incoming.method, path: incoming.url, headers: incoming.headers });
    onward.end(body);
    const [answer] = (await once(onward, 'response')) as [IncomingMessage];
    return { status: answer.statusCode ?? 502, headers: answer.headers, body: Buffer.concat(await answer.toArray()) };
  };

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = Buffer.concat(await incoming.toArray());
    const { service, action } = nameOf(incoming, body);
    forms.push(new URLSearchParams(body.toString('latin1')));
    const name = `${service} ${action}`;
    const fault = proxy.plan(arrived.push(name) - 1, service);
    if (fault === 'throttle') {
      faults.throttled += 1;
      return throttle(service, outgoing);
    }
    if (fault === 'fail') {
      faults.failed += 1;
      outgoing.writeHead(500).end();
      return;
    }
    if (fault === 'reset-before') {
      faults.resetBefore += 1;
      incoming.socket.resetAndDestroy();
      return;
    }
    const token = tokenOf(body);
    let answer = token === undefined ? undefined : byToken.get(`${name} ${token}`);
    if (!answer) {
      answer = forward(incoming, body, name);
      if (token !== undefined) byToken.set(`${name} ${token}`, answer);
    }
    const { status, headers, body: answerBody } = await answer;
    if (fault === 'reset-after') {
      faults.resetAfter += 1;
      incoming.socket.resetAndDestroy();
      return;
    }
    outgoing.writeHead(status, headers);
    if (fault === 'truncate') {
      outgoing.write(answerBody.subarray(0, answerBody.length / 2), () => incoming.socket.destroy());
      return;
    }
    outgoing.end(answerBody);
  }

  const proxy: FaultProxy = {
    get endpoint() {
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    arrived,
    forms,
    passed,
    faults,
    plan: () => undefined,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return proxy;
}

function nameOf({ headers, method, url = '' }: IncomingMessage, body: Buffer): { service: string; action: string } {
  const service = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(headers.authorization ?? '')?.[1] ?? 'unknown';
  const target = headers['x-amz-target'];
  if (typeof target === 'string') return { service, action: target.split('.').at(-1) ?? target };
  const action = new URLSearchParams(body.toString('latin1')).get('Action');
  return { service, action: action ?? `${method} ${url.split('?')[0]}` };
}

/** What makes a request the same one again: EC2's and Secrets Manager's tokens. */
function tokenOf(body: Buffer): string | undefined {
  const text = body.toString('latin1');
  return new URLSearchParams(text).get('ClientToken') ?? /"ClientRequestToken":"([^"]+)"/.exec(text)?.[1];
}

/** Each service says it in its own way (their API references, "Common errors"). */
function throttle(service: string, outgoing: ServerResponse): void {
  if (service === 's3') {
    outgoing.writeHead(503, { 'content-type': 'application/xml' }).end('<Error><Code>SlowDown</Code><Message>slow down</Message></Error>');
  } else if (service === 'ec2') {
    outgoing
      .writeHead(503, { 'content-type': 'text/xml' })
      .end('<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>slow down</Message></Error></Errors></Response>');
  } else if (service === 'sts') {
    outgoing
      .writeHead(400, { 'content-type': 'text/xml' })
      .end('<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>slow down</Message></Error></ErrorResponse>');
  } else if (service === 'lambda') {
    outgoing
      .writeHead(429, { 'content-type': 'application/json', 'x-amzn-errortype': 'TooManyRequestsException' })
      .end('{"message":"slow down"}');
  } else {
    outgoing.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' }).end('{"__type":"ThrottlingException","message":"slow down"}');
  }
}
