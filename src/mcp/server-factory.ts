import { CLIENT_INFO_META_KEY, isSpecType, type McpRequestContext, Server, type ServerContext } from '@modelcontextprotocol/server';
import type { CallRequest } from '../call/call.ts';
import type { Principal } from '../ports/domain.ts';
import { cloudContent } from './cloud-content.ts';
import type { Content } from './content.ts';
import { protocolError } from './errors.ts';
import { instructions } from './instructions.ts';
import { CallFailed, type McpBackend } from './session.ts';
import type { Tap } from './tap.ts';

export interface Connection {
  readonly backend: McpBackend;
  readonly principal: Principal;
  readonly face: 'stdio' | 'http';
  readonly content?: Content;
  readonly tap: Tap;
}

/**
 * One server instance for one agent, serving either protocol era.
 * Low-level on purpose: the high-level server answers unknown tools and bad arguments before any handler, drops extra
 * keys, and shows thrown text to the agent.
 */
export function createMcpServer(
  { backend, principal, face, content = cloudContent, tap }: Connection,
  { era }: Pick<McpRequestContext, 'era'>,
): Server {
  const name = backend.sandbox ? 'ziggie-cloud (sandbox)' : 'ziggie-cloud';
  const server = new Server(
    { name: 'ziggie-cloud', title: name, version: backend.version },
    {
      // Stateless HTTP cannot reach a 2025-era client again, so nothing is promised there.
      capabilities: content.capabilities(face === 'stdio' || era === 'modern'),
      instructions: instructions(principal.id, backend.sandbox),
    },
  );

  const requestOf = (context: ServerContext): Omit<CallRequest, 'tool' | 'input'> => {
    // On 2026-07-28 every request says whose it is; before, the connection did.
    const claimed = (context.mcpReq.envelope as Readonly<Record<string, unknown>> | undefined)?.[CLIENT_INFO_META_KEY];
    const client = isSpecType.Implementation(claimed) ? claimed : server.getClientVersion();
    const meta = context.mcpReq._meta;
    const progressToken = meta?.progressToken;
    return {
      principal,
      client: client ? `${face} ${client.name}/${client.version}` : face,
      signal: context.mcpReq.signal,
      ...(typeof meta?.traceparent === 'string' ? { traceparent: meta.traceparent } : {}),
      ...(progressToken === undefined
        ? {}
        : {
            progress: (progress, total, message) => {
              void context.mcpReq
                .notify({
                  method: 'notifications/progress',
                  params: { progressToken, progress, message, ...(total === undefined ? {} : { total }) },
                })
                .catch(() => undefined);
            },
          }),
    };
  };

  content.register({
    server,
    backend,
    principal,
    face,
    era,
    requestOf,
    askOf: (context) => async (tool, input, via) => {
      const result = await backend.invoke({ ...requestOf(context), tool, input, ...(via ? { via } : {}) });
      if (!result.ok) throw new CallFailed(result.error, via);
      return result;
    },
    handled: async (context, work) => {
      tap.handled(context.mcpReq.id);
      try {
        return await work();
      } catch (error) {
        throw error instanceof CallFailed ? protocolError(error) : error;
      }
    },
  });
  return server;
}
