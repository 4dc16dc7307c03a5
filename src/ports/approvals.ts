import type { Principal } from './domain.ts';

/** What a person is asked to approve, and what alone the approval fits. */
export interface ApprovalBinding {
  readonly tool: string;
  readonly input: unknown;
  /** Targets with their entity type's binding facts: identity, tags, state. */
  readonly targets: readonly unknown[];
  readonly agent: string;
  readonly policySetHash: string;
}

export type ApprovalLookup =
  | { readonly status: 'pending'; readonly id: string; readonly expiresAt: number }
  | { readonly status: 'approved'; readonly id: string; readonly approver: string }
  | { readonly status: 'rejected'; readonly id: string; readonly approver: string };

/** Approvals as the road uses them. Giving one is a person's act and lives elsewhere. */
export interface ApprovalsPort {
  /** The live approval for exactly this binding, its signature checked; an approved row with a bad signature is as good as none. */
  lookup(binding: ApprovalBinding): Promise<ApprovalLookup | undefined>;
  request(binding: ApprovalBinding, requester: Principal): Promise<{ id: string; expiresAt: number }>;
  /** Consumes it for this call; undefined when somebody else did, it expired, or it is on record as spent. */
  claim(id: string, binding: ApprovalBinding, callId: string): Promise<{ approver: string } | undefined>;
  giveBack(id: string, callId: string): void;
}
