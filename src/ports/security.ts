import type { CallScope } from './call-scope.ts';
import type { AccountTarget, MissingPart, Resolved } from './domain.ts';
import type { Plan } from './plan.ts';

export type Severity = 'critical' | 'high' | 'medium' | 'low';

export interface Finding {
  severity: Severity;
  /** Stable name of the rule: `ssh-open-to-world`. */
  rule: string;
  resource: string;
  /** Absent for what has none: IAM, buckets' names. */
  region?: string;
  /** Only when more than one account is configured. */
  account?: string;
  /** What was seen, in one sentence with the facts. Untrusted text may be in it. */
  evidence: string;
  /** The tool call or command that fixes it; for what only a person can do, where to do it. */
  fix: string;
}

/** What a review could not see. */
export interface ReviewGap extends Omit<MissingPart, 'code'> {
  check: string;
  /** An error code, or `incomplete` for what was too much to read. */
  code: string;
}

export interface Review {
  /** Most severe first. */
  findings: Finding[];
  /** How many findings of each severity there are in all, on other pages and of other severities too. */
  counts: Partial<Record<Severity, number>>;
  /** Checks that saw all of at least one place, so that a clean review says something. `missing` has what the others did not see. */
  checked: string[];
  nextCursor?: string;
  missing?: ReviewGap[];
}

export interface ReviewQuery {
  limit: number;
  cursor?: string;
  severity?: Severity;
}

export interface TrailChange {
  trail: string;
  bucket: string;
  region: string;
  /** Steps that were taken, in their order; none when all was as it should be. */
  done: string[];
  changed: boolean;
  plan?: Plan;
}

export interface FlowLogsChange {
  vpc: string;
  region: string;
  /** Absent in a dry run that would make one. */
  flowLog?: string;
  destination: string;
  changed: boolean;
  plan?: Plan;
}

/** Reviews read only and name every part that they could not see. All methods throw `CallError` and nothing else. */
export interface SecurityPort {
  /** Security groups, their attachments, and flow logs, of every region of the accounts. */
  network(accounts: readonly Resolved<AccountTarget>[], query: ReviewQuery, call: CallScope): Promise<Review>;
  /** Trails, root and users, the agents' permissions, buckets and secrets. */
  account(accounts: readonly Resolved<AccountTarget>[], query: ReviewQuery, call: CallScope): Promise<Review>;
  /** `ziggie-audit-trail`, multi-region and validated, into a bucket that is made if need be. Its home is the account's first region. */
  enableTrail(account: Resolved<AccountTarget>, query: { bucket: string }, call: CallScope): Promise<TrailChange>;
  /** All traffic of a VPC into the bucket, which has to exist. */
  enableFlowLogs(
    account: Resolved<AccountTarget>,
    query: { vpc: string; region: string; bucket: string },
    call: CallScope,
  ): Promise<FlowLogsChange>;
}
