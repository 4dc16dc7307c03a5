import type { Effect } from '../ports/domain.ts';

/** Every code that a call can fail with (design section 5). */
export const errorCodes = [
  'invalid_input',
  'unknown_operation',
  'unauthenticated',
  'target_unresolved',
  'policy_denied',
  'approval_required',
  'approval_rejected',
  'quota_exceeded',
  'cancelled',
  'audit_unavailable',
  'outcome_unrecorded',
  'circuit_open',
  'overloaded',
  'internal',
  'provider_not_found',
  'provider_conflict',
  'provider_rejected',
  'provider_denied',
  'provider_throttled',
  'provider_unavailable',
  'provider_not_configured',
  'timeout',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** The service's own words. `message` is untrusted text. */
export interface ProviderError {
  code: string;
  message?: string;
  status?: number;
  requestId?: string;
}

export interface ErrorDetails {
  /** What to do next, as a person would say it. */
  remedy: string;
  /** Left out by ports: the road reads the ledger. */
  effect?: Effect;
  retryable?: boolean;
  retryAfterMs?: number;
  policy?: { ids: readonly string[]; advice: readonly string[] };
  approval?: { id: string; expiresAt: string; how: string };
  provider?: ProviderError;
  cause?: unknown;
}

/** The object that leaves as `{"error": …}`: no nulls, no empty fields. */
export interface ErrorBody {
  code: ErrorCode;
  effect: Effect;
  message: string;
  remedy: string;
  retryable: boolean;
  retryAfterMs?: number;
  callId: string;
  policy?: { ids: readonly string[]; advice: readonly string[] };
  approval?: { id: string; expiresAt: string; how: string };
  provider?: ProviderError;
}

/** The one error that crosses module borders. Everything else is a bug and becomes `internal`. */
export class CallError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'CallError';
    this.code = code;
    this.details = details;
  }

  toBody(callId: string, effect: Effect): ErrorBody {
    const { remedy, retryable = false, retryAfterMs, policy, approval, provider } = this.details;
    return {
      code: this.code,
      effect: this.details.effect ?? effect,
      message: this.message,
      remedy,
      retryable,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      callId,
      ...(policy ? { policy } : {}),
      ...(approval ? { approval } : {}),
      ...(provider ? { provider } : {}),
    };
  }
}
