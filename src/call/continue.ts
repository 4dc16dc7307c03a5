import type { CallScope } from '../ports/call-scope.ts';
import type { Principal, Resolved, Target } from '../ports/domain.ts';
import { Call } from './call.ts';
import { hashArguments } from './canonical.ts';
import { fail, record } from './ending.ts';
import * as failures from './failures.ts';
import type { Road } from './invoke.ts';

export interface InterruptedCall {
  readonly tool: string;
  readonly principal: Principal;
  readonly input: Readonly<Record<string, unknown>>;
  readonly target: Target;
  /** What is being continued: `deployment d-…`. */
  readonly via: string;
}

/**
 * Invariant: what a crash left half-done is ended under the decision that is on record for it, and both that it is ended and how are
 * on record too. Nothing new is decided, so nothing may be done here but to end it.
 *
 * Writes an intent, does the work, writes the outcome.
 * @throws what the work threw, once that is on record; CallError `audit_unavailable` when nothing was done, for want of an intent
 */
export async function continueInterrupted(
  road: Road,
  interrupted: InterruptedCall,
  work: (call: CallScope) => Promise<unknown>,
): Promise<void> {
  const { tool, principal, input, target, via } = interrupted;
  // As one whose progress is watched: it may take as long as the call that it continues.
  const call = new Call({ principal, tool, input, via, client: 'server', progress: () => undefined }, road.now(), road.redactor);
  call.operation = (await road.operations()).get(tool);
  call.input = input;
  call.argsHash = hashArguments(road.argumentsKey, input);
  // Resolved and allowed by the call that was interrupted: its record has the policies, and `via` leads there.
  call.targets = [target as Resolved];
  call.decision = 'allow';
  try {
    if (!(await record(road, call, 'intent'))) throw failures.auditUnavailable();
    call.intentRecorded = true;
    await work(call.scope());
    if (!(await record(road, call, 'outcome'))) road.warn({ callId: call.id, via }, 'how an interrupted call ended could not be recorded');
  } catch (error) {
    await fail(road, call, error);
    throw error;
  }
}
