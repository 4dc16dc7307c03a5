import type { KeyObject } from 'node:crypto';
import type { ApprovalBinding, ApprovalsPort } from '../ports/approvals.ts';
import type { AuditPort } from '../ports/audit.ts';
import type { MissingPart, Principal, Resolved, SecretTarget, Target } from '../ports/domain.ts';
import type { PolicyPort } from '../ports/policy.ts';
import type { TargetResolvers } from '../ports/resolve.ts';
import type { SpendPort } from '../ports/spend.ts';
import type { AdmitResult, StateStore } from '../ports/state.ts';
import { Call, type CallRequest, type CallResult } from './call.ts';
import { hashArguments } from './canonical.ts';
import { allowedWithApproval, type DecisionInput, decideCall } from './decide.ts';
import { courtesy, fail, record } from './ending.ts';
import type { CallError } from './errors.ts';
import * as failures from './failures.ts';
import { claimKey, findOutcome, keepOutcome, type StoredOutcome } from './idempotency.ts';
import { countUnderItsName, refuseIfOvertaken, reserveSpend } from './monthly-cap.ts';
import type { Operation, OperationCall, Ports } from './operation.ts';
import { findOperation, parseIdempotencyKey, parseInput } from './parse.ts';
import { projectOutput } from './project.ts';
import type { Redactor } from './redact.ts';
import { resolveTargets } from './resolve.ts';
import { hasMaskedText, hideSecretInputs, sealSecretInputs } from './secret-inputs.ts';
import { fillText, putValues, type ReadSecret, useSecret } from './secret-references.ts';

/**
 * Invariant: this is the only way to a provider, and the order of its steps is the security property. Nothing is sent
 * before the intent is on disk; nothing is recorded as an intent before every target was resolved and allowed;
 * every way out is recorded. Tests hold the order by an event log.
 */

export interface Road {
  /** Loaded with the first call: a start needs none of it. */
  readonly operations: () => Promise<ReadonlyMap<string, Operation>>;
  readonly ports: Ports;
  readonly resolvers: TargetResolvers;
  readonly policy: PolicyPort;
  readonly approvals: ApprovalsPort;
  readonly audit: AuditPort;
  readonly store: StateStore;
  readonly redactor: Redactor;
  readonly argumentsKey: KeyObject;
  readonly sandbox: boolean;
  readonly approverIds: () => Promise<readonly string[]>;
  readonly limitsOf: (principal: Principal) => { callsPerMinute: number; callsAtOnce: number };
  readonly spend: SpendPort;
  /** What a principal may add to a month of costs, in cents of the budget's currency; undefined: as much as policy lets it. */
  readonly monthlyCapOf: (principal: Principal) => number | undefined;
  /** Facts of a target that an approval is bound to. */
  readonly bindingFacts: (target: Target) => unknown;
  readonly nearestTool: (name: string) => string | undefined;
  /** Told of every change that took effect, for subscribers. */
  readonly changed?: (operation: Operation, targets: readonly Resolved[], by: Principal) => void;
  /** For the operator. */
  readonly warn: (fields: object, message: string) => void;
  readonly now: () => number;
}

export type Invoke = (request: CallRequest) => Promise<CallResult>;

/** Slots and keys outlive the deadline a little, so that a slow end does not free one too early. */
const graceMs = 30_000;

/** Makes `invoke()`, the one road. It never throws: what goes wrong is in the result. */
export function createInvoke(road: Road): Invoke {
  return async (request) => {
    const call = new Call(request, road.now(), road.redactor);
    try {
      const output = await travel(road, call);
      return { ok: true, callId: call.id, output, untrusted: call.operation?.untrusted.map(({ path }) => path) ?? [] };
    } catch (error) {
      return { ok: false, callId: call.id, error: await fail(road, call, error) };
    } finally {
      leave(road, call);
    }
  };
}

/**
 * Records a call that never reached a handler (malformed JSON-RPC, wrong parameters, a refused subscription) as the
 * refusal that it was answered with.
 */
export async function recordRefusal(road: Road, request: CallRequest, error: CallError): Promise<void> {
  await fail(road, new Call(request, road.now(), road.redactor), error);
}

