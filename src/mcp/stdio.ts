import type { Readable, Writable } from 'node:stream';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Principal } from '../ports/domain.ts';
import { refusedSubscription } from './listen.ts';
import { createMcpServer } from './server-factory.ts';
import type { McpBackend } from './session.ts';
import { StdioTransport } from './stdio-transport.ts';
import { createTap, notTaken } from './tap.ts';

/** Largest message taken, in bytes, over stdio and HTTP alike. */
export const maxMessageBytes = 1_048_576;

export interface StdioOptions {
  readonly backend: McpBackend;
  readonly principal: Principal;
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly onError: (error: Error) => void;
}

/** Serves both protocol eras over stdio until the client closes it. */
export function runStdio({ backend, principal, stdin, stdout, onError }: StdioOptions): Promise<void> {
  return new Promise((resolve) => {
    const tap = createTap(backend, principal, 'stdio');
    const transport = new StdioTransport({
      stdin,
      stdout,
      maxLineBytes: maxMessageBytes,
      onMalformed: ({ problem, excerpt }) =>
        backend.refuse({ principal, tool: 'malformed', input: { excerpt }, client: 'stdio' }, notTaken(problem)),
      // A modern client subscribes past every handler, so the decision is made here.
      refuse: (message) => refusedSubscription(backend, principal, 'stdio', message),
      tap,
    });
    serveStdio((context) => createMcpServer({ backend, principal, face: 'stdio', tap }, context), { transport, onerror: onError });
    const close = transport.onclose;
    transport.onclose = () => {
      close?.();
      resolve();
    };
  });
}
