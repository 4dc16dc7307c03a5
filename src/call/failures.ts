import type { Effect } from '../ports/domain.ts';
import type { AdmitResult, KnownKey } from '../ports/state.ts';
import { moneyOf } from './advice.ts';
import { CallError, type ErrorBody } from './errors.ts';

/** What the road itself refuses, and what to do about it. Providers' failures are worded by their adapters. */

interface Why {
  readonly policyIds: readonly string[];
  readonly advice: readonly string[];
}

const none = { effect: 'none' } as const;

export function unreadableForApprover(): CallError {
  return new CallError(
    'invalid_input',
    'Something in the text looks like a secret and would be masked, so that nobody could read what they approve.',
    {
      remedy: 'Leave the secret out: a named command of ziggie.yaml takes it by reference (references).',
      effect: 'none',
    },
  );
}

export function unauthenticated(): CallError {
  return new CallError('unauthenticated', 'The caller is not known.', {
    ...none,
    remedy: 'Send an agent token as `Authorization: Bearer …` (ziggie-cloud agents token create), or start stdio with --agent.',
  });
}

export function notAdmitted(
  result: Extract<AdmitResult, { admitted: false }>,
  limits: { callsPerMinute: number; callsAtOnce: number },
): CallError {
  const waits = { ...none, retryable: true, retryAfterMs: result.retryAfterMs };
  return result.reason === 'rate'
    ? new CallError('quota_exceeded', `More than ${limits.callsPerMinute} calls a minute.`, {
        ...waits,
        remedy: `Wait ${Math.ceil(result.retryAfterMs / 1000)} s, then go on more slowly.`,
      })
    : new CallError('overloaded', `More than ${limits.callsAtOnce} calls at once.`, {
        ...waits,
        remedy: 'Wait for a running call to end, then call again.',
      });
}

/** @param cents of the price list, and what is used of the cap so far; undefined where the price is not known */
export function overMonthlyCap(
  agent: string,
  { cents, cap, usedCents, currency }: { cents: number | undefined; cap: number; usedCents: number | undefined; currency: string },
): CallError {
  const used = usedCents === undefined ? '' : `, of which ${moneyOf(usedCents, currency)} are used`;
  return new CallError(
    'quota_exceeded',
    cents === undefined
      ? `The monthly cost of this is not known, and ${agent} has a cap of ${moneyOf(cap, currency)} a month.`
      : `This would add ${moneyOf(cents, currency)} a month; ${agent} may add ${moneyOf(cap, currency)} a month${used}.`,
    {
      ...none,
      remedy:
        cents === undefined
          ? 'Choose a type and region whose list price is known (t3, m6i, …), or ask an agent without a cap.'
          : 'Choose something smaller, ask an agent with a higher cap, or ask the platform engineer (monthlyCap in ziggie.yaml).',
    },
  );
}

export function neverAllowed(tool: string, principal: string): CallError {
  return new CallError('policy_denied', `No policy lets ${principal} use ${tool}, whatever the arguments.`, {
    ...none,
    remedy: 'Use another tool, ask an agent that may, or ask a platform engineer for a permit.',
  });
}

/** @param secrets that the caller may not use, if it was for them */
export function denied(tool: string, why: Why, secrets: readonly string[] = []): CallError {
  const whatFor = secrets.length > 0 ? ` the use of ${secrets.join(', ')} in` : '';
  return new CallError('policy_denied', `Policy denies${whatFor} this ${tool} call.`, {
    ...none,
    remedy: why.advice[0] ?? 'No permit fits. access_explain shows the facts that were looked at.',
    ...policyOf(why),
  });
}

