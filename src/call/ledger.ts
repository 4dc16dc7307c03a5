import type { AttemptOutcome, EffectLedger } from '../ports/call-scope.ts';
import type { Effect } from '../ports/domain.ts';

/** Counts the mutating requests of one call; see `EffectLedger` for what the effect means. */
export function createLedger(): EffectLedger {
  const attempts: (AttemptOutcome | undefined)[] = [];
  return {
    attempt() {
      const index = attempts.push(undefined) - 1;
      return (outcome) => {
        attempts[index] = outcome;
      };
    },
    effect(): Effect {
      if (attempts.includes('applied')) return 'applied';
      return attempts.some((outcome) => outcome !== 'refused') ? 'unknown' : 'none';
    },
  };
}
