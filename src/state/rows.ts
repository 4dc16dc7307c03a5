import type { ApprovalRow, TokenRow } from '../ports/state.ts';

/** Database rows as the port speaks of them: no nulls, names in its own case. */

export type Row = Record<string, string | number | null>;

export function approval(row: Row | undefined): ApprovalRow | undefined {
  if (!row) return undefined;
  return {
    id: String(row.id),
    bindingHash: String(row.binding_hash),
    binding: String(row.binding),
    requester: String(row.requester),
    tool: String(row.tool),
    status: row.status as ApprovalRow['status'],
    createdAt: Number(row.created_at),
    expiresAt: Number(row.expires_at),
    ...(row.approver === null ? {} : { approver: String(row.approver) }),
    ...(row.decided_at === null ? {} : { decidedAt: Number(row.decided_at) }),
    ...(row.signature === null ? {} : { signature: String(row.signature) }),
    ...(row.call_id === null ? {} : { callId: String(row.call_id) }),
  };
}

export function token(row: Row | undefined): TokenRow | undefined {
  if (!row) return undefined;
  return {
    id: String(row.id),
    agent: String(row.agent),
    createdAt: Number(row.created_at),
    ...(row.revoked_at === null ? {} : { revokedAt: Number(row.revoked_at) }),
  };
}
