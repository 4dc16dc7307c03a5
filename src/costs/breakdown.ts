import { z } from 'zod';
import { decodeCursor, encodeCursor, foreignCursor } from '../call/cursor.ts';
import { CallError } from '../call/errors.ts';
import type { CostGroup, CostQuestion } from '../ports/cost-sources.ts';
import type { BreakdownQuery, CostDimension, CostsPort } from '../ports/costs.ts';
import { monthNamed } from './asked-month.ts';
import { summed, unnamed, unspreadParts } from './bill.ts';
import { dateOf, dayOf, type MonthSpan, monthAt } from './calendar.ts';
import { moneyOf } from './cents.ts';
import { about, aboutBill, ageOf, endOf, gatherAws, gatherHostinger, isOfEverything, sourcesOf, throwIfNothing } from './gather.ts';
import { type Part, partsOf, type TagKeys } from './parts.ts';
import type { BillViewOptions } from './view-options.ts';

const position = z.strictObject({ of: z.string(), skip: z.int().min(1) });

/**
 * A month's bill told apart one way. Every way has the same totals, those of the month's bill, as long as AWS's answers are of one age:
 * those of a month that runs may be hours apart.
 */
export function createBreakdown({ reader, store, settings: { tags }, everything, now, nearest }: BillViewOptions): CostsPort['breakdown'] {
  return async (accounts, query, call) => {
    const { by, service, limit } = query;
    const today = dayOf(now());
    const month = query.month === undefined ? monthAt(now()) : monthNamed(query.month, now());
    const skip = query.cursor === undefined ? 0 : skipOf(query.cursor, query, month);
    const until = endOf(month, today);
    const hostinger = await gatherHostinger(reader, accounts, now, call);
    const ledger = isOfEverything(everything, accounts) ? store.costEntries() : [];
    const read = async (question: CostQuestion) => {
      const aws = await gatherAws(reader, accounts, question, now, call);
      throwIfNothing([aws, hostinger]);
      const sources = sourcesOf([aws], hostinger, ledger, tags);
      const failure = [aws, hostinger].flatMap(({ failures }) => failures)[0];
      return { aws, failure, parts: partsOf(sources, month.first, until, by === 'day') };
    };
    const bill = aboutBill(month, today);
    const question = questionOf(by, month, today, tags);
    // Whether there is such a service is found out from what is mostly read already, before anything is asked about it.
    if (service !== undefined) {
      const { parts, failure } = await read(bill);
      // Of what could not be read nobody can say that there is no such service.
      if (failure && !isBilled(service, parts)) throw failure;
      refuseUnknown(service, parts, month, nearest);
    }
    const { aws, parts } = await read(question ?? bill);

    const sums = summed(service === undefined ? parts : parts.filter((part) => part.service === service), nameIn(by));
    const rows = sums.flatMap(({ currency, rows: all }) => {
      const shown = all.filter(({ cents }) => cents !== 0n).map(({ name, cents }) => ({ name, cost: moneyOf(cents, currency) }));
      return by === 'day' ? shown.sort((a, b) => (a.name < b.name ? -1 : 1)) : shown;
    });
    const tag = by in tags && aws.found.length > 0 ? tags[by as keyof TagKeys] : undefined;
    const age = ageOf([aws, hostinger], now(), unspreadParts(hostinger.found[0]));
    return {
      month: month.name,
      incomplete: today < month.end || !aws.isFinal || age.missing !== undefined,
      rows: rows.slice(skip, skip + limit),
      totals: sums.map(({ currency, total }) => moneyOf(total, currency)),
      ...(tag ? { tag } : {}),
      ...(rows.length > skip + limit ? { nextCursor: encodeCursor({ of: listOf(query, month), skip: skip + limit }) } : {}),
      ...age,
    };
  };
}

/** What has to be asked of AWS beyond the bill, if anything. The service is always with it, so that one answer serves with and without a filter. */
function questionOf(by: CostDimension, month: MonthSpan, today: number, tags: TagKeys): CostQuestion | undefined {
  const whole = (group: CostGroup) =>
    about(month.first, endOf(month, today), { granularity: 'month', groups: ['service', group], withoutCredits: true });
  switch (by) {
    case 'usageType':
    case 'region':
      return whole(by);
    case 'team':
    case 'application':
    case 'instance':
      return whole({ tag: tags[by] });
    case 'day':
      return about(month.first, endOf(month, today), { granularity: 'day', groups: ['service', 'kind'] });
    default:
      return undefined;
  }
}

function nameIn(by: CostDimension): (part: Part) => string | undefined {
  if (by === 'day') return ({ day }) => (day === undefined ? undefined : dateOf(day));
  // Hostinger and the ledger know neither usage types nor regions.
  if (by === 'usageType' || by === 'region') return (part) => part[by] ?? (part.provider === 'aws' ? undefined : part.provider);
  return (part) => part[by];
}

function isBilled(service: string, parts: readonly Part[]): boolean {
  return parts.some((part) => part.kind === 'cost' && part.service === service);
}

function refuseUnknown(service: string, parts: readonly Part[], month: MonthSpan, nearest: BillViewOptions['nearest']): void {
  if (isBilled(service, parts)) return;
  const known = summed(parts, (part) => part.service)
    .flatMap(({ rows }) => rows.map(({ name }) => name))
    .filter((name) => name !== unnamed);
  const holding = known.filter((name) => name.toLowerCase().includes(service.toLowerCase()));
  const meant = holding.length > 0 ? holding : [nearest(service, known) ?? known].flat();
  const names = meant
    .slice(0, 5)
    .map((name) => `"${name}"`)
    .join(', ');
  throw new CallError('invalid_input', `Nothing is billed for a service "${service}" in ${month.name}.`, {
    remedy: `${names ? `Did you mean ${names}? ` : ''}costs_breakdown by service lists all names.`,
  });
}

function listOf({ by, service = '' }: BreakdownQuery, { name }: MonthSpan): string {
  return `${name} ${by} ${service}`;
}

function skipOf(cursor: string, query: BreakdownQuery, month: MonthSpan): number {
  const { of, skip } = decodeCursor(cursor, position);
  if (of !== listOf(query, month)) throw foreignCursor();
  return skip;
}
