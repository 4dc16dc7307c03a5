import type { AddressInfo } from 'node:net';
import { serve as listen } from '@hono/node-server';
import { createHttpFace } from '../mcp/http.ts';
import { startServer, type ZiggieServer } from '../server.ts';
import { createToken } from '../state/tokens.ts';
import { type CommonOptions, settingsOf } from './context.ts';
import { CliError, exit, print } from './output.ts';
import { sandboxApprover } from './sandbox-approver.ts';

interface ServeOptions extends CommonOptions {
  readonly host: string;
  readonly port: number;
}

const loopback = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/** Serves MCP over HTTP until the process is told to end. */
export async function serve(options: ServeOptions): Promise<void> {
  const settings = await settingsOf(options);
  const server = await startServer(settings);
  server.stay();
  if (!loopback.test(options.host) && !server.store.listTokens().some(({ revokedAt }) => revokedAt === undefined)) {
    await server.close();
    throw new CliError(
      exit.configuration,
      `Not listening on ${options.host}: there is no agent token, and only loopback may be served without one. Make one with: ziggie-cloud agents token create <agent>`,
    );
  }
  const face = createHttpFace({
    backend: server.backend,
    allowedHosts: settings.http.allowedHosts,
    authenticate: server.authenticate,
    countUnauthenticated: () => server.refusals.count(),
    onError: (error) => server.log.warn({ reason: error.message }, 'a request could not be handled'),
  });
  const fetch = (request: Request) =>
    new URL(request.url).pathname === '/mcp' ? face.fetch(request) : new Response('Not Found', { status: 404 });
  const listener = listen({ fetch, hostname: options.host, port: options.port });
  const address = await new Promise<AddressInfo>((resolve, reject) => {
    listener.once('listening', () => resolve(listener.address() as AddressInfo));
    listener.once('error', reject);
  }).catch(async (error: NodeJS.ErrnoException) => {
    await server.close();
    throw new CliError(
      exit.failed,
      `Cannot listen on ${options.host}:${options.port}: ${error.code === 'EADDRINUSE' ? 'the port is taken; use --port' : error.message}.`,
    );
  });
  const url = `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}/mcp`;
  print(
    settings.sandbox
      ? sandboxWelcome(url, server, await sandboxApprover(settings))
      : `ziggie-cloud serves ${url}\nTokens: ziggie-cloud agents token create <agent>`,
  );

  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  // No new requests; what runs may end within its bound, and only then are connections cut.
  const closed = new Promise<void>((resolve) => listener.close(() => resolve()));
  await server.close();
  await face.close();
  if ('closeAllConnections' in listener) listener.closeAllConnections();
  await closed;
}

/** What a newcomer needs next, in lines that can be pasted as they are. */
function sandboxWelcome(url: string, { store }: ZiggieServer, approver: { id: string; passphrase: string }): string {
  const tokens = { ziggie: createToken(store, 'agent-ziggie').token, marcus: createToken(store, 'agent-marcus').token };
  const header = `Authorization: Bearer ${tokens.ziggie}`;
  const config = JSON.stringify({ url, headers: { Authorization: `Bearer ${tokens.ziggie}` } });
  return `
ziggie-cloud serves ${url}
SANDBOX: a built-in cloud, nothing here is real.

Agent tokens (shown once):
  agent-ziggie  ${tokens.ziggie}
  agent-marcus  ${tokens.marcus}

Try it with MCP Inspector:
  npx mcp-inspector --cli ${url} --transport http --header "${header}" --method tools/call --tool-name instances_list

Connect an assistant:
  Claude Code  claude mcp add --transport http ziggie-cloud ${url} --header "${header}"
  Cursor       add to .cursor/mcp.json under "mcpServers":  "ziggie-cloud": ${config}
  VS Code      code --add-mcp '${JSON.stringify({ name: 'ziggie-cloud', type: 'http', url, headers: { Authorization: `Bearer ${tokens.ziggie}` } })}'

Approve what needs a person (approver "${approver.id}", passphrase "${approver.passphrase}", sandbox only):
  npx ziggie-cloud approvals list --sandbox
  npx ziggie-cloud approvals approve <id> --sandbox

Stop with Ctrl+C.
`;
}
