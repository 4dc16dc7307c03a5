import { createHash } from 'node:crypto';
import { canonicalJson } from '../call/canonical.ts';
import type { ApprovalBinding } from '../ports/approvals.ts';

/** Canonical JSON (RFC 8785) of what an approval fits, and its SHA-256 in hex. */
export function bind(binding: ApprovalBinding): { json: string; hash: string } {
  const json = canonicalJson(binding);
  return { json, hash: hashOfStored(json) };
}

/** SHA-256, hex, of a binding's canonical JSON as it is stored. */
export function hashOfStored(json: string): string {
  return createHash('sha256').update(json).digest('hex');
}
