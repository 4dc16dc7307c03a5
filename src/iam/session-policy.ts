/**
 * Invariant: a session policy allows exactly the declared actions of the tools that an agent may call, within its boundary. Shortened
 * by wildcards if need be, it still allows no action of the registry that those tools do not declare.
 */
import { kmsStatement } from './kms.ts';
import { apart, type IamBoundary, reachesOf, type Scope } from './scopes.ts';
import { byScope, type PolicyDocument, type Statement, statementsFor } from './statements.ts';

/** Characters of a session policy (STS API reference, AssumeRole, `Policy`). */
export const longestSessionPolicy = 2_048;

/** Allowed to everybody who has credentials (STS API reference, GetCallerIdentity). */
const needNoPermission = ['sts:GetCallerIdentity'];

export interface SessionPolicyInput {
  /** Actions of the tools that the agent may call. */
  readonly allowed: readonly string[];
  /** Actions of all tools: what wildcards must not reach by accident. */
  readonly declared: readonly string[];
  readonly boundary: IamBoundary;
  /** Log group of the audit: agents read their record through this server, not around it. */
  readonly auditGroup: string;
}

/** The policy as JSON without spaces; undefined when even shortened it is longer than STS takes. */
export function compileSessionPolicy({ allowed, declared, boundary, auditGroup }: SessionPolicyInput): string | undefined {
  const groups = [...byScope(allowed.filter((action) => !needNoPermission.includes(action)))];
  const readsLogs = allowed.some((action) => action.startsWith('logs:'));
  const everywhere = groups.find(([scope]) => scope === 'any')?.[1] ?? [];
  // What is allowed on everything is not widened by a wildcard on less.
  const others = (group: readonly string[]) => declared.filter((action) => !group.includes(action) && !everywhere.includes(action));
  let patterns = new Map(groups.map(([, group]) => [group, [...group]] as const));
  for (;;) {
    const text = write(groups, patterns, boundary, readsLogs ? auditGroup : undefined);
    if (text.length <= longestSessionPolicy) return text;
    const shorter = best(groups.map(([, group]) => ({ group, patterns: patterns.get(group) ?? [], others: others(group) })));
    if (!shorter) return undefined;
    patterns = new Map([...patterns].map(([group, list]) => [group, group === shorter.group ? shorter.patterns : list] as const));
  }
}

type Groups = readonly (readonly [Scope, readonly string[]])[];

function write(
  groups: Groups,
  patterns: ReadonlyMap<readonly string[], readonly string[]>,
  boundary: IamBoundary,
  closed: string | undefined,
): string {
  const actions = (group: readonly string[]) => patterns.get(group) ?? [];
  const together = groups.filter(
    ([scope]) => apart.includes(scope) && reachesOf(scope, boundary).some(({ resources }) => resources.length > 0),
  );
  const statements = groups
    .filter(([scope]) => !apart.includes(scope))
    .flatMap(([, group]) =>
      statementsFor(group, boundary).map(({ Sid: _, Action: __, ...rest }): Statement => {
        const { Resource } = rest;
        return { ...rest, Action: single(actions(group)), ...(Resource ? { Resource: single([Resource].flat()) } : {}) };
      }),
    );
  if (together.length > 0) {
    statements.push({
      Effect: 'Allow',
      Action: single(together.flatMap(([, group]) => actions(group))),
      Resource: single(together.flatMap(([scope]) => reachesOf(scope, boundary).flatMap(({ resources }) => resources))),
    });
  }
  if (boundary.kmsKeys.length > 0) statements.push(kmsStatement(boundary.kmsKeys));
  if (closed) statements.push({ Effect: 'Deny', Action: 'logs:*', Resource: `arn:aws:logs:*:*:log-group:${closed}*` });
  // STS takes no empty policy, and this is what it would mean.
  if (statements.length === 0) statements.push({ Effect: 'Deny', Action: '*', Resource: '*' });
  const document: PolicyDocument = { Version: '2012-10-17', Statement: statements };
  return JSON.stringify(document);
}

/** A list of one is written without its brackets. */
function single(list: readonly string[]): string | readonly string[] {
  return list.length === 1 ? (list[0] ?? []) : list;
}

interface Candidate {
  readonly group: readonly string[];
  readonly patterns: readonly string[];
  readonly others: readonly string[];
}

/** The one wildcard that saves most, longest prefix first, so that what is let in stays close to what is meant. */
function best(candidates: readonly Candidate[]): { group: readonly string[]; patterns: string[] } | undefined {
  let winner: { group: readonly string[]; patterns: string[]; prefix: string; saved: number } | undefined;
  for (const { group, patterns, others } of candidates) {
    for (const prefix of new Set(patterns.flatMap(prefixesOf))) {
      if (others.some((action) => action.startsWith(prefix))) continue;
      const covered = patterns.filter((pattern) => pattern.startsWith(prefix));
      const saved = covered.reduce((sum, pattern) => sum + pattern.length + 3, 0) - (prefix.length + 4);
      if (covered.length < 2 || saved <= 0) continue;
      const isBetter = !winner || words(prefix) > words(winner.prefix) || (words(prefix) === words(winner.prefix) && saved > winner.saved);
      if (isBetter)
        winner = { group, patterns: [...patterns.filter((each) => !covered.includes(each)), `${prefix}*`].sort(), prefix, saved };
    }
  }
  return winner;
}

/** `s3:GetBucketTagging` → `s3:`, `s3:Get`, `s3:GetBucket`: whole words. */
function prefixesOf(pattern: string): string[] {
  const [service = '', name = ''] = pattern.replace(/\*$/, '').split(':');
  const parts = name.match(/[A-Z][a-z0-9]*/g) ?? [];
  return [`${service}:`, ...parts.slice(0, -1).map((_, index) => `${service}:${parts.slice(0, index + 1).join('')}`)];
}

function words(prefix: string): number {
  return prefix.match(/[A-Z]/g)?.length ?? 0;
}
