import { type IamBoundary, type Reach, reachesOf, scopeNameOf } from './scopes.ts';

/** An IAM policy document (IAM User Guide, "IAM JSON policy elements reference"). */
export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

export interface Statement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: Readonly<Record<string, string>>;
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: readonly string[];
  readonly Condition?: Reach['condition'];
}

/** Actions by what they reach, each list sorted. */
export function byScope(actions: readonly string[]): Map<ReturnType<typeof scopeNameOf>, string[]> {
  const groups = new Map<ReturnType<typeof scopeNameOf>, string[]>();
  for (const action of [...new Set(actions)].sort()) {
    const scope = scopeNameOf(action);
    groups.set(scope, [...(groups.get(scope) ?? []), action]);
  }
  return groups;
}

/** The statements that allow these actions within the boundary, and nothing else. Throws for an action that has no scope. */
export function statementsFor(actions: readonly string[], boundary: IamBoundary): Statement[] {
  return [...byScope(actions)].flatMap(([scope, group]) =>
    reachesOf(scope, boundary)
      .filter(({ resources }) => resources.length > 0)
      .map(({ resources, except, condition }, index, all) => ({
        Sid: `${scope.charAt(0).toUpperCase()}${scope.slice(1)}${all.length > 1 ? index + 1 : ''}`,
        Effect: 'Allow' as const,
        Action: group,
        ...(except ? { NotResource: [...resources] } : { Resource: [...resources] }),
        ...(condition ? { Condition: condition } : {}),
      })),
  );
}
