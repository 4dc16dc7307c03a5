import type { CallError } from '../call/errors.ts';
import type { CostQuestion, CostScope } from '../ports/cost-sources.ts';
import type { AccountTarget, MissingPart, Provider } from '../ports/domain.ts';
import { type Day, dateOf, type MonthSpan } from './calendar.ts';
import type { CostReader, Kept } from './cost-reader.ts';
import { missingOf, settle } from './failed-parts.ts';
import type { AwsRows, PaidAtHostinger, Sources, TagKeys } from './parts.ts';

/** What was read of several accounts; what could not be is named, and does not stop the rest. */
export interface Gathered<T> {
  readonly found: readonly T[];
  /** When AWS's were read, epoch milliseconds. */
  readonly readAt: readonly number[];
  /** Whether AWS will not change any of it. */
  readonly isFinal: boolean;
  readonly missing: readonly MissingPart[];
  /** Why nothing could be read of an account. */
  readonly failures: readonly CallError[];
}

/** What an account answered, and when. */
export interface AwsAnswer extends AwsRows {
  readonly fetchedAt: number;
}

type Ask = Omit<CostQuestion, 'period'>;

/** The question about days `from` to `until` (not included). */
export function about(from: Day, until: Day, ask: Ask): CostQuestion {
  return { period: { from: dateOf(from), until: dateOf(until) }, ...ask };
}

/** The first day behind what can be asked of a month: today is part of one that runs. */
export function endOf(month: MonthSpan, today: Day): Day {
  return Math.min(month.end, today + 1);
}

/** What a month's bill is made of; of one that runs by days, because today is not over, and so that all views of it share one answer. */
export function aboutBill(month: MonthSpan, today: Day): CostQuestion {
  return about(month.first, endOf(month, today), { granularity: today < month.end ? 'day' : 'month', groups: ['service', 'kind'] });
}

/**
 * Whether a view is of all that is configured. Entries of the ledger are of no account: only such a view has them, so that who may see one
 * account alone is not shown what all of them cost.
 */
export function isOfEverything(everything: readonly string[], accounts: readonly AccountTarget[]): boolean {
  return everything.every((name) => accounts.some(({ account }) => account === name));
}

/** What was gathered, with the entries of the ledger where they belong to it. */
export function sourcesOf(
  aws: readonly Gathered<AwsRows>[],
  hostinger: Gathered<PaidAtHostinger>,
  ledger: Sources['ledger'],
  tags: TagKeys,
): Sources {
  const [paid] = hostinger.found;
  return { aws: aws.flatMap(({ found }) => found), ...(paid ? { hostinger: paid } : {}), ledger, tags };
}

/** Answers of all AWS accounts; two names of one account are one bill. Throws only for a call that was cancelled. */
export async function gatherAws(
  reader: Pick<CostReader, 'usage'>,
  accounts: readonly AccountTarget[],
  question: CostQuestion,
  now: () => number,
  call: CostScope,
): Promise<Gathered<AwsAnswer>> {
  const { granularity, groups } = question;
  const each = await gather(awsAccounts(accounts), now, (account) => reader.usage(account, question, call));
  return {
    ...each,
    found: each.found.map(({ account, value, fetchedAt }) => ({ account, granularity, groups, rows: value.rows, fetchedAt })),
    isFinal: each.found.every(({ value }) => value.isFinal),
  };
}

/** Subscriptions of Hostinger without their machines, where it is among the accounts. */
export async function gatherSubscriptions(
  reader: Pick<CostReader, 'subscriptions'>,
  accounts: readonly AccountTarget[],
  now: () => number,
  call: CostScope,
): Promise<Gathered<PaidAtHostinger>> {
  const paid = await gather(hostingerAmong(accounts), now, () => reader.subscriptions(call));
  return { ...paid, found: paid.found.map(({ value }) => ({ subscriptions: value, machines: [] })) };
}

