import { createHash } from 'node:crypto';
import type { AuditEntry, AuditPhase } from '../ports/audit.ts';
import type { Principal, Resolved } from '../ports/domain.ts';
import type { Call } from './call.ts';
import { cleanText } from './canonical.ts';
import type { ErrorBody } from './errors.ts';
import type { Operation } from './operation.ts';
import type { Redactor } from './redact.ts';
import { redactorOf } from './secret-inputs.ts';

/** Longest argument list kept in full by a refusal of input that was never parsed, in characters of JSON. */
const rawInputLimit = 2_000;
/** Longer texts of an argument (a file's content) are kept by size and hash. */
const longestRecordedText = 1_000;

export function principalName(principal: Principal | undefined): string {
  return principal ? `${principal.kind}:${principal.id}` : 'unknown';
}

/** The audit entry of a call at a phase of the road, redacted. */
export function entryOf(
  call: Call,
  phase: AuditPhase,
  options: { redactor: Redactor; sandbox: boolean; now: number; error?: ErrorBody },
): AuditEntry {
  const { request, operation } = call;
  const { redactor, error } = options;
  const shown = (text: string, limit: number) => cleanText(redactor.text(text), limit);
  const entry: AuditEntry = {
    phase,
    callId: call.id,
    ts: new Date(options.now).toISOString(),
    principal: principalName(request.principal),
    tool: operation?.name ?? shown(request.tool, 80),
    sandbox: options.sandbox,
  };
  if (request.client) entry.client = shown(request.client, 120);
  if (request.via) entry.via = shown(request.via, 300);
  if (request.traceparent) entry.traceparent = cleanText(request.traceparent, 60);
  if (call.dryRun) entry.dryRun = true;
  if (call.argsHash) entry.argsHash = call.argsHash;
  if (call.targets.length > 0) entry.targets = [...call.targets.map(targetOf), ...call.made];
  if (call.decision) entry.decision = call.decision;
  if (call.policyIds.length > 0) entry.policyIds = [...call.policyIds];
  if (call.policySetHash) entry.policySetHash = call.policySetHash;
  if (call.approvalId) entry.approvalId = call.approvalId;
  if (call.replayOf) entry.replayOf = call.replayOf;
  if (phase !== 'outcome') entry.args = redactor.value(argumentsOf(call));
  if (phase === 'intent') return entry;
  if (call.requestIds.length > 0) entry.awsRequestIds = [...call.requestIds];
  entry.durationMs = options.now - call.startedAt;
  entry.effect = error ? error.effect : call.effect();
  if (phase === 'outcome') entry.outcome = error ? 'failure' : 'success';
  if (error) {
    entry.errorCode = error.code;
    entry.message = error.message;
  }
  return entry;
}

function targetOf(target: Resolved): NonNullable<AuditEntry['targets']>[number] {
  if (target.type === 'System') return { type: target.type, id: target.id };
  const { type, id, provider, account } = target;
  return { type, id, provider, account, region: 'regions' in target ? target.regions.join(',') : target.region };
}

/** The arguments as they are recorded: secrets not at all, bulk by size and hash, and of input that did not parse what can be shown. */
function argumentsOf(call: Call): unknown {
  const { input, operation, request } = call;
  const own = redactorOf(operation, request.input);
  // Masked first: half a secret would not be recognised.
  if (call.argsHash) return shorten(own.value(input));
  if (request.input === undefined) return undefined;
  try {
    const raw = own.value(withoutUnknown(request.input, operation));
    const text = JSON.stringify(raw);
    return text.length <= rawInputLimit ? raw : { cut: cleanText(text, 500), length: text.length };
  } catch {
    return { unreadable: true };
  }
}

function shorten(value: unknown): unknown {
  if (typeof value === 'string' && value.length > longestRecordedText) {
    return { bytes: Buffer.byteLength(value), sha256: createHash('sha256').update(value).digest('hex') };
  }
  if (Array.isArray(value)) return value.map(shorten);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shorten(inner)]));
}

/** A value under a name that the operation does not have may be anything, a secret too: only its name is kept. */
function withoutUnknown(raw: unknown, operation: Operation | undefined): unknown {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return `[${Array.isArray(raw) ? 'array' : typeof raw}]`;
  const known = new Set(Object.keys(operation?.input.shape ?? {}));
  return Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, known.has(key) ? value : '[not an argument]']));
}
