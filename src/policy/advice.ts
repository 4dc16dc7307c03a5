/** What a denied caller is told: ids and `@advice`, never policy text. */
import type { Principal } from '../ports/domain.ts';
import type { Policies } from './check.ts';
import { actionMatches, principalMatches, resourceMayMatch } from './policy-json.ts';
import type { PolicyAction } from './schema.ts';

const mostAdvice = 3;

/**
 * Ids of the permits that came nearest when none applied and no forbid fired: those for this principal and action whose
 * conditions did not hold, else those that let somebody else do it.
 */
export function closestPermits(policies: Policies, principal: Principal, action: PolicyAction): string[] {
  const forAction = [...policies.values()].filter(
    ({ effect, json }) => effect === 'permit' && actionMatches(json, action) && resourceMayMatch(json, action),
  );
  const own = forAction.filter(({ json }) => principalMatches(json, principal));
  return (own.length > 0 ? own : forAction).slice(0, mostAdvice).map(({ id }) => id);
}

/** At most three different advices, in the order of the ids. */
export function adviceOf(policies: Policies, ids: readonly string[]): string[] {
  const texts = ids.flatMap((id) => policies.get(id)?.advice ?? []);
  return [...new Set(texts)].slice(0, mostAdvice);
}
