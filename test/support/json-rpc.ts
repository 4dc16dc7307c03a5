import type { Running } from './cli.ts';
import { until } from './until.ts';

/** Messages by hand, for what no client library would send. */

export interface Answer {
  readonly jsonrpc: string;
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { code: number; message: string; data?: unknown };
}

const modern = '2026-07-28';

/** The envelope that every request of the 2026-07-28 revision carries. */
export const envelope = {
  'io.modelcontextprotocol/protocolVersion': modern,
  'io.modelcontextprotocol/clientInfo': { name: 'by-hand', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
} as const;

/** Headers that go with it over HTTP. */
export function modernHeaders(method: string, name?: string): Record<string, string> {
  return { 'mcp-protocol-version': modern, 'mcp-method': method, ...(name === undefined ? {} : { 'mcp-name': name }) };
}

export const initialize = {
  jsonrpc: '2.0',
  id: 'init',
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'by-hand', version: '1' } },
} as const;

/** A stdio server spoken to line by line. */
export interface Wire {
  send(line: string | object): void;
  /** The first message that fits. */
  receive(fits: (message: Answer) => boolean): Promise<Answer>;
  messages(): Answer[];
}

export function wireOf(running: Running): Wire {
  const messages = (): Answer[] => running.lines.map((line) => JSON.parse(line) as Answer);
  return {
    send: (line) => void running.child.stdin.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`),
    receive: (fits) => until('an answer', () => messages().find(fits)),
    messages,
  };
}
