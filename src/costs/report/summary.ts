import { unnamed } from '../bill.ts';
import type { CurrencyPart, Expectation, ReportData, ReportMover } from './data.ts';
import { centsOf, grouped, monthTitle, readable, share, shown, shownChange } from './words.ts';

/** The month in a few sentences: what it came to, against what, why, and what comes. */
export function summaryOf(data: ReportData): string[] {
  const { month, budget, previous, tag, idle, incomplete } = data;
  const [mover] = data.movers;
  const untagged = untaggedOf(data.currencies[0]);
  const used = budget ? `, ${budget.used} of the budget of ${readable(budget.amount)}` : '';
  const lack = lackOf(data);
  const sameDay = isRunning(data) ? ', up to the same day,' : '';
  return [
    `${monthTitle(month)} ${incomplete ? 'has cost' : 'cost'} ${totalsOf(data)}${used}${lack === '' ? '' : `${lack}, whose bill could not be read`}.`,
    ...(previous ? [`Against ${monthTitle(previous.month)}${sameDay} that is ${readable(previous.change)}.`] : []),
    ...(mover ? [`What changed most is ${mover.service}: ${shownChange(mover.change)}${inBrackets(reasonsOf(mover))}.`] : []),
    ...expectations(data),
    ...(untagged && untagged.percent >= 5 && tag !== undefined
      ? [`${untagged.amount} (${untagged.percent}%) carries no ${tag} tag: nobody answers for it.`]
      : []),
    ...(idle.length > 0
      ? [`${idle.length === 1 ? 'One instance costs' : `${idle.length} instances cost`} money without doing anything.`]
      : []),
  ];
}

/** ` without AWS` where the amounts are not all that the month cost. */
export function lackOf({ without }: Pick<ReportData, 'without'>): string {
  return without.length > 0 ? ` without ${without.join(' and ')}` : '';
}

/** Whether the month of the report is not over: then it is compared with as many days. */
export function isRunning({ month, writtenAt }: ReportData): boolean {
  return new Date(writtenAt).toISOString().startsWith(month);
}

/** `1,234.56 USD and 12.00 EUR` */
export function totalsOf({ currencies, converted }: Pick<ReportData, 'currencies' | 'converted'>): string {
  const each = currencies.map(({ currency, total }) => shown({ cents: total, currency })).join(' and ');
  return converted ? `${each} (together ${grouped(centsOf(converted.total))} ${converted.currency})` : each;
}

/** Why a service changed: what of it, and when most. */
export function reasonsOf({ usage, day }: ReportMover): string[] {
  return [usage, day === undefined ? undefined : `most on ${day}`].filter((part) => part !== undefined);
}

const basisNotes: Readonly<Record<Expectation['basis'], string>> = {
  aws: 'by the forecast of AWS',
  trend: 'if it goes on like the days so far',
  certain: 'nothing of it is a guess',
  incomplete: 'without what could not be read',
};

/** How sure an expectation is: `1,200.00 to 1,400.00`. */
export function noteOf({ low, high, basis }: Expectation): string {
  if (low !== undefined && high !== undefined) return `${grouped(low)} to ${grouped(high)}`;
  return basisNotes[basis];
}

function inBrackets(all: readonly string[]): string {
  return all.length > 0 ? ` (${all.join(', ')})` : '';
}

function expectations({ outlook }: ReportData): string[] {
  if (!outlook || outlook.forecasts.length === 0) return [];
  const used = outlook.budget ? `, ${outlook.budget.used} of the budget` : '';
  const lack = outlook.forecasts.some(({ basis }) => basis === 'incomplete') ? `, ${basisNotes.incomplete}` : '';
  return [`${monthTitle(outlook.month)} is expected to come to ${outlook.forecasts.map(shown).join(' and ')}${used}${lack}.`];
}

export function untaggedOf({ teams, total, currency }: CurrencyPart): { amount: string; percent: number } | undefined {
  const row = teams.find(({ name }) => name === unnamed);
  return row && { amount: shown({ cents: row.cents, currency }), percent: share(row.cents, total) };
}

/** Where the numbers are from, for the last lines. */
export function provenanceOf(data: ReportData): string[] {
  return [
    `Days and months are UTC. Totals are before credits and refunds. AWS as of ${minuteOf(data.asOf)}.`,
    ...(data.incomplete
      ? [
          `Provisional: ${isRunning(data) ? 'the month is not over.' : data.without.length > 0 ? `the bill of ${data.without.join(' and ')} is not in it.` : 'AWS may still change its bill.'}`,
        ]
      : []),
    ...(data.converted ? [`Converted at ${data.converted.rates.join(', ')}, from the configuration.`] : []),
    `Accounts: ${data.accounts.join(', ')}. Written ${minuteOf(new Date(data.writtenAt).toISOString())} by ziggie-cloud.`,
  ];
}

function minuteOf(iso: string): string {
  return `${iso.slice(0, 16).replace('T', ' ')} UTC`;
}
