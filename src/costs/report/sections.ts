import { unnamed } from '../bill.ts';
import { addMonths, dateOf, dayNamed } from '../calendar.ts';
import { bar, colourOf, trendChart } from './charts.ts';
import type { CurrencyPart, ReportData, Row } from './data.ts';
import { type Html, html } from './html.ts';
import { reasonsOf } from './summary.ts';
import { addingUp, grouped, monthTitle, readable, share, shortMonth, shown, shownChange } from './words.ts';

/** One page: what is beyond is in the CSV. */
const most = { services: 10, providers: 4, teams: 6, idle: 10, entries: 8 };

/** Of one currency what it came to month by month. */
export function trend({ trend: known, currency }: CurrencyPart, { month, currencies }: ReportData): Html | undefined {
  if (known.length === 0) return undefined;
  const first = addMonths(dayNamed(`${month}-01`), -11);
  const names = Array.from({ length: 12 }, (_, index) => dateOf(addMonths(first, index)).slice(0, 7));
  const cell = (text: string, isLast: boolean) =>
    html`<td align="center" style="font-size:11px;padding:2px 0;font-variant-numeric:tabular-nums${isLast ? ';font-weight:700' : ''}">${text}</td>`;
  const amounts = names.map((name, index) => {
    const found = known.find((each) => each.month === name);
    return cell(found ? whole(found.total) : '–', index === 11);
  });
  const labels = names.map((name, index) => cell(`${shortMonth(name)}${name.endsWith('-01') ? ` ${name.slice(2, 4)}` : ''}`, index === 11));
  const providers = [...new Set(known.flatMap(({ providers: all }) => all.map(({ name }) => name)))];
  const legend = providers.map(
    (name) =>
      html`<span style="white-space:nowrap"><span style="display:inline-block;width:9px;height:9px;background:${colourOf(name)};margin:0 5px 0 12px"></span>${name}</span>`,
  );
  return html`<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td>${heading(`Twelve months${inCurrency(currency, currencies)}`)}</td><td class="muted" align="right" valign="bottom" style="color:#5a6575;font-size:12px;padding-bottom:8px">${currency}${legend}</td></tr></table>
${trendChart(names, known, `Costs of twelve months by provider, in ${currency}`)}
<table width="100%" cellpadding="0" cellspacing="0" style="table-layout:fixed"><tr>${amounts}</tr><tr class="muted" style="color:#5a6575">${labels}</tr></table>`;
}

/** Columns have room for whole units; of less than a hundred the cents are worth a look. */
function whole(cents: bigint): string {
  return cents < 10_000n ? grouped(cents) : grouped(((cents + 50n) / 100n) * 100n).replace(/\.00$/, '');
}

/** Of one currency what the month is made of. */
export function tables(part: CurrencyPart, { currencies, tag }: ReportData): Html {
  const { currency, services, providers, teams, beside } = part;
  const suffix = inCurrency(currency, currencies);
  const notes = beside.map(({ name, cents }) => `${name} ${shown({ cents, currency })}`).join(' · ');
  return html`${costTable(`By service${suffix}`, part, services, most.services, () => plain)}
${costTable(`By provider${suffix}`, part, providers, most.providers, colourOf)}
${notes === '' ? undefined : html`<p class="muted" style="margin:6px 0 0;color:#5a6575;font-size:12px">Not in the total: ${notes}</p>`}
${tag === undefined ? undefined : costTable(`By ${tag}${suffix}`, part, named(teams, tag), most.teams, () => plain)}`;
}

const plain = '#4f7fd6';

function inCurrency(currency: string, all: readonly CurrencyPart[]): string {
  return all.length > 1 ? ` in ${currency}` : '';
}

function costTable(
  title: string,
  { total, currency }: CurrencyPart,
  rows: readonly Row[],
  limit: number,
  colour: (name: string) => string,
): Html | undefined {
  if (rows.length === 0) return undefined;
  const shownRows = addingUp(rows, total, limit);
  const longest = shownRows.reduce((high, { cents }) => (cents > high ? cents : high), 1n);
  const lines = shownRows.map(
    ({ name, cents }) =>
      html`<tr><td style="${cellStyle}">${name}</td><td class="wide" width="34%" style="${cellStyle}">${bar(share(cents, longest), colour(name))}</td><td class="muted" align="right" width="52" style="${cellStyle};color:#5a6575">${share(cents, total)}%</td><td align="right" width="120" style="${numberStyle}">${grouped(cents)}</td></tr>`,
  );
  return html`${heading(title)}<table width="100%" cellpadding="0" cellspacing="0">${lines}<tr><td style="${cellStyle};font-weight:700">Total</td><td class="wide" style="${cellStyle}"></td><td style="${cellStyle}"></td><td align="right" style="${numberStyle};font-weight:700">${shown({ cents: total, currency })}</td></tr></table>`;
}

