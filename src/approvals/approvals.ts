import { randomBytes } from 'node:crypto';
import type { ApprovalBinding, ApprovalLookup, ApprovalsPort } from '../ports/approvals.ts';
import type { Principal } from '../ports/domain.ts';
import type { ApprovalRow, StateStore } from '../ports/state.ts';
import { bind, isIntact } from './binding.ts';
import { isSigned } from './signing.ts';

/**
 * Invariant: a row that says "approved" is worth nothing by itself. It counts when an approver of ziggie.yaml, who is
 * not the requester, signed exactly this binding, and no intent on record has used it.
 */

export interface ApprovalsOptions {
  readonly store: StateStore;
  /** Approver id → public key. */
  readonly approvers: () => Promise<ReadonlyMap<string, string>>;
  readonly ttlMs: number;
  /** Whether the journal holds an intent that used it. */
  readonly spent: (approvalId: string) => Promise<boolean>;
  readonly now?: () => number;
}

export function createApprovals({ store, approvers, ttlMs, spent, now = Date.now }: ApprovalsOptions): ApprovalsPort {
  /** The approver of a row that is what it says; undefined for any other. */
  async function approverOf(row: ApprovalRow): Promise<string | undefined> {
    const { approver, signature } = row;
    if (approver === undefined || signature === undefined || approver === row.requester || !isIntact(row)) return undefined;
    const publicKey = (await approvers()).get(approver);
    if (publicKey === undefined || !isSigned(row, approver, publicKey, signature)) return undefined;
    return (await spent(row.id)) ? undefined : approver;
  }

  return {
    async lookup(binding: ApprovalBinding): Promise<ApprovalLookup | undefined> {
      const rows = store.findApprovals(bind(binding).hash, now());
      for (const row of rows) {
        const approver = row.status === 'approved' ? await approverOf(row) : undefined;
        if (approver !== undefined) return { status: 'approved', id: row.id, approver };
      }
      const latest = rows.find(({ status }) => status !== 'approved');
      if (!latest) return undefined;
      const { id, expiresAt, approver = 'unknown' } = latest;
      return latest.status === 'rejected' ? { status: 'rejected', id, approver } : { status: 'pending', id, expiresAt };
    },

    async request(binding: ApprovalBinding, requester: Principal) {
      const { json, hash } = bind(binding);
      const createdAt = now();
      const id = `apr_${randomBytes(9).toString('base64url')}`;
      const expiresAt = createdAt + ttlMs;
      store.createApproval({ id, bindingHash: hash, binding: json, requester: requester.id, tool: binding.tool, createdAt, expiresAt });
      return { id, expiresAt };
    },

    async claim(id, binding, callId) {
      const row = store.claimApproval(id, callId, now());
      if (!row) return undefined;
      // A row that was not genuine stays consumed: nobody has a claim to it.
      const approver = row.bindingHash === bind(binding).hash ? await approverOf(row) : undefined;
      return approver === undefined ? undefined : { approver };
    },

    giveBack: (id, callId) => store.giveBackApproval(id, callId),
  };
}
