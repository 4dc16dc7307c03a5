import type { CallScope } from './call-scope.ts';
import type { AccountTarget, MissingPart, Resolved } from './domain.ts';
import type { Plan } from './plan.ts';

export type Severity = 'critical' | 'high' | 'medium' | 'low';

export interface Finding {
  severity: Severity;
  /** Stable name of the rule: `ssh-open-to-world`. */
  rule: string;
  resource: string;
  region?: string;
  account?: string;
  /** What was seen, in one sentence with the facts. Untrusted text may be in it. */
  evidence: string;
  /** The tool call or command that fixes it. */
  fix: string;
}

export interface Review {
  findings: Finding[];
  /** How many findings of each severity there are in all. */
  counts: Partial<Record<Severity, number>>;
  /** What was looked at, so that a clean review says something. */
  checked: string[];
  nextCursor?: string;
  missing?: MissingPart[];
}

export interface ReviewQuery {
  limit: number;
  cursor?: string;
  severity?: Severity;
}

export interface TrailChange {
  trail?: string;
  bucket?: string;
  changed?: boolean;
  plan?: Plan;
}

export interface FlowLogsChange {
  vpc?: string;
  flowLog?: string;
  logGroup?: string;
  changed?: boolean;
  plan?: Plan;
}

/** Reviews read only and name every part that they could not see. All methods throw `CallError` and nothing else. */
export interface SecurityPort {
  network(accounts: readonly Resolved<AccountTarget>[], query: ReviewQuery, call: CallScope): Promise<Review>;
  account(accounts: readonly Resolved<AccountTarget>[], query: ReviewQuery, call: CallScope): Promise<Review>;
  /** `ziggie-audit-trail`, multi-region and validated, into a bucket. */
  enableTrail(account: Resolved<AccountTarget>, query: { bucket: string }, call: CallScope): Promise<TrailChange>;
  enableFlowLogs(account: Resolved<AccountTarget>, query: { vpc: string; region: string }, call: CallScope): Promise<FlowLogsChange>;
}
