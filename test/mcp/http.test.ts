import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';
import { connectHttp, makes } from '../support/clients.ts';
import { configurationWith, temporaryFolder } from '../support/folders.ts';
import { createTokenOf, mcpHeaders, type Reply, type Served, send, startServe } from '../support/http.ts';
import { newRecordOf, sandboxRecords } from '../support/journal.ts';
import { envelope, modernHeaders } from '../support/json-rpc.ts';

/** The HTTP face as it is served: who gets in, what is turned away, and what of it is on record. */

const state = temporaryFolder();
const config = configurationWith();
const args = ['--sandbox', '--config', config];
const whoami = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'access_whoami', arguments: {} } };

let served: Served;
let marcus: { id: string; token: string };
let ziggie: { id: string; token: string };

beforeAll(async () => {
  [marcus, ziggie] = await Promise.all([createTokenOf(state, 'marcus', args), createTokenOf(state, 'ziggie', args)]);
  served = await startServe(state, args);
});
afterAll(() => served.running.stop());

function post(body: unknown, headers: Record<string, string> = {}, token: string | undefined = marcus.token): Promise<Reply> {
  return send(served.url, {
    headers: { ...mcpHeaders(token === '' ? undefined : token), ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

describe('who gets in', () => {
  it.each([
    ['no token', ''],
    ['an unknown token', 'zgt_0000000000000000000000000000000000000000000'],
    ['something that is no token', 'secret'],
  ])('answers %s with 401 and how to authenticate', async (_, token) => {
    const reply = await post(whoami, {}, token);
    expect(reply.status).toBe(401);
    expect(reply.headers['www-authenticate']).toMatch(/^Bearer /);
    expect(JSON.parse(reply.text)).toMatchObject({
      jsonrpc: '2.0',
      id: null,
      error: { message: expect.stringContaining('agents token create') },
    });
  });

  it('answers a revoked token with 401 at once, and ends its open subscription at the next notice', async () => {
    const { id, token } = await createTokenOf(state, 'marcus', args);
    const client = await connectHttp(makes[0], served.url, token);
    const subscription = (await client.subscribe(['cloud://instances'])) as { closed: Promise<string> };
    expect((await runCli(state, ['agents', 'token', 'revoke', id, ...args])).code).toBe(0);

    expect((await post(whoami, {}, token)).status).toBe(401);
    const other = await connectHttp(makes[0], served.url, ziggie.token);
    await other.call('instances_restart', { provider: 'aws', id: 'i-0a1b2c3d4e5f60006' });
    expect(await subscription.closed).not.toBe('local');
    expect(client.updated).toEqual([]);
    await Promise.all([client.close(), other.close()]);
  });

  it.each([
    ['Host', { host: 'evil.example' }],
    ['Host with a port', { host: 'evil.example:8787' }],
    ['Origin', { origin: 'https://evil.example' }],
    ['Origin of no kind', { origin: 'null' }],
  ])('refuses a foreign %s even with a good token', async (_, headers) => {
    expect((await post(whoami, headers as Record<string, string>)).status).toBe(403);
  });

  it('serves a page of this machine, and nothing beside /mcp', async () => {
    expect((await post(whoami, { origin: 'http://localhost:5173' })).status).toBe(200);
    expect((await send(served.url.replace('/mcp', '/'), { method: 'GET' })).status).toBe(404);
    expect((await send(served.url, { method: 'GET', headers: mcpHeaders(marcus.token) })).status).toBe(405);
  });
});

describe('what is turned away', () => {
  const modern = (method: string, params: object, id: unknown = 'm') => ({ jsonrpc: '2.0', id, method, params });
  const cases: [string, unknown, Record<string, string>, number, number, string][] = [
    ['text that is not JSON', '{"jsonrpc":', {}, 400, -32700, 'malformed'],
    [
      'a key that changes a prototype',
      '{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"__proto__":{}}}',
      {},
      400,
      -32600,
      'malformed',
    ],
    ['a message of no protocol', { hello: 'there' }, {}, 400, -32600, 'malformed'],
    ['another content type', whoami, { 'content-type': 'text/plain' }, 415, -32000, 'access_whoami'],
    ['a client that takes no JSON', whoami, { accept: 'text/html' }, 406, -32000, 'access_whoami'],
    ['an unknown protocol version', whoami, { 'mcp-protocol-version': '1999-01-01' }, 400, -32000, 'access_whoami'],
    [
      'a version that the header contradicts',
      modern('tools/call', { ...whoami.params, _meta: envelope }),
      { ...modernHeaders('tools/call', 'access_whoami'), 'mcp-protocol-version': '2025-11-25' },
      400,
      -32020,
      'access_whoami',
    ],
    [
      'a tool name that the header contradicts',
      modern('tools/call', { ...whoami.params, _meta: envelope }),
      modernHeaders('tools/call', 'health_check'),
      400,
      -32020,
      'access_whoami',
    ],
    [
      'an envelope with holes',
      modern('tools/call', { ...whoami.params, _meta: { ...envelope, 'io.modelcontextprotocol/clientCapabilities': 5 } }),
      modernHeaders('tools/call', 'access_whoami'),
      400,
      -32602,
      'access_whoami',
    ],
    [
      'an unknown method in 2026-07-28',
      modern('tools/destroy', { _meta: envelope }),
      modernHeaders('tools/destroy'),
      404,
      -32601,
      'tools/destroy',
    ],
    [
      'a removed method in 2026-07-28',
      modern('resources/subscribe', { uri: 'cloud://instances', _meta: envelope }),
      modernHeaders('resources/subscribe'),
      404,
      -32601,
      'resources/subscribe',
    ],
    ['an unknown method in 2025-11-25', modern('tools/destroy', {}), {}, 200, -32601, 'tools/destroy'],
    [
      'a subscription in 2025-11-25, where nobody could be reached',
      modern('resources/subscribe', { uri: 'cloud://instances' }),
      {},
      200,
      -32601,
      'resources/subscribe',
    ],
    ['tools/call without a name', modern('tools/call', {}), {}, 200, -32602, 'tools/call'],
  ];
  it.each(cases)('answers %s and records it once', async (_, body, headers, status, code, tool) => {
    let reply: Reply | undefined;
    const record = await newRecordOf(state, async () => {
      reply = await post(body, headers);
    });
    expect(record).toMatchObject({
      phase: 'refused',
      principal: 'agent:agent-marcus',
      client: 'http',
      tool,
      errorCode: 'invalid_input',
      effect: 'none',
    });
    expect({ status: reply?.status, text: reply?.text }).toEqual({ status, text: expect.stringContaining(`"code":${code}`) });
  });

  it('answers more than a megabyte with 413 and records it', async () => {
    let reply: Reply | undefined;
    const record = await newRecordOf(state, async () => {
      reply = await post({ ...whoami, params: { name: 'access_whoami', arguments: { v: 'a'.repeat(1_100_000) } } });
    });
    expect(reply?.status).toBe(413);
    expect(record).toMatchObject({ phase: 'refused', tool: 'malformed', principal: 'agent:agent-marcus' });
  });

  it('counts a flood of unknown callers in one record instead of writing each', async () => {
    const flood = 40;
    await Promise.all(Array.from({ length: flood }, () => post(whoami, {}, '')));
    const before = await sandboxRecords(state, { tool: 'http' });
    // The first unknown caller of a minute is written at once, the rest together when the minute or the server ends.
    expect(before).toHaveLength(1);
    expect(before[0]).toMatchObject({ phase: 'refused', principal: 'unknown', errorCode: 'unauthenticated' });
  });
});

describe('where it listens', () => {
  const closed = {
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
  };
  const live = temporaryFolder();

  it('refuses to leave loopback while there is no token, and says how to make one', async () => {
    const { code, stderr } = await runCli(live, ['serve', '--host', '0.0.0.0', '--port', '0', '--config', config], closed);
    expect(code).toBe(5);
    expect(stderr).toContain('agents token create');
  });

  it('says in words that a port is taken', async () => {
    const { port } = new URL(served.url);
    const { code, stderr } = await runCli(live, ['serve', '--port', port, '--sandbox', '--config', config]);
    expect(code).toBe(1);
    expect(stderr).toContain('--port');
  });
});

describe('the end', () => {
  const ending = temporaryFolder();

  it('is exit 0 on SIGTERM, with every counted refusal on record', async () => {
    const { running, url } = await startServe(ending, args);
    const flood = 25;
    for (let sent = 0; sent < flood; sent += 1) expect((await send(url, { headers: mcpHeaders(), body: '{}' })).status).toBe(401);
    expect(await running.stop()).toBe(0);
    const counts = (await sandboxRecords(ending, { tool: 'http' })).map(({ count }) => count ?? 0);
    expect(counts).toHaveLength(2);
    expect(counts.reduce((sum, count) => sum + count)).toBe(flood);
  });
});
