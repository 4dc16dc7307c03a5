import { CallError } from '../../../call/errors.ts';
import type { LogsQuery } from '../../../ports/monitoring.ts';
import { type Scope, scopeKey } from '../accounts.ts';

/** What the SDK makes of a query that does not compile. */
interface Malformed {
  readonly queryCompileError?: { readonly location?: { readonly startCharOffset?: number; readonly endCharOffset?: number } };
}

/** Runs a request of a log query, and tells its errors in terms of the query. Throws `CallError`. */
export async function explained<T>(request: Promise<T>, { group, query, pattern }: LogsQuery, scope: Scope): Promise<T> {
  try {
    return await request;
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    const { provider } = error.details;
    const why = { ...(provider ? { provider } : {}), cause: error.cause };
    switch (provider?.code) {
      case 'MalformedQueryException':
        throw new CallError('invalid_input', `Logs Insights does not understand the query${positionOf(error.cause, query ?? '')}.`, {
          ...why,
          remedy:
            'Correct the query there; the provider says what it met. Commands are separated by |, like: fields @timestamp, @message | limit 20',
        });
      case 'ResourceNotFoundException':
        throw new CallError('target_unresolved', `There is no log group ${group} in ${scopeKey(scope)}.`, {
          ...why,
          remedy: 'Check its name and region. Groups of Lambda are called /aws/lambda/<function>.',
        });
      case 'LimitExceededException':
        throw new CallError('provider_throttled', 'As many log queries are running as the account may have.', {
          ...why,
          remedy: 'Wait for others to end, then query again; a pattern does not count.',
          retryable: true,
          retryAfterMs: 5_000,
        });
      case 'InvalidParameterException':
        throw new CallError('invalid_input', `CloudWatch Logs does not take the ${pattern === undefined ? 'query' : 'pattern'}.`, {
          ...why,
          remedy:
            pattern === undefined
              ? 'Correct what the provider names in its message.'
              : 'Put words with anything but letters, digits and _ in double quotes ("GET /api"), or use %regular expression% or { $.field = "value" }.',
        });
      default:
        throw error;
    }
  }
}

/** ` at character 17, at "fieldz"`; empty when the service does not say where. */
function positionOf(cause: unknown, query: string): string {
  const { startCharOffset: start, endCharOffset: end } = (cause as Malformed | undefined)?.queryCompileError?.location ?? {};
  if (start === undefined) return '';
  const there = query.slice(start, Math.min(end ?? query.length, start + 40));
  return ` at character ${start}${there === '' ? '' : `, at ${JSON.stringify(there)}`}`;
}
