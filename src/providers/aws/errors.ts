/** Invariant: nothing of the request, its headers or its credentials enters an error; the service's own text is cut and cleaned. */

import { CallError, type ProviderError } from '../../call/errors.ts';
import type { Effect } from '../../ports/domain.ts';
import type { Scope } from './accounts.ts';
import { type ErrorRule, errorTable, ruleForStatus } from './error-table.ts';

/** What an SDK error may carry. A reply that the SDK could not parse arrives as a bare `SyntaxError` with nothing but the response. */
interface SdkError {
  readonly name?: string;
  readonly message?: string;
  /** Set on errors that the service described itself. */
  readonly $fault?: string;
  readonly $metadata?: { httpStatusCode?: number; requestId?: string };
  readonly $response?: { statusCode?: number; headers?: Record<string, string> };
  /** Of a failed connection: `ECONNREFUSED`. */
  readonly code?: string;
}

/** Status of the reply that failed; undefined when there was none. */
export function httpStatus(error: unknown): number | undefined {
  const { $metadata, $response } = error as SdkError;
  return $metadata?.httpStatusCode ?? $response?.statusCode;
}

export function requestIdOf(error: unknown): string | undefined {
  return (error as SdkError).$metadata?.requestId;
}

/** Whether the service certainly did not act. A reset, a timeout or a 5xx without a known code leaves it open. */
export function definitelyRefused(error: unknown): boolean {
  const status = httpStatus(error);
  if (error instanceof Error && knownRule(error)?.refused) return true;
  return status !== undefined && status >= 400 && status < 500 && status !== 408;
}

/**
 * The one place where AWS's errors become ours: by the service's code, then by HTTP status, then by what the network said.
 * @param action API action, for the message: `StopInstances`
 */
export function toCallError(error: unknown, { account, region }: Scope, action: string): CallError {
  if (error instanceof CallError) return error;
  if (!(error instanceof Error)) return bug(error, action);
  const where = `${action} in ${region} (account ${account.name})`;
  const status = httpStatus(error);
  const known = knownRule(error);
  if (!known && status !== undefined && status < 300) return unreadable(action, error);
  const rule = known ?? (status === undefined ? undefined : ruleForStatus(status));
  if (rule) return fromRule(rule, error, where, status, { account, region });
  const sdk = error as SdkError;
  // The SDK calls a reset connection a timeout as well: the network's own code comes first.
  if (sdk.code && sdk.code !== 'ETIMEDOUT' && /^E[A-Z_]+$|^(ERR_TLS|CERT|DEPTH|SELF|UNABLE)_/.test(sdk.code)) {
    return new CallError('provider_unavailable', `AWS cannot be reached for ${where}: ${sdk.code}.`, {
      remedy:
        sdk.code === 'ENOTFOUND'
          ? `Check that the region ${region} exists, and the network and DNS.`
          : 'Check the network, the proxy and AWS_ENDPOINT_URL.',
      retryable: true,
      provider: { code: sdk.code },
      cause: error,
    });
  }
  if (sdk.name === 'TimeoutError') {
    return new CallError('timeout', `AWS did not answer ${where} in time.`, {
      remedy: 'Read the state of the target before repeating a change: AWS may have acted.',
      retryable: true,
      cause: error,
    });
  }
  return bug(error, action);
}

function knownRule(error: SdkError): ErrorRule | undefined {
  const name = error.name ?? '';
  return Object.hasOwn(errorTable, name) ? errorTable[name] : undefined;
}

function fromRule(rule: ErrorRule, error: SdkError, where: string, status: number | undefined, { account, region }: Scope): CallError {
  // Only a described error has a code of the service; the name of any other is an accident of the SDK.
  const code = error.$fault || knownRule(error) ? (error.name ?? 'Unknown') : `HTTP ${status}`;
  const message = error.$fault ? clean(error.message ?? '') : '';
  const provider: ProviderError = { code, ...(message ? { message } : {}) };
  if (status !== undefined) provider.status = status;
  const requestId = requestIdOf(error);
  if (requestId) provider.requestId = requestId;
  const login = account.profile ? `aws sso login --profile ${account.profile}` : 'aws sso login, or new keys';
  return new CallError(rule.code, `AWS did not accept ${where}: ${code}.`, {
    remedy: rule.remedy.replace('{login}', login).replace('{region}', region),
    ...(rule.retryable ? { retryable: true } : {}),
    ...(rule.code === 'provider_throttled' ? { retryAfterMs: retryAfterMs(error) } : {}),
    provider,
    cause: error,
  });
}

/** `Retry-After` in seconds, at most a minute; two seconds when the service does not say. */
function retryAfterMs(error: SdkError): number {
  const seconds = Number(error.$response?.headers?.['retry-after']);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 60) * 1_000 : 2_000;
}

/** Control and bidirectional characters out, at most 300 characters: the text is the service's, and may hold a tag or a name of anybody's. */
export function clean(text: string): string {
  const plain = text.replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim();
  return plain.length <= 300 ? plain : `${plain.slice(0, 299).replace(/[\ud800-\udbff]$/, '')}…`;
}

/**
 * The member that every reply of an action has. Without it something else answered (a proxy's login page, an emulator),
 * and nobody can tell whether the service heard of the request.
 */
export function answered<T>(member: T | undefined, action: string, effect?: Effect): T {
  if (member !== undefined) return member;
  throw unreadable(action, undefined, effect);
}

function unreadable(action: string, cause?: unknown, effect?: Effect): CallError {
  return new CallError('provider_unavailable', `What answered ${action} is not AWS: the reply has nothing of what AWS sends.`, {
    remedy: 'Check AWS_ENDPOINT_URL and any proxy on the way. After a change, read the state of the target before repeating it.',
    provider: { code: 'UnreadableReply' },
    ...(effect ? { effect } : {}),
    cause,
  });
}

function bug(cause: unknown, action: string): CallError {
  return new CallError('internal', `${action} failed in a way that this server does not know.`, {
    remedy: 'Report it with the call id; the log has the details.',
    cause,
  });
}
