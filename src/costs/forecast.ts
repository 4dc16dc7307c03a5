import { CallError } from '../call/errors.ts';
import type { CallScope } from '../ports/call-scope.ts';
import type { AwsForecast } from '../ports/cost-sources.ts';
import type { Forecast } from '../ports/costs.ts';
import type { AccountTarget, MissingPart } from '../ports/domain.ts';
import { amountsOf, exactly, renewalsOf, schedulesOf } from './bill.ts';
import { type Day, dateOf, dayOf, type Month, monthOf } from './calendar.ts';
import { type Amount, type Cents, centsOfDecimal, decimalOf, noCents, plus, rounded, sumOf } from './cents.ts';
import type { CostReader } from './cost-reader.ts';
import type { ViewOptions } from './current.ts';
import { aboutBill, ageOf, gather } from './gather.ts';
import { type Part, partsOf, type Sources } from './parts.ts';
import { budgetUse, convert, inOneCurrency, rateRemedy, unconverted, withoutRate } from './rates.ts';
import { readSoFar, type SoFar } from './so-far.ts';
import { keepSnapshot } from './spend-snapshot.ts';

const renewalDays = 60;

/** What is expected of a month in one currency, exactly. */
interface Expected {
  readonly currency: string;
  readonly mean: Cents;
  /** Absent where AWS gave none. */
  readonly bounds?: { readonly low: Cents; readonly high: Cents };
  readonly basis: Forecast['forecasts'][number]['basis'];
}

/** The month's forecast with everything that it was made of. */
interface Outlook {
  readonly soFar: SoFar;
  readonly spent: readonly Amount[];
  readonly expected: readonly Expected[];
  readonly forecasts: readonly Amount[];
  /** The same as decisions and alerts count it. */
  readonly guarded: { readonly spent: readonly Amount[]; readonly forecasts: readonly Amount[] };
  readonly age: ReturnType<typeof ageOf>;
  /** Whether all that is configured is in it. */
  readonly isWhole: boolean;
}

