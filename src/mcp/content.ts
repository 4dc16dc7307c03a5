import type { Server, ServerCapabilities, ServerContext } from '@modelcontextprotocol/server';
import type { CallRequest } from '../call/call.ts';
import type { Principal } from '../ports/domain.ts';
import type { McpBackend } from './session.ts';

/** A reader of resources for one request: the road with the request's circumstances filled in. */
export type Ask = (
  tool: string,
  input: unknown,
  via?: string,
) => Promise<{ output: Record<string, unknown>; callId: string; untrusted: readonly string[] }>;

/** One server instance, as the handlers on it see it. */
export interface Session {
  readonly server: Server;
  readonly backend: McpBackend;
  readonly principal: Principal;
  readonly face: 'stdio' | 'http';
  readonly era: 'legacy' | 'modern';
  /** What the record and the road need to know of a request beside tool and input. */
  requestOf(context: ServerContext): Omit<CallRequest, 'tool' | 'input'>;
  askOf(context: ServerContext): Ask;
  /** Runs a handler whose own road records it; its failure leaves as a protocol error. */
  handled<T>(context: ServerContext, work: () => Promise<T>): Promise<T>;
}

/** What a server offers its client. `cloudContent` is the product's; the conformance tests mount what their scenarios ask for. */
export interface Content {
  /** @param pushes whether the server can reach the client outside an answer */
  capabilities(pushes: boolean): ServerCapabilities;
  register(session: Session): void;
}
