import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StateStore } from '../../src/ports/state.ts';
import { openSqliteStore } from '../../src/state/sqlite-store.ts';

export interface TestStore {
  readonly store: StateStore;
  close(): void;
}

/** A real store in a folder of its own. */
export function newStore(): TestStore {
  const folder = mkdtempSync(join(tmpdir(), 'ziggie-costs-'));
  const store = openSqliteStore(folder);
  return {
    store,
    close() {
      store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
