import type { JSONRPCMessage, JSONRPCRequest, RequestId } from '@modelcontextprotocol/server';
import { CallError } from '../call/errors.ts';
import type { Principal } from '../ports/domain.ts';
import type { McpBackend } from './session.ts';

/**
 * Invariant: a request that the SDK answers with an error before any handler of ours ran is a call too, and is on
 * record before its answer leaves.
 */

/** Watches the messages of one connection. */
export interface Tap {
  arriving(message: JSONRPCMessage): void;
  /** The request has reached a handler whose own road records it. */
  handled(id: RequestId): void;
  /** Resolves when the message may be sent. */
  leaving(message: JSONRPCMessage): Promise<void>;
}

export function createTap(backend: McpBackend, principal: Principal, client: string): Tap {
  const open = new Map<RequestId, JSONRPCRequest>();
  return {
    arriving(message) {
      // What is delivered here was checked against the protocol's schema; its shape tells a request.
      if ('method' in message && 'id' in message) open.set(message.id, message);
    },
    handled: (id) => void open.delete(id),
    async leaving(message) {
      if (!('id' in message) || 'method' in message || message.id === undefined) return;
      const request = open.get(message.id);
      open.delete(message.id);
      if (request && 'error' in message) {
        await backend.refuse(asCall(request, principal, client), notTaken(message.error.message));
      }
    },
  };
}

/** A JSON-RPC request as the record names it. */
export function asCall(request: JSONRPCRequest, principal: Principal | undefined, client: string) {
  const params = (request.params ?? {}) as { name?: unknown; arguments?: unknown };
  const tool = request.method === 'tools/call' && typeof params.name === 'string' ? params.name : request.method;
  return { ...(principal ? { principal } : {}), tool, input: params.arguments ?? request.params, client };
}

export function notTaken(problem: string): CallError {
  return new CallError('invalid_input', problem, { remedy: 'Send a valid MCP request.', effect: 'none' });
}
