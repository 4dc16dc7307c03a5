import { addMonths, dateOf, monthAt } from '../calendar.ts';

/** The last month that is over (UTC): `2026-10`. */
export function lastMonth(now: number): string {
  return dateOf(addMonths(monthAt(now).first, -1)).slice(0, 7);
}
