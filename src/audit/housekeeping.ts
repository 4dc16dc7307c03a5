import { Adoption, type AdoptionOptions } from './adoption.ts';
import type { Journal } from './delivery.ts';
import { pruneJournals, pruneOwnSegments } from './prune.ts';

const firstRoundMs = 200;
const pruneEveryMs = 3_600_000;
const dayMs = 86_400_000;

export interface HousekeepingOptions extends AdoptionOptions {
  pruneAfterDays: number;
  intervalMs: number;
  /** The journal of this process, a new one if the last one ended; undefined while none can be written. */
  own: () => Promise<Journal | undefined>;
  /** All writers whose locks this process holds. */
  mine: () => ReadonlySet<string>;
  /** Epoch milliseconds of the oldest intent of this process that waits for its outcome. */
  oldestOpenAt: () => number;
}

/** What is done beside the calls, round after round: a writer is kept ready, dead ones are adopted, old journals removed. */
export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #adoption: Adoption;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  #stopped = false;
  #prunedAt = Number.NEGATIVE_INFINITY;
  /** What the last round could not do. */
  problems: string[] = [];

  constructor(options: HousekeepingOptions) {
    this.#options = options;
    this.#adoption = new Adoption(options);
  }

  /** The first round begins shortly after, so that the start of the process does not wait for it. */
  start(): void {
    this.#schedule(firstRoundMs);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#adoption.stop();
  }

  /** Resolves when no round is under way. */
  async idle(): Promise<void> {
    await this.#round;
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#round = this.#work()
        .catch((error: unknown) => [error instanceof Error ? error.message : String(error)])
        .then((problems) => {
          this.problems = problems;
          this.#round = undefined;
          if (!this.#stopped) this.#schedule(this.#options.intervalMs);
        });
    }, delayMs);
    this.#timer.unref();
  }

  async #work(): Promise<string[]> {
    const { folder, now, own, mine, oldestOpenAt, pruneAfterDays } = this.#options;
    const journal = await own();
    if (!journal) return [];
    const problems = await this.#adoption.scan(journal.writerId, mine());
    if (this.#stopped || now() - this.#prunedAt < pruneEveryMs) return problems;
    this.#prunedAt = now();
    const before = now() - pruneAfterDays * dayMs;
    await pruneOwnSegments(folder, journal.writerId, journal.cursor.current, before, oldestOpenAt());
    await pruneJournals(folder, before, mine());
    return problems;
  }
}
