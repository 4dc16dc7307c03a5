/**
 * Invariant: a grant counts as covered only if every request that it allows is one that a generated grant allows. Where that cannot be
 * told from the two texts, it is not covered.
 */
import { canonicalJson } from '../../../call/canonical.ts';

/** One allowed action on one resource, as patterns of IAM (`*`, `?`). */
export interface Grant {
  /** Lower case, as IAM does not tell case apart in actions. */
  readonly action: string;
  readonly resource: string;
  /** Canonical JSON; empty without one. */
  readonly condition: string;
}

interface Statement {
  readonly Effect?: unknown;
  readonly Principal?: unknown;
  readonly Action?: unknown;
  readonly NotAction?: unknown;
  readonly Resource?: unknown;
  readonly NotResource?: unknown;
  readonly Condition?: unknown;
}

/**
 * What a document allows. `NotAction` and `NotResource` count as everything. What it denies only narrows, and is not looked at; nor are
 * statements that name a principal, which say who may take a role on.
 */
export function grantsOf(document: { readonly Statement?: unknown }): Grant[] {
  return list<Statement>(document.Statement).flatMap((statement) => {
    if (statement.Effect !== 'Allow' || statement.Principal !== undefined) return [];
    const actions = statement.Action === undefined ? ['*'] : list<string>(statement.Action);
    const resources = statement.Resource === undefined ? ['*'] : list<string>(statement.Resource);
    const condition = statement.Condition === undefined ? '' : conditionOf(statement.Condition);
    return actions.flatMap((action) => resources.map((resource) => ({ action: action.toLowerCase(), resource, condition })));
  });
}

function list<T>(value: unknown): T[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]) as T[];
}

/** Operators and keys have no case, one value is a list of one, and order means nothing. */
function conditionOf(condition: unknown): string {
  const members = (value: unknown) => Object.entries(value as Record<string, unknown>);
  const normal = members(condition).map(([operator, keys]) => [
    operator.toLowerCase(),
    Object.fromEntries(members(keys).map(([key, values]) => [key.toLowerCase(), list(values).map(String).sort()])),
  ]);
  return normal.length > 0 ? canonicalJson(Object.fromEntries(normal)) : '';
}

export interface Comparison {
  /** Actions that no generated grant has. */
  readonly extra: string[];
  /** `action on resource`: generated too, but on less or under a condition. */
  readonly broader: string[];
}

export function compare(applied: readonly Grant[], generated: readonly Grant[]): Comparison {
  const extra = new Set<string>();
  const broader = new Set<string>();
  for (const grant of applied) {
    const sameAction = generated.filter(({ action }) => covers(action, grant.action));
    if (sameAction.length === 0) extra.add(grant.action);
    else if (!sameAction.some((each) => isWithin(grant, each))) {
      broader.add(`${grant.action} on ${grant.resource}${grant.condition ? '' : ' without a condition'}`);
    }
  }
  return { extra: [...extra], broader: [...broader] };
}

/** Generated actions that nothing applied allows on anything. */
export function lacking(applied: readonly Grant[], generated: readonly Grant[]): string[] {
  const lacks = generated.filter(({ action }) => !applied.some((grant) => covers(grant.action, action)));
  return [...new Set(lacks.map(({ action }) => action))];
}

function isWithin(grant: Grant, wider: Grant): boolean {
  return covers(wider.resource, grant.resource) && (wider.condition === '' || wider.condition === grant.condition);
}

/** Whether a pattern matches everything that another one matches: only its own `*` may stand for a wildcard of the other. */
export function covers(pattern: string, other: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let index = 0; index < other.length; ) {
    const sign = pattern[at];
    const char = other[index];
    if (sign === '*') {
      star = at;
      at += 1;
      resume = index;
    } else if (sign !== undefined && (sign === char || (sign === '?' && char !== '*'))) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      at = star + 1;
      resume += 1;
      index = resume;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(at));
}
