import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { alertCall, alertParts, topic } from './alerts-parts.ts';
import { failure, mainAccount } from './harness.ts';

/** STS and SNS in the protocol that both speak, because moto takes every key for the same account, and never loses an answer. */

/** Accounts by the key ids that belong to them. */
const keys: Record<string, string> = { AKIAONEEXAMPLE000000: '111111111111', AKIATWOEXAMPLE000000: '123456789012' };
let published: { keyId: string; region: string; body: URLSearchParams }[];
let answer: () => { status: number; xml: string } | 'silence';
let server: ReturnType<typeof createServer>;

beforeEach(async () => {
  published = [];
  answer = () => ({ status: 200, xml: '<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>' });
  server = createServer(async (request, response) => {
    let text = '';
    for await (const part of request) text += part;
    const body = new URLSearchParams(text);
    const [, keyId = '', region = ''] = /Credential=([^/]+)\/\d+\/([^/]+)/.exec(String(request.headers.authorization)) ?? [];
    response.setHeader('content-type', 'text/xml');
    if (body.get('Action') === 'GetCallerIdentity') {
      const account = keys[keyId];
      if (!account)
        return void response.writeHead(403).end('<ErrorResponse><Error><Code>InvalidClientTokenId</Code></Error></ErrorResponse>');
      const result = `<Arn>arn:aws:iam::${account}:user/z</Arn><UserId>A</UserId><Account>${account}</Account>`;
      return void response.end(
        `<GetCallerIdentityResponse><GetCallerIdentityResult>${result}</GetCallerIdentityResult></GetCallerIdentityResponse>`,
      );
    }
    published.push({ keyId, region, body });
    const given = answer();
    if (given === 'silence') return void request.socket.destroy();
    response.writeHead(given.status).end(given.xml);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

function topicsOf(facts: { role?: string }, ...keyIds: string[]) {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const accounts = keyIds.map((accessKeyId, index) =>
    mainAccount({ ...facts, name: `a${index}`, credentials: { accessKeyId, secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' } }),
  );
  return alertParts({ accounts, endpoint: `http://127.0.0.1:${address.port}` }, accounts).topics;
}
const message = { subject: 's', text: 't' };

it.each([
  ['the account that the topic is of', ['AKIAONEEXAMPLE000000', 'AKIATWOEXAMPLE000000'], 'AKIATWOEXAMPLE000000'],
  ['it though the credentials of another fail', ['AKIAGONEEXAMPLE00000', 'AKIATWOEXAMPLE000000'], 'AKIATWOEXAMPLE000000'],
  ['the first where it is of none', ['AKIAONEEXAMPLE000000', 'AKIAGONEEXAMPLE00000'], 'AKIAONEEXAMPLE000000'],
  ['the only one, asking nobody', ['AKIAONEEXAMPLE000000'], 'AKIAONEEXAMPLE000000'],
])('uses %s, in the region of the topic', async (_, accounts, keyId) => {
  await topicsOf({}, ...accounts).publish(topic.replace('eu-north-1', 'eu-west-3'), message, alertCall());
  expect(published).toMatchObject([{ keyId, region: 'eu-west-3' }]);
  expect(published[0]?.body.get('TopicArn')).toBe(topic.replace('eu-north-1', 'eu-west-3'));
});

it('has a subject that SNS takes: short, on one line, in ASCII', async () => {
  await topicsOf({}, 'AKIAONEEXAMPLE000000').publish(
    topic,
    { subject: `Kosten für März:\n${'100 % '.repeat(40)}`, text: 'ü' },
    alertCall(),
  );
  expect(published[0]?.body.get('Subject')).toMatch(/^Kosten f\?r M\?rz: 100 % [ -~]{1,76}\.\.\.$/);
  expect(published[0]?.body.get('Message')).toBe('ü');
});

it('is sent once: nobody can tell whether a notice whose answer was lost was read', async () => {
  answer = () => 'silence';
  const call = alertCall();
  expect(await failure(topicsOf({}, 'AKIAONEEXAMPLE000000').publish(topic, message, call))).toMatchObject({ code: 'provider_unavailable' });
  expect(published).toHaveLength(1);
  expect(call.ledger.effect()).toBe('unknown');
});

it('says who has to be let publish', async () => {
  const xml =
    '<ErrorResponse><Error><Type>Sender</Type><Code>AuthorizationError</Code><Message>not authorized</Message></Error></ErrorResponse>';
  answer = () => ({ status: 403, xml });
  const call = alertCall();
  const error = await failure(topicsOf({}, 'AKIAONEEXAMPLE000000').publish(topic, message, call));
  expect(error).toMatchObject({ code: 'provider_denied', details: { remedy: expect.stringContaining('sns:Publish') } });
  expect(call.ledger.effect()).toBe('none');
});

it("is sent under the server's own identity, where agents have a role", async () => {
  await topicsOf({ role: 'arn:aws:iam::111111111111:role/agents' }, 'AKIAONEEXAMPLE000000').publish(topic, message, alertCall());
  expect(published.map(({ body }) => body.get('Action'))).toEqual(['Publish']);
});

it('is not sent after a cancellation', async () => {
  const call = alertCall();
  call.cancel();
  await failure(topicsOf({}, 'AKIAONEEXAMPLE000000').publish(topic, message, call));
  expect(published).toEqual([]);
});
