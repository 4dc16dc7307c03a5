import type { CallScope } from '../ports/call-scope.ts';
import type { CostAnomaly } from '../ports/cost-sources.ts';
import type { CostsPort, CurrencyTotals, Mover } from '../ports/costs.ts';
import type { AccountTarget } from '../ports/domain.ts';
import { monthNamed, oldestMonth } from './asked-month.ts';
import { billOf, totalsOf, unspreadParts } from './bill.ts';
import { type Day, dateOf, dayOf, type MonthSpan, monthOf } from './calendar.ts';
import { centsOfDecimal, decimalOf, noCents, rounded } from './cents.ts';
import {
  about,
  aboutBill,
  ageOf,
  awsAccounts,
  endOf,
  type Gathered,
  gather,
  gatherAws,
  gatherHostinger,
  sourcesOf,
  throwIfNothing,
} from './gather.ts';
import { type Change, changesBetween, moverOf, signed } from './movers.ts';
import { type Part, partsOf, type Sources } from './parts.ts';
import { budgetUse, convert, inOneCurrency } from './rates.ts';
import { isOfAllClouds } from './so-far.ts';
import type { BillViewOptions } from './views.ts';

/** Anomalies are available for as many days (Cost Explorer API, GetAnomalies). */
const anomalyDays = 90;

/** A month's bill, that of the month before up to the same day, and why they differ. At most four requests to Cost Explorer for a month that is over. */
export function createMonthView(options: BillViewOptions): CostsPort['month'] {
  const { reader, store, settings, everything, now } = options;
  const { rates, budget, tags } = settings;
  return async (accounts, name, call) => {
    const today = dayOf(now());
    const month = monthNamed(name, now());
    const until = endOf(month, today);
    const runs = today < month.end;
    const before = spanBefore(month, until, today);

    const [bills, hostinger] = await Promise.all([
      readBills(options, accounts, month, before, call),
      gatherHostinger(reader, accounts, now, call),
    ]);
    throwIfNothing([...bills, hostinger]);
    const ledger = isOfAllClouds(everything, accounts) ? store.costEntries() : [];
    const all = sourcesOf(bills, hostinger, ledger, tags);
    const isWhole = [...bills, hostinger].every(({ failures }) => failures.length === 0);
    const { parts, totals, byService } = billOf(all, month, until);
    const earlier = before && partsOf(all, before.span.first, before.until);
    // Half a bill would make a change of what is only missing.
    const changes = earlier && earlier.length > 0 && isWhole ? changesBetween(earlier, parts) : [];
    const { movers, read } = await explain(options, accounts, { month, until, before, changes, all }, call);

    const converted = convert(totals, rates, budget.currency);
    // Of a part it would say too little.
    const isEverything = isWhole && everything.every((each) => accounts.some(({ account }) => account === each));
    const use = isEverything ? budgetUse(totals, rates, budget) : undefined;
    const previous =
      before && earlier && earlier.length > 0 && isWhole
        ? compare(totals, totalsOf(earlier, all, before.span, before.until), settings)
        : undefined;
    return {
      month: month.name,
      incomplete: runs || bills.some(({ isFinal }) => !isFinal),
      totals,
      ...(converted ? { converted } : {}),
      ...(use ? { budget: use } : {}),
      ...(previous && before ? { previous: { month: before.span.name, ...previous } } : {}),
      byService,
      ...(movers.length > 0 ? { movers } : {}),
      ...ageOf(reader, [...bills, hostinger, ...read], now(), unspreadParts(all.hostinger)),
    };
  };
}

/** The month before, up to the same day. */
interface Before {
  readonly span: MonthSpan;
  readonly until: Day;
}

/** Undefined where the month before is before the data. */
function spanBefore(month: MonthSpan, until: Day, today: Day): Before | undefined {
  const span = monthOf(month.first - 1);
  if (span.first < oldestMonth(today).first) return undefined;
  return { span, until: until < month.end ? Math.min(span.end, span.first + until - month.first) : span.end };
}

/** Of a month that is over one question for both; of one that runs, both by days. */
async function readBills(
  { reader, now }: BillViewOptions,
  accounts: readonly AccountTarget[],
  month: MonthSpan,
  before: Before | undefined,
  call: CallScope,
) {
  const today = dayOf(now());
  const questions =
    today < month.end
      ? [
          aboutBill(month, today),
          ...(before ? [about(before.span.first, before.span.end, { granularity: 'day', groups: ['service', 'kind'] })] : []),
        ]
      : [about(before?.span.first ?? month.first, month.end, { granularity: 'month', groups: ['service', 'kind'] })];
  return Promise.all(questions.map((question) => gatherAws(reader, accounts, question, now, call)));
}

