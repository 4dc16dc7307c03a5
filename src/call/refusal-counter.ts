import type { AuditEntry } from '../ports/audit.ts';

/**
 * Refusals of callers that nobody knows, one record for many: the first at once, the rest of a minute together,
 * so that a flood can neither hide nor fill the journal.
 */
export interface RefusalCounter {
  count(): void;
  /** Writes what was counted and not yet written. */
  flush(): Promise<void>;
}

const windowMs = 60_000;

export function createRefusalCounter(write: (entry: Pick<AuditEntry, 'count' | 'ts'>) => Promise<void>, now: () => number): RefusalCounter {
  let pending = 0;
  let lastWrittenAt = Number.NEGATIVE_INFINITY;

  async function flush(): Promise<void> {
    if (pending === 0) return;
    const count = pending;
    pending = 0;
    lastWrittenAt = now();
    // A journal that cannot be written keeps the number for the next try.
    await write({ count, ts: new Date(lastWrittenAt).toISOString() }).catch(() => {
      pending += count;
    });
  }

  return {
    count() {
      pending += 1;
      if (now() - lastWrittenAt >= windowMs) void flush();
    },
    flush,
  };
}
