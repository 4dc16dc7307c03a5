import { CallError } from '../call/errors.ts';
import type { CallScope } from '../ports/call-scope.ts';
import type { AwsForecast } from '../ports/cost-sources.ts';
import type { Forecast } from '../ports/costs.ts';
import type { AccountTarget, MissingPart } from '../ports/domain.ts';
import { exactly, renewalsOf, schedulesOf, totalsOf } from './bill.ts';
import { dateOf, type Month, monthOf } from './calendar.ts';
import { type Cents, centsOfDecimal, decimalOf, noCents, plus, rounded, sumOf } from './cents.ts';
import type { ViewOptions } from './current.ts';
import { aboutBill, ageOf, gather } from './gather.ts';
import { type Part, partsOf, type Sources } from './parts.ts';
import { budgetUse, convert, inOneCurrency } from './rates.ts';
import type { CostReader } from './reader.ts';
import { readSoFar, type SoFar } from './so-far.ts';
import { keepSnapshot } from './spend-snapshot.ts';

const renewalDays = 60;

/** What is expected of a month in one currency, exactly. */
interface Expected {
  readonly currency: string;
  readonly mean: Cents;
  /** Absent where AWS gave none. */
  readonly bounds?: { readonly low: Cents; readonly high: Cents };
  readonly basis: 'aws' | 'trend' | 'certain';
}

type Total = { readonly currency: string; readonly total: string };

/** The month's forecast with everything that it was made of. */
interface Outlook {
  readonly soFar: SoFar;
  readonly totals: readonly Total[];
  readonly expected: readonly Expected[];
  readonly forecasts: readonly Total[];
  readonly age: ReturnType<typeof ageOf>;
  /** Whether all that is configured is in it. */
  readonly isWhole: boolean;
}

/** This month to its end. Throws `CallError` when nothing could be read. */
export async function forecastOf(options: ViewOptions, accounts: readonly AccountTarget[], call: CallScope): Promise<Forecast> {
  const { rates, budget } = options;
  const { soFar, totals, expected, forecasts, age, isWhole } = await outlookOf(options, accounts, call);
  const { month, sources } = soFar;
  const converted = convert(forecasts, rates, budget.currency);
  // Of a part it would say too little.
  const use = isWhole ? budgetUse(forecasts, rates, budget) : undefined;
  const renewals = renewalsOf(schedulesOf(sources.hostinger), month.today, month.today + renewalDays);
  return {
    month: month.name,
    forecasts: expected.map(({ currency, mean, bounds, basis }) => ({
      currency,
      soFar: totals.find((each) => each.currency === currency)?.total ?? '0.00',
      forecast: decimalOf(rounded(mean)),
      ...(bounds ? { low: decimalOf(rounded(bounds.low)), high: decimalOf(rounded(bounds.high)) } : {}),
      basis,
    })),
    ...(converted ? { converted } : {}),
    ...(use ? { budget: use } : {}),
    ...(renewals.length > 0 ? { renewals } : {}),
    ...age,
  };
}

/** Both clouds and the ledger in the budget's currency. */
export interface Combined {
  readonly month: string;
  readonly currency: string;
  /** Integer cents, of the parts that could be read. */
  readonly monthToDateCents: number;
  /** Of the whole month; undefined where it is not known of every part. */
  readonly forecastCents?: number;
  /** What is not in it, or old. */
  readonly missing?: readonly MissingPart[];
}

/**
 * What combined budgets are compared with.
 * @throws CallError when nothing could be read; `provider_not_configured` where the configuration lacks a rate
 */
export async function combinedOf(options: ViewOptions, accounts: readonly AccountTarget[], call: CallScope): Promise<Combined> {
  const { rates, budget } = options;
  const { soFar, totals, forecasts, age, isWhole } = await outlookOf(options, accounts, call);
  const spent = inOneCurrency(totals, rates, budget.currency);
  if (!spent) throw withoutRate(totals, options);
  const expected = isWhole ? inOneCurrency(forecasts, rates, budget.currency) : undefined;
  return {
    month: soFar.month.name,
    currency: budget.currency,
    monthToDateCents: Number(spent.cents),
    ...(expected ? { forecastCents: Number(expected.cents) } : {}),
    ...(age.missing ? { missing: age.missing } : {}),
  };
}

function withoutRate(totals: readonly Total[], { rates, budget: { currency } }: ViewOptions): CallError {
  const unknown = totals.map((total) => total.currency).filter((each) => each !== currency && !Object.hasOwn(rates, each));
  return new CallError('provider_not_configured', `There are costs in ${unknown.join(' and ')}, and no rate for them in ${currency}.`, {
    remedy: `Let the operator add ${unknown.join(' and ')} to costs.rates in ziggie.yaml: how much ${currency} one unit is.`,
  });
}

/**
 * What AWS's accounts have cost before today and what AWS forecasts from today on, Hostinger's and the ledger's whole month. At most
 * one request to an account beyond that for the month so far.
 */
