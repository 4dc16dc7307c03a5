/**
 * Invariant: what is left out here can never be allowed. Resource and context are unknown to a partial evaluation, so
 * it says deny only when a forbid fires, or no permit can apply, whatever they turn out to be; all else stays visible.
 */
import { createHash } from 'node:crypto';
import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { Principal } from '../ports/domain.ts';
import type { Cedar } from './cedar.ts';
import type { KnownIds, Policies } from './check.ts';
import { principalEntity, principalUid, uid } from './entities.ts';
import { principalMatches, resourceMayMatch } from './policy-json.ts';
import type { PolicySchema } from './schema.ts';

export interface Visible {
  readonly tools: readonly string[];
  /** `@advice` of the permits that are for this principal: what it may do, in words. */
  readonly may: readonly string[];
}

/** By principal: `agent:agent-marcus`, `human:alice`, and `human:*` for people whom no policy can name. */
export type Visibility = Readonly<Record<string, Visible>>;

export type Agent = Pick<Principal, 'kind' | 'id' | 'teams'>;

/** Bumped when the way that visibility is found changes, so that no older answer is taken for a new one. */
const method = 2;
const anybody = '*';

/** One partial evaluation per principal and tool. */
export function visibilityOf(
  cedar: Cedar,
  schema: PolicySchema,
  policies: Policies,
  agents: readonly Agent[],
  known: KnownIds,
): Visibility {
  const humans = [...known.humans, anybody].map((id): Agent => ({ kind: 'human', id, teams: [] }));
  const permits = [...policies.values()].filter(({ effect }) => effect === 'permit');
  const seen: Record<string, Visible & { tools: string[] }> = Object.fromEntries(
    [...agents, ...humans].map((who) => {
      const may = permits.filter(({ json }) => principalMatches(json, who)).map(({ advice }) => advice);
      return [keyOf(who), { tools: [], may: [...new Set(may)] }];
    }),
  );
  for (const action of schema.actions.values()) {
    const relevant = [...policies.values()].filter(({ json }) => resourceMayMatch(json, action));
    const staticPolicies = Object.fromEntries(relevant.map(({ id, json }) => [id, withoutTypeTest(json)]));
    const only = schema.only(action.tool);
    for (const who of [...agents, ...humans]) {
      const answer = cedar.isAuthorizedPartial({
        principal: principalUid(who),
        action: uid('Action', action.tool),
        resource: null,
        context: { input: unknown('input'), system: unknown('system') },
        schema: only,
        // Unknowns do not validate; the schema is still what resolves the action's groups.
        validateRequest: false,
        policies: { staticPolicies },
        entities: [entityOf(who)],
      });
      if (answer.type === 'failure' || answer.response.decision !== 'deny') seen[keyOf(who)]?.tools.push(action.tool);
    }
  }
  return seen;
}

/** For a principal; an agent that is not configured has nothing. */
export function visibleTo(visibility: Visibility, { kind, id }: Pick<Principal, 'kind' | 'id'>): Visible {
  const nobody = { tools: [], may: [] };
  return visibility[keyOf({ kind, id })] ?? (kind === 'human' ? visibility[keyOf({ kind, id: anybody })] : undefined) ?? nobody;
}

/** SHA-256, hex, over all that visibility depends on. */
export function visibilityKey(policyHash: string, agents: readonly Agent[], known: KnownIds): string {
  const inputs = [method, policyHash, agents.map(({ kind, id, teams }) => [kind, id, teams]), known];
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex');
}

function keyOf({ kind, id }: Pick<Principal, 'kind' | 'id'>): string {
  return `${kind}:${id}`;
}

/** A person whom policies cannot name has an unknown id, so that comparing it stays open. */
function entityOf(who: Agent) {
  const entity = principalEntity(who);
  return who.id === anybody ? { ...entity, attrs: { id: unknown('principal-id') } } : entity;
}

function unknown(name: string) {
  return { __extn: { fn: 'unknown', arg: name } };
}

/** The unknown resource is of the action's type, as every policy left here asks; said outright, a sure forbid stays sure. */
function withoutTypeTest(json: PolicyJson): PolicyJson {
  const { resource } = json;
  return resource.op === 'is' && !resource.in ? { ...json, resource: { op: 'All' } } : json;
}
