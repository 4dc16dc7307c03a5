import type { Effect } from './domain.ts';

export type AuditPhase = 'intent' | 'outcome' | 'refused';

export interface AuditTarget {
  type: string;
  id: string;
  provider?: string;
  account?: string;
  region?: string;
}

/** What the road says of a call; the journal adds `v`, `writerId`, `seq`, `prev` and `hash`. Already redacted. */
export interface AuditEntry {
  phase: AuditPhase;
  callId: string;
  /** ISO time with milliseconds, UTC. */
  ts: string;
  /** `agent:agent-marcus`, `human:alice`, `unknown`. */
  principal: string;
  /** Face and client: `stdio claude-code/2.1`, `http`, `cli`. */
  client?: string;
  traceparent?: string;
  tool: string;
  /** Resource address, when the call came as a resource read. */
  via?: string;
  args?: unknown;
  /** RFC 8785 canonical JSON of the parsed arguments, keyed HMAC-SHA-256, hex. */
  argsHash?: string;
  targets?: AuditTarget[];
  decision?: 'allow' | 'deny';
  policyIds?: string[];
  policySetHash?: string;
  approvalId?: string;
  awsRequestIds?: string[];
  outcome?: 'success' | 'failure' | 'unknown';
  effect?: Effect;
  errorCode?: string;
  /** Redacted and cut. */
  message?: string;
  durationMs?: number;
  dryRun?: boolean;
  /** Call id whose stored outcome was answered again. */
  replayOf?: string;
  /** How many like refusals this record stands for. */
  count?: number;
  /** Writer whose open intent this outcome ends. */
  adoptedFrom?: string;
  sandbox: boolean;
}

/** An entry as it stands in the journal and in CloudWatch. `hash` is SHA-256 over the line without it, `prev` the hash before. */
export interface AuditRecord extends AuditEntry {
  v: 1;
  writerId: string;
  seq: number;
  prev: string;
  hash: string;
}

export interface AuditQuery {
  principal?: string;
  tool?: string;
  callId?: string;
  phase?: AuditPhase;
  errorCode?: string;
  /** ISO times, inclusive. */
  since?: string;
  until?: string;
  limit: number;
  cursor?: string;
}

export interface AuditPage {
  /** Newest first. */
  records: AuditRecord[];
  nextCursor?: string;
}

export interface AuditHealth {
  /** Whether records can be made durable now. */
  writable: boolean;
  /** Records on disk that CloudWatch has not acknowledged. */
  undelivered: number;
  /** ISO time of the oldest of them. */
  oldestUndeliveredAt?: string;
  /** ISO time of the last delivery in this process. */
  deliveredAt?: string;
  problem?: string;
  logGroup: string;
}

/** The record that a call leaves. */
export interface AuditPort {
  /** Resolves when the entry is durable on disk; throws `CallError` `audit_unavailable` when it cannot be. */
  append(entry: AuditEntry): Promise<void>;
  search(query: AuditQuery): Promise<AuditPage>;
  /** Whether an intent that used this approval is on record, whatever the database says. */
  approvalSpent(approvalId: string): Promise<boolean>;
  health(): AuditHealth;
}
