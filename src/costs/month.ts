import type { CallScope } from '../ports/call-scope.ts';
import type { CostAnomaly } from '../ports/cost-sources.ts';
import type { CostsPort, Mover } from '../ports/costs.ts';
import type { AccountTarget } from '../ports/domain.ts';
import { monthNamed, oldestMonth } from './asked-month.ts';
import { amountsOf, billOf, unspreadParts } from './bill.ts';
import { type Day, dateOf, dayOf, type MonthSpan, monthOf } from './calendar.ts';
import { type Amount, moneyOf, rounded } from './cents.ts';
import {
  about,
  aboutBill,
  ageOf,
  asOf,
  awsAccounts,
  endOf,
  type Gathered,
  gather,
  gatherAws,
  gatherHostinger,
  isOfEverything,
  sourcesOf,
  throwIfNothing,
  unreadOf,
} from './gather.ts';
import { type Change, changesBetween, moverOf, signed } from './movers.ts';
import { type Part, partsOf, type Sources } from './parts.ts';
import { budgetUse, convert, inOneCurrency, unconverted } from './rates.ts';
import type { BillViewOptions } from './view-options.ts';

/** Anomalies are available for as many days (Cost Explorer API, GetAnomalies). */
const anomalyDays = 90;

/** A month's bill, that of the month before, and why they differ. At most four requests to Cost Explorer for a month that is over. */
export function createMonthView(options: BillViewOptions): CostsPort['month'] {
  const { reader, store, settings, everything, now } = options;
  const { rates, budget, tags } = settings;
  return async (accounts, name, call) => {
    const today = dayOf(now());
    const month = monthNamed(name, now());
    const runs = today < month.end;
    const span = spanBefore(month, today);

    const [bills, hostinger] = await Promise.all([
      readBills(options, accounts, month, span?.before, call),
      gatherHostinger(reader, accounts, now, call),
    ]);
    throwIfNothing([...bills, hostinger]);
    const isConfigured = isOfEverything(everything, accounts);
    const all = sourcesOf(bills, hostinger, isConfigured ? store.costEntries() : [], tags);
    const isWhole = [...bills, hostinger].every(({ failures }) => failures.length === 0);
    const { parts, amounts, totals, byService } = billOf(all, month, endOf(month, today));
    // Half a bill would make a change of what is only missing.
    const compared = span && isWhole ? comparedIn(all, month, span) : undefined;
    const changes = compared ? changesBetween(compared.earlier, compared.later) : [];
    const { movers, read } = span ? await explain(options, accounts, { month, span, changes, all }, call) : { movers: [], read: [] };

    const converted = convert(amounts, rates, budget.currency);
    // Of a part it would say too little.
    const use = isConfigured && isWhole ? budgetUse(amounts, rates, budget) : undefined;
    const gathered = [...bills, hostinger, ...read];
    const unread = unreadOf(accounts, bills[0], hostinger);
    const unspread = unspreadParts(all.hostinger);
    // Not what only explains: the bill is whole without it.
    const isLacking = unspread.length > 0 || [...bills, hostinger].some(({ missing }) => missing.length > 0);
    return {
      month: month.name,
      asOf: asOf(gathered, now()),
      incomplete: runs || isLacking || bills.some(({ isFinal }) => !isFinal),
      totals,
      ...(converted ? { converted } : {}),
      ...(use ? { budget: use } : {}),
      ...(span && compared ? { previous: previousOf(month, span, compared, settings) } : {}),
      byService,
      ...(movers.length > 0 ? { movers } : {}),
      ...(unread.length > 0 ? { unread } : {}),
      ...ageOf(gathered, now(), [...unspread, ...unconverted(parts, rates, budget)]),
    };
  };
}

/** The days of a month that are over, and as many of the month before. */
interface Span {
  readonly before: MonthSpan;
  /** The first day of the month before that is not compared with. */
  readonly beforeUntil: Day;
  /** The first day of the month itself that is not compared. */
  readonly until: Day;
}

/** Undefined where no day is over yet, and where the month before is before the data. */
function spanBefore(month: MonthSpan, today: Day): Span | undefined {
  const before = monthOf(month.first - 1);
  // Today is not over: compared with a whole day it would be a fall.
  const until = Math.min(month.end, today);
  if (before.first < oldestMonth(today).first || until === month.first) return undefined;
  const beforeUntil = until < month.end ? Math.min(before.end, before.first + until - month.first) : before.end;
  return { before, beforeUntil, until };
}

/** The parts that are compared. */
interface Compared {
  readonly earlier: readonly Part[];
  readonly later: readonly Part[];
}

/** Undefined where there was nothing before. */
function comparedIn(all: Sources, month: MonthSpan, { before, beforeUntil, until }: Span): Compared | undefined {
  const earlier = partsOf(all, before.first, beforeUntil);
  return earlier.length > 0 ? { earlier, later: partsOf(all, month.first, until) } : undefined;
}

