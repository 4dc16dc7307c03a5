import { hash } from 'node:crypto';
import type { AuditEntry } from '../ports/audit.ts';

/** Longest journal line in bytes (design section 8). */
export const maxLineBytes = 65_536;

/** A field this short gains nothing from being replaced. */
const keepBytes = 512;

/** What gives way first; the other fields follow in the order in which they stand. */
const givesWayFirst: readonly (keyof AuditEntry)[] = ['args', 'message', 'targets'];
const neverGivesWay: ReadonlySet<string> = new Set(['phase', 'callId', 'ts']);

/**
 * Replaces large fields by size and SHA-256 of their JSON until the entry fits.
 * @param excessBytes how many bytes of JSON are too many
 */
export function shrinkEntry(entry: AuditEntry, excessBytes: number): AuditEntry {
  const small: Record<string, unknown> = { ...entry };
  let excess = excessBytes;
  for (const key of new Set<string>([...givesWayFirst, ...Object.keys(entry)])) {
    if (excess <= 0) break;
    if (neverGivesWay.has(key) || small[key] === undefined) continue;
    const json = JSON.stringify(small[key]);
    const size = Buffer.byteLength(json);
    if (size <= keepBytes) continue;
    small[key] = standIn(key, small[key], { size, sha256: hash('sha256', json) });
    excess -= size - Buffer.byteLength(JSON.stringify(small[key]));
  }
  // Every field keeps the type that readers of the record expect.
  return small as unknown as AuditEntry;
}

function standIn(key: string, value: unknown, digest: { size: number; sha256: string }): unknown {
  const words = `omitted: ${digest.size} bytes, sha256 ${digest.sha256}`;
  if (key === 'targets') return [{ type: 'Omitted', id: words }];
  if (typeof value === 'string') return words;
  return Array.isArray(value) && key !== 'args' ? [words] : digest;
}
