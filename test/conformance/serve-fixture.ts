import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { processEnvironment } from '../../src/config/environment.ts';
import { loadSettings } from '../../src/config/load.ts';
import { createHttpFace } from '../../src/mcp/http.ts';
import { startServer } from '../../src/server.ts';
import { createToken } from '../../src/state/tokens.ts';
import { catalogue } from '../../src/tools/catalogue.ts';
import { fixtureContent } from './fixture/content.ts';

/** The product's own server and HTTP face in the sandbox, with the fixtures as its content. Started as a process of its own. */

const server = await startServer(await loadSettings({ sandbox: true, toolsets: catalogue.toolsets, env: processEnvironment() }));
const face = createHttpFace({
  backend: server.backend,
  allowedHosts: [],
  authenticate: server.authenticate,
  countUnauthenticated: () => server.refusals.count(),
  onError: () => undefined,
  content: fixtureContent,
});
const listener = serve({ fetch: (request: Request) => face.fetch(request), hostname: '127.0.0.1', port: 0 });
listener.once('listening', () => {
  const { port } = listener.address() as AddressInfo;
  const { token } = createToken(server.store, 'agent-marcus');
  process.stdout.write(`fixture http://127.0.0.1:${port}/mcp ${token}\n`);
});
process.once('SIGTERM', () => {
  listener.close();
  void face.close().then(() => server.close());
});
