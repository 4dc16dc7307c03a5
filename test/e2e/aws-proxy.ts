import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A proxy of the tests' own in front of moto: it sees what really left the server, and can hold or refuse it. */
export interface AwsProxy {
  readonly endpoint: string;
  /** EC2 actions and the targets of JSON services, in the order in which they arrived. */
  readonly actions: string[];
  /** Bodies of query requests (EC2, STS, IAM). */
  readonly forms: URLSearchParams[];
  /** Refuses connections' requests of a service while set: `logs`, `ec2`. */
  readonly down: Set<string>;
  /** Waits before the answer of an action is passed back; the request has reached the service by then. */
  holdAnswer: (action: string) => Promise<void>;
  count(action: string): number;
  close(): Promise<void>;
}

/** EC2's actions that change something and that these tests could cause. */
export const mutations = ['StartInstances', 'StopInstances', 'RebootInstances', 'RunInstances', 'TerminateInstances'];

export async function startAwsProxy(target: string): Promise<AwsProxy> {
  const to = new URL(target);
  const actions: string[] = [];
  const forms: URLSearchParams[] = [];
  const down = new Set<string>();
  const server = createServer((incoming, outgoing) => {
    void pass(incoming, outgoing).catch(() => outgoing.destroy());
  });
  const proxy: AwsProxy = {
    get endpoint() {
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    actions,
    forms,
    down,
    holdAnswer: async () => {},
    count: (action) => actions.filter((each) => each === action).length,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = Buffer.concat(await incoming.toArray());
    const action = actionOf(incoming, body);
    if (down.has(serviceOf(action))) {
      incoming.socket.destroy();
      return;
    }
    actions.push(action);
    forms.push(new URLSearchParams(body.toString('utf8')));
    const forwarded = request({ host: to.hostname, port: to.port, method: incoming.method, path: incoming.url, headers: incoming.headers });
    forwarded.end(body);
    const [answer] = (await once(forwarded, 'response')) as [IncomingMessage];
    const answerBody = Buffer.concat(await answer.toArray());
    await proxy.holdAnswer(action);
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    outgoing.end(answerBody);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return proxy;
}

function actionOf(incoming: IncomingMessage, body: Buffer): string {
  const target = incoming.headers['x-amz-target'];
  if (typeof target === 'string') return target;
  return new URLSearchParams(body.toString('utf8')).get('Action') ?? 'unknown';
}

function serviceOf(action: string): string {
  return action.startsWith('Logs_') ? 'logs' : 'other';
}
