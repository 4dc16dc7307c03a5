import type { CallScope } from '../ports/call-scope.ts';
import type { ComputeResolver } from '../ports/compute.ts';
import type { Resolved, Target, TargetRef } from '../ports/domain.ts';
import { CallError } from './errors.ts';
import type { NonEmpty, Operation } from './operation.ts';

/**
 * Invariant: this is the only place that makes a `Resolved` target, and it makes one only of facts that a provider
 * gave in this call.
 */

export async function resolveTargets(
  operation: Operation,
  refs: readonly TargetRef[],
  resolver: ComputeResolver,
  call: CallScope,
): Promise<NonEmpty<Resolved>> {
  const found = await Promise.all(refs.map((ref) => resolveOne(ref, resolver, call)));
  if (operation.decide === 'all') {
    const ambiguous = found.find((targets) => targets.length > 1);
    if (ambiguous) {
      throw new CallError('target_unresolved', `The call fits more than one account: ${ambiguous.map(({ id }) => id).join(', ')}.`, {
        remedy: 'Name one in account and call again.',
        effect: 'none',
      });
    }
  }
  const [first, ...rest] = found.flat();
  if (!first) {
    throw new CallError('target_unresolved', `${operation.name} found nothing to act on.`, {
      remedy: 'List what there is and name an id from the list.',
      effect: 'none',
    });
  }
  return [brand(first), ...rest.map(brand)];
}

async function resolveOne(ref: TargetRef, resolver: ComputeResolver, call: CallScope): Promise<Target[]> {
  switch (ref.type) {
    case 'System':
      return [{ type: 'System', id: ref.id ?? 'access', tags: {} }];
    case 'Account':
      return resolver.accounts(ref as TargetRef<'Account'>, call);
    case 'Instance':
      return [await resolver.instance(ref as TargetRef<'Instance'>, call)];
  }
}

function brand(target: Target): Resolved {
  return target as Resolved;
}
