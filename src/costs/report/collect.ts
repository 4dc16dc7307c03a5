import { CallError } from '../../call/errors.ts';
import type { CallScope } from '../../ports/call-scope.ts';
import type { ComputePort } from '../../ports/compute.ts';
import type { Breakdown, CostDimension, CostsPort, CurrencyTotals, Forecast, WholeMonth } from '../../ports/costs.ts';
import type { AccountTarget, MissingPart, Resolved } from '../../ports/domain.ts';
import { unnamed } from '../bill.ts';
import type { CostReader } from '../cost-reader.ts';
import { collectAnomalies } from './anomalies.ts';
import type { CurrencyPart, Expectation, Missing, Money, ReportData, Row, TrendMonth } from './data.ts';
import { findIdle } from './idle.ts';
import { addingUp, centsOf, moneyFrom, oneLine } from './words.ts';

export interface Sources {
  readonly costs: CostsPort;
  readonly compute: Pick<ComputePort, 'list' | 'metrics'>;
  readonly anomalies: CostReader['anomalies'];
  readonly budgetCurrency: string;
  readonly now: () => number;
}

export type Needs = 'every cloud' | 'what there is';

const trendMonths = 12;
/** Of a breakdown; what is beyond is shown as one row. */
const mostRows = 100;

/**
 * Everything that a month's report says. Without the month itself there is none; any other part that cannot be read is named in it.
 * @param needs `every cloud`: nothing else is read, nor paid for, while a cloud's bill cannot be
 * Throws `CallError`; `provider_unavailable` for what is needed and cannot be read.
 */
export async function collect(
  { costs, compute, anomalies, budgetCurrency, now }: Sources,
  accounts: readonly Resolved<AccountTarget>[],
  name: string,
  call: CallScope,
  needs: Needs = 'what there is',
): Promise<ReportData> {
  const month = await costs.month(accounts, name, call);
  const without = withoutOf(month, accounts);
  if (needs === 'every cloud' && without.length > 0) throw unreadable(month, without);
  const missing = new MissingList();
  const breakdown = (by: CostDimension) =>
    missing.orNamed(`costs by ${by}`, costs.breakdown(accounts, { by, month: name, limit: mostRows }, call));
  const [services, teams, entries, trend, outlook, idle, unusual] = await Promise.all([
    breakdown('service'),
    breakdown('team'),
    breakdown('entry'),
    missing.orNamed('the twelve months', costs.trend(accounts, name, trendMonths, call)),
    missing.orNamed('the forecast', costs.forecast(accounts, call)),
    findIdle(compute, accounts, call),
    collectAnomalies(anomalies, accounts, name, now(), call),
  ]);
  for (const part of [month, services, teams, entries, outlook]) missing.addParts(part?.missing);
  missing.add(...idle.missing, ...unusual.missing);
  const parts = month.totals.map((totals) => currencyPart(totals, month, services, teams, trend));
  const [first, ...others] = parts.sort((a, b) => rank(a, budgetCurrency) - rank(b, budgetCurrency));
  return {
    month: name,
    writtenAt: now(),
    asOf: month.asOf,
    incomplete: month.incomplete,
    accounts: accounts.map(({ account }) => account),
    without,
    currencies: [first ?? nothingIn(budgetCurrency), ...others],
    ...(month.converted ? { converted: month.converted } : {}),
    ...(month.budget ? { budget: month.budget } : {}),
    ...(month.previous ? { previous: month.previous } : {}),
    movers: (month.movers ?? []).map(({ service, change, was, usage, day }) => ({
      service: oneLine(service),
      change: moneyFrom(change),
      was: oneLine(was),
      ...(usage === undefined ? {} : { usage: oneLine(usage) }),
      ...(day === undefined ? {} : { day: oneLine(day) }),
    })),
    ...(outlook ? { outlook: outlookOf(outlook) } : {}),
    renewals: (outlook?.renewals ?? []).map((renewal) => ({
      date: renewal.date,
      name: oneLine(renewal.name),
      cost: moneyFrom(renewal.cost),
    })),
    ...(teams?.tag === undefined ? {} : { tag: oneLine(teams.tag) }),
    // What is of no entry is all that the clouds bill.
    entries: rowsOf(entries).filter((row) => row.name !== unnamed),
    idle: idle.idle,
    anomalies: unusual.anomalies,
    missing: missing.all(),
  };
}

const clouds = [
  ['aws', 'AWS'],
  ['hostinger', 'Hostinger'],
] as const;

/** `AWS` where nothing of it could be read, `AWS staging` where only that account could not. */
function withoutOf({ unread = [] }: WholeMonth, accounts: readonly AccountTarget[]): string[] {
  return clouds.flatMap(([provider, title]) => {
    const own = accounts.filter((account) => account.provider === provider);
    const lost = unread.filter((account) => account.provider === provider);
    // Of two names of one account the bill is read once.
    const bills = new Set(own.map(({ accountId }) => accountId)).size;
    return lost.length > 0 && lost.length >= bills ? [title] : lost.map(({ account }) => oneLine(`${title} ${account}`));
  });
}

