/**
 * Invariant: a session policy allows exactly the declared actions of the tools that an agent may call, within its boundary. Shortened
 * by wildcards if need be, it still allows no action of the registry that those tools do not declare.
 */
import { kmsStatement } from './kms.ts';
import { apart, type IamBoundary, reachesOf, type Scope } from './scopes.ts';
import { byScope, type PolicyDocument, type Statement } from './statements.ts';

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
    const candidates = groups.map(([, group]) => ({ group, patterns: patterns.get(group) ?? [], others: others(group) }));
    // What applies to all but something stays exactly what it is.
    const narrow = candidates.filter((_, index) => !reachesOf(groups[index]?.[0] ?? 'any', boundary).some(({ except }) => except));
    const shorter = best(candidates) ?? lastResort(narrow);
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
  const together: { actions: string[]; resources: string[] } = { actions: [], resources: [] };
  /** Actions by what they reach, written as it stands in a statement. */
  const alone = new Map<string, string[]>();
  for (const [scope, group] of groups) {
    const actions = patterns.get(group) ?? [];
    for (const { resources, except, condition } of reachesOf(scope, boundary)) {
      if (resources.length === 0) continue;
      if (apart.includes(scope) && !condition) {
        together.actions.push(...actions);
        together.resources.push(...resources);
        continue;
      }
      const reach = {
        ...(except ? { NotResource: resources } : { Resource: single(resources) }),
        ...(condition ? { Condition: condition } : {}),
      };
      const key = JSON.stringify(reach);
      alone.set(key, [...(alone.get(key) ?? []), ...actions]);
    }
  }
  if (together.actions.length > 0) {
    alone.set(JSON.stringify({ Resource: single([...new Set(together.resources)]) }), [...new Set(together.actions)]);
  }
  const statements = [...alone].map(([reach, actions]): Statement => ({ Effect: 'Allow', Action: single(actions), ...JSON.parse(reach) }));
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

/**
 * Where common beginnings are used up: one star for what stands between words that two have in common, or for the last words of one.
 * Most words kept first.
 */
function lastResort(candidates: readonly Candidate[]): { group: readonly string[]; patterns: string[] } | undefined {
  let winner: { group: readonly string[]; patterns: string[]; pattern: string; saved: number } | undefined;
  for (const { group, patterns, others } of candidates) {
    for (const pattern of new Set([
      ...patterns.flatMap(cutShort),
      ...patterns.flatMap((one) => patterns.flatMap((other) => alike(one, other))),
    ])) {
      const matches = matcher(pattern);
      const covered = patterns.filter(matches);
      const saved = covered.reduce((sum, each) => sum + each.length + 3, 0) - (pattern.length + 3);
      if (saved <= 0 || others.some(matches)) continue;
      const isBetter =
        !winner || words(pattern) > words(winner.pattern) || (words(pattern) === words(winner.pattern) && saved > winner.saved);
      if (isBetter) winner = { group, patterns: [...patterns.filter((each) => !covered.includes(each)), pattern].sort(), pattern, saved };
    }
  }
  return winner;
}

/** `ec2:RebootInstances` → `ec2:Reboot*` */
function cutShort(action: string): string[] {
  if (action.includes('*')) return [];
  return prefixesOf(action)
    .filter((prefix) => words(prefix) > 0)
    .map((prefix) => `${prefix}*`);
}

/** `ec2:StartInstances`, `ec2:StopInstances` → `ec2:*Instances` */
function alike(one: string, other: string): string[] {
  const [a, b] = [wordsOf(one), wordsOf(other)];
  if (one === other || a.service !== b.service || one.includes('*') || other.includes('*')) return [];
  const firstOther = a.names.findIndex((name, index) => name !== b.names[index]);
  const [backwardsA, backwardsB] = [[...a.names].reverse(), [...b.names].reverse()];
  const lastOther = backwardsA.findIndex((name, index) => name !== backwardsB[index]);
  if (firstOther < 0 || lastOther <= 0) return [];
  return [`${a.service}:${a.names.slice(0, firstOther).join('')}*${a.names.slice(-lastOther).join('')}`];
}

function wordsOf(action: string): { service: string; names: string[] } {
  const [service = '', name = ''] = action.split(':');
  return { service, names: name.match(/[A-Z][a-z0-9]*/g) ?? [] };
}

/** Whether a pattern with one star stands for an action. */
function matcher(pattern: string): (action: string) => boolean {
  const [start = '', end = ''] = pattern.split('*');
  return (action) => action.length >= start.length + end.length && action.startsWith(start) && action.endsWith(end);
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