async function outlookOf(options: ViewOptions, accounts: readonly AccountTarget[], call: CallScope): Promise<Outlook> {
  const { reader, now } = options;
  const soFar = await readSoFar(options, accounts, call);
  const { month, sources } = soFar;
  const rest = { from: dateOf(month.today), until: dateOf(month.end) };
  const given = await gather(soFar.accounts, now, (account) => reader.forecast(account, rest, call));

  const each = soFar.accounts.map((account) => {
    const rows = sources.aws.filter((answer) => answer.account === account.account);
    const parts = partsOf({ aws: rows, ledger: [], tags: sources.tags }, month.first, month.today + 1);
    const forecast = given.found.find((answer) => answer.account === account.account)?.value;
    return { account, expected: expectedOf(parts, month, forecast, () => lastMonth(reader, account, sources, month)) };
  });
  const certain = partsOf({ ...sources, aws: [] }, month.first, month.end);
  const expected = added(
    each.flatMap((account) => account.expected ?? []),
    certain,
  );

  const totals = totalsOf(partsOf(sources, month.first, month.today + 1), sources, month, month.today + 1);
  const forecasts = expected.map(({ currency, mean }) => ({ currency, total: decimalOf(rounded(mean)) }));
  const unknown = each.flatMap(({ account, expected: known }) => (known ? [] : [notKnown(account)]));
  const isWhole = soFar.isEverything && unknown.length === 0;
  const oldestAt = Math.min(soFar.oldestAt, ...given.readAt);
  keepSnapshot(options, soFar, totals, isWhole ? { totals: forecasts, oldestAt } : undefined);
  const age = ageOf(reader, [...soFar.gathered, given], now(), [...soFar.unspread, ...unknown]);
  return { soFar, totals, expected, forecasts, age, isWhole };
}

/**
 * What an account's month comes to: the days before today, and from today on AWS's forecast; without one, the days so far evenly
 * continued. Undefined where there are no days to continue, and the month before is not known either.
 */
function expectedOf(
  parts: readonly Part[],
  { first, today, end }: Month,
  forecast: AwsForecast | undefined,
  before: () => readonly Part[] | undefined,
): Expected[] | undefined {
  const costs = parts.filter(({ kind }) => kind === 'cost');
  const days = today - first;
  const model = forecast || days > 0 ? undefined : before()?.filter(({ kind }) => kind === 'cost');
  if (!forecast && days === 0 && !model) return undefined;
  const currencies = new Set([...costs, ...(model ?? []), ...(forecast ? [forecast] : [])].map(({ currency }) => currency));
  return [...currencies].map((currency) => {
    const own = costs.filter((part) => part.currency === currency);
    const past = exactly(own.filter(({ day }) => day !== today));
    const spentToday = exactly(own.filter(({ day }) => day === today));
    // What today has cost already is not undone by what was expected of it.
    const whole = (fromToday: Cents) => plus(past, larger(fromToday, spentToday));
    if (forecast?.currency === currency) {
      const [mean, low, high] = [forecast.mean, forecast.low, forecast.high].map((amount) => whole(centsOfDecimal(amount) ?? noCents));
      return { currency, mean: mean ?? past, ...(low && high ? { bounds: { low, high } } : {}), basis: 'aws' };
    }
    if (days > 0) return { currency, mean: whole(times(past, end - today, days)), basis: 'trend' };
    return { currency, mean: whole(exactly((model ?? []).filter((part) => part.currency === currency))), basis: 'trend' };
  });
}

/** What is known of the month before, by whichever question; nobody is asked. */
function lastMonth(reader: CostReader, account: AccountTarget, { tags }: Sources, { first, today }: Month): Part[] | undefined {
  const span = monthOf(first - 1);
  const closed = aboutBill(span, today);
  const question = [closed, { ...closed, granularity: 'day' as const }].find((each) => reader.lastUsage(account, each));
  const rows = question && reader.lastUsage(account, question)?.value.rows;
  if (!rows) return undefined;
  const { granularity, groups } = question;
  return partsOf({ aws: [{ account: account.account, granularity, groups, rows }], ledger: [], tags }, span.first, span.end);
}

/**
 * Accounts together, and with what is certain. The bounds of a sum lie closer than the sums of bounds, because accounts do not all
 * miss on the same side: added up they are too wide, which promises less than could be promised, and never more.
 */
function added(accounts: readonly Expected[], certain: readonly Part[]): Expected[] {
  const currencies = new Set([...accounts, ...certain].map(({ currency }) => currency));
  return [...currencies].sort().map((currency) => {
    const own = accounts.filter((each) => each.currency === currency);
    const fixed = exactly(certain.filter((part) => part.currency === currency));
    const sum = (each: readonly Cents[]) => sumOf([fixed, ...each]);
    const bounds = own.flatMap((each) => each.bounds ?? []);
    return {
      currency,
      mean: sum(own.map(({ mean }) => mean)),
      ...(own.length > 0 && bounds.length === own.length
        ? { bounds: { low: sum(bounds.map(({ low }) => low)), high: sum(bounds.map(({ high }) => high)) } }
        : {}),
      basis: own.length === 0 ? 'certain' : own.some(({ basis }) => basis === 'trend') ? 'trend' : 'aws',
    };
  });
}

function notKnown({ account }: AccountTarget): MissingPart {
  const message =
    'Nothing can be said of its month on the first day: AWS gave no forecast, and the month before is not known here. Read it by costs_month, and ask again.';
  return { provider: 'aws', account, code: 'provider_not_found', message };
}

function times({ numerator, denominator }: Cents, part: number, whole: number): Cents {
  return { numerator: numerator * BigInt(part), denominator: denominator * BigInt(whole) };
}

function larger(a: Cents, b: Cents): Cents {
  return a.numerator * b.denominator < b.numerator * a.denominator ? b : a;
}
