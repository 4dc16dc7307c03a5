import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { answerMessages } from '../processes.ts';

export interface Served {
  readonly port: number;
  readonly token: string;
}

/** Serves on a free port of the loopback, and says which one to whoever asks. */
export function serveUntilLetGo(fetch: (request: Request) => Promise<Response>, token: string, close: () => Promise<void>): void {
  const listener = serve({ fetch: (request) => fetch(request), hostname: '127.0.0.1', port: 0 });
  const listening = once(listener, 'listening');
  answerMessages(
    async () => {
      await listening;
      const served: Served = { port: (listener.address() as AddressInfo).port, token };
      return { ...served };
    },
    async () => {
      listener.close();
      await close();
    },
  );
}
