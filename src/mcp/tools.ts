import type { CallToolResult, ListToolsResult } from '@modelcontextprotocol/server';
import type { CallRequest } from '../call/call.ts';
import type { Principal } from '../ports/domain.ts';
import type { McpBackend } from './session.ts';

export function listTools(backend: McpBackend, principal: Principal): ListToolsResult {
  // Plain JSON of the catalogue; the SDK's type says no more than its own schema does.
  return { tools: backend.offeredTools(principal) as ListToolsResult['tools'] };
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
