import type { CurrencyPart, ReportData, Row } from './data.ts';
import { lackOf, noteOf, provenanceOf, reasonsOf, summaryOf, untaggedOf } from './summary.ts';
import { addingUp, grouped, monthTitle, shown, shownChange } from './words.ts';

const most = { services: 10, teams: 6, idle: 10, entries: 8 };
const width = 72;

/** The same page as plain text, for those who read mail without HTML. */
export function textOf(data: ReportData): string {
  const { movers, renewals, idle, entries, anomalies, missing, tag, outlook } = data;
  const untagged = untaggedOf(data.currencies[0]);
  const sections = [
    [
      `CLOUD COSTS ${monthTitle(data.month).toUpperCase()}${lackOf(data).toUpperCase()}${data.incomplete ? ' (provisional)' : ''}`,
      '',
      ...summaryOf(data).flatMap(wrapped),
    ],
    ...data.currencies.flatMap((part) => currencySections(part, tag)),
    section(
      'What changed most',
      movers.flatMap((mover) => [
        line(mover.service, shownChange(mover.change)),
        ...[mover.was, ...reasonsOf(mover)].map((why) => `    ${why}`),
      ]),
    ),
    section(
      `Outlook${outlook ? ` for ${monthTitle(outlook.month)}` : ''}`,
      (outlook?.forecasts ?? []).map((each) => `  ${shown(each)} (${noteOf(each)})`),
    ),
    section(
      'Renewals due',
      renewals.map(({ name, date, cost }) => line(`${date}  ${name}`, shown(cost))),
    ),
    section(
      'Nobody answers for',
      untagged && tag !== undefined ? [`  ${untagged.amount} (${untagged.percent}%) carries no ${tag} tag.`] : [],
    ),
    section(
      'Idle instances',
      listed(idle, most.idle, ({ instance, type, where, why, cost }) => [line(`${instance}, ${type}, ${where}`, cost ?? ''), `    ${why}`]),
    ),
    section(
      'Recorded by hand',
      listed(entries, most.entries, ({ name, cost }) => [line(name, shown(cost))]),
    ),
    section(
      'Unusual, as AWS sees it',
      anomalies.flatMap(({ what, days, impact }) => [line(what, shown(impact)), `    ${days}`]),
    ),
    section(
      'Not in this report',
      missing.flatMap(({ what, why }) => wrapped(`${what}: ${why}`)),
    ),
    provenanceOf(data).flatMap(wrapped),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function currencySections(part: CurrencyPart, tag: string | undefined): string[][] {
  const { currency, total, trend } = part;
  const rows = (title: string, all: readonly Row[], limit: number) =>
    section(title, [
      ...addingUp(all, total, limit).map(({ name, cents }) => line(name, grouped(cents))),
      line('Total', shown({ cents: total, currency })),
    ]);
  return [
    rows(`By provider, ${currency}`, part.providers, 4),
    rows(`By service, ${currency}`, part.services, most.services),
    ...(part.teams.length > 0 && tag !== undefined ? [rows(`By ${tag}, ${currency}`, part.teams, most.teams)] : []),
    section(
      'Not in the total',
      part.beside.map(({ name, cents }) => line(name, shown({ cents, currency }))),
    ),
    section(
      `Twelve months, ${currency}`,
      trend.map(({ month, total: cents }) => line(month, grouped(cents))),
    ),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length > 0 ? [title, '-'.repeat(title.length), ...lines] : [];
}

function listed<T>(all: readonly T[], limit: number, lines: (one: T) => string[]): string[] {
  const more = all.length - limit;
  return [...all.slice(0, limit).flatMap(lines), ...(more > 0 ? [`  And ${more} more, in the CSV.`] : [])];
}

/** A name to the left, its amount to the right. */
function line(name: string, amount: string): string {
  const room = width - amount.length - 4;
  const short = name.length > room ? `${name.slice(0, room - 1)}…` : name;
  return amount === '' ? `  ${short}` : `  ${short.padEnd(room)}  ${amount}`;
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