/** Of a month that is over one question for both; of one that runs, each by days, so that other views share the answers. */
async function readBills(
  { reader, now }: BillViewOptions,
  accounts: readonly AccountTarget[],
  month: MonthSpan,
  before: MonthSpan | undefined,
  call: CallScope,
) {
  const today = dayOf(now());
  const questions =
    today < month.end
      ? [aboutBill(month, today), ...(before ? [about(before.first, before.end, { granularity: 'day', groups: ['service', 'kind'] })] : [])]
      : [about(before?.first ?? month.first, month.end, { granularity: 'month', groups: ['service', 'kind'] })];
  return Promise.all(questions.map((question) => gatherAws(reader, accounts, question, now, call)));
}

interface Moved {
  readonly month: MonthSpan;
  readonly span: Span;
  readonly changes: readonly Change[];
  readonly all: Sources;
}

/** Asks AWS nothing unless something of it moved. */
async function explain(
  { reader, settings: { tags }, now }: BillViewOptions,
  accounts: readonly AccountTarget[],
  { month, span, changes, all }: Moved,
  call: CallScope,
): Promise<{ movers: Mover[]; read: Gathered<unknown>[] }> {
  const { before, beforeUntil, until } = span;
  const daysBefore = beforeUntil - before.first;
  if (!changes.some(({ isAws }) => isAws)) {
    return { movers: changes.map((change) => moverOf(change, { daysBefore, anomalies: [] })), read: [] };
  }
  const today = dayOf(now());
  const runs = today < month.end;
  const end = endOf(month, today);
  // By days where it runs: the same question from day to day, of which the month that is over is asked once.
  const used = about(before.first, end, { granularity: runs ? 'day' : 'month', groups: ['service', 'usageType'], withoutCredits: true });
  const [usage, days, anomalies] = await Promise.all([
    gatherAws(reader, accounts, used, now, call),
    runs
      ? undefined
      : gatherAws(reader, accounts, about(month.first, month.end, { granularity: 'day', groups: ['service', 'kind'] }), now, call),
    month.end > today - anomalyDays
      ? gather(awsAccounts(accounts), now, (account) => reader.anomalies(account, { from: dateOf(month.first), until: dateOf(end) }, call))
      : undefined,
  ]);
  const isRead = ({ failures }: Gathered<unknown>) => failures.length === 0;
  const ofUsage = (from: Day, behind: Day): Part[] => partsOf({ aws: usage.found, ledger: [], tags }, from, behind);
  const ofDays = partsOf({ aws: days?.found ?? all.aws, ledger: [], tags }, month.first, until);
  const reasons = {
    ...(isRead(usage) ? { usage: { before: ofUsage(before.first, beforeUntil), after: ofUsage(month.first, until) } } : {}),
    ...(!days || isRead(days) ? { days: { parts: ofDays, from: month.first, until } } : {}),
    daysBefore,
    anomalies: (anomalies?.found ?? []).flatMap(({ value }): CostAnomaly[] => value),
  };
  return {
    movers: changes.map((change) => moverOf(change, reasons)),
    read: [usage, ...(days ? [days] : []), ...(anomalies ? [anomalies] : [])],
  };
}

function previousOf(month: MonthSpan, { before, until }: Span, { earlier, later }: Compared, settings: BillViewOptions['settings']) {
  const days = until < month.end ? { days: `1-${until - month.first}` } : {};
  return { month: before.name, ...compare(amountsOf(later), amountsOf(earlier), settings), ...days };
}

/** In the budget's currency where there are rates for it, else each currency by itself. */
function compare(amounts: readonly Amount[], earlier: readonly Amount[], { rates, budget }: BillViewOptions['settings']) {
  const [is, was] = [inOneCurrency(amounts, rates, budget.currency), inOneCurrency(earlier, rates, budget.currency)];
  if (is && was) return { total: moneyOf(was.cents, budget.currency), change: changeOf(was.cents, is.cents, budget.currency) };
  const centsIn = (all: readonly Amount[], currency: string) => all.find((each) => each.currency === currency)?.cents ?? 0n;
  const currencies = [...new Set([...amounts, ...earlier].map(({ currency }) => currency))].sort();
  return {
    total: currencies.map((currency) => moneyOf(centsIn(earlier, currency), currency)).join(', '),
    change: currencies.map((currency) => changeOf(centsIn(earlier, currency), centsIn(amounts, currency), currency)).join(', '),
  };
}

/** `+12.00 USD (+23%)`, to the nearest percent */
function changeOf(was: bigint, is: bigint, currency: string): string {
  const percent = was > 0n ? rounded({ numerator: (is - was) * 100n, denominator: was }) : undefined;
  return `${signed(is - was)} ${currency}${percent === undefined ? '' : ` (${percent > 0n ? '+' : ''}${percent}%)`}`;
}
