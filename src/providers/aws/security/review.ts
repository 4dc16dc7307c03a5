/** Invariant: a check that could not see everything is named in `missing`; nothing that was not looked at passes as clean. */
import { createHash } from 'node:crypto';
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { Finding, Review, ReviewGap, ReviewQuery, Severity } from '../../../ports/security.ts';
import { type Scope, settleAll } from '../accounts.ts';
import { decodePage, encodePage } from './review-cursor.ts';

/** What a check says while it looks. */
export interface Report {
  find(finding: Omit<Finding, 'account'>): void;
  /** A part that could not be read; the rest of the check goes on. Throws again what is no `CallError`. */
  gap(error: unknown): void;
  /** There was more than a review reads. */
  tooMuch(what: string): void;
}

/** One check in one place. */
export interface Check {
  readonly name: string;
  readonly scope: Scope;
  /** False for what an account has once. */
  readonly regional: boolean;
  run(report: Report): Promise<void>;
}

const severities: readonly Severity[] = ['critical', 'high', 'medium', 'low'];

/**
 * Runs all checks and gives one page of what they found. Throws the first failure when nothing at all could be seen, what is no
 * `CallError`, `cancelled`, and `invalid_input` for a cursor of another review.
 * @param namesAccounts whether findings say of which account they are
 */
export async function review(checks: readonly Check[], query: ReviewQuery, namesAccounts: boolean, call: CallScope): Promise<Review> {
  const runs = await settleAll(checks, (check) => runCheck(check, namesAccounts, call));
  const done = runs.map((run) => {
    if (run.status === 'rejected') throw run.reason;
    return run.value;
  });
  const findings = done.flatMap((each) => each.findings).sort(bySeverity);
  const errors = done.flatMap((each) => each.errors);
  const complete = done.filter(({ gaps }) => gaps.length === 0);
  if (complete.length === 0 && findings.length === 0 && errors.length > 0) throw errors[0];

  const shown = findings.filter(({ severity }) => query.severity === undefined || severity === query.severity);
  const hash = hashOf(shown);
  const from = query.cursor === undefined ? 0 : decodePage(query.cursor, hash);
  const to = from + query.limit;
  const missing = merge(done.flatMap((each) => each.gaps));
  return {
    findings: shown.slice(from, to),
    counts: count(findings),
    checked: [...new Set(complete.map(({ check }) => check.name))],
    ...(to < shown.length ? { nextCursor: encodePage({ offset: to, hash }) } : {}),
    ...(missing.length > 0 ? { missing } : {}),
  };
}

async function runCheck(check: Check, namesAccounts: boolean, call: CallScope) {
  const { account, region } = check.scope;
  const findings: Finding[] = [];
  const gaps: ReviewGap[] = [];
  const errors: CallError[] = [];
  const miss = (code: string, message: string) => {
    gaps.push({ provider: 'aws', account: account.name, ...(check.regional ? { region } : {}), check: check.name, code, message });
  };
  const report: Report = {
    find: (finding) => findings.push(namesAccounts ? { ...finding, account: account.name } : finding),
    gap(error) {
      if (!(error instanceof CallError) || error.code === 'cancelled' || call.signal.aborted) throw error;
      errors.push(error);
      miss(error.code, error.message);
    },
    tooMuch: (what) => miss('incomplete', `There are more ${what} than a review reads; the rest was not looked at.`),
  };
  try {
    await check.run(report);
  } catch (error) {
    report.gap(error);
  }
  return { check, findings, gaps, errors };
}

function bySeverity(a: Finding, b: Finding): number {
  return severities.indexOf(a.severity) - severities.indexOf(b.severity) || compareText(identity(a), identity(b));
}

/** What makes a finding the same one on the next page; its evidence may hold a time. */
function identity({ severity, resource, rule, region = '', account = '' }: Finding): string {
  return JSON.stringify([resource, rule, region, account, severity]);
}

/** The same on every machine, unlike a comparison by locale. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function hashOf(findings: readonly Finding[]): string {
  return createHash('sha256').update(findings.map(identity).join('\n')).digest('base64url').slice(0, 16);
}

function count(findings: readonly Finding[]): Review['counts'] {
  const counts: Review['counts'] = {};
  for (const { severity } of findings) counts[severity] = (counts[severity] ?? 0) + 1;
  return counts;
}

/** One line for each way in which a check failed in a place: a hundred buckets that may not be read are one fact. */
function merge(gaps: readonly ReviewGap[]): ReviewGap[] {
  const kinds = new Map<string, { gap: ReviewGap; more: number }>();
  for (const gap of gaps) {
    const key = JSON.stringify([gap.account, gap.region, gap.check, gap.code]);
    const known = kinds.get(key);
    if (known) known.more += 1;
    else kinds.set(key, { gap, more: 0 });
  }
  return [...kinds.values()].map(({ gap, more }) => (more > 0 ? { ...gap, message: `${gap.message} And ${more} more like it.` } : gap));
}
