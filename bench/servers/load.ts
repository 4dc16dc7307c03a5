import { Agent, request } from 'node:http';
import { toolInput, toolName } from '../fake-instance.ts';
import { percentile } from '../figures.ts';
import { answerMessages } from '../processes.ts';
import type { Served } from './serve.ts';

export interface Load extends Served {
  readonly clients: number;
  readonly durationMs: number;
}

export interface LoadResult {
  readonly callsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Clients of the 2026-07-28 era in a process of their own: each waits for its answer and calls again. */
async function putLoad({ port, token, clients, durationMs }: Load): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const latencies: number[] = [];
  const began = performance.now();
  const until = began + durationMs;
  let calls = 0;
  const client = async () => {
    while (performance.now() < until) {
      const sent = performance.now();
      calls += 1;
      await call(agent, port, token, calls);
      latencies.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - began) / 1_000;
  agent.destroy();
  return { callsPerSecond: calls / seconds, p50Ms: percentile(latencies, 0.5), p99Ms: percentile(latencies, 0.99) };
}

const _meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

function call(agent: Agent, port: number, token: string, id: number): Promise<void> {
  const body = JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: toolName, arguments: toolInput, _meta } });
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    accept: 'application/json, text/event-stream',
    authorization: `Bearer ${token}`,
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': toolName,
  };
  return new Promise((resolve, reject) => {
    const sent = request({ agent, host: '127.0.0.1', port, path: '/mcp', method: 'POST', headers, timeout: 10_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () => {
        // A refusal is quick, and must not count as a call.
        if (response.statusCode === 200 && text.includes('"structuredContent"') && !text.includes('"isError":true')) resolve();
        else reject(new Error(`status ${response.statusCode}: ${text.slice(0, 300)}`));
      });
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer within 10 s')));
    sent.on('error', reject);
    sent.end(body);
  });
}

answerMessages(
  async (load: Load) => ({ ...(await putLoad(load)) }),
  () => undefined,
);
