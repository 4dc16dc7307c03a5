import { request } from 'node:http';
import { type Running, runCli, startCli } from './cli.ts';

export interface Served {
  readonly running: Running;
  readonly url: string;
}

/** Starts `ziggie-cloud serve` on a free port and waits until it says where. */
export async function startServe(state: string, args: readonly string[], extra: Readonly<Record<string, string>> = {}): Promise<Served> {
  const running = startCli(state, ['serve', '--port', '0', ...args], extra);
  const [, url = ''] = await running.line(/^ziggie-cloud serves (http:\S+)/);
  return { running, url };
}

/** Makes an agent token by the command that operators use. */
export async function createTokenOf(state: string, agent: string, args: readonly string[]): Promise<{ id: string; token: string }> {
  const { code, stdout, stderr } = await runCli(state, ['agents', 'token', 'create', agent, '--json', ...args]);
  if (code !== 0) throw new Error(`No token: ${stderr}`);
  return JSON.parse(stdout);
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** One HTTP request with headers exactly as given; `fetch` would not let go of Host. */
export function send(url: string, options: { method?: string; headers?: Record<string, string>; body?: string }): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: options.method ?? 'POST', headers: options.headers ?? {}, agent: false }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }));
    });
    outgoing.on('error', reject);
    outgoing.end(options.body);
  });
}

/** What every well-formed MCP request over HTTP carries. */
export function mcpHeaders(token?: string): Record<string, string> {
  return {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
}
