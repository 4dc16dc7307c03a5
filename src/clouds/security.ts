import { z } from 'zod';
import { decodeCursor, encodeCursor } from '../call/cursor.ts';
import { CallError } from '../call/errors.ts';
import type { CallScope } from '../ports/call-scope.ts';
import type { AccountTarget, Resolved } from '../ports/domain.ts';
import type { Finding, Review, ReviewGap, ReviewQuery, SecurityPort, Severity } from '../ports/security.ts';

/** What Hostinger's firewalls say, all of it: there are as many as somebody made by hand. */
export interface FirewallReview {
  readonly findings: readonly Finding[];
  readonly checked: readonly string[];
  readonly missing: readonly ReviewGap[];
  /** Why nothing at all could be seen. */
  readonly error?: Error;
}

export type ReviewFirewalls = (call: CallScope) => Promise<FirewallReview>;

const severities: readonly Severity[] = ['critical', 'high', 'medium', 'low'];

/** Reviews over both clouds; all else is AWS's. */
export function bothReviews(aws: SecurityPort, reviewFirewalls: ReviewFirewalls): SecurityPort {
  return {
    network: (accounts, query, call) => reviewBoth(aws, reviewFirewalls, accounts, query, call),
    account: (accounts, query, call) => aws.account(accounts, query, call),
    enableTrail: (account, query, call) => aws.enableTrail(account, query, call),
    enableFlowLogs: (account, query, call) => aws.enableFlowLogs(account, query, call),
  };
}

const position = z.object({
  /** AWS's own cursor; absent when its findings are all shown. */
  aws: z.string().optional(),
  /** How many of Hostinger's findings are shown. */
  shown: z.int().nonnegative(),
});

/**
 * One page, most severe first. Hostinger's findings are few and known whole, so that each page of AWS's takes along those that are as
 * severe as what it shows.
 */
async function reviewBoth(
  aws: SecurityPort,
  reviewFirewalls: ReviewFirewalls,
  accounts: readonly Resolved<AccountTarget>[],
  query: ReviewQuery,
  call: CallScope,
): Promise<Review> {
  const onAws = accounts.filter(({ provider }) => provider === 'aws');
  if (onAws.length === accounts.length) return aws.network(accounts, query, call);
  const from: z.output<typeof position> = query.cursor === undefined ? { shown: 0 } : decodeCursor(query.cursor, position, 'review');
  const { findings, checked, missing, error } = await reviewFirewalls(call);
  if (error && onAws.length === 0) throw error;
  const fitting = findings.filter(({ severity }) => query.severity === undefined || severity === query.severity).sort(bySeverity);
  const rest = fitting.slice(from.shown);
  // Shown to its end, AWS is still asked: counts and gaps are those of everything, on every page.
  const isShown = query.cursor !== undefined && from.aws === undefined;
  const room = Math.max(1, query.limit - rest.length);
  const { cursor: _, ...plain } = query;
  const nothing: Review = { findings: [], counts: {}, checked: [] };
  const answer =
    onAws.length > 0
      ? await aws
          .network(onAws, { ...plain, limit: room, ...(from.aws === undefined ? {} : { cursor: from.aws }) }, call)
          .catch((failure: unknown) => ({ ...nothing, missing: gapsOf(failure, onAws, error !== undefined) }))
      : nothing;
  const { nextCursor: _next, ...last } = answer;
  const page: Review = isShown ? { ...last, findings: [] } : answer;
  const least = page.nextCursor === undefined ? undefined : page.findings.at(-1)?.severity;
  const due = rest
    .filter(({ severity }) => least === undefined || severities.indexOf(severity) <= severities.indexOf(least))
    .slice(0, query.limit - page.findings.length);
  const shown = from.shown + due.length;
  const hasMore = page.nextCursor !== undefined || shown < fitting.length;
  const gaps = [...(page.missing ?? []), ...missing];
  const counts = { ...page.counts };
  for (const { severity } of findings) counts[severity] = (counts[severity] ?? 0) + 1;
  return {
    findings: [...page.findings, ...due].sort(bySeverity),
    counts,
    checked: [...page.checked, ...checked],
    ...(hasMore ? { nextCursor: encodeCursor({ shown, ...(page.nextCursor === undefined ? {} : { aws: page.nextCursor }) }) } : {}),
    ...(gaps.length > 0 ? { missing: gaps } : {}),
  };
}

function bySeverity(a: Finding, b: Finding): number {
  return severities.indexOf(a.severity) - severities.indexOf(b.severity);
}

/** AWS as a whole, when Hostinger at least could be seen. */
function gapsOf(error: unknown, accounts: readonly AccountTarget[], isAll: boolean): ReviewGap[] {
  const isPlace = error instanceof CallError && error.code !== 'cancelled' && error.code !== 'invalid_input';
  if (isAll || !isPlace) throw error;
  return accounts.map(({ account }) => ({ provider: 'aws', account, check: 'network', code: error.code, message: error.message }));
}
