import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Running, startCli } from '../support/cli.ts';
import { configurationWith, temporaryFolder } from '../support/folders.ts';
import { newRecordOf, recordOf, sandboxRecords } from '../support/journal.ts';
import { type Answer, envelope, initialize, type Wire, wireOf } from '../support/json-rpc.ts';
import { until } from '../support/until.ts';

/** What no well-behaved client sends, line by line: every line is answered once and is on record. */

const config = configurationWith();
const args = ['stdio', '--agent', 'ziggie', '--sandbox', '--config', config];

const openings: Record<'2025-11-25' | '2026-07-28', { hello: object; meta: object }> = {
  '2025-11-25': { hello: initialize, meta: {} },
  '2026-07-28': { hello: { jsonrpc: '2.0', id: 'init', method: 'tools/list', params: { _meta: envelope } }, meta: { _meta: envelope } },
};

describe.each(['2025-11-25', '2026-07-28'] as const)('a connection of %s', (era) => {
  const state = temporaryFolder();
  const { hello, meta } = openings[era];
  let running: Running;
  let wire: Wire;
  let sent = 0;

  beforeAll(async () => {
    running = startCli(state, args);
    wire = wireOf(running);
    wire.send(hello);
    await wire.receive(({ id }) => id === 'init');
  });
  afterAll(() => running.stop());

  /** Sends a request under an id of its own. */
  async function ask(method: string, params: object): Promise<Answer> {
    sent += 1;
    const id = `ask-${sent}`;
    wire.send({ jsonrpc: '2.0', id, method, params: { ...meta, ...params } });
    return wire.receive((message) => message.id === id);
  }

  /** Sends a line that carries no usable id, and waits for its answer. */
  async function sendLine(line: string): Promise<Answer> {
    const before = wire.messages().length;
    wire.send(line);
    return until('an answer', () => wire.messages()[before]);
  }

  const lines: [string, string, number, string | number | null][] = [
    ['text that is not JSON', 'start the database, please', -32700, null],
    [
      'a key that changes a prototype',
      '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"access_whoami","arguments":{"__proto__":{}}}}',
      -32600,
      7,
    ],
    [
      'such a key, escaped',
      '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"access_whoami","arguments":{"\\u005f_proto__":{}}}}',
      -32600,
      7,
    ],
    ['half a message', '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"na', -32700, null],
    ['a batch', `[${JSON.stringify({ jsonrpc: '2.0', id: 'b1', method: 'ping' })}]`, -32600, null],
    ['another version of JSON-RPC', '{"jsonrpc":"1.0","id":"old","method":"tools/list"}', -32600, 'old'],
    ['a number', '42', -32600, null],
    ['null', 'null', -32600, null],
  ];
  it.each(lines)('answers %s with one error and records it', async (_, line, code, id) => {
    let answer: Answer | undefined;
    const record = await newRecordOf(state, async () => {
      answer = await sendLine(line);
    });
    expect(answer).toMatchObject({ jsonrpc: '2.0', id, error: { code } });
    expect(record).toMatchObject({
      phase: 'refused',
      principal: 'agent:agent-ziggie',
      client: 'stdio',
      tool: 'malformed',
      errorCode: 'invalid_input',
      effect: 'none',
      args: { excerpt: expect.any(String) },
    });
  });

  it('answers a line of ten megabytes without keeping it, records its beginning, and goes on', async () => {
    let answer: Answer | undefined;
    const huge = JSON.stringify({
      jsonrpc: '2.0',
      id: 'huge',
      method: 'tools/call',
      params: { ...meta, name: 'x', arguments: { v: 'a'.repeat(10_485_760) } },
    });
    const record = await newRecordOf(state, async () => {
      answer = await sendLine(huge);
    });
    expect(answer).toMatchObject({ id: 'huge', error: { code: -32600, message: expect.stringContaining(String(huge.length)) } });
    expect(JSON.stringify(record).length).toBeLessThan(2_000);
    expect(record).toMatchObject({ phase: 'refused', tool: 'malformed' });
    expect(await ask('tools/list', {})).toHaveProperty('result');
  });

  const requests: [string, string, object, string, number | undefined, string][] = [
    ['tools/call without a name', 'tools/call', { arguments: {} }, 'tools/call', -32602, 'invalid_input'],
    ['tools/call with a number for a name', 'tools/call', { name: 5 }, 'tools/call', -32602, 'invalid_input'],
    [
      'tools/call with a list of arguments',
      'tools/call',
      { name: 'instances_stop', arguments: [] },
      'instances_stop',
      -32602,
      'invalid_input',
    ],
    ['an unknown method', 'tools/destroy', { id: 'i-0a1b2c3d4e5f60001' }, 'tools/destroy', -32601, 'invalid_input'],
    // The SDK calls it an internal error.
    ['resources/read without an address', 'resources/read', {}, 'resources/read', -32603, 'invalid_input'],
    ['a resource that is not there', 'resources/read', { uri: 'cloud://nowhere' }, 'cloud://nowhere', -32602, 'unknown_operation'],
    ['an unknown tool', 'tools/call', { name: 'instances_explode', arguments: {} }, 'instances_explode', undefined, 'unknown_operation'],
    ['an extra key', 'tools/call', { name: 'access_whoami', arguments: { sudo: true } }, 'access_whoami', undefined, 'invalid_input'],
    ['a lone surrogate', 'tools/call', { name: 'audit_search', arguments: { tool: '\ud800' } }, 'audit_search', undefined, 'invalid_input'],
    [
      'a half-megabyte argument',
      'tools/call',
      { name: 'instances_get', arguments: { provider: 'aws', id: 'a'.repeat(500_000) } },
      'instances_get',
      undefined,
      'invalid_input',
    ],
  ];
  it.each(requests)('answers %s with one error and records it', async (_, method, params, tool, protocolCode, errorCode) => {
    let answer: Answer | undefined;
    const record = await newRecordOf(state, async () => {
      answer = await ask(method, params);
    });
    expect(record).toMatchObject({ phase: 'refused', principal: 'agent:agent-ziggie', tool, errorCode, effect: 'none' });
    expect(JSON.stringify(record).length).toBeLessThan(4_000);
    if (protocolCode === undefined) {
      expect(answer?.result).toMatchObject({ isError: true });
      expect(answer?.result).not.toHaveProperty('structuredContent');
    } else expect(answer?.error?.code).toBe(protocolCode);
  });

  it('keeps the trace that a request belongs to', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const answer = await ask('tools/call', {
      name: 'access_whoami',
      arguments: {},
      _meta: { ...('_meta' in meta ? (meta._meta as object) : {}), traceparent },
    });
    const { 'ziggie/callId': callId = '' } = (answer.result?._meta ?? {}) as Record<string, string>;
    expect(await recordOf(state, { callId, phase: 'outcome' })).toMatchObject({ traceparent, client: 'stdio by-hand/1' });
  });
});

