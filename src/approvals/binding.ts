import { createHash } from 'node:crypto';
import { canonicalJson } from '../call/canonical.ts';
import type { ApprovalBinding } from '../ports/approvals.ts';

/** Canonical JSON (RFC 8785) of what an approval fits, and its SHA-256 in hex. */
export function bind(binding: ApprovalBinding): { json: string; hash: string } {
  const json = canonicalJson(binding);
  return { json, hash: createHash('sha256').update(json).digest('hex') };
}
