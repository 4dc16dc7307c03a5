import type { CostScope, LedgerEntry } from '../ports/cost-sources.ts';
import type { AccountTarget, MissingPart } from '../ports/domain.ts';
import { unspreadParts } from './bill.ts';
import { type Month, monthAt } from './calendar.ts';
import type { CostReader } from './cost-reader.ts';
import {
  type AwsAnswer,
  aboutBill,
  awsAccounts,
  type Gathered,
  gatherAws,
  gatherSubscriptions,
  isOfEverything,
  sourcesOf,
  throwIfNothing,
} from './gather.ts';
import type { Sources, TagKeys } from './parts.ts';

export interface SoFarOptions {
  readonly reader: CostReader;
  readonly ledger: () => readonly LedgerEntry[];
  readonly tags: TagKeys;
  /** Names of all accounts that are configured, and `hostinger` where it is set up. */
  readonly everything: readonly string[];
  readonly now: () => number;
}

/** What is known of the month that runs. */
export interface SoFar {
  readonly month: Month;
  readonly sources: Sources;
  /** The same as decisions and alerts count it: entries do not lower it. */
  readonly guarded: Sources;
  readonly aws: readonly AwsAnswer[];
  /** Accounts of AWS that answered. */
  readonly accounts: readonly AccountTarget[];
  readonly gathered: readonly Gathered<unknown>[];
  /** Subscriptions that are in no bill. */
  readonly unspread: readonly MissingPart[];
  /** Whether all that is configured was asked and has answered, however old that is. */
  readonly isEverything: boolean;
  /** Whether it is as fresh as it should be, too. */
  readonly isSound: boolean;
  /** When its oldest figure was read. */
  readonly oldestAt: number;
}

/** Reads the month so far of what is asked for. A part that fails is named, and the rest is there; throws `CallError` where nothing is. */
export async function readSoFar(
  { reader, ledger, tags, everything, now }: SoFarOptions,
  accounts: readonly AccountTarget[],
  call: CostScope,
): Promise<SoFar> {
  const month = monthAt(now());
  const [aws, paid] = await Promise.all([
    gatherAws(reader, accounts, aboutBill(month, month.today), now, call),
    gatherSubscriptions(reader, accounts, now, call),
  ]);
  const gathered = [aws, paid];
  throwIfNothing(gathered);
  const isConfigured = isOfEverything(everything, accounts);
  const isEverything = isConfigured && gathered.every(({ failures }) => failures.length === 0);
  const sources = sourcesOf([aws], paid, isConfigured ? ledger() : [], tags);
  return {
    month,
    sources,
    guarded: { ...sources, ledger: withoutNegative(sources.ledger) },
    aws: aws.found,
    accounts: awsAccounts(accounts).filter(({ account }) => aws.found.some((each) => each.account === account)),
    gathered: [aws, { ...paid, readAt: [] }],
    unspread: unspreadParts(sources.hostinger),
    isEverything,
    isSound: isEverything && gathered.every(({ missing }) => missing.length === 0),
    oldestAt: Math.min(now(), ...gathered.flatMap(({ readAt }) => readAt)),
  };
}

/**
 * The ledger without entries that, with their corrections, come to less than nothing: whoever may record could else make room in the budget.
 * A correction has the dates and currency of its entry, so that both together are in every span of days of one sign.
 */
function withoutNegative(ledger: readonly LedgerEntry[]): LedgerEntry[] {
  const entries = Map.groupBy(ledger, ({ id, corrects = id }) => corrects);
  return [...entries.values()].filter((all) => all.reduce((sum, { cents }) => sum + BigInt(cents), 0n) >= 0n).flat();
}
