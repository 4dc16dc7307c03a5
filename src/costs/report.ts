import type { CostLine, CurrencyTotals, PaidSubscription, Renewal, ServiceCost } from '../ports/costs.ts';
import { dateOf, type Month } from './calendar.ts';
import { apportioned, type Cents, centsOfDecimal, decimalOf, noCents, rounded, sumOf } from './cents.ts';
import { type Schedule, scheduleOf } from './subscription.ts';

const shownServices = 10;
const shownRenewals = 10;

/** An account without a line has cost nothing, which is said. */
const nothing: CostLine = { service: '', isCredit: false, currency: 'USD', amount: '0' };

/** What is known of a month; a part that was not asked, or did not answer, is absent. */
export interface Bills {
  readonly aws?: readonly CostLine[];
  readonly hostinger?: readonly PaidSubscription[];
}

export interface Report {
  readonly totals: CurrencyTotals[];
  readonly byService: ServiceCost[];
  readonly renewals: Renewal[];
  /** Subscriptions that are not in it, because nobody can say which days they are for. */
  readonly unspread: readonly PaidSubscription[];
}

interface Part {
  readonly service: string;
  readonly cents: bigint;
}

/** One report of both clouds; currencies stand side by side. */
export function reportOf({ aws: read, hostinger = [] }: Bills, month: Month): Report {
  const aws = read?.length === 0 ? [nothing] : (read ?? []);
  const scheduled = hostinger.map((subscription) => ({ subscription, schedule: scheduleOf(subscription) }));
  const schedules = scheduled.flatMap(({ schedule }) => schedule ?? []);
  const currencies = new Set([...aws, ...hostinger].map(({ currency }) => currency));
  const each = [...currencies].sort().map((currency) => {
    const lines = aws.filter((line) => line.currency === currency);
    const own = schedules.filter(({ subscription }) => subscription.currency === currency);
    return inCurrency(currency, lines, own, month);
  });
  return {
    totals: each.map(({ totals }) => totals),
    byService: each.flatMap(({ byService }) => byService),
    renewals: renewalsOf(schedules, month),
    unspread: scheduled.flatMap(({ subscription, schedule }) => (schedule || isFree(subscription) ? [] : [subscription])),
  };
}

/** Each provider's total is rounded once; its parts, and the total of both, are made to add up. */
function inCurrency(currency: string, lines: readonly CostLine[], schedules: readonly Schedule[], month: Month) {
  const exact = ({ amount }: CostLine): Cents => centsOfDecimal(amount) ?? noCents;
  const aws = bill(lines.filter(({ isCredit }) => !isCredit).map((line) => [line.service, exact(line)]));
  const hostinger = bill(schedules.map((each) => [`Hostinger ${each.subscription.name}`, each.spread(month.first, month.today + 1)]));
  const credits = rounded(sumOf(lines.filter(({ isCredit }) => isCredit).map(exact)));
  const whole = rounded(sumOf(schedules.map(({ spread }) => spread(month.first, month.end))));
  const due = schedules.reduce((sum, each) => sum + dueIn(each, month), 0n);
  const parts = [...aws.parts, ...hostinger.parts]
    .filter(({ cents }) => cents !== 0n)
    .sort((a, b) => Number(b.cents - a.cents) || (a.service < b.service ? -1 : 1));
  const others = parts.slice(shownServices);

  const totals: CurrencyTotals = {
    currency,
    total: decimalOf(aws.total + hostinger.total),
    ...(lines.length > 0 ? { aws: decimalOf(aws.total) } : {}),
    ...(schedules.length > 0 ? { hostinger: decimalOf(hostinger.total), hostingerMonth: decimalOf(whole) } : {}),
    ...(credits === 0n ? {} : { credits: decimalOf(credits) }),
    ...(due === 0n ? {} : { due: decimalOf(due) }),
    ...(others.length > 0 ? { other: decimalOf(others.reduce((sum, { cents }) => sum + cents, 0n)) } : {}),
  };
  const byService = parts.slice(0, shownServices).map(({ service, cents }) => ({ service, cost: `${decimalOf(cents)} ${currency}` }));
  return { totals, byService };
}

/** Amounts of one name are one part. */
function bill(amounts: readonly (readonly [string, Cents])[]): { readonly total: bigint; readonly parts: readonly Part[] } {
  const names = [...Map.groupBy(amounts, ([name]) => name)];
  const { total, parts } = apportioned(names.map(([, all]) => sumOf(all.map(([, cents]) => cents))));
  return { total, parts: names.map(([service], index) => ({ service, cents: parts[index] ?? 0n })) };
}

function renewalsOf(schedules: readonly Schedule[], month: Month): Renewal[] {
  const dueNow = schedules.filter((each) => dueIn(each, month) > 0n);
  const first = ({ next = Number.POSITIVE_INFINITY }: Schedule) => next;
  const day = (each: Schedule) => each.renewals(month.first, month.end)[0] ?? first(each);
  const costly = schedules.filter((each) => each.next !== undefined && each.next >= month.end && each.subscription.renewalCents > 0);
  const coming = dueNow.length > 0 ? dueNow : costly.sort((a, b) => first(a) - first(b)).slice(0, 1);
  return coming
    .sort((a, b) => day(a) - day(b))
    .slice(0, shownRenewals)
    .map((each) => ({
      name: each.subscription.name,
      date: dateOf(day(each)),
      cost: `${decimalOf(dueIn(each, month) || BigInt(each.subscription.renewalCents))} ${each.subscription.currency}`,
    }));
}

/** What is billed once is not billed any more: the next billing that Hostinger names is still to come, whatever its day. */
function dueIn({ subscription, renewals }: Schedule, month: Month): bigint {
  return BigInt(subscription.renewalCents) * BigInt(renewals(month.first, month.end).length);
}

function isFree({ totalCents, renewalCents }: PaidSubscription): boolean {
  return totalCents === 0 && renewalCents === 0;
}
