import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import type { CallFailed } from './session.ts';

/** Codes that are the caller's mistake in the request itself; JSON-RPC calls that invalid parameters. */
const badParameters: ReadonlySet<string> = new Set(['invalid_input', 'unknown_operation', 'target_unresolved', 'provider_not_found']);
/** Implementation-defined server error (JSON-RPC 2.0, section 5.1). */
const serverError = -32000;

/** Failed resource reads, prompts and subscriptions leave as JSON-RPC errors with the error body as `data.error`. */
export function protocolError({ body, uri }: CallFailed): ProtocolError {
  const code = badParameters.has(body.code) ? ProtocolErrorCode.InvalidParams : serverError;
  return new ProtocolError(code, `${body.code}: ${body.message}`, { error: body, ...(uri === undefined ? {} : { uri }) });
}