/** Subscriptions of Hostinger and their machines; where those cannot be read, they are nobody's. */
export async function gatherHostinger(
  reader: Pick<CostReader, 'subscriptions' | 'machines'>,
  accounts: readonly AccountTarget[],
  now: () => number,
  call: CostScope,
): Promise<Gathered<PaidAtHostinger>> {
  const [paid, machines] = await Promise.all([
    gatherSubscriptions(reader, accounts, now, call),
    gather(hostingerAmong(accounts), now, () => reader.machines(call)),
  ]);
  return {
    ...paid,
    found: paid.found.map((each) => ({ ...each, machines: machines.found.flatMap(({ value }) => value) })),
    readAt: [],
    missing: distinct([...paid.missing, ...machines.missing]),
  };
}

function hostingerAmong(accounts: readonly AccountTarget[]): AccountTarget[] {
  return accounts.filter(({ provider }) => provider === 'hostinger').slice(0, 1);
}

/** Two names of one account are one account. */
export function awsAccounts<T extends AccountTarget>(accounts: readonly T[]): T[] {
  const own = accounts.filter(({ provider }) => provider === 'aws');
  return own.filter(({ accountId }, index) => own.findIndex((other) => other.accountId === accountId) === index);
}

export async function gather<T>(
  accounts: readonly AccountTarget[],
  now: () => number,
  read: (account: AccountTarget) => Promise<Kept<T>>,
): Promise<Gathered<{ account: string; value: T; fetchedAt: number }>> {
  const answers = await Promise.all(accounts.map(async (account) => ({ account, ...(await settle(read(account))) })));
  return {
    found: answers.flatMap(({ account, value: kept }) =>
      kept ? [{ account: account.account, value: kept.value, fetchedAt: kept.fetchedAt }] : [],
    ),
    readAt: answers.flatMap(({ value: kept }) => kept?.fetchedAt ?? []),
    isFinal: true,
    missing: answers.flatMap(({ account, ...answer }) => missingOf(account.provider, account.account, answer, now())),
    failures: answers.flatMap(({ error }) => error ?? []),
  };
}

/** Accounts that nothing of a bill could be read of. */
export function unreadOf(
  accounts: readonly AccountTarget[],
  bill: Gathered<AwsRows> | undefined,
  hostinger: Gathered<PaidAtHostinger>,
): { provider: Provider; account: string }[] {
  const ofAws = awsAccounts(accounts).filter(({ account }) => !bill?.found.some((each) => each.account === account));
  const ofHostinger = hostinger.found.length === 0 ? hostingerAmong(accounts) : [];
  return [...ofAws, ...ofHostinger].map(({ provider, account }) => ({ provider, account }));
}

/** When AWS's oldest figure was read, as an ISO time. */
export function asOf(gathered: readonly Gathered<unknown>[], now: number): string {
  return new Date(oldest(gathered, now)).toISOString();
}

/** How old the figures are, and what is not among them. */
export function ageOf(gathered: readonly Gathered<unknown>[], now: number, others: readonly MissingPart[] = []) {
  const missing = distinct([...gathered.flatMap((each) => each.missing), ...others]);
  return {
    ageMinutes: Math.floor((now - oldest(gathered, now)) / 60_000),
    ...(missing.length > 0 ? { missing } : {}),
  };
}

function oldest(gathered: readonly Gathered<unknown>[], now: number): number {
  return Math.min(now, ...gathered.flatMap(({ readAt }) => readAt));
}

/** Throws the reason where something was asked and nothing at all was read. */
export function throwIfNothing(gathered: readonly Gathered<unknown>[]): void {
  const failure = gathered.flatMap(({ failures }) => failures)[0];
  if (failure && gathered.every(({ found }) => found.length === 0)) throw failure;
}

/** Several questions to one account fail for one reason. */
function distinct(parts: readonly MissingPart[]): MissingPart[] {
  const seen = parts.map(({ account, code, message }) => `${account} ${code} ${message}`);
  return parts.filter((_, index) => seen.indexOf(seen[index] ?? '') === index);
}
