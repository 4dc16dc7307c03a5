import type { CallScope } from '../ports/call-scope.ts';
import type { MissingPart, Resolved, SecretTarget, Target, TargetRef } from '../ports/domain.ts';
import type { Found, TargetResolvers } from '../ports/resolve.ts';
import { CallError } from './errors.ts';
import type { NonEmpty, Operation } from './operation.ts';
import { referencesOfTargets, type SecretReference, toRef, useSecretFacts } from './secret-references.ts';

/**
 * Invariant: this is the only place that makes a `Resolved` target, and it makes one only of facts that a provider
 * gave in this call.
 */

export interface ResolvedCall {
  readonly targets: NonEmpty<Resolved>;
  /** Secrets that the arguments refer to. */
  readonly secrets: readonly Resolved<SecretTarget>[];
  /** Places that a list could not look at. */
  readonly missing: readonly MissingPart[];
}

/** Step 4: everything that a call is about, as it is now. */
export async function resolveTargets(
  operation: Operation,
  refs: readonly TargetRef[],
  references: readonly SecretReference[],
  resolvers: TargetResolvers,
  call: CallScope,
): Promise<ResolvedCall> {
  const found = await Promise.all(refs.map((ref) => resolveOne(ref, resolvers, call)));
  const unasked = found.flatMap((each) => each.unasked ?? []);
  const targets = found.flatMap((each) => each.targets);
  // A place that could not be asked may be the very one.
  if (operation.decide !== 'any' && unasked[0]) throw unasked[0].error;
  if (operation.decide === 'all') for (const each of found) refuseSeveral(each.targets);
  const [first, ...rest] = targets;
  if (!first) throw unasked[0]?.error ?? nothingFound(operation);
  const using = { ...call, iam: [...call.iam, useSecretFacts] };
  const used = operation.usesTargetSecrets ? [...references, ...referencesOfTargets(targets)] : references;
  const secrets = await Promise.all(used.map((reference) => secretOf(toRef(reference, first), resolvers, using)));
  const byId = new Map(secrets.map((secret) => [secret.id, brand(secret)]));
  return { targets: [brand(first), ...rest.map(brand)], secrets: [...byId.values()], missing: unasked.map(({ part }) => part) };
}

function resolveOne(ref: TargetRef, resolvers: TargetResolvers, call: CallScope): Promise<Found<Target>> {
  if (ref.type === 'System') return Promise.resolve({ targets: [{ type: 'System', id: ref.id ?? 'access', tags: {} }] });
  // The type of the reference picks the resolver that takes it.
  const resolver = resolvers[ref.type] as (ref: TargetRef, call: CallScope) => Promise<Found<Target>>;
  return resolver(ref, call);
}

async function secretOf(ref: TargetRef<'Secret'>, resolvers: TargetResolvers, call: CallScope): Promise<SecretTarget> {
  const { targets, unasked } = await resolvers.Secret(ref, call);
  if (unasked?.[0]) throw unasked[0].error;
  refuseSeveral(targets);
  const [secret] = targets;
  if (secret?.state === 'active') return secret;
  throw new CallError(
    'target_unresolved',
    `The secret ${ref.name} that the call refers to ${secret ? 'is scheduled for deletion' : 'does not exist'}.`,
    {
      remedy: secret ? 'Restore it with secrets_restore, or refer to another.' : 'Look for its name with secrets_list.',
      effect: 'none',
    },
  );
}

function refuseSeveral(targets: readonly Target[]): void {
  if (targets.length < 2) return;
  const places = targets.map((target) => {
    if (target.type === 'Application') return target.provider;
    return 'account' in target ? [target.account, 'region' in target ? target.region : ''].join(' ').trim() : target.id;
  });
  throw new CallError('target_unresolved', `The call fits more than one place: ${places.join(', ')}.`, {
    remedy: `Name the ${targets.some(({ type }) => type === 'Application') ? 'provider' : 'account, or the region,'} and call again.`,
    effect: 'none',
  });
}

function nothingFound({ name }: Operation): CallError {
  return new CallError('target_unresolved', `${name} found nothing to act on.`, {
    remedy: 'List what there is and name an id from the list.',
    effect: 'none',
  });
}

function brand<T extends Target>(target: T): Resolved<T> {
  return target as Resolved<T>;
}
