import type { AuditPage, AuditQuery } from './audit.ts';
import type { CallScope } from './call-scope.ts';
import type { Principal } from './domain.ts';

export interface WhoAmI {
  agent: string;
  teams: string[];
  /** What policy lets it do, in words. */
  capabilities: string[];
  tools: { tool: string; effect: string }[];
  limits: { callsPerMinute: number; callsAtOnce: number };
  policySet: string;
  mode: string;
}

export interface Explanation {
  decision: 'allow' | 'deny' | 'approval_required';
  policies: string[];
  advice: string[];
  /** Of a call that adds to the bill: what it adds, and what is known of spend. */
  spend?: Record<string, string>;
  targets: { type: string; id: string; state?: string; tags: Record<string, string> }[];
}

export interface ApprovalView {
  id: string;
  status: 'pending' | 'approved' | 'rejected' | 'consumed' | 'expired';
  tool: string;
  expiresAt: string;
  approver?: string;
  next: string;
}

export interface HealthCheck {
  name: string;
  status: 'ok' | 'degraded' | 'failed';
  detail?: string;
}

export interface HealthReport {
  status: 'ok' | 'degraded' | 'failed';
  version: string;
  mode: string;
  checks: HealthCheck[];
}

/** What the server knows of itself, for the access toolset. */
export interface AccessPort {
  whoami(principal: Principal): Promise<WhoAmI>;
  /** Steps 2 to 5 of the road for a call that is not made. */
  explain(principal: Principal, tool: string, input: unknown, call: CallScope): Promise<Explanation>;
  /** The agent's own approvals only; throws `target_unresolved` for any other. */
  approval(principal: Principal, id: string): Promise<ApprovalView>;
  searchAudit(query: AuditQuery): Promise<AuditPage>;
  health(call: CallScope): Promise<HealthReport>;
  /** Markdown of a runbook; throws `target_unresolved`. */
  runbook(name: string): Promise<string>;
}
