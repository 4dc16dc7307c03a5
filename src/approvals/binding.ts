import { createHash } from 'node:crypto';
import { canonicalJson } from '../call/canonical.ts';
import type { ApprovalBinding } from '../ports/approvals.ts';
import type { ApprovalRow } from '../ports/state.ts';

/** Canonical JSON (RFC 8785) of what an approval fits, and its SHA-256 in hex. */
export function bind(binding: ApprovalBinding): { json: string; hash: string } {
  const json = canonicalJson(binding);
  return { json, hash: createHash('sha256').update(json).digest('hex') };
}

/** Whether a stored row still says one thing throughout: its call is the one that was hashed, its columns are the call's. */
export function isIntact(row: Pick<ApprovalRow, 'binding' | 'bindingHash' | 'tool' | 'requester'>): boolean {
  try {
    const binding = JSON.parse(row.binding) as ApprovalBinding;
    return bind(binding).hash === row.bindingHash && binding.tool === row.tool && binding.agent === row.requester;
  } catch {
    return false;
  }
}