describe('before a connection has an era', () => {
  const state = temporaryFolder();

  it('records what the SDK turns away at the door, and then serves', async () => {
    const running = startCli(state, args);
    const wire = wireOf(running);
    const doors: [string, Record<string, unknown>, number][] = [
      ['future', { ...envelope, 'io.modelcontextprotocol/protocolVersion': '2099-01-01' }, -32022],
      ['broken', { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }, -32602],
    ];
    for (const [id, _meta, code] of doors) {
      wire.send({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'instances_list', arguments: {}, _meta } });
      expect((await wire.receive((message) => message.id === id)).error?.code).toBe(code);
    }
    expect((await sandboxRecords(state)).map(({ phase, tool, errorCode }) => [phase, tool, errorCode])).toEqual([
      ['refused', 'instances_list', 'invalid_input'],
      ['refused', 'instances_list', 'invalid_input'],
    ]);
    wire.send(initialize);
    expect(await wire.receive(({ id }) => id === 'init')).toHaveProperty('result');
    running.child.stdin.end();
    expect(await running.exited).toBe(0);
  });
});

describe('the end of stdin', () => {
  const state = temporaryFolder();

  it('in the middle of a launch leaves one instance, one outcome, and exit 0', async () => {
    const running = startCli(state, args);
    const wire = wireOf(running);
    wire.send(initialize);
    await wire.receive(({ id }) => id === 'init');
    // Until spend is known, a launch asks a person.
    wire.send({ jsonrpc: '2.0', id: 'spend', method: 'tools/call', params: { name: 'costs_forecast', arguments: {} } });
    await wire.receive(({ id }) => id === 'spend');
    wire.send({
      jsonrpc: '2.0',
      id: 'launch',
      method: 'tools/call',
      params: {
        name: 'instances_launch',
        arguments: { provider: 'aws', region: 'eu-north-1', name: 'left-behind', instanceType: 't3.micro', image: 'ami-0a1b2c3d4e5f60001' },
        _meta: { progressToken: 'p' },
      },
    });
    // Progress says that the request was sent and the wait has begun.
    await wire.receive(({ method }) => method === 'notifications/progress');
    running.child.stdin.end();
    expect(await running.exited).toBe(0);

    const records = await sandboxRecords(state, { tool: 'instances_launch' });
    expect(records.map(({ phase }) => phase)).toEqual(['outcome', 'intent']);
    expect(records[0]).toMatchObject({ effect: 'applied', errorCode: 'cancelled', callId: records[1]?.callId });
    // One request of the launch reached EC2.
    expect(records[0]?.awsRequestIds).toHaveLength(1);
  });

  it('without a word is a quiet exit 0', async () => {
    const running = startCli(state, args);
    running.child.stdin.end();
    expect(await running.exited).toBe(0);
    expect(running.lines).toEqual([]);
  });

  it('after half a line still answers that line and records it', async () => {
    const running = startCli(state, args);
    running.child.stdin.end('{"jsonrpc":"2.0","id":1,');
    expect(await running.exited).toBe(0);
    expect(running.lines.map((line) => JSON.parse(line))).toMatchObject([{ id: null, error: { code: -32700 } }]);
    expect(await recordOf(state, { tool: 'malformed' })).toMatchObject({ phase: 'refused' });
  });
});
