import type { CostsPort } from '../ports/costs.ts';
import { monthNamed, oldestMonth } from './asked-month.ts';
import { billOf } from './bill.ts';
import { addMonths, dayOf, type MonthSpan, monthOf } from './calendar.ts';
import { about, aboutBill, endOf, gatherAws, gatherHostinger, isOfEverything, sourcesOf } from './gather.ts';
import type { BillViewOptions } from './view-options.ts';

/** Totals month by month; all that are over are one question, and those that AWS calls final are asked once for good. */
export function createTrend({ reader, store, settings: { tags }, everything, now }: BillViewOptions): CostsPort['trend'] {
  return async (accounts, lastMonth, count, call) => {
    const today = dayOf(now());
    const last = monthNamed(lastMonth, now());
    const first = monthOf(Math.max(oldestMonth(today).first, addMonths(last.first, 1 - count)));
    const runs = today < last.end;
    const closedEnd = runs ? last.first : last.end;
    const [closed, running, hostinger] = await Promise.all([
      first.first < closedEnd
        ? gatherAws(reader, accounts, about(first.first, closedEnd, { granularity: 'month', groups: ['service', 'kind'] }), now, call)
        : undefined,
      runs ? gatherAws(reader, accounts, aboutBill(last, today), now, call) : undefined,
      gatherHostinger(reader, accounts, now, call),
    ]);
    const aws = [closed, running].filter((each) => each !== undefined);
    // Months without what could not be read would look cheap, and there is no room here to say why.
    const [failure] = [...aws, hostinger].flatMap(({ failures }) => failures);
    if (failure) throw failure;
    const ledger = isOfEverything(everything, accounts) ? store.costEntries() : [];
    const sources = sourcesOf(aws, hostinger, ledger, tags);
    return monthsFrom(first, last).flatMap((month) => {
      const { parts, totals } = billOf(sources, month, endOf(month, today));
      return parts.length > 0 ? [{ month: month.name, totals }] : [];
    });
  };
}

function monthsFrom(first: MonthSpan, last: MonthSpan): MonthSpan[] {
  const months: MonthSpan[] = [];
  for (let month = first; month.first <= last.first; month = monthOf(month.end)) months.push(month);
  return months;
}
