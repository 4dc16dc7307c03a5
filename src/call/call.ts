import type { CallScope } from '../ports/call-scope.ts';
import type { Effect, Principal, Resolved } from '../ports/domain.ts';
import { clientTokenOf, newCallId } from './call-id.ts';
import { CallError, type ErrorBody } from './errors.ts';
import { createLedger } from './ledger.ts';
import type { Operation } from './operation.ts';
import type { Redactor } from './redact.ts';

/** What a face hands to the road. */
export interface CallRequest {
  /** Absent when the face could not identify the caller. */
  readonly principal?: Principal;
  readonly tool: string;
  readonly input: unknown;
  /** Face and client name, for the record. */
  readonly client?: string;
  /** Resource address, when the call is a resource read. */
  readonly via?: string;
  readonly traceparent?: string;
  /** Checked by step 2: faces pass on what they were given. */
  readonly idempotencyKey?: unknown;
  readonly signal?: AbortSignal;
  /** Present when the client asked to be told of progress. */
  readonly progress?: (done: number, total: number | undefined, message: string) => void;
}

export type CallResult =
  | { readonly ok: true; readonly callId: string; readonly output: Record<string, unknown>; readonly untrusted: readonly string[] }
  | { readonly ok: false; readonly callId: string; readonly error: ErrorBody };

/** How long a call may take: short when nobody sees progress, because clients give up after a minute. */
const silent = { deadlineMs: 55_000, waitMs: 40_000 };
const watched = { deadlineMs: 900_000, waitMs: 600_000 };

/** One call on its way: the request, and what the road has found out so far. Its record is made of this. */
export class Call {
  readonly request: CallRequest;
  readonly id: string;
  readonly startedAt: number;
  readonly deadlineAt: number;
  readonly ledger = createLedger();
  readonly requestIds: string[] = [];
  readonly #waitMs: number;
  readonly #signal: AbortSignal;
  readonly #redactor: Pick<Redactor, 'register' | 'text'>;

  operation?: Operation;
  input: Readonly<Record<string, unknown>> = {};
  dryRun = false;
  argsHash?: string;
  idempotencyKey?: string;
  targets: readonly Resolved[] = [];
  /** What came of it, beside its targets. */
  made: readonly { type: string; id: string }[] = [];
  decision?: 'allow' | 'deny';
  policyIds: readonly string[] = [];
  policySetHash?: string;
  approvalId?: string;
  replayOf?: string;
  /** A share of the agent's month was taken for it. */
  hasReserved = false;
  intentRecorded = false;
  /** The outcome is known, and could not be made durable. */
  outcomeUnrecorded = false;

  constructor(request: CallRequest, now: number, redactor: Pick<Redactor, 'register' | 'text'>) {
    const { deadlineMs, waitMs } = request.progress ? watched : silent;
    this.request = request;
    this.#redactor = redactor;
    this.id = newCallId(now);
    this.startedAt = now;
    this.deadlineAt = now + deadlineMs;
    this.#waitMs = waitMs;
    this.#signal = request.signal ?? new AbortController().signal;
  }

  effect(): Effect {
    return this.ledger.effect();
  }

  /** The scope as ports see it. */
  scope(): CallScope {
    const { request } = this;
    return {
      callId: this.id,
      actor: request.principal?.id ?? '',
      iam: this.operation?.iam ?? [],
      serverIam: this.operation?.serverIam ?? [],
      signal: this.#signal,
      deadlineAt: this.deadlineAt,
      waitMs: this.#waitMs,
      dryRun: this.dryRun,
      clientToken: clientTokenOf(this.id, request.principal?.id ?? '', this.idempotencyKey),
      ledger: this.ledger,
      progress: (done, total, message) => {
        try {
          request.progress?.(done, total, this.#redactor.text(message));
        } catch {
          // Progress is a courtesy: a client that went away must not fail a call that changed something.
        }
      },
      hide: (value) => this.#redactor.register(value),
      noteRequestId: (id) => {
        if (this.requestIds.length < 20) this.requestIds.push(id);
      },
    };
  }

  /** @throws CallError `cancelled` when the caller has gone; only for use before anything was sent */
  refuseIfCancelled(): void {
    if (!this.#signal.aborted) return;
    throw new CallError('cancelled', 'The call was cancelled before anything was sent.', {
      remedy: 'Call again if you still want it.',
      effect: 'none',
    });
  }
}