async function travel(road: Road, call: Call): Promise<Record<string, unknown>> {
  // 1. Who asks, and may they ask now?
  const { principal } = call.request;
  if (!principal) throw failures.unauthenticated();
  const unwritable = admit(road, call, principal);

  // 2. What is asked, exactly?
  const operation = findOperation(await road.operations(), call.request.tool, road.nearestTool);
  call.operation = operation;
  if (unwritable && operation.needsAudit) throw unwritable;
  const { input, dryRun, references } = parseInput(operation, call.request.input);
  call.dryRun = dryRun;
  call.idempotencyKey = parseIdempotencyKey(call.request.idempotencyKey);
  call.argsHash = hashArguments(road.argumentsKey, input);
  call.input = input;
  call.policySetHash = road.policy.hash();

  // 3. Could this principal ever do it? Asked before any provider is.
  for (const tool of references.length > 0 ? [operation.name, useSecret] : [operation.name]) {
    if (road.policy.visibleTools(principal).includes(tool)) continue;
    call.decision = 'deny';
    throw failures.neverAllowed(tool, principal.id);
  }
  const stored = findOutcome(road.store, call, road.now());
  if (stored) return answerAgain(road, call, stored.callId, stored.outcome);

  // 4. On what, as it is now?
  call.refuseIfCancelled();
  const found = await resolveTargets(operation, operation.targets(input, principal), references, road.resolvers, call.scope());
  const { targets: resolved, secrets } = found;
  call.targets = [...resolved, ...secrets];

  // 5. May they do it to all of that?
  const addition = operation.adds?.(input, found.targets[0]);
  const spend = await road.spend.facts(addition);
  const asked: DecisionInput = { operation, principal, input, targets: resolved, secrets, dryRun, sandbox: road.sandbox, spend };
  call.policySetHash = road.policy.hash();
  const decision = await decideCall(road.policy, asked, road.approverIds);
  if (road.policy.hash() !== call.policySetHash) throw failures.policyMoved();
  call.policyIds = decision.policyIds;
  call.decision = decision.kind === 'allow' || (decision.kind === 'approval' && dryRun) ? 'allow' : 'deny';
  // A person approves what they can read: in what is masked a command could hide.
  if (operation.approvalOnly?.(input) && hasMaskedText(operation, input)) throw failures.unreadableForApprover();
  if (decision.kind === 'deny') throw failures.denied(operation.name, decision, decision.secrets);
  const targets = decision.kind === 'allow' ? decision.targets : resolved;
  call.targets = [...targets, ...secrets];
  // Before a person is asked: what they approve must be possible.
  if (addition) {
    reserveSpend(road, call, principal, found.targets[0], spend);
    if (decision.kind === 'allow') await refuseIfOvertaken(road, call, asked, addition);
  }
  const binding = decision.kind === 'approval' && !dryRun ? bindingOf(road, asked, call.policySetHash) : undefined;
  if (binding && decision.kind === 'approval') await findGrant(road, call, asked, binding, decision);

  // 6. Say so durably before anything happens.
  hideSecretInputs(operation, input, road.redactor);
  call.refuseIfCancelled();
  claimKey(road.store, call, road.now(), call.deadlineAt + graceMs);
  if (binding) await claimGrant(road, call, asked, binding);
  await recordIntent(road, call, operation);

  // 7. and 8. Do it, on the resolved targets. Guards and retries live below the port.
  const read = readerOf(road, secrets, call);
  const scope: OperationCall = { ...call.scope(), principal, secretValue: (text) => fillText(text, secrets, read) };
  const filled = secrets.length > 0 && !dryRun ? await putValues(input, operation.secretReferences, secrets, read) : input;
  const result = await operation.run(road.ports, targets, filled, scope);

  // 9. Show the declared shape, and nothing secret.
  const output = projectOutput(operation, result, road.redactor);
  if (decision.kind === 'approval' && dryRun) output.plan = { ...(output.plan as object), needsApproval: true };
  if (decision.kind === 'allow') nameMissing(output, [...found.missing, ...leftOutOf(resolved, decision.leftOut)]);
  const { seen } = operation;
  if (seen && principal.kind === 'agent') courtesy(road, () => road.store.rememberSeen(principal.id, seen(output), call.startedAt));

  call.made = operation.made?.(output) ?? [];
  courtesy(road, () => countUnderItsName(road, call, found.targets[0]));

  // 10. Say durably how it ended.
  if (!(await record(road, call, 'outcome')) && operation.needsAudit) {
    call.outcomeUnrecorded = true;
    throw failures.outcomeUnrecorded(call.effect());
  }
  courtesy(road, () => keepOutcome(road.store, call, { ok: true, output }));
  if (operation.effect !== 'read' && !dryRun) courtesy(road, () => road.changed?.(operation, targets, principal));
  return output;
}

/**
 * Takes one of the caller's slots. A state folder that cannot be written stops every call but those that must
 * answer even then, so its failure is handed back.
 */
