import type { Row, TrendMonth } from './data.ts';
import { type Html, html } from './html.ts';

/** Charts hold no words: the tables beside them say it all where a mail client shows no SVG. */

const width = 720;
const height = 120;
const barWidth = 34;

/** In the order in which they are stacked. */
const colours: readonly (readonly [name: string, colour: string])[] = [
  ['AWS', '#e08a2e'],
  ['Hostinger', '#6a5be2'],
  ['Recorded by hand', '#2f9e8f'],
];
const otherColour = '#98a2b3';

export function colourOf(name: string): string {
  return colours.find(([known]) => known === name)?.[1] ?? otherColour;
}

/** Twelve columns, one a month, stacked by provider; a month without data has none. @param months the names of all columns */
export function trendChart(months: readonly string[], trend: readonly TrendMonth[], label: string): Html {
  const most = trend.reduce((high, { total }) => (total > high ? total : high), 0n);
  const slot = width / months.length;
  const columns = months.map((name, index) => {
    const month = trend.find((each) => each.month === name);
    let bottom = height;
    const stack = [...(month?.providers ?? [])]
      .sort((a, b) => place(a) - place(b))
      .map((row) => {
        const high = most === 0n || row.cents <= 0n ? 0 : Number((row.cents * BigInt((height - 6) * 100)) / most) / 100;
        bottom -= high;
        return html`<rect x="${round(index * slot + (slot - barWidth) / 2)}" y="${round(bottom)}" width="${barWidth}" height="${round(high)}" fill="${colourOf(row.name)}" opacity="${index === months.length - 1 ? '1' : '0.62'}"/>`;
      });
    return html`<g>${stack}</g>`;
  });
  return html`<svg viewBox="0 0 ${width} ${height}" width="100%" role="img" aria-label="${label}" style="display:block"><line x1="0" y1="${height - 0.5}" x2="${width}" y2="${height - 0.5}" stroke="#98a2b3" stroke-width="1"/>${columns}</svg>`;
}

/** How much of the whole a row is, as a bar. @param share of the longest bar, 0 to 100 */
export function bar(share: number, colour: string): Html {
  const long = Math.min(100, Math.max(0, share));
  return html`<svg viewBox="0 0 100 8" width="100%" height="8" preserveAspectRatio="none" aria-hidden="true" style="display:block"><rect width="100" height="8" rx="0" fill="#98a2b3" opacity="0.18"/><rect width="${round(long)}" height="8" fill="${colour}"/></svg>`;
}

function place({ name }: Row): number {
  const index = colours.findIndex(([known]) => known === name);
  return index < 0 ? colours.length : index;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
