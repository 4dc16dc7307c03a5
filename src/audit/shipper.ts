/**
 * Invariant: records leave in order, at least once, from disk, and only to the account that the folder's first delivery went
 * to. The cursor moves only over what CloudWatch said it took.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CallError } from '../call/errors.ts';
import type { LogSink } from '../ports/log-sink.ts';
import { isDelivered } from './cursor.ts';
import { DamagedJournal, deliverNext, type Journal, undelivered } from './delivery.ts';
import { createJson, readJson } from './files.ts';
import { paths } from './journal-folder.ts';

export interface ShipperOptions {
  folder: string;
  sink: LogSink;
  now: () => number;
  /** How long records are gathered before they are sent, while all is well. */
  coalesceMs: number;
  /** Wait after the first failure; it doubles up to `backoffMaxMs`. */
  backoffMs: number;
  backoffMaxMs: number;
  /** A closed journal is wholly delivered. */
  delivered: (journal: Journal) => void;
}

export class Shipper {
  readonly #options: ShipperOptions;
  readonly #journals = new Map<string, Journal>();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<boolean> | undefined;
  #failures = 0;
  #stopped = false;
  #account: string | undefined;
  #failure: string | undefined;
  /** Told until the process ends: no later delivery makes it good. */
  readonly #damaged: string[] = [];
  /** Somebody asked for a delivery during one. */
  #again = false;
  deliveredAt: string | undefined;

  constructor(options: ShipperOptions) {
    this.#options = options;
  }

  get problem(): string | undefined {
    const problems = [this.#failure, ...this.#damaged].filter((text) => text !== undefined);
    return problems.length === 0 ? undefined : problems.join(' ');
  }

  add(journal: Journal): void {
    this.#journals.set(journal.writerId, journal);
  }

  remove(writerId: string): void {
    const journal = this.#journals.get(writerId);
    if (journal) journal.abandoned = true;
    this.#journals.delete(writerId);
  }

  /** Something may be there to deliver. While CloudWatch cannot be reached the next try is already set. */
  wake(): void {
    if (this.#round) this.#again = true;
    else if (!this.#timer && !this.#stopped) this.#schedule(this.#options.coalesceMs);
  }

  /**
   * Delivers now, whatever the backoff says.
   * @returns whether all is delivered; false on the first failure or when the time is over
   */
  async flush(timeoutMs: number): Promise<boolean> {
    const timer = new AbortController();
    const late = sleep(timeoutMs, false, { signal: timer.signal, ref: true }).catch(() => false);
    const work = (async () => {
      await this.#round;
      return this.#run();
    })();
    const done = await Promise.race([work, late]);
    timer.abort();
    return done;
  }

  /** No more deliveries; one that is under way no longer moves a cursor. */
  stop(): void {
    this.#stopped = true;
    for (const writerId of [...this.#journals.keys()]) this.remove(writerId);
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#run();
    }, delayMs);
    this.#timer.unref();
  }

  #run(): Promise<boolean> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#round ??= this.#deliverAll().finally(() => {
      this.#round = undefined;
      this.#next();
    });
    return this.#round;
  }

  #next(): void {
    if (this.#stopped || this.#timer) return;
    const { backoffMs, backoffMaxMs, coalesceMs } = this.#options;
    if (this.#failures > 0) this.#schedule(Math.min(backoffMaxMs, backoffMs * 2 ** (this.#failures - 1)));
    else if (this.#again) this.#schedule(coalesceMs);
    this.#again = false;
  }

  /** A damaged journal does not hold up the others; an account that is not ours and a sink that fails do. */
  async #deliverAll(): Promise<boolean> {
    let failure: string | undefined;
    try {
      for (const journal of [...this.#journals.values()]) {
        if (undelivered(journal) === 0) {
          this.#settle(journal);
          continue;
        }
        this.#account ??= await this.#checkAccount();
        await this.#deliver(journal, this.#account);
      }
    } catch (error) {
      failure = describe(error);
    }
    this.#failure = failure;
    this.#failures = failure === undefined ? 0 : this.#failures + 1;
    return this.problem === undefined;
  }

  async #deliver(journal: Journal, account: string): Promise<void> {
    const { folder, sink, now } = this.#options;
    try {
      while ((await deliverNext(folder, journal, sink, account, now())) > 0) {
        this.deliveredAt = new Date(now()).toISOString();
        this.#settle(journal);
      }
    } catch (error) {
      if (!(error instanceof DamagedJournal)) throw error;
      this.#journals.delete(journal.writerId);
      this.#damaged.push(describe(error));
    }
  }

  #settle(journal: Journal): void {
    if (!isDelivered(journal.cursor.current) || !this.#journals.delete(journal.writerId)) return;
    this.#options.delivered(journal);
  }

  async #checkAccount(): Promise<string> {
    const { folder, sink } = this.#options;
    const account = await sink.accountId();
    const path = paths.destination(folder);
    if ((await readJson(path)) === undefined) await createJson(path, { account });
    const known = await readJson(path);
    const expected = typeof known === 'object' && known !== null && 'account' in known ? String(known.account) : 'none';
    if (expected !== account) {
      throw new CallError('provider_denied', `The audit records here belong to account ${expected}, but the credentials to ${account}`, {
        remedy: `Use credentials of account ${expected}, or give this server a state folder of its own (ZIGGIE_STATE).`,
      });
    }
    return account;
  }
}

function describe(error: unknown): string {
  if (error instanceof CallError) return `${error.message}. ${error.details.remedy}`;
  return error instanceof Error ? error.message : String(error);
}
