import type { CursorFile } from './cursor.ts';
import type { Journal } from './delivery.ts';
import type { WriterLock } from './lock.ts';

/** Closed journals of dead writers that this process delivers, each under its writer's lock. */
export class AdoptedJournals {
  readonly #held = new Map<string, { journal: Journal; lock: WriterLock }>();

  add(writerId: string, cursor: CursorFile, lock: WriterLock): Journal {
    const journal: Journal = { writerId, cursor, lastSeq: () => cursor.current.closed?.seq ?? 0, durable: () => undefined };
    this.#held.set(writerId, { journal, lock });
    return journal;
  }

  journals(): Journal[] {
    return [...this.#held.values()].map(({ journal }) => journal);
  }

  release(writerId: string): void {
    this.#held.get(writerId)?.lock.release();
    this.#held.delete(writerId);
  }

  /** Lets go of all, each once its cursor is written: whoever comes next reads it. */
  async releaseAll(): Promise<void> {
    for (const { writerId, cursor } of this.journals()) {
      await cursor.idle();
      this.release(writerId);
    }
  }
}
