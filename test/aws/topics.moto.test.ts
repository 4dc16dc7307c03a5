import { once } from 'node:events';
import { createServer } from 'node:http';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { alertCall, alertParts } from './alerts-parts.ts';
import { exampleKeys, failure, mainAccount } from './harness.ts';
import { type Moto, startMoto } from './moto.ts';

let moto: Moto;
beforeAll(async () => {
  moto = await startMoto();
}, 60_000);
beforeEach(() => moto.reset());
afterAll(() => moto.close());

const topics = (accounts = [mainAccount()]) => alertParts({ accounts, endpoint: moto.endpoint }, accounts).topics;

/** Somebody who listens to a topic, over HTTP. */
async function subscriber(region: string) {
  const heard: { Subject?: string; Message: string }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    heard.push(JSON.parse(body));
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const client = new SNSClient({ endpoint: moto.endpoint, region, credentials: exampleKeys });
  const { TopicArn = '' } = await client.send(new CreateTopicCommand({ Name: 'ziggie-costs' }));
  await client.send(new SubscribeCommand({ TopicArn, Protocol: 'http', Endpoint: `http://127.0.0.1:${address.port}/` }));
  return {
    arn: TopicArn,
    heard,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

it('publishes to a topic of a region that the account does not list, once, with a subject that SNS takes', async () => {
  const { arn, heard, close } = await subscriber('eu-west-3');
  const call = alertCall();
  await topics().publish(arn, { subject: `Kosten für März:\n${'100 % '.repeat(40)}`, text: 'Über dem Budget.\n\n- zwei Zeilen' }, call);
  expect(heard).toHaveLength(1);
  expect(heard[0]?.Message).toBe('Über dem Budget.\n\n- zwei Zeilen');
  expect(heard[0]?.Subject).toMatch(/^Kosten f\?r M\?rz: 100 % [\x20-\x7e]*\.\.\.$/);
  expect(heard[0]?.Subject?.length).toBeLessThan(100);
  expect(call.attempts).toEqual(['applied']);
  await close();
});

it('says that there is no such topic', async () => {
  const call = alertCall();
  const error = await failure(topics().publish('arn:aws:sns:eu-north-1:123456789012:nobody', { subject: 's', text: 't' }, call));
  expect(error).toMatchObject({ code: 'provider_not_found', details: { remedy: expect.stringContaining('costs.topics') } });
  expect(call.ledger.effect()).toBe('none');
});
