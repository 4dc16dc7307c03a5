/** Reading Cedar's JSON form of a policy: who and what its scope may match, and what it names. */
import type { EntityUidJson, PolicyJson, TypeAndId } from '@cedar-policy/cedar-wasm/nodejs';
import type { Principal } from '../ports/domain.ts';
import { principalUid, uid } from './entities.ts';
import type { PolicyAction } from './schema.ts';

/** Every entity that the policy names, in scope and conditions. */
export function entitiesIn(json: PolicyJson): TypeAndId[] {
  const { annotations: _, ...meaning } = json;
  return [...walk(meaning)].flatMap((node) => {
    const inner = '__entity' in node ? node.__entity : node;
    return isUid(inner) ? [inner] : [];
  });
}

/** Every object inside, outermost first. */
export function* walk(node: unknown): Generator<Record<string, unknown>> {
  if (typeof node !== 'object' || node === null) return;
  if (!Array.isArray(node)) yield node as Record<string, unknown>;
  for (const child of Object.values(node)) yield* walk(child);
}

export function principalMatches({ principal }: PolicyJson, who: Pick<Principal, 'kind' | 'id' | 'teams'>): boolean {
  const self = principalUid(who);
  const groups = [self, ...(who.kind === 'agent' ? who.teams.map((team) => uid('Team', team)) : [])];
  const within = (scope: object) => 'entity' in scope && groups.some((group) => same(group, scope.entity as EntityUidJson));
  if (principal.op === '==') return 'entity' in principal && same(self, principal.entity);
  if (principal.op === 'in') return within(principal);
  if (principal.op === 'is') return principal.entity_type === self.type && (!principal.in || within(principal.in));
  return true;
}

export function actionMatches({ action }: PolicyJson, { tool, groups }: PolicyAction): boolean {
  if (action.op === 'All') return true;
  if (action.op === '==') return 'entity' in action && same(uid('Action', tool), action.entity);
  const listed = 'entities' in action ? action.entities : [action.entity];
  return [tool, ...groups].some((name) => listed.some((entity) => same(uid('Action', name), entity)));
}

/** False only when the scope's resource can never be of the action's type. */
export function resourceMayMatch({ resource }: PolicyJson, { entity }: PolicyAction): boolean {
  const { type } = uid(entity, '');
  if (resource.op === 'is') return resource.entity_type === type;
  if (resource.op === '==') return 'entity' in resource && plainUid(resource.entity).type === type;
  return true;
}

function isUid(value: unknown): value is TypeAndId {
  if (typeof value !== 'object' || value === null) return false;
  const { type, id, ...rest } = value as Record<string, unknown>;
  return typeof type === 'string' && typeof id === 'string' && Object.keys(rest).length === 0;
}

function plainUid(entity: EntityUidJson): TypeAndId {
  return '__entity' in entity ? entity.__entity : entity;
}

function same(a: TypeAndId, b: EntityUidJson): boolean {
  const { type, id } = plainUid(b);
  return a.type === type && a.id === id;
}
