import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectHttp, makes, type TestClient } from '../support/clients.ts';
import { configurationWith, temporaryFolder } from '../support/folders.ts';
import { createTokenOf, type Served, startServe } from '../support/http.ts';
import { recordOf } from '../support/journal.ts';
import { until } from '../support/until.ts';

/** Real clients over HTTP: the same calls in both eras, and news of changes to those who can be told. */

const state = temporaryFolder();
const config = configurationWith();
const args = ['--sandbox', '--config', config];

let served: Served;
let marcus: { id: string; token: string };
let ziggie: { id: string; token: string };

beforeAll(async () => {
  [marcus, ziggie] = await Promise.all([createTokenOf(state, 'marcus', args), createTokenOf(state, 'ziggie', args)]);
  served = await startServe(state, args);
});
afterAll(() => served.running.stop());

it('shows two agents their own tools and their own names', async () => {
  const [one, two] = await Promise.all([connectHttp(makes[0], served.url, marcus.token), connectHttp(makes[0], served.url, ziggie.token)]);
  const names = async (client: TestClient) => (await client.raw.listTools()).tools.map(({ name }) => name);
  expect(await names(one)).not.toContain('instances_terminate');
  expect(await names(two)).toContain('instances_terminate');
  expect((await one.call('access_whoami', {})).structuredContent).toMatchObject({ agent: 'agent-marcus' });
  expect((await two.call('access_whoami', {})).structuredContent).toMatchObject({ agent: 'agent-ziggie' });
  await Promise.all([one.close(), two.close()]);
});

describe.each(makes)('%s over HTTP', (make) => {
  let client: TestClient;
  beforeAll(async () => {
    client = await connectHttp(make, served.url, marcus.token);
  });
  afterAll(() => client.close());

  it('lists, calls, reads and is refused like over stdio', async () => {
    expect((await client.raw.listTools()).tools).toHaveLength(23);
    const listed = await client.call('instances_list', { limit: 2 });
    expect(listed.structuredContent).toMatchObject({ instances: [{}, {}], nextCursor: expect.any(String) });
    expect(await recordOf(state, { callId: String(listed._meta?.['ziggie/callId']), phase: 'outcome' })).toMatchObject({
      client: client.modern ? 'http test-client/1.2.3' : 'http',
    });
    const { contents } = await client.raw.readResource({ uri: 'cloud://permissions' });
    expect(contents[0]).toMatchObject({ text: expect.stringContaining('agent-marcus') });
    const denied = await client.call('instances_stop', { provider: 'aws', id: 'i-0a1b2c3d4e5f60012' });
    expect(denied).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('policy_denied') }] });
  });

  it('shows progress', async () => {
    const progress: number[] = [];
    const id = { [makes[0]]: 'i-0a1b2c3d4e5f60008', [makes[1]]: 'i-0a1b2c3d4e5f60009', [makes[2]]: 'i-0a1b2c3d4e5f60010' }[make];
    const started = await client.call('instances_start', { provider: 'aws', id }, { onprogress: (step) => progress.push(step.progress) });
    expect(started.structuredContent).toMatchObject({ state: 'running' });
    expect(progress.length).toBeGreaterThan(0);
  });

  it('promises subscriptions only where it can keep them', () => {
    expect(client.raw.getServerCapabilities()?.resources).toEqual(client.modern ? { subscribe: true } : {});
  });
});

it('tells subscribers of 2026-07-28 over HTTP what another agent changed', async () => {
  const [listener, actor] = await Promise.all([
    connectHttp(makes[0], served.url, marcus.token),
    connectHttp(makes[1], served.url, ziggie.token),
  ]);
  const one = 'cloud://instances/aws/i-0a1b2c3d4e5f60002';
  await listener.subscribe(['cloud://instances', one]);
  await actor.call('instances_restart', { provider: 'aws', id: 'i-0a1b2c3d4e5f60002' });
  await until('both notices', () => listener.updated.length >= 2);
  expect(listener.updated.toSorted()).toEqual(['cloud://instances', one]);
  await Promise.all([listener.close(), actor.close()]);
});

it('refuses a subscription over HTTP to what is not there, and records it', async () => {
  const client = await connectHttp(makes[0], served.url, marcus.token);
  const failure: unknown = await client.subscribe(['cloud://instances/aws/i-0000000000000ffff']).catch((error) => error);
  expect(failure).toMatchObject({ code: -32602, data: { error: { code: 'target_unresolved' } } });
  const { callId } = (failure as { data: { error: { callId: string } } }).data.error;
  expect(await recordOf(state, { callId })).toMatchObject({ phase: 'refused', tool: 'instances_get', principal: 'agent:agent-marcus' });
  await client.close();
});

it('stops telling an agent about what policy no longer lets it read', async () => {
  const [listener, actor] = await Promise.all([
    connectHttp(makes[0], served.url, marcus.token),
    connectHttp(makes[1], served.url, ziggie.token),
  ]);
  const [runner, web] = ['i-0a1b2c3d4e5f60007', 'i-0a1b2c3d4e5f60001'];
  await listener.subscribe([`cloud://instances/aws/${runner}`, `cloud://instances/aws/${web}`]);
  writeFileSync(
    join(config, 'policy', 'later.cedar'),
    `@id("test-later") @advice("Not any more.")
     forbid (principal == Ziggie::Agent::"agent-marcus", action == Ziggie::Action::"instances_get", resource is Ziggie::Instance)
     when { resource.hasTag("Role") && resource.getTag("Role") == "ci" };`,
  );
  await until('the new policy', () => listener.toolChanges() > 0);
  await actor.call('instances_restart', { provider: 'aws', id: runner });
  await actor.call('instances_restart', { provider: 'aws', id: web });
  await until('a notice', () => listener.updated.length > 0);
  expect(listener.updated).toEqual([`cloud://instances/aws/${web}`]);
  await Promise.all([listener.close(), actor.close()]);
});
