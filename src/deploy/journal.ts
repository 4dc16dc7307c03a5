/**
 * Invariant: a step is on disk before it begins, under the lease of the deployment. Where that cannot be written, nothing is done.
 */
import type { DeploymentRow, DeploymentStep, StateStore } from '../ports/state.ts';
import { asCallError, LeftBehind } from './failures.ts';

type Change = Parameters<StateStore['updateDeployment']>[2];
const longestDetail = 600;

export interface Journal {
  row(): DeploymentRow;
  /** Runs one step. What it returns is kept as its detail. @throws LeftBehind when it may not begin, or its end could not be recorded */
  step(name: string, work: () => Promise<string | undefined>, change?: Change): Promise<void>;
  /** Says of the running step how it is. */
  note(detail: string): void;
  end(change: Required<Pick<DeploymentRow, 'status' | 'serving'>> & Pick<DeploymentRow, 'message'>): void;
  /** From now on nothing is written: this process has given the deployment up. */
  leave(): void;
}

interface JournalOptions {
  readonly store: Pick<StateStore, 'updateDeployment'>;
  readonly lease: { readonly name: string; readonly token: number };
  readonly now: () => number;
  /** Masks secrets: the row outlives the process that knows them. */
  readonly mask: (text: string) => string;
  /** Told of each step before it runs. */
  readonly begun: (step: string) => void;
}

export function createJournal(first: DeploymentRow, { store, lease, now, mask, begun }: JournalOptions): Journal {
  let row = first;
  let left = false;
  const write = (change: Change) => {
    if (left) throw new LeftBehind('given up');
    try {
      if (!store.updateDeployment(row.id, lease, change)) throw new LeftBehind('the lease has gone to somebody else');
    } catch (error) {
      left = true;
      throw error instanceof LeftBehind ? error : new LeftBehind('the state store cannot be written', { cause: error });
    }
    row = { ...row, ...change };
  };
  const shown = (text: string) => mask(text).slice(0, longestDetail);
  /** Writes the running step anew. */
  const amend = (change: Partial<DeploymentStep>) => {
    const last = row.steps.at(-1);
    if (last) write({ steps: [...row.steps.slice(0, -1), { ...last, ...change }] });
  };
  return {
    row: () => row,
    async step(name, work, change = {}) {
      write({ ...change, steps: [...row.steps, { step: name, startedAt: now() }] });
      begun(name);
      let detail: string | undefined;
      try {
        detail = await work();
      } catch (error) {
        if (!(error instanceof LeftBehind)) amend({ endedAt: now(), outcome: 'failed', detail: shown(asCallError(error).message) });
        throw error;
      }
      amend({ endedAt: now(), outcome: 'done', ...(detail ? { detail: shown(detail) } : {}) });
    },
    note(detail) {
      // Whoever has lost the deployment learns it with the next step.
      if (!left) {
        try {
          amend({ detail: shown(detail) });
        } catch {}
      }
    },
    end: ({ message, ...change }) =>
      write({ ...change, endedAt: now(), ...(message === undefined ? {} : { message: mask(message).slice(0, 2_000) }) }),
    leave: () => {
      left = true;
    },
  };
}
