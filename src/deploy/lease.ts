/**
 * Invariant: an application is changed at a provider by one deployment at a time, over all processes that share the state.
 */
import type { StateStore } from '../ports/state.ts';

/** How long the lease of a process that was killed keeps others out. */
export const leaseTtlMs = 30_000;
const renewEveryMs = 10_000;

export type LeaseStore = Pick<StateStore, 'takeLease' | 'renewLease' | 'releaseLease'>;

export interface HeldLease {
  readonly name: string;
  readonly token: number;
  release(): void;
  /** Lets it run out: what was sent may still be at work. */
  leave(): void;
}

export function leaseName(app: string, provider: string): string {
  return `deploy:${app}:${provider}`;
}

/**
 * Takes the lease and keeps it until it is given back.
 * @param lost told once, when it has gone to somebody else, or may have
 * @returns who holds it, if somebody does
 */
export function takeLease(
  store: LeaseStore,
  name: string,
  holder: string,
  now: () => number,
  lost: () => void,
): HeldLease | { readonly heldBy: string; readonly until: number } {
  const taken = store.takeLease(name, holder, now(), leaseTtlMs);
  if (!('token' in taken)) return taken;
  const { token } = taken;
  let renewedAt = now();
  const keep = (): boolean => {
    try {
      if (!store.renewLease(name, token, now(), leaseTtlMs)) return false;
      renewedAt = now();
      return true;
    } catch {
      // A store that cannot be written for a moment does not tell that the lease has gone. Once it has run out, it may have.
      return now() - renewedAt <= leaseTtlMs;
    }
  };
  const timer = setInterval(() => {
    if (keep()) return;
    clearInterval(timer);
    lost();
  }, renewEveryMs);
  timer.unref();
  return {
    name,
    token,
    release() {
      clearInterval(timer);
      try {
        store.releaseLease(name, token);
      } catch {
        // It runs out.
      }
    },
    leave: () => clearInterval(timer),
  };
}
