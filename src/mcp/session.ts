import type { CallRequest, CallResult } from '../call/call.ts';
import type { CallError, ErrorBody } from '../call/errors.ts';
import type { Principal, Resolved } from '../ports/domain.ts';
import type { SeenTarget } from '../ports/state.ts';

/** What the MCP face needs of the server, once per process. */
export interface McpBackend {
  readonly version: string;
  readonly sandbox: boolean;
  readonly runbookNames: readonly string[];
  invoke(request: CallRequest): Promise<CallResult>;
  /** Records what never reached a handler. */
  refuse(request: CallRequest, error: CallError): Promise<void>;
  /** Tools that the principal is offered, by its toolsets and policy, as `tools/list` shows them. */
  offeredTools(principal: Principal): readonly object[];
  /** Operations that policy may let the principal use; also those that are only resources. */
  mayUse(principal: Principal, tool: string): boolean;
  /** Whether policy lets the principal read a target whose facts are at hand; the gate of a change notice. */
  mayRead(principal: Principal, tool: string, target: Resolved): Promise<boolean>;
  seen(principal: Principal, type: string, prefix: string): readonly SeenTarget[];
  readonly notices: Notices;
}

export type Notice = { readonly kind: 'tools' } | { readonly kind: 'changed'; readonly targets: readonly Resolved[] };

/** In-process news for subscribers. */
export interface Notices {
  publish(notice: Notice): void;
  /** @returns function that ends it */
  subscribe(listener: (notice: Notice) => void): () => void;
}

export function createNotices(): Notices {
  const listeners = new Set<(notice: Notice) => void>();
  return {
    publish(notice) {
      for (const listener of listeners) listener(notice);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Thrown by a handler whose call failed; the face turns it into a protocol error. */
export class CallFailed extends Error {
  readonly body: ErrorBody;
  /** The resource that was asked for. */
  readonly uri: string | undefined;

  constructor(body: ErrorBody, uri?: string) {
    super(body.message);
    this.name = 'CallFailed';
    this.body = body;
    this.uri = uri;
  }
}