export function movers({ movers: all, month }: ReportData): Html | undefined {
  if (all.length === 0) return undefined;
  const lines = all.map((mover) => {
    const [tone, colour] = mover.change.cents < 0n ? ['down', '#16794c'] : ['up', '#b3261e'];
    const why = [readable(mover.was), ...reasonsOf(mover)].join(' · ');
    return html`<tr><td style="${cellStyle}">${mover.service}<div class="muted" style="color:#5a6575;font-size:12px">${why}</div></td><td class="${tone}" align="right" width="110" style="${numberStyle};font-weight:650;color:${colour}">${shownChange(mover.change)}</td></tr>`;
  });
  return html`${heading(`What changed most in ${monthTitle(month)}`)}<table width="100%" cellpadding="0" cellspacing="0">${lines}</table>`;
}

export function upcoming({ renewals }: ReportData): Html | undefined {
  if (renewals.length === 0) return undefined;
  const lines = renewals.map(
    ({ name, date, cost }) =>
      html`<tr><td width="110" style="${cellStyle};font-variant-numeric:tabular-nums">${date}</td><td style="${cellStyle}">${name}</td><td align="right" width="130" style="${numberStyle}">${shown(cost)}</td></tr>`,
  );
  return html`${heading('Renewals due')}<table width="100%" cellpadding="0" cellspacing="0">${lines}</table>`;
}

export function idleInstances({ idle }: ReportData): Html | undefined {
  if (idle.length === 0) return undefined;
  const lines = idle
    .slice(0, most.idle)
    .map(
      ({ instance, type, where, why, cost }) =>
        html`<tr><td style="${cellStyle}">${instance}<div class="muted" style="color:#5a6575;font-size:12px">${[type, where, why].join(' · ')}</div></td><td align="right" width="90" style="${numberStyle}">${cost}</td></tr>`,
    );
  return html`${heading('Idle instances')}<table width="100%" cellpadding="0" cellspacing="0">${lines}</table>${andMore(idle.length - lines.length)}`;
}

function andMore(count: number): Html | undefined {
  return count > 0 ? html`<p class="muted" style="color:#5a6575;font-size:12px">And ${count} more, in the CSV.</p>` : undefined;
}

function named(rows: readonly Row[], tag: string): Row[] {
  return rows.map((row) => (row.name === unnamed ? { ...row, name: `no ${tag} tag` } : row));
}

export function entries({ entries: all }: ReportData): Html | undefined {
  if (all.length === 0) return undefined;
  const lines = all
    .slice(0, most.entries)
    .map(
      ({ name, cost }) =>
        html`<tr><td style="${cellStyle}">${name}</td><td align="right" width="130" style="${numberStyle}">${shown(cost)}</td></tr>`,
    );
  return html`${heading('Recorded by hand')}<table width="100%" cellpadding="0" cellspacing="0">${lines}</table>${andMore(all.length - lines.length)}`;
}

export function anomalies({ anomalies: all }: ReportData): Html | undefined {
  if (all.length === 0) return undefined;
  const lines = all.map(
    ({ what, days, impact }) =>
      html`<tr><td style="${cellStyle}">${what}<div class="muted" style="color:#5a6575;font-size:12px">${days}</div></td><td align="right" width="130" style="${numberStyle}">${shown(impact)}</td></tr>`,
  );
  return html`${heading('Unusual, as AWS sees it')}<table width="100%" cellpadding="0" cellspacing="0">${lines}</table>`;
}

export function missing({ missing: all }: ReportData): Html | undefined {
  if (all.length === 0) return undefined;
  const lines = all.map(
    ({ what, why }) =>
      html`<tr><td width="180" valign="top" style="${cellStyle}">${what}</td><td class="muted" style="${cellStyle};color:#5a6575">${why}</td></tr>`,
  );
  return html`${heading('Not in this report')}<table width="100%" cellpadding="0" cellspacing="0">${lines}</table>`;
}

function heading(text: string): Html {
  return html`<h2 style="margin:24px 0 8px;font-size:15px">${text}</h2>`;
}

const cellStyle = 'padding:5px 6px 5px 0;border-top:1px solid #e2e6ec;overflow-wrap:anywhere';
const numberStyle = `${cellStyle};white-space:nowrap;font-variant-numeric:tabular-nums`;
