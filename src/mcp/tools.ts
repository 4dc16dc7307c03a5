import type { CallToolResult, ListToolsResult } from '@modelcontextprotocol/server';
import type { CallRequest } from '../call/call.ts';
import type { Operation } from '../call/operation.ts';
import type { Principal } from '../ports/domain.ts';
import type { McpBackend } from './session.ts';

type ToolRow = ListToolsResult['tools'][number];
const rows = new WeakMap<Operation, ToolRow>();

/** A tool as `tools/list` shows it; made once, since converting schemas is slow. */
export function toolRow(operation: Operation): ToolRow {
  let row = rows.get(operation);
  if (!row) {
    row = {
      name: operation.name,
      title: operation.title,
      description: operation.description,
      inputSchema: operation.inputSchema() as ToolRow['inputSchema'],
      outputSchema: operation.outputSchema() as ToolRow['outputSchema'],
      annotations: {
        readOnlyHint: operation.effect === 'read',
        destructiveHint: operation.effect === 'destructive',
        idempotentHint: operation.retry === 'safe' || operation.retry === 'natural',
        openWorldHint: operation.entity !== 'System',
      },
    };
    rows.set(operation, row);
  }
  return row;
}

export function listTools(backend: McpBackend, principal: Principal): ListToolsResult {
  return { tools: backend.offeredTools(principal).map(toolRow) };
}

/** Runs a tool. A failure is a result with `isError`, so that the agent reads it; it is never `structuredContent`. */
export async function callTool(
  backend: McpBackend,
  base: Omit<CallRequest, 'tool' | 'input'>,
  params: { name: string; arguments?: Record<string, unknown> },
): Promise<CallToolResult> {
  const result = await backend.invoke({ ...base, tool: params.name, input: params.arguments ?? {} });
  if (!result.ok) {
    return {
      isError: true,
      content: [{ type: 'text', text: JSON.stringify({ error: result.error }) }],
      _meta: { 'ziggie/callId': result.callId },
    };
  }
  return {
    content: [{ type: 'text', text: JSON.stringify(result.output) }],
    structuredContent: result.output,
    _meta: { 'ziggie/callId': result.callId, ...(result.untrusted.length > 0 ? { 'ziggie/untrusted': [...result.untrusted] } : {}) },
  };
}
