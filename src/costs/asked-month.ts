import { CallError } from '../call/errors.ts';
import { addMonths, type Day, dayNamed, dayOf, type MonthSpan, monthOf } from './calendar.ts';

/** Cost Explorer has the month that runs and 13 before it (Cost Management User Guide, "Exploring more data for advanced cost analysis"). */
const monthsKept = 13;

/** The oldest month that there are costs of. */
export function oldestMonth(today: Day): MonthSpan {
  return monthOf(addMonths(monthOf(today).first, -monthsKept));
}

/**
 * The month that is called `2026-10`, if there can be costs of it.
 * @throws CallError `invalid_input` for a malformed name, a month in the future, and one before the data
 */
export function monthNamed(name: string, nowMs: number): MonthSpan {
  const today = dayOf(nowMs);
  const [oldest, newest] = [oldestMonth(today), monthOf(today)];
  const remedy = `Give a month (UTC) from ${oldest.name} to ${newest.name}, as YYYY-MM.`;
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(name)) throw new CallError('invalid_input', `"${name}" is no month.`, { remedy });
  const month = monthOf(dayNamed(`${name}-01`));
  if (month.first > newest.first)
    throw new CallError('invalid_input', `${name} is in the future.`, { remedy: `${remedy} For what is to come, use costs_forecast.` });
  if (month.first < oldest.first)
    throw new CallError('invalid_input', `${name} is before the data: Cost Explorer keeps ${monthsKept + 1} months.`, { remedy });
  return month;
}
