import type { CallScope } from './call-scope.ts';
import type { EntityType, MissingPart, Target, TargetMap, TargetRef } from './domain.ts';

/** Somewhere that could not be asked. `error` is a `CallError`. */
export interface Unasked {
  readonly part: MissingPart;
  readonly error: Error;
}

export interface Found<T extends Target> {
  readonly targets: readonly T[];
  /** Only of a search over several places. A list names them; whatever acts on one target fails with the first. */
  readonly unasked?: readonly Unasked[];
}

export type ResolvedByProviders = Exclude<EntityType, 'System'>;

/**
 * Reads live facts for step 4 of the road, one function per entity type. Writes never use a cached fact.
 * All throw `CallError`: `target_unresolved` when there is no such thing in the configured places, or more than one;
 * `provider_not_configured` when no account matches; `invalid_input` for a region that is not configured.
 */
export type TargetResolvers = {
  readonly [K in ResolvedByProviders]: (ref: TargetRef<K>, call: CallScope) => Promise<Found<TargetMap[K]>>;
};
