import type { AuditPhase } from '../ports/audit.ts';
import type { Call } from './call.ts';
import { cleanText } from './canonical.ts';
import { CallError, type ErrorBody } from './errors.ts';
import * as failures from './failures.ts';
import { forgetKey, keepOutcome } from './idempotency.ts';
import type { Road } from './invoke.ts';
import { giveBackSpend } from './monthly-cap.ts';
import { entryOf } from './record.ts';

/** How calls end: their record, the one way of every failure, and what is done beside them. */

const longestProviderMessage = 300;

/** Every failure ends here: one error body, one record, one redaction. */
export async function fail(road: Road, call: Call, thrown: unknown): Promise<ErrorBody> {
  const error = thrown instanceof CallError ? thrown : failures.internal(thrown);
  const body = short(road.redactor.value(cautious(error.toBody(call.id, call.effect()))));
  const phase = call.intentRecorded ? 'outcome' : 'refused';
  // Where the outcome could not be recorded just now, trying once more would tell the journal less than the truth.
  const unrecorded = call.outcomeUnrecorded || (!(await record(road, call, phase, body)) && phase === 'outcome');
  const ended =
    unrecorded && !call.outcomeUnrecorded
      ? road.redactor.value(failures.outcomeUnrecorded(body.effect, error).toBody(call.id, body.effect))
      : body;
  if (ended.effect === 'none') courtesy(road, () => giveBackSpend(road, call));
  courtesy(road, () => {
    if (call.intentRecorded && ended.effect !== 'none') keepOutcome(road.store, call, { ok: false, error: ended });
    else forgetKey(road.store, call);
  });
  return ended;
}

/** The provider's words, cut behind the redaction: half a secret would not be recognised. */
function short(body: ErrorBody): ErrorBody {
  const { provider } = body;
  return provider?.message ? { ...body, provider: { ...provider, message: cleanText(provider.message, longestProviderMessage) } } : body;
}

/** What may have happened, or has, must not be invited to happen again. */
function cautious(body: ErrorBody): ErrorBody {
  if (body.effect === 'none') return body;
  const { retryAfterMs: _, ...rest } = body;
  if (body.effect === 'applied' || !body.retryable) return { ...rest, retryable: false };
  return {
    ...rest,
    retryable: false,
    remedy: `Look at the target first: it may have happened. Only if it did not: ${body.remedy}`,
  };
}

/** What must not decide how a call ended: a store that fails here costs a convenience, and the operator is told. */
export function courtesy(road: Road, act: () => void): void {
  try {
    act();
  } catch (error) {
    road.warn({ reason: (error as Error).message }, 'something beside a call could not be kept');
  }
}

/** Durable when it returns true. An outcome gets a second try: the journal starts a new writer after a fault. */
export async function record(road: Road, call: Call, phase: AuditPhase, error?: ErrorBody): Promise<boolean> {
  for (let attempt = phase === 'outcome' ? 2 : 1; attempt > 0; attempt -= 1) {
    try {
      await road.audit.append(
        entryOf(call, phase, { redactor: road.redactor, sandbox: road.sandbox, now: road.now(), ...(error ? { error } : {}) }),
      );
      return true;
    } catch {
      // What follows from it is the caller's to say: an intent stops the call, a refusal is answered all the same.
    }
  }
  return false;
}