export function approvalRequired(
  tool: string,
  pending: { id: string; expiresAt: number },
  why: Why,
  { anyApprover, sandbox }: { anyApprover: boolean; sandbox: boolean },
): CallError {
  return new CallError('approval_required', `A person must approve this ${tool} call first. Nothing has happened.`, {
    ...none,
    remedy: anyApprover
      ? `Ask a person to approve ${pending.id}; then repeat the very same call. access_check_approval tells when.`
      : 'Nobody may approve yet: ask the platform engineer to run `ziggie-cloud approvers add`.',
    retryable: true,
    approval: {
      id: pending.id,
      expiresAt: new Date(pending.expiresAt).toISOString(),
      how: `ziggie-cloud approvals approve ${pending.id}${sandbox ? ' --sandbox' : ''}`,
    },
    ...policyOf(why),
  });
}

/** The policies changed while the call was being decided. */
export function policyMoved(): CallError {
  return new CallError('overloaded', 'The policy changed while this call was decided. Nothing has happened.', {
    ...none,
    remedy: 'Call again.',
    retryable: true,
    retryAfterMs: 100,
  });
}

/** Another call took what was left of the budget while this one was being decided. */
export function spendMoved(): CallError {
  return new CallError('overloaded', 'Others added to the bill while this call was decided. Nothing has happened.', {
    ...none,
    remedy: 'Call again: it is decided on with what they added.',
    retryable: true,
    retryAfterMs: 100,
  });
}

export function approvalRejected(id: string, approver: string): CallError {
  return new CallError('approval_rejected', `${approver} rejected ${id}. Nothing has happened.`, {
    ...none,
    remedy: 'Do not repeat the call; ask what to do instead.',
  });
}

export function approvalGone(id: string): CallError {
  return new CallError('approval_required', `Approval ${id} is used up, expired or void.`, {
    ...none,
    remedy: 'Call again to ask for a new approval.',
    retryable: true,
  });
}

export function keyTaken(claim: KnownKey): CallError {
  switch (claim.state) {
    case 'mismatch':
      return new CallError('invalid_input', `The idempotency key was used by ${claim.callId} for another call.`, {
        ...none,
        remedy: 'Use a new key for a new call.',
      });
    case 'lost':
      return new CallError('outcome_unrecorded', `${claim.callId} with this key ended without an outcome on record.`, {
        effect: 'unknown',
        remedy: 'Look at the target before you decide; use a new key to do it again.',
      });
    default:
      return new CallError('overloaded', `${claim.callId} with this key is still running.`, {
        ...none,
        remedy: 'Wait, then repeat the call to get its outcome.',
        retryable: true,
        retryAfterMs: 2_000,
      });
  }
}

/** The stored failure of an earlier call with the same key, told again; `effect` is that call's. */
export function storedFailure({ code, message, callId: _, ...details }: ErrorBody): CallError {
  return new CallError(code, message, details);
}

export function auditUnavailable(cause?: unknown): CallError {
  return new CallError('audit_unavailable', 'The call cannot be recorded, so it was not made.', {
    ...none,
    remedy: 'Tell the operator: the state folder cannot be written (full disk?). health_check says more. Call again afterwards.',
    retryable: true,
    cause,
  });
}

/** @param failed what the call itself ended with, if it failed */
export function outcomeUnrecorded(effect: Effect, failed?: CallError): CallError {
  const how = failed ? `failed (${failed.code}: ${failed.message})` : 'succeeded';
  return new CallError('outcome_unrecorded', `The call ${how}, but its outcome could not be recorded.`, {
    effect,
    remedy: 'Look at the target before you call again, and tell the operator that the journal cannot be written.',
  });
}

/** A fault of ours. What was thrown stays inside: it may hold anything. */
export function internal(cause: unknown): CallError {
  return new CallError('internal', 'ziggie-cloud failed on this call.', {
    remedy: 'Report it with the call id. If effect is not none, look at the target before you call again.',
    cause,
  });
}

function policyOf({ policyIds, advice }: Why): { policy?: { ids: readonly string[]; advice: readonly string[] } } {
  return policyIds.length + advice.length > 0 ? { policy: { ids: policyIds, advice } } : {};
}
