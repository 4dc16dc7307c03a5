/**
 * Invariant: no cell begins with what a spreadsheet takes for a formula, unless it is an amount that we wrote. Text from outside that
 * does gets an apostrophe before it (OWASP, "CSV Injection").
 */
import { decimalOf } from '../cents.ts';
import type { Money, ReportData } from './data.ts';
import { lackOf, noteOf, reasonsOf } from './summary.ts';

interface Line {
  readonly section: string;
  readonly name: string;
  readonly detail?: string;
  readonly date?: string;
  /** Written as a plain decimal: `-1234.50`. */
  readonly amount?: Money;
}

const columns = ['section', 'name', 'detail', 'date', 'amount', 'currency'];

/** Everything in the report, by RFC 4180: one header, CRLF, UTF-8. Rows of `service`, `provider` and `team` add up to `total`. */
export function csvOf(data: ReportData): string {
  return [columns, ...linesOf(data).map(cellsOf)].map((cells) => `${cells.map(quoted).join(',')}\r\n`).join('');
}

function cellsOf({ section, name, detail = '', date = '', amount }: Line): string[] {
  return [section, defused(name), defused(detail), date, amount ? decimalOf(amount.cents) : '', amount?.currency ?? ''];
}

function linesOf(data: ReportData): Line[] {
  const { month } = data;
  return [
    ...data.currencies.flatMap(({ currency, total, providers, services, teams, beside, trend }) => {
      const rows = (section: string, all: readonly { name: string; cents: bigint }[]) =>
        all.map(({ name, cents }): Line => ({ section, name, date: month, amount: { cents, currency } }));
      return [
        { section: 'total', name: currency, detail: lackOf(data).trim(), date: month, amount: { cents: total, currency } },
        ...rows('provider', providers),
        ...rows('service', services),
        ...rows('team', teams),
        ...rows('beside the total', beside),
        ...trend.flatMap(({ month: date, total: cents, providers: each }): Line[] => [
          { section: 'month', name: 'total', date, amount: { cents, currency } },
          ...each.map((row): Line => ({ section: 'month', name: row.name, date, amount: { cents: row.cents, currency } })),
        ]),
      ];
    }),
    ...data.movers.map(
      (mover): Line => ({
        section: 'changed most',
        name: mover.service,
        detail: [mover.was, ...reasonsOf(mover)].join('; '),
        date: month,
        amount: mover.change,
      }),
    ),
    ...(data.outlook?.forecasts ?? []).map(
      (each): Line => ({ section: 'outlook', name: each.currency, detail: noteOf(each), date: data.outlook?.month ?? '', amount: each }),
    ),
    ...data.renewals.map(({ name, date, cost }): Line => ({ section: 'renewal', name, date, amount: cost })),
    ...data.idle.map(
      ({ instance, type, where, why, cost }): Line => ({
        section: 'idle',
        name: instance,
        detail: [type, where, why, cost].filter((part) => part !== undefined).join('; '),
      }),
    ),
    ...data.entries.map(({ name, cost }): Line => ({ section: 'recorded', name, date: month, amount: cost })),
    ...data.anomalies.map(({ what, days, impact }): Line => ({ section: 'unusual', name: what, detail: days, amount: impact })),
    ...data.missing.map(({ what, why }): Line => ({ section: 'missing', name: what, detail: why })),
  ];
}

/** Full-width forms too, which some spreadsheets read as the plain ones. */
function defused(text: string): string {
  return /^\s*[=+\-@|%\t\r＝＋－＠]/u.test(text) ? `'${text}` : text;
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
