import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/**
 * CloudWatch's and CloudWatch Logs' JSON protocols, as far as the tests need them, because moto has no Insights syntax errors and no
 * query that takes time, answers everything in one page, never warns about a dashboard and fails on composite alarms. What an action
 * gets is up to the test; STS and EC2, which speak XML, answer the same to everything.
 */
export interface MonitoringStub {
  readonly endpoint: string;
  /** Every JSON request, in the order of arrival. */
  readonly requests: StubRequest[];
  /** Inputs of the requests of one action. */
  sent(action: string): Record<string, unknown>[];
  /** What each action answers from now on: a value, or a function of the input and of how often it was asked before. */
  answer(answers: Record<string, StubAnswer | ((input: Record<string, unknown>, before: number) => StubAnswer)>): void;
  close(): Promise<void>;
}
export interface StubRequest {
  readonly action: string;
  readonly input: Record<string, unknown>;
}
export type StubAnswer =
  | { readonly json: object }
  | { readonly error: string; readonly status?: number; readonly more?: object }
  /** Nothing comes, for as long as the client holds the connection. */
  | 'silence';

const identity = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ziggie-agent</Arn><UserId>AIDAEXAMPLE</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;

export async function startMonitoringStub(): Promise<MonitoringStub> {
  const requests: StubRequest[] = [];
  let answers: Parameters<MonitoringStub['answer']>[0] = {};

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    for await (const part of request) body += part;
    const target = String(request.headers['x-amz-target'] ?? '').split('.')[1];
    if (target === undefined) {
      const described = answers.DescribeInstances;
      const xml = body.includes('Action=DescribeInstances') && described && 'json' in Object(described) ? described : undefined;
      const text = xml ? String((xml as { json: { xml?: string } }).json.xml) : identity;
      return void response.writeHead(200, { 'content-type': 'text/xml' }).end(text);
    }
    const input = JSON.parse(body || '{}') as Record<string, unknown>;
    const before = requests.filter(({ action }) => action === target).length;
    requests.push({ action: target, input });
    const known = answers[target];
    const answer = typeof known === 'function' ? known(input, before) : known;
    if (answer === 'silence') return;
    const head = { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': `req-${requests.length}` };
    if (answer && 'json' in answer) return void response.writeHead(200, head).end(JSON.stringify(answer.json));
    const { error = 'NotPartOfThisTest', status = 400, more = {} } = answer ?? {};
    response.writeHead(status, head).end(JSON.stringify({ __type: error, message: 'as the service says', ...more }));
  };
  const server = createServer((request, response) => void handle(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    requests,
    sent: (action) => requests.filter((request) => request.action === action).map(({ input }) => input),
    answer: (next) => {
      answers = next;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** EC2's answer with instances, in its XML. */
export function described(...instances: { id: string; name?: string }[]): StubAnswer {
  const items = instances.map(({ id, name = '' }) => {
    const tags = `<tagSet><item><key>Name</key><value>${name}</value></item></tagSet>`;
    return `<item><ownerId>123456789012</ownerId><instancesSet><item><instanceId>${id}</instanceId>${tags}</item></instancesSet></item>`;
  });
  const xml = `<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><reservationSet>${items.join('')}</reservationSet></DescribeInstancesResponse>`;
  return { json: { xml } };
}
