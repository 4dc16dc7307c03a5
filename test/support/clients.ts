import { Client, StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldStdioTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as OldHttpTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport as OldTransport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { ResourceUpdatedNotificationSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { cliFile } from './cli.ts';
import { isolatedEnvironment, repository } from './folders.ts';

/** Real clients of three makes behind one face, so that a test can be told once. */

export const makes = ['client 2 in 2026-07-28', 'client 2 in 2025-11-25', 'client 1 (the old SDK)'] as const;
export type Make = (typeof makes)[number];

export interface CallOptions {
  onprogress?: (progress: { progress: number; message?: string | undefined }) => void;
  signal?: AbortSignal;
}

export interface ToolResult {
  content: { type: string; text?: string }[];
  structuredContent?: unknown;
  isError?: boolean;
  _meta?: Record<string, unknown>;
}

export interface TestClient {
  readonly modern: boolean;
  readonly instructions: string | undefined;
  readonly raw: Client | OldClient;
  call(name: string, args: Record<string, unknown>, options?: CallOptions & { meta?: Record<string, unknown> }): Promise<ToolResult>;
  /** Values that are proposed for a template's variable. */
  complete(uri: string, name: string, value: string, known?: Record<string, string>): Promise<string[]>;
  /** Asks for notices of these addresses and of the list of tools, in the way of the era. */
  subscribe(uris: string[]): Promise<unknown>;
  /** Addresses that notices came for. */
  readonly updated: string[];
  /** How often it was told that its list of tools changed. */
  toolChanges(): number;
  close(): Promise<void>;
}

const identity = { name: 'test-client', version: '1.2.3' };

async function connectNew(transport: Transport, mode: 'legacy' | { pin: string }): Promise<TestClient> {
  const client = new Client(identity, { versionNegotiation: { mode } });
  const updated: string[] = [];
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => void updated.push(params.uri));
  let toolChanges = 0;
  client.setNotificationHandler('notifications/tools/list_changed', () => {
    toolChanges += 1;
  });
  await client.connect(transport);
  const modern = mode !== 'legacy';
  return {
    modern,
    instructions: client.getInstructions(),
    raw: client,
    call: (name, args, { meta, ...options } = {}) =>
      client.callTool({ name, arguments: args, ...(meta ? { _meta: meta } : {}) }, options) as Promise<ToolResult>,
    complete: async (uri, name, value, known) =>
      (
        await client.complete({
          ref: { type: 'ref/resource', uri },
          argument: { name, value },
          ...(known ? { context: { arguments: known } } : {}),
        })
      ).completion.values,
    subscribe: (uris) =>
      modern
        ? client.listen({ toolsListChanged: true, resourceSubscriptions: uris })
        : Promise.all(uris.map((uri) => client.subscribeResource({ uri }))),
    updated,
    toolChanges: () => toolChanges,
    close: () => client.close(),
  };
}

async function connectOld(transport: OldTransport): Promise<TestClient> {
  const client = new OldClient(identity);
  const updated: string[] = [];
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void updated.push(params.uri));
  let toolChanges = 0;
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    toolChanges += 1;
  });
  await client.connect(transport);
  return {
    modern: false,
    instructions: client.getInstructions(),
    raw: client,
    call: (name, args, { meta, ...options } = {}) =>
      client.callTool({ name, arguments: args, ...(meta ? { _meta: meta } : {}) }, undefined, options) as Promise<ToolResult>,
    complete: async (uri, name, value, known) =>
      (
        await client.complete({
          ref: { type: 'ref/resource', uri },
          argument: { name, value },
          ...(known ? { context: { arguments: known } } : {}),
        })
      ).completion.values,
    subscribe: (uris) => Promise.all(uris.map((uri) => client.subscribeResource({ uri }))),
    updated,
    toolChanges: () => toolChanges,
    close: () => client.close(),
  };
}

/** Starts `ziggie-cloud stdio` from its sources and connects to it. */
export function connectStdio(make: Make, state: string, args: readonly string[]): Promise<TestClient> {
  const server = {
    command: process.execPath,
    args: [cliFile, 'stdio', ...args],
    env: isolatedEnvironment(state),
    cwd: repository,
    stderr: 'ignore' as const,
  };
  return make === makes[2]
    ? connectOld(new OldStdioTransport(server))
    : connectNew(new StdioClientTransport(server), make === makes[0] ? { pin: '2026-07-28' } : 'legacy');
}

export function connectHttp(make: Make, url: string, token: string): Promise<TestClient> {
  const options = { requestInit: { headers: { Authorization: `Bearer ${token}` } } };
  return make === makes[2]
    ? connectOld(new OldHttpTransport(new URL(url), options) as OldTransport)
    : connectNew(new StreamableHTTPClientTransport(new URL(url), options), make === makes[0] ? { pin: '2026-07-28' } : 'legacy');
}