/** This month to its end. Throws `CallError` when nothing could be read. */
export async function forecastOf(options: ViewOptions, accounts: readonly AccountTarget[], call: CallScope): Promise<Forecast> {
  const { rates, budget } = options;
  const { soFar, spent, expected, forecasts, age, isWhole } = await outlookOf(options, accounts, call);
  const { month, sources } = soFar;
  const converted = convert(forecasts, rates, budget.currency);
  // Of a part it would say too little.
  const use = isWhole ? budgetUse(forecasts, rates, budget) : undefined;
  const renewals = renewalsOf(schedulesOf(sources.hostinger), month.today, month.today + renewalDays);
  return {
    month: month.name,
    forecasts: expected.map(({ currency, mean, bounds, basis }) => ({
      currency,
      soFar: decimalOf(spent.find((each) => each.currency === currency)?.cents ?? 0n),
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
  const { soFar, guarded, age, isWhole } = await outlookOf(options, accounts, call);
  const { spent, forecasts } = guarded;
  const toDate = inOneCurrency(spent, rates, budget.currency);
  if (!toDate) throw noRate(withoutRate(spent, rates, budget.currency), budget.currency);
  const expected = isWhole ? inOneCurrency(forecasts, rates, budget.currency) : undefined;
  return {
    month: soFar.month.name,
    currency: budget.currency,
    monthToDateCents: Number(toDate.cents),
    ...(expected ? { forecastCents: Number(expected.cents) } : {}),
    ...(age.missing ? { missing: age.missing } : {}),
  };
}

function noRate(unknown: readonly string[], currency: string): CallError {
  return new CallError('provider_not_configured', `There are costs in ${unknown.join(' and ')}, and no rate for them in ${currency}.`, {
    remedy: rateRemedy(unknown, currency),
  });
}

/**
 * What AWS's accounts have cost before today and what AWS forecasts from today on, Hostinger's and the ledger's whole month. At most
 * one request to an account beyond that for the month so far.
 */
async function outlookOf(options: ViewOptions, accounts: readonly AccountTarget[], call: CallScope): Promise<Outlook> {
  const { reader, rates, budget, now } = options;
  const soFar = await readSoFar(options, accounts, call);
  const { month, sources } = soFar;
  const rest = { from: dateOf(month.today), until: dateOf(month.end) };
  const given = await gather(soFar.accounts, now, (account) => reader.forecast(account, rest, call));

  const each = soFar.aws.flatMap((answer) => {
    const account = soFar.accounts.find((one) => one.account === answer.account);
    if (!account) return [];
    const parts = partsOf({ aws: [answer], ledger: [], tags: sources.tags }, month.first, month.today + 1);
    const forecast = given.found.find((one) => one.account === answer.account)?.value;
    const known = { parts, billedUntil: billedUntil(answer.fetchedAt, month), forecast };
    return { account, ...expectedOf(known, month, () => lastMonth(reader, account, sources, month)) };
  });
  const unknown = each.flatMap(({ account, expected: known }) => (known ? [] : [notKnown(account, month)]));
  const isLacking = [...unknown, ...soFar.unspread, ...soFar.gathered.flatMap(({ failures }) => failures)].length > 0;
  const ofAccounts = each.flatMap((account) => account.expected ?? []);
  const outlookFrom = (from: Sources) => {
    const certain = partsOf({ ...from, aws: [] }, month.first, month.end);
    const expected = added(ofAccounts, certain, isLacking ? 'incomplete' : 'certain');
    const soFarParts = partsOf(from, month.first, month.today + 1);
    const forecasts = expected.map(({ currency, mean }) => ({ currency, cents: rounded(mean) }));
    return { parts: [...soFarParts, ...certain], expected, spent: amountsOf(soFarParts), forecasts };
  };
  const { parts, ...shown } = outlookFrom(sources);
  const guarded = outlookFrom(soFar.guarded);
  const isWhole = soFar.isEverything && unknown.length === 0;
  const oldestAt = Math.min(soFar.oldestAt, ...given.readAt, ...each.flatMap(({ modelAt }) => modelAt ?? []));
  keepSnapshot(options, soFar, isWhole ? { amounts: guarded.forecasts, oldestAt } : undefined);
  const rateless = unconverted(parts, rates, budget);
  const age = ageOf([...soFar.gathered, given], now(), [...soFar.unspread, ...unknown, ...rateless]);
  return { soFar, ...shown, guarded, age, isWhole };
}

/**
 * The first day that may be billed in part only: Cost Explorer takes up to a day to know of what was used (Cost Management User Guide,
 * "Analyzing your costs with Cost Explorer"), so that the day before an answer is not done in it either.
 */
function billedUntil(fetchedAt: number, { first, today }: Month): Day {
  return Math.max(first, Math.min(today, dayOf(fetchedAt)) - 1);
}

interface Known {
  readonly parts: readonly Part[];
  readonly billedUntil: Day;
  readonly forecast: AwsForecast | undefined;
}

interface LastMonth {
  readonly parts: readonly Part[];
  readonly fetchedAt: number;
}

/**
 * What an account's month comes to: the days before today, and from today on AWS's forecast; without one, the days that are billed evenly
 * continued, or as much as the month before. Nothing is expected where there are no such days, and the month before is not known either.
 * `modelAt`: when the month before was read, where it was needed.
 */
function expectedOf(
  { parts, billedUntil: sure, forecast }: Known,
  { first, today, end }: Month,
  before: () => LastMonth | undefined,
): { expected?: Expected[]; modelAt?: number } {
  const costs = parts.filter(({ kind }) => kind === 'cost');
  const last = forecast || sure > first ? undefined : before();
  if (!forecast && sure === first && !last) return {};
  const model = (last?.parts ?? []).filter(({ kind }) => kind === 'cost');
  const currencies = new Set([...costs, ...model, ...(forecast ? [forecast] : [])].map(({ currency }) => currency));
  const expected = [...currencies].map((currency): Expected => {
    const own = costs.filter((part) => part.currency === currency);
    const until = (day: Day) => exactly(own.filter((part) => (part.day ?? first) < day));
    const since = (day: Day) => exactly(own.filter((part) => (part.day ?? first) >= day));
    // What the days from then on have cost already is not undone by what was expected of them.
    const whole = (from: Day, rest: Cents) => plus(until(from), larger(rest, since(from)));
    if (forecast?.currency === currency) {
      const [mean, low, high] = [forecast.mean, forecast.low, forecast.high].map((amount) =>
        whole(today, centsOfDecimal(amount) ?? noCents),
      );
      return { currency, mean: mean ?? until(today), ...(low && high ? { bounds: { low, high } } : {}), basis: 'aws' };
    }
    if (sure > first) return { currency, mean: whole(sure, times(until(sure), end - sure, sure - first)), basis: 'trend' };
    return { currency, mean: whole(first, exactly(model.filter((part) => part.currency === currency))), basis: 'trend' };
  });
  return { expected, ...(last ? { modelAt: last.fetchedAt } : {}) };
}

/** What is known of the month before, by whichever question; nobody is asked. What was read before its last day is a fragment of it. */
function lastMonth(reader: CostReader, account: AccountTarget, { tags }: Sources, { first, today }: Month): LastMonth | undefined {
  const span = monthOf(first - 1);
  const closed = aboutBill(span, today);
  for (const question of [closed, { ...closed, granularity: 'day' as const }]) {
    const kept = reader.lastUsage(account, question);
    if (!kept || dayOf(kept.fetchedAt) < span.end - 1) continue;
    const { granularity, groups } = question;
    const answer = { account: account.account, granularity, groups, rows: kept.value.rows };
    return { parts: partsOf({ aws: [answer], ledger: [], tags }, span.first, span.end), fetchedAt: kept.fetchedAt };
  }
  return undefined;
}

/**
 * Accounts together, and with what is certain, which has `basisAlone` where it is all. The bounds of a sum lie closer than the sums of bounds, because accounts do not all
 * miss on the same side: added up they are too wide, which promises less than could be promised, and never more.
 */
function added(accounts: readonly Expected[], certain: readonly Part[], basisAlone: Expected['basis']): Expected[] {
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
      basis: own.length === 0 ? basisAlone : own.some(({ basis }) => basis === 'trend') ? 'trend' : 'aws',
    };
  });
}

function notKnown({ account }: AccountTarget, { first }: Month): MissingPart {
  const last = monthOf(first - 1).name;
  const message = `Nothing can be said of its month yet: AWS gave no forecast, no day of it is billed for certain, and ${last} is not known here. Read ${last} by costs_month, and ask again.`;
  return { provider: 'aws', account, code: 'provider_not_found', message };
}

function times({ numerator, denominator }: Cents, part: number, whole: number): Cents {
  return { numerator: numerator * BigInt(part), denominator: denominator * BigInt(whole) };
}

function larger(a: Cents, b: Cents): Cents {
  return a.numerator * b.denominator < b.numerator * a.denominator ? b : a;
}
