import type { LedgerEntry } from './cost-sources.ts';
/**
 * Shared state behind named atomic operations, so that a second implementation (conditional writes) is possible.
 * All times are epoch milliseconds given by the caller.
 */

export type ApprovalStatus = 'pending' | 'approved' | 'rejected' | 'consumed';

export interface ApprovalRow {
  readonly id: string;
  readonly bindingHash: string;
  readonly requester: string;
  readonly tool: string;
  /** Canonical JSON of what is approved: tool, arguments, targets with binding facts, account, agent, policy-set hash. */
  readonly binding: string;
  readonly status: ApprovalStatus;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly approver?: string;
  readonly decidedAt?: number;
  /** Base64 Ed25519 signature of the approver. */
  readonly signature?: string;
  /** Call that consumed it. */
  readonly callId?: string;
}

export type AdmitResult =
  | { readonly admitted: true }
  | { readonly admitted: false; readonly reason: 'rate' | 'concurrency'; readonly retryAfterMs: number };

export type IdempotencyClaim =
  | { readonly state: 'claimed' }
  | { readonly state: 'running'; readonly callId: string }
  | { readonly state: 'lost'; readonly callId: string }
  | { readonly state: 'done'; readonly callId: string; readonly outcome: string }
  | { readonly state: 'mismatch'; readonly callId: string };

/** A key that some call has claimed. */
export type KnownKey = Exclude<IdempotencyClaim, { state: 'claimed' }>;

export interface TokenRow {
  readonly id: string;
  readonly agent: string;
  readonly createdAt: number;
  readonly revokedAt?: number;
}

export interface SeenTarget {
  readonly type: string;
  readonly id: string;
  readonly label: string;
}

/** How a deployment stands. `abandoned`: it ended before anything was switched. */
export type DeploymentStatus = 'running' | 'done' | 'rolled_back' | 'failed' | 'abandoned';

export interface DeploymentStep {
  readonly step: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly outcome?: 'done' | 'failed';
  readonly detail?: string;
}

export interface DeploymentRow {
  readonly id: string;
  readonly app: string;
  readonly provider: string;
  /** SHA-256 over the target that was decided on; empty where it was not recorded. */
  readonly targetHash: string;
  readonly kind: 'deploy' | 'rollback';
  readonly version: string;
  /** SHA-256 over the artifact's manifest; empty for a rollback. */
  readonly digest: string;
  /** What served before; empty when nothing did. */
  readonly previous: string;
  readonly actor: string;
  readonly callId: string;
  readonly status: DeploymentStatus;
  /** What serves now, as far as is known. */
  readonly serving: string;
  readonly steps: readonly DeploymentStep[];
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly message?: string;
}

/** An answer that was paid for. */
export interface KeptCosts {
  readonly fetchedAt: number;
  /** JSON of what was answered. */
  readonly answer: string;
}

/** Spend of the month over everything that is configured, in cents of the budget's currency. */
export interface KeptSpend {
  /** `2026-11` */
  readonly month: string;
  /** ISO 4217. */
  readonly currency: string;
  readonly monthToDateCents: number;
  /** Age of its oldest figure, epoch milliseconds. */
  readonly monthToDateAt: number;
  readonly forecastCents?: number;
  readonly forecastAt?: number;
}

/** A budget over both clouds, evaluated by this server. */
export interface CostAlertRow {
  readonly name: string;
  /** JSON of its `AlertSpec`. */
  readonly spec: string;
}

/** A threshold of a month that was claimed. */
export interface CostNotice {
  readonly threshold: string;
  /** Somebody has been told of it, is being told, or may have been. */
  readonly isTold: boolean;
  /** When it can be claimed again; Infinity: never. */
  readonly freeAt: number;
}

/** A report that is to be mailed, or was. One row for each scheduled month, and one for a month that was asked for and could not be sent. */
export interface ReportRow {
  /** `scheduled 2026-10`, or the call id of one that was asked for. */
  readonly id: string;
  readonly month: string;
  /** Who has not got it yet. */
  readonly to: readonly string[];
  readonly status: 'waiting' | 'sent' | 'failed';
  readonly attempts: number;
  readonly nextAt: number;
  readonly problem?: string;
  /** An attempt ended without an answer: they may have it. */
  readonly maybeSent?: boolean;
}

export interface StateStore {
  /** Counts the call against the agent's minute and takes one of its slots until `expiresAt` or `release`. One atomic step over all processes. */
  admit(
    agent: string,
    callId: string,
    limits: { callsPerMinute: number; callsAtOnce: number },
    now: number,
    expiresAt: number,
  ): AdmitResult;
  release(callId: string): void;

  createApproval(row: Omit<ApprovalRow, 'status' | 'approver' | 'decidedAt' | 'signature' | 'callId'>): ApprovalRow;
  getApproval(id: string): ApprovalRow | undefined;
  /** Rows for this binding that have not expired and were not consumed, newest first. */
  findApprovals(bindingHash: string, now: number): ApprovalRow[];
  listApprovals(filter: { status?: ApprovalStatus; now?: number }): ApprovalRow[];
  /** Pending and not expired → approved or rejected; false when it was not. */
  decideApproval(id: string, decision: { status: 'approved' | 'rejected'; approver: string; signature?: string; now: number }): boolean;
  /** Approved and not expired → consumed, for exactly one caller; undefined for everybody else. */
  claimApproval(id: string, callId: string, now: number): ApprovalRow | undefined;
  /** Undoes a claim by the same call whose intent could not be recorded. */
  giveBackApproval(id: string, callId: string): void;

