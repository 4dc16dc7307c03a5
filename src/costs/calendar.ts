/** Calendar days of UTC, as a number of days since 1970-01-01. Bills of both clouds are cut there. */
export type Day = number;

const dayMs = 86_400_000;

export function dayOf(epochMs: number): Day {
  return Math.floor(epochMs / dayMs);
}

/** `2026-11-22` */
export function dateOf(day: Day): string {
  return new Date(day * dayMs).toISOString().slice(0, 10);
}

/** The day that is called `2026-11-22`; the UTC day of a time with an offset. NaN for what is none. */
export function dayNamed(text: string): Day {
  return dayOf(Date.parse(text));
}

/** A month as a span of days. */
export interface MonthSpan {
  /** `2026-11` */
  readonly name: string;
  readonly first: Day;
  /** The first day of the next one. */
  readonly end: Day;
}

/** The month that runs. */
export interface Month extends MonthSpan {
  readonly today: Day;
}

export function monthAt(epochMs: number): Month {
  const today = dayOf(epochMs);
  return { ...monthOf(today), today };
}

/** The month that a day is in. */
export function monthOf(day: Day): MonthSpan {
  const first = firstOfMonth(day);
  return { name: dateOf(day).slice(0, 7), first, end: addMonths(first, 1) };
}

export function firstOfMonth(day: Day): Day {
  return dayNamed(`${dateOf(day).slice(0, 7)}-01`);
}

/** 1 to 31 */
export function dayInMonth(day: Day): number {
  return new Date(day * dayMs).getUTCDate();
}

/**
 * The same day of another month, or the last one of a month that is shorter: what is billed on the 31st is billed on 28 February.
 * @param wanted 1 to 31, where it is to be another day than this
 */
export function addMonths(day: Day, months: number, wanted = dayInMonth(day)): Day {
  const date = new Date(day * dayMs);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + months];
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return dayOf(Date.UTC(year, month, Math.min(wanted, last)));
}

/** Months since year 0. */
export function monthNumber(day: Day): number {
  const date = new Date(day * dayMs);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}
