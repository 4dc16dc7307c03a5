import { isJSONRPCRequest, type JSONRPCErrorResponse } from '@modelcontextprotocol/server';
import type { Principal } from '../ports/domain.ts';
import { protocolError } from './errors.ts';
import { readResource } from './resources.ts';
import { CallFailed, type McpBackend } from './session.ts';

/**
 * `subscriptions/listen` (2026-07-28) is answered by the SDK's entry before any handler. Each address in it is decided
 * here first, like a read, on live facts, and recorded as one.
 * @returns the error to answer with, or undefined when the message may pass
 */
export async function refusedSubscription(
  backend: McpBackend,
  principal: Principal,
  client: string,
  message: unknown,
): Promise<JSONRPCErrorResponse | undefined> {
  if ((message as { method?: unknown } | null)?.method !== 'subscriptions/listen' || !isJSONRPCRequest(message)) return undefined;
  const wanted = (message.params as { notifications?: { resourceSubscriptions?: unknown } } | undefined)?.notifications
    ?.resourceSubscriptions;
  if (!Array.isArray(wanted)) return undefined;
  for (const uri of wanted.filter((entry) => typeof entry === 'string')) {
    try {
      await readResource(async (tool, input, via) => {
        const result = await backend.invoke({ principal, tool, input, client, ...(via ? { via } : {}) });
        if (!result.ok) throw new CallFailed(result.error, via);
        return result;
      }, uri);
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      const { code, message: text, data } = protocolError(error);
      return { jsonrpc: '2.0', id: message.id, error: { code, message: text, data } };
    }
  }
  return undefined;
}
