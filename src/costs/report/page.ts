import type { ReportData } from './data.ts';
import { type Html, html } from './html.ts';
import { anomalies, entries, idleInstances, missing, movers, tables, trend, upcoming } from './sections.ts';
import { isRunning, lackOf, noteOf, provenanceOf, summaryOf } from './summary.ts';
import { monthTitle, readable, shortMonth, shown } from './words.ts';

/** The page for browsers, mail clients and paper. Layout is in tables and attributes, because that is what all of them know. */
export function pageOf(data: ReportData): string {
  const { currencies } = data;
  return html`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>Cloud costs ${monthTitle(data.month)}${lackOf(data)}</title>
<style>${styles}</style></head>
<body class="page" style="margin:0;padding:0;background:#f3f5f8;color:#18212f;font:14px/1.45 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center" style="padding:24px 12px">
<table role="presentation" class="sheet" width="760" cellpadding="0" cellspacing="0" style="width:100%;max-width:760px;background:#ffffff;border-radius:10px"><tr><td style="padding:28px 32px">
<div class="muted" style="color:#5a6575;font-size:12px;letter-spacing:.06em;text-transform:uppercase">Cloud costs${data.incomplete ? ' · provisional' : ''}</div>
<h1 style="margin:2px 0 14px;font-size:26px;line-height:1.2">${monthTitle(data.month)}</h1>
${tiles(data)}
<div style="margin:14px 0 0;font-size:15px">${summaryOf(data).map((sentence) => html`<p style="margin:0 0 3px">${sentence}</p>`)}</div>
${currencies.flatMap((part) => trend(part, data) ?? [])}
${movers(data)}
${currencies.map((part) => tables(part, data))}
${upcoming(data)}
${idleInstances(data)}
${entries(data)}
${anomalies(data)}
${missing(data)}
<div class="muted line" style="margin-top:22px;padding-top:12px;border-top:1px solid #e2e6ec;color:#5a6575;font-size:12px">${provenanceOf(data).join(' ')}</div>
</td></tr></table></td></tr></table></body></html>
`.markup;
}

/** Attributes say it for clients that know no style sheets; this adds the dark, paper and small screens. */
const styles = html`@media (prefers-color-scheme:dark){.page{background:#12161c!important;color:#e6eaf0!important}.sheet{background:#1b212a!important}.tile{background:#252d38!important}.muted{color:#9daabb!important}.line,td,th{border-color:#333d4b!important}.up{color:#ff8f85!important}.down{color:#6fd49a!important}}
@media print{.page{background:#fff!important;color:#000!important;font-size:11px!important}.sheet{max-width:none!important}.tile{background:#f3f5f8!important}table,h2{break-inside:avoid}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
@media (max-width:560px){.sheet>tbody>tr>td{padding:20px 16px!important}.tilecell{display:block!important;width:auto!important;padding:0 0 8px!important}.wide{display:none!important}}`;

function tiles(data: ReportData): Html {
  const { currencies, converted, budget, previous, outlook } = data;
  const extent = isRunning(data) ? 'so far' : 'the whole month';
  const lack = lackOf(data).trim();
  const note = converted ? [`together ${readable(converted.total)} ${converted.currency}`, lack] : [lack === '' ? extent : lack];
  // Amount by amount: `+12.00 USD (+23%)`.
  const changes = (previous?.change ?? '').split(', ').map((change) => readable(change).split(' ('));
  const percents = changes.flatMap(([, percent]) => (percent === undefined ? [] : [percent.replace(')', '')]));
  const each = [
    tile(
      'Total',
      currencies.map(({ total, currency }) => shown({ cents: total, currency })),
      note.join(' ').trim(),
    ),
    ...(previous
      ? [
          tile(
            `Against ${shortMonth(previous.month)}${isRunning(data) ? ', same days' : ''}`,
            changes.map(([change = '']) => change),
            [...percents, `from ${readable(previous.total)}`].join(' '),
            /^−/.test(changes[0]?.[0] ?? '') ? 'down' : 'up',
          ),
        ]
      : []),
    ...(budget
      ? [tile('Budget used', [budget.used], `of ${readable(budget.amount)}`, Number.parseInt(budget.used, 10) > 100 ? 'up' : '')]
      : []),
    ...(outlook && outlook.forecasts.length > 0
      ? [tile(`Outlook ${shortMonth(outlook.month)}`, outlook.forecasts.map(shown), outlook.forecasts.map(noteOf).join(' · '))]
      : []),
  ];
  const wide = Math.floor(100 / each.length);
  const cells = each.map((one) => html`<td class="tilecell" width="${wide}%" valign="top" style="padding:0 8px 0 0">${one}</td>`);
  return html`<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr>${cells}</tr></table>`;
}

function tile(name: string, values: readonly string[], note: string, tone = ''): Html {
  const colour = tone === 'up' ? '#b3261e' : tone === 'down' ? '#16794c' : 'inherit';
  const lines = values.map(
    (value) =>
      html`<div class="${tone}" style="font-size:18px;font-weight:650;color:${colour};font-variant-numeric:tabular-nums">${value}</div>`,
  );
  return html`<div class="tile" style="background:#f3f5f8;border-radius:8px;padding:11px 13px"><div class="muted" style="color:#5a6575;font-size:12px">${name}</div>${lines}<div class="muted" style="color:#5a6575;font-size:12px">${note}</div></div>`;
}