function unreadable({ month, unread = [], missing = [] }: WholeMonth, without: readonly string[]): CallError {
  const why = missing.find(({ account }) => unread.some((each) => each.account === account))?.message ?? '';
  const message = `The report of ${month} waits, because the bill of ${without.join(' and ')} cannot be read. ${why}`.trim();
  return new CallError('provider_unavailable', message, {
    remedy: `It is mailed without ${without.join(' and ')} when three days of trying are over; costs_send_report with month "${month}" mails it so now.`,
    retryable: true,
  });
}

function currencyPart(
  totals: CurrencyTotals,
  { byService }: WholeMonth,
  services: Breakdown | undefined,
  teams: Breakdown | undefined,
  trend: { month: string; totals: CurrencyTotals[] }[] | undefined,
): CurrencyPart {
  const { currency } = totals;
  const total = centsOf(totals.total);
  const named = services ? rowsOf(services) : byService.map(({ service, cost }) => ({ name: oneLine(service), cost: moneyFrom(cost) }));
  const own = (rows: readonly { name: string; cost: Money }[]): Row[] =>
    rows.filter(({ cost }) => cost.currency === currency).map(({ name, cost }) => ({ name, cents: cost.cents }));
  return {
    currency,
    total,
    providers: providersOf(totals),
    services: addingUp(own(named), total, mostRows),
    teams: teams ? addingUp(own(rowsOf(teams)), total, mostRows) : [],
    trend: (trend ?? []).flatMap(({ month, totals: each }): TrendMonth[] => {
      const same = each.find((other) => other.currency === currency);
      return same ? [{ month, total: centsOf(same.total), providers: providersOf(same) }] : [];
    }),
    beside: besideOf(totals),
  };
}

function providersOf({ total, aws, hostinger, recorded }: CurrencyTotals): Row[] {
  const named = [
    ['AWS', aws],
    ['Hostinger', hostinger],
    ['Recorded by hand', recorded],
  ] as const;
  const rows = named.flatMap(([name, amount]): Row[] => (amount === undefined ? [] : [{ name, cents: centsOf(amount) }]));
  return addingUp(rows, centsOf(total), named.length);
}

function besideOf({ credits, refunds, cash, due }: CurrencyTotals): Row[] {
  const named = [
    ['Credits of AWS', credits],
    ['Refunds of AWS', refunds],
    ['Billed in the month, whenever it is for', cash],
    ['Still to be paid to Hostinger this month', due],
  ] as const;
  return named.flatMap(([name, amount]): Row[] => (amount === undefined ? [] : [{ name, cents: centsOf(amount) }]));
}

function rowsOf(breakdown: Breakdown | undefined): { name: string; cost: Money }[] {
  return (breakdown?.rows ?? []).map(({ name, cost }) => ({ name: oneLine(name), cost: moneyFrom(cost) }));
}

function rank({ currency, total }: CurrencyPart, first: string): number {
  return currency === first ? Number.NEGATIVE_INFINITY : -Number(total);
}

function outlookOf({ month, forecasts, budget }: Forecast): NonNullable<ReportData['outlook']> {
  const each = forecasts.map(
    ({ currency, forecast, low, high, basis }): Expectation => ({
      currency,
      cents: centsOf(forecast),
      ...(low === undefined ? {} : { low: centsOf(low) }),
      ...(high === undefined ? {} : { high: centsOf(high) }),
      basis,
    }),
  );
  return { month, forecasts: each, ...(budget ? { budget } : {}) };
}

function nothingIn(currency: string): CurrencyPart {
  return { currency, total: 0n, providers: [], services: [], teams: [], trend: [], beside: [] };
}

/** What could not be read, each thing once. */
class MissingList {
  readonly #all = new Map<string, Missing>();

  add(...all: readonly Missing[]): void {
    for (const each of all) this.#all.set(`${each.what}\n${each.why}`, each);
  }

  addParts(parts: readonly MissingPart[] | undefined): void {
    for (const { account, region, message } of parts ?? []) {
      this.add({ what: oneLine(`${account}${region === undefined ? '' : ` in ${region}`}`), why: oneLine(message, 300) });
    }
  }

  async orNamed<T>(what: string, reading: Promise<T>): Promise<T | undefined> {
    try {
      return await reading;
    } catch (error) {
      if (!(error instanceof CallError) || error.code === 'cancelled') throw error;
      this.add({ what, why: oneLine(error.message, 300) });
      return undefined;
    }
  }

  all(): Missing[] {
    return [...this.#all.values()];
  }
}