function admit(road: Road, call: Call, principal: Principal): CallError | undefined {
  const limits = road.limitsOf(principal);
  let result: AdmitResult;
  try {
    result = road.store.admit(principal.id, call.id, limits, call.startedAt, call.deadlineAt + graceMs);
  } catch (error) {
    return failures.auditUnavailable(error);
  }
  if (!result.admitted) throw failures.notAdmitted(result, limits);
  return undefined;
}

/** A slot that cannot be given back frees itself when it expires. */
function leave(road: Road, call: Call): void {
  courtesy(road, () => road.store.release(call.id));
}

function bindingOf({ bindingFacts, argumentsKey }: Road, asked: DecisionInput, policySetHash: string): ApprovalBinding {
  const { operation, principal, input, targets, secrets } = asked;
  return {
    tool: operation.name,
    input: sealSecretInputs(operation, input, argumentsKey),
    targets: [...targets, ...secrets].map(bindingFacts),
    agent: principal.id,
    policySetHash,
  };
}

/** Reads values behind the intent, as the operation that policy was asked about for them. */
function readerOf(road: Road, secrets: readonly Resolved<SecretTarget>[], call: Call): ReadSecret {
  return async (secret, field) => {
    if (!secrets.includes(secret) || call.dryRun) throw new Error('a secret that nobody decided on, or a dry run');
    const iam = (await road.operations()).get(useSecret)?.iam ?? [];
    return road.ports.secrets.read(secret, field, { ...call.scope(), iam });
  };
}

/** Step 5, when a person must agree: the grant that fits, or the request for one. */
async function findGrant(
  road: Road,
  call: Call,
  asked: DecisionInput,
  binding: ApprovalBinding,
  why: { policyIds: readonly string[]; advice: readonly string[] },
): Promise<void> {
  const found = await road.approvals.lookup(binding);
  call.approvalId = found?.id;
  if (found?.status === 'rejected') throw failures.approvalRejected(found.id, found.approver);
  if (found?.status === 'approved') {
    // The second decision was hypothetical; this one knows who approved.
    if (await allowedWithApproval(road.policy, asked, found.approver)) return;
    throw failures.denied(asked.operation.name, why);
  }
  const pending = found ?? (await road.approvals.request(binding, asked.principal));
  call.approvalId = pending.id;
  throw failures.approvalRequired(asked.operation.name, pending, why, {
    anyApprover: (await road.approverIds()).length > 0,
    sandbox: road.sandbox,
  });
}

async function claimGrant(road: Road, call: Call, asked: DecisionInput, binding: ApprovalBinding): Promise<void> {
  const id = call.approvalId ?? '';
  const claimed = await road.approvals.claim(id, binding, call.id);
  const allowed = claimed !== undefined && (await allowedWithApproval(road.policy, asked, claimed.approver));
  if (!allowed || road.policy.hash() !== binding.policySetHash) throw failures.approvalGone(id);
  call.decision = 'allow';
}

async function recordIntent(road: Road, call: Call, operation: Operation): Promise<void> {
  if (await record(road, call, 'intent')) {
    call.intentRecorded = true;
    return;
  }
  if (!operation.needsAudit) return;
  const { approvalId } = call;
  if (approvalId) courtesy(road, () => road.approvals.giveBack(approvalId, call.id));
  throw failures.auditUnavailable();
}

function leftOutOf(targets: readonly Resolved[], leftOut: readonly string[]): MissingPart[] {
  return targets.flatMap((target) =>
    target.type === 'Account' && leftOut.includes(target.id)
      ? [{ provider: target.provider, account: target.id, code: 'policy_denied', message: 'Policy does not let you list this account.' }]
      : [],
  );
}

/** What a list does not show is said. */
function nameMissing(output: Record<string, unknown>, parts: readonly MissingPart[]): void {
  if (parts.length > 0) output.missing = [...((output.missing as unknown[] | undefined) ?? []), ...parts];
}

async function answerAgain(road: Road, call: Call, callId: string, outcome: StoredOutcome): Promise<Record<string, unknown>> {
  call.replayOf = callId;
  call.decision = 'allow';
  if (!(await record(road, call, 'intent'))) throw failures.auditUnavailable();
  call.intentRecorded = true;
  if (!outcome.ok) throw failures.storedFailure(outcome.error);
  if (!(await record(road, call, 'outcome'))) {
    call.outcomeUnrecorded = true;
    throw failures.outcomeUnrecorded('none');
  }
  return outcome.output;
}
