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

export interface KeptCosts {
  readonly fetchedAt: number;
  /** JSON of its lines. */
  readonly costs: string;
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

  /** What an account cost in a month, as it was last read. @param account twelve digits @param month `2026-11` */
  keptCosts(account: string, month: string): KeptCosts | undefined;
  keepCosts(account: string, month: string, costs: KeptCosts): void;
  /** Counts a request that is billed by itself. @param day of UTC, `2026-11-22` */
  countCostRequest(day: string): void;
  costRequests(day: string): number;

  close(): void;
}