interface Moved {
  readonly month: MonthSpan;
  readonly until: Day;
  readonly before: Before | undefined;
  readonly changes: readonly Change[];
  readonly all: Sources;
}

/** Asks AWS nothing unless something of it moved. */
async function explain(
  { reader, settings: { tags }, now }: BillViewOptions,
  accounts: readonly AccountTarget[],
  { month, until, before, changes, all }: Moved,
  call: CallScope,
): Promise<{ movers: Mover[]; read: Gathered<unknown>[] }> {
  if (!before || !changes.some(({ isAws }) => isAws))
    return { movers: changes.map((change) => moverOf(change, { daysBefore: 1, anomalies: [] })), read: [] };
  const today = dayOf(now());
  const runs = today < month.end;
  const usage = { granularity: 'month', groups: ['service', 'usageType'], withoutCredits: true } as const;
  const spans = runs
    ? ([
        [before.span.first, before.until],
        [month.first, until],
      ] as const)
    : ([[before.span.first, month.end]] as const);
  const isRecent = month.end > today - anomalyDays;
  const [usages, days, anomalies] = await Promise.all([
    Promise.all(spans.map(([first, end]) => gatherAws(reader, accounts, about(first, end, usage), now, call))),
    runs
      ? undefined
      : gatherAws(reader, accounts, about(month.first, month.end, { granularity: 'day', groups: ['service', 'kind'] }), now, call),
    !runs && isRecent
      ? gather(awsAccounts(accounts), now, (account) =>
          reader.anomalies(account, { from: dateOf(month.first), until: dateOf(month.end) }, call),
        )
      : undefined,
  ]);
  const ofUsage = (first: Day, end: Day): Part[] => partsOf({ aws: usages.flatMap(({ found }) => found), ledger: [], tags }, first, end);
  const isRead = (gathered: readonly Gathered<unknown>[]) => gathered.every(({ failures }) => failures.length === 0);
  const aws = days?.found ?? all.aws;
  // What today costs is not known yet: it would be a fall.
  const end = Math.min(until, today);
  const reasons = {
    ...(isRead(usages) ? { usage: { before: ofUsage(before.span.first, before.span.end), after: ofUsage(month.first, month.end) } } : {}),
    ...(!days || isRead([days])
      ? { days: { parts: partsOf({ aws, ledger: [], tags }, month.first, end), from: month.first, until: end } }
      : {}),
    daysBefore: before.until - before.span.first,
    anomalies: (anomalies?.found ?? []).flatMap(({ value }): CostAnomaly[] => value),
  };
  return {
    movers: changes.map((change) => moverOf(change, reasons)),
    read: [...usages, ...(days ? [days] : []), ...(anomalies ? [anomalies] : [])],
  };
}

/** In the budget's currency where there are rates for it, else each currency by itself. */
function compare(totals: readonly CurrencyTotals[], earlier: readonly CurrencyTotals[], { rates, budget }: BillViewOptions['settings']) {
  const [is, was] = [inOneCurrency(totals, rates, budget.currency), inOneCurrency(earlier, rates, budget.currency)];
  if (is && was) return { total: `${decimalOf(was.cents)} ${budget.currency}`, change: changeOf(was.cents, is.cents, budget.currency) };
  const centsIn = (all: readonly CurrencyTotals[], currency: string) =>
    rounded(centsOfDecimal(all.find((each) => each.currency === currency)?.total ?? '0') ?? noCents);
  const currencies = [...new Set([...totals, ...earlier].map(({ currency }) => currency))].sort();
  return {
    total: currencies.map((currency) => `${decimalOf(centsIn(earlier, currency))} ${currency}`).join(', '),
    change: currencies.map((currency) => changeOf(centsIn(earlier, currency), centsIn(totals, currency), currency)).join(', '),
  };
}

/** `+12.00 USD (+23%)` */
function changeOf(was: bigint, is: bigint, currency: string): string {
  const percent = was > 0n ? ((is - was) * 100n) / was : undefined;
  return `${signed(is - was)} ${currency}${percent === undefined ? '' : ` (${percent > 0n ? '+' : ''}${percent}%)`}`;
}