  /** What is stored for this key, without claiming it. */
  peekIdempotency(agent: string, key: string, argsHash: string, now: number): KnownKey | undefined;
  /** Claims the key for this call, or says who has it. `lost`: the claimer passed its deadline without an outcome. */
  claimIdempotency(agent: string, key: string, argsHash: string, callId: string, now: number, deadlineAt: number): IdempotencyClaim;
  finishIdempotency(agent: string, key: string, callId: string, outcome: string): void;
  /** Frees the key of a call that certainly had no effect. */
  dropIdempotency(agent: string, key: string, callId: string): void;

  addToken(id: string, hash: string, agent: string, now: number): void;
  findToken(hash: string): TokenRow | undefined;
  listTokens(): TokenRow[];
  revokeToken(id: string, now: number): boolean;

  /** Remembers what an agent was shown, for completions. */
  rememberSeen(agent: string, targets: readonly SeenTarget[], now: number): void;
  seen(agent: string, type: string, prefix: string, limit: number): SeenTarget[];

  /** Takes the lease if nobody holds it at `now`; the token is higher than every one before it of that name. */
  takeLease(
    name: string,
    holder: string,
    now: number,
    ttlMs: number,
  ): { readonly token: number } | { readonly heldBy: string; readonly until: number };
  /** False when the lease has gone to somebody else. */
  renewLease(name: string, token: number, now: number, ttlMs: number): boolean;
  releaseLease(name: string, token: number): void;

  /** All of these write only while `token` is the newest of the application's lease; false when it is not. */
  createDeployment(row: DeploymentRow, lease: { readonly name: string; readonly token: number }): boolean;
  updateDeployment(
    id: string,
    lease: { readonly name: string; readonly token: number },
    change: Partial<Pick<DeploymentRow, 'status' | 'serving' | 'previous' | 'steps' | 'endedAt' | 'message'>>,
  ): boolean;
  getDeployment(id: string): DeploymentRow | undefined;
  /** Newest first. @param before id of the last row seen */
  listDeployments(filter: {
    app?: string;
    provider?: string;
    version?: string;
    status?: DeploymentStatus;
    limit: number;
    before?: string;
  }): DeploymentRow[];

  /** What was answered to a question, if it was ever asked. @param account twelve digits, or `hostinger` @param question any text */
  keptCosts(account: string, question: string): KeptCosts | undefined;
  keepCosts(account: string, question: string, costs: KeptCosts): void;
  /** Counts a request that is billed by itself, unless the day's ceiling is reached: then false. @param day of UTC, `2026-11-22` */
  countCostRequest(day: string, ceiling: number): boolean;
  costRequests(day: string): number;

  keepSpend(spend: KeptSpend): void;
  spend(): KeptSpend | undefined;
  /** See `SpendPort.reserve`. @param month of UTC */
  reserveSpend(
    agent: string,
    month: string,
    key: string,
    callId: string,
    cents: number,
    capCents: number,
    now: number,
  ): { ok: true } | { ok: false; usedCents: number };
  /** What all agents reserved since then, each key once. @param before leaves out what was reserved by this call, and after it */
  spendReservedSince(since: number, before?: string): number;
  /** See `SpendPort.rename`. */
  renameSpend(agent: string, callId: string, key: string): void;
  releaseSpend(agent: string, callId: string): void;

  appendCostEntry(entry: LedgerEntry): void;
  /** All of them, in the order in which they were recorded. */
  costEntries(): LedgerEntry[];

  putCostAlert(row: CostAlertRow): void;
  costAlerts(): CostAlertRow[];
  /** The alert, and what was told of it. False when there is none. */
  removeCostAlert(name: string): boolean;
  /**
   * True for exactly one caller of each alert, threshold and month at a time. A claim that is neither kept nor given back until `freeAt`
   * may have been told of: it is free once more, and after the second of them for ever taken.
   */
  claimCostNotice(alert: string, threshold: string, month: string, now: number, freeAt: number): boolean;
  /** What was claimed has been told of. */
  keepCostNotice(alert: string, threshold: string, month: string): void;
  /** Undoes a claim of what nobody was told of; it is free from `freeAt` on. */
  giveBackCostNotice(alert: string, threshold: string, month: string, freeAt: number): void;
  costNotices(alert: string, month: string): CostNotice[];

  /** False when there is one with this id. */
  createReport(row: ReportRow): boolean;
  updateReport(id: string, change: Partial<Pick<ReportRow, 'to' | 'status' | 'attempts' | 'nextAt' | 'problem' | 'maybeSent'>>): void;
  report(id: string): ReportRow | undefined;
  /** Newest first. */
  reports(filter: { status?: ReportRow['status']; month?: string; limit: number }): ReportRow[];

  close(): void;
}
