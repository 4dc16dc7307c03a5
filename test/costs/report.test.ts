import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CallError } from '../../src/call/errors.ts';
import { createReports } from '../../src/costs/report/index.ts';
import { failure, newCall } from '../aws/harness.ts';
import { accounts, type Fakes, idleMetrics, instance, newFakes, sourcesOf, totals } from './report-fakes.ts';

const now = Date.parse('2026-11-01T00:00:05Z');

function reportsOver(fakes: Fakes) {
  return createReports({
    ...sourcesOf(fakes, () => now),
    mailer: { send: async () => undefined },
    store: undefined as never,
    recipients: [],
    canMail: false,
  });
}
const written = (fakes: Fakes) => reportsOver(fakes).write(accounts, '2026-10', newCall());

/** Cells of a CSV (RFC 4180). */
export function cells(csv: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain = '', end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

const words = (html: string) =>
  html
    .replace(/<style[\s\S]*?<\/style>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');

it('says of a month what it came to, against what, why, and what comes', async () => {
  const { month, subject, html, text, csv } = await written(newFakes());
  expect(month).toBe('2026-10');
  expect(subject).toBe('Cloud costs October 2026: 1,234.59 USD');
  for (const page of [words(html), text.replace(/\s+/g, ' ')]) {
    for (const said of [
      '1,234.59 USD', // total
      '123% of the budget of 1,000.00 USD',
      '+379.47 USD', // against the month before
      'Amazon Elastic Compute Cloud - Compute',
      'EUN1-BoxUsage:m5.4xlarge +288.20',
      'most on 2026-10-14',
      '1,180.00 USD', // the month that runs
      '1,101.50 to 1,263.20',
      'Recorded by hand',
      'ent_2 Figma: design seats, yearly by months',
      '2026-12-09', // a renewal
      '301.59 USD (24%) carries no Team tag',
      'old-ci (i-0aa11bb22cc33dd44)',
      'stopped; its disks are still billed',
      'batch (i-0bbbbbbbbbbbbbbb0)',
      'CPU never above 5% in 14 days',
      'All others',
      '250.10 USD', // an anomaly
      'Credits of AWS',
    ])
      expect(page).toContain(said);
    expect(page).not.toContain('web-1');
    // What is of no entry has no row among those that are recorded by hand.
    expect(page).not.toContain('1,152.59');
  }
  expect(cells(csv)).toContainEqual(['total', 'USD', '', '2026-10', '1234.59', 'USD']);
  expect(cells(csv)).toContainEqual(['service', 'AWS Lambda', '', '2026-10', '14.06', 'USD']);
  expect(cells(csv)).toContainEqual(['beside the total', 'Credits of AWS', '', '2026-10', '-25.00', 'USD']);
});

it('is one page that needs nothing else', async () => {
  const { html } = await written(newFakes());
  expect(html).toMatch(/^<!DOCTYPE html>/);
  expect(html).not.toMatch(/<script|<img|<link|@import|url\(|https?:|\son\w+=/i);
  expect(html.match(/<svg /g)?.length).toBeGreaterThan(10);
  expect(html).toContain('prefers-color-scheme:dark');
  expect(html).toContain('@media print');
});

it('writes the last month that is over, unless another is named', async () => {
  const fakes = newFakes();
  const asked: string[] = [];
  const { month } = fakes.costs;
  fakes.costs = {
    ...fakes.costs,
    month: (all, name, call) => {
      asked.push(name);
      return month(all, name, call);
    },
  };
  await reportsOver(fakes).write(accounts, undefined, newCall());
  expect(asked).toEqual(['2026-10']);
});

it('rows add up to the total, whatever is cut off', async () => {
  const cents = fc.integer({ min: -5_000, max: 900_000 });
  const name = fc.string({ minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(name, cents), { maxLength: 130 }), cents, async (services, rest) => {
      const fakes = newFakes();
      const decimal = (amount: number) =>
        `${amount < 0 ? '-' : ''}${Math.trunc(Math.abs(amount) / 100)}.${String(Math.abs(amount) % 100).padStart(2, '0')}`;
      const total = services.reduce((sum, [, amount]) => sum + amount, rest);
      fakes.month = { ...fakes.month, totals: [totals(decimal(total), { aws: decimal(total) })] };
      fakes.breakdowns.service = services.slice(0, 100).map(([service, amount]) => [service, decimal(amount)]);
      const { csv, text } = await written(fakes);
      for (const section of ['service', 'provider', 'team']) {
        const amounts = cells(csv).filter(([of]) => of === section);
        const sum = amounts.reduce((all, [, , , , amount = '']) => all + Math.round(Number(amount) * 100), 0);
        expect(amounts.length === 0 ? total : sum).toBe(total);
      }
      const [, shown = ''] = /By service, USD\n-+\n([\s\S]*?)\n\n/.exec(text) ?? [];
      const lines = shown
        .split('\n')
        .map((line) => Math.round(Number((/([−\d,.]+)(?: USD)?$/.exec(line)?.[1] ?? '').replaceAll(',', '').replace('−', '-')) * 100));
      expect(lines.slice(0, -1).reduce((sum, amount) => sum + amount, 0)).toBe(total);
      expect(lines.at(-1)).toBe(total);
    }),
    { numRuns: 40 },
  );
});

it('text from outside is text, in the page and in a spreadsheet', async () => {
  const fakes = newFakes();
  const hostile = `<script>alert(1)</script>"'\u202Egnp.exe\u0007\r\nBcc: x`;
  fakes.breakdowns.service = [
    [hostile, '700.00'],
    ['=cmd|calc', '30.00'],
    ['+1', '20.00'],
    ['-1', '10.00'],
    ['@sum', '5.00'],
    ['＝1', '4.00'],
    ['a "quoted", name', '3.00'],
    ['a "quoted" name', '2.00'],
  ];
  fakes.breakdowns.team = [[hostile, '1234.59']];
  fakes.tag = '<b>Team</b>';
  fakes.breakdowns.entry = [[hostile, '1.00']];
  fakes.stopped = [instance('i-0aa11bb22cc33dd44', { name: hostile, state: 'stopped', type: hostile })];
  fakes.month = { ...fakes.month, movers: [{ service: hostile, change: '+1.00 USD', was: '0.00 → 1.00', usage: hostile }] };
  fakes.forecast = { ...fakes.forecast, renewals: [{ name: hostile, date: '2026-12-01', cost: '1.00 USD' }] };
  const { html, text, csv } = await written(fakes);
  expect(html).not.toMatch(/<script|<b>Team/);
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;');
  for (const page of [html, text, csv]) expect(page).not.toMatch(/[\p{Bidi_Control}]|(?![\r\n])\p{Cc}/u);
  expect(text).not.toContain('\nBcc');
  const names = cells(csv).map(([, name]) => name);
  expect(names).toEqual(expect.arrayContaining(["'=cmd|calc", "'+1", "'-1", "'@sum", "'＝1", 'a "quoted", name', 'a "quoted" name']));
  expect(csv).toContain('"a ""quoted"" name"');
  for (const row of cells(csv)) for (const cell of row) expect(cell).toMatch(/^(?![=+@\t\r])(?!-(?!\d))/);
  expect(
    csv
      .split('\r\n')
      .slice(0, -1)
      .every((line) => !/[\r\n]/.test(line)),
  ).toBe(true);
});

it('currencies stand side by side, the budget’s first, and rates are named', async () => {
  const fakes = newFakes();
  fakes.month = {
    ...fakes.month,
    totals: [{ currency: 'EUR', total: '2000.00', hostinger: '2000.00' }, totals('100.00', { aws: '100.00' })],
    converted: { currency: 'USD', total: '2260.00', rates: ['1 EUR = 1.08 USD'] },
  };
  const { subject, html, csv } = await written(fakes);
  expect(subject).toContain('100.00 USD and 2,000.00 EUR (together 2,260.00 USD)');
  expect(words(html)).toContain('By service in EUR');
  expect(words(html)).toContain('1 EUR = 1.08 USD');
  expect(cells(csv)).toContainEqual(['total', 'EUR', '', '2026-10', '2000.00', 'EUR']);
});

it('a month that is not over is said to be provisional', async () => {
  const fakes = newFakes();
  fakes.month = { ...fakes.month, incomplete: true };
  const { subject, html, text } = await written(fakes);
  expect(subject).toContain('provisional');
  expect(words(html)).toContain('AWS may still change its bill');
  expect(text).toContain('(provisional)');
});

it('what cannot be read is named, and the rest is there', async () => {
  const fakes = newFakes();
  const down = async (): Promise<never> => {
    throw new CallError('provider_unavailable', 'AWS has a problem.', { remedy: 'Try again.' });
  };
  fakes.month = {
    ...fakes.month,
    missing: [{ provider: 'hostinger', account: 'hostinger', code: 'timeout', message: 'Hostinger is silent.' }],
  };
  fakes.costs = { ...fakes.costs, breakdown: down, trend: down, forecast: down };
  fakes.compute = { list: down, metrics: down };
  const reports = createReports({
    ...sourcesOf(fakes, () => now),
    anomalies: down,
    mailer: { send: async () => undefined },
    store: undefined as never,
    recipients: [],
    canMail: false,
  });
  const { html, text, csv } = await reports.write(accounts, '2026-10', newCall());
  for (const what of [
    'costs by service',
    'costs by team',
    'the twelve months',
    'the forecast',
    'stopped instances',
    'what AWS finds unusual in main',
    'hostinger',
  ]) {
    expect(words(html)).toContain(what);
    expect(text).toContain(what);
    expect(
      cells(csv)
        .filter(([section]) => section === 'missing')
        .map(([, name]) => name),
    ).toContain(what);
  }
  // The services of the bill itself are left.
  expect(cells(csv)).toContainEqual(['service', 'Amazon Elastic Compute Cloud - Compute', '', '2026-10', '702.11', 'USD']);
});

it('without the bill there is no report', async () => {
  const fakes = newFakes();
  const error = new CallError('invalid_input', '"2027-01" is in the future.', { remedy: 'Give another.' });
  fakes.costs = { ...fakes.costs, month: () => Promise.reject(error) };
  expect(await failure(reportsOver(fakes).write(accounts, '2027-01', newCall()))).toBe(error);
});

it('a cancelled call ends the reading', async () => {
  const fakes = newFakes();
  const error = new CallError('cancelled', 'Cancelled.', { remedy: 'None.' });
  fakes.costs = { ...fakes.costs, trend: () => Promise.reject(error) };
  expect(await failure(written(fakes))).toBe(error);
});

it.each([
  [
    'quiet for fourteen days',
    idleMetrics(
      Array.from({ length: 59 }, () => 1),
      4.9,
    ),
    true,
  ],
  [
    'busy once',
    idleMetrics(
      Array.from({ length: 59 }, () => 1),
      5.1,
    ),
    false,
  ],
  [
    'young',
    idleMetrics(
      Array.from({ length: 20 }, () => 1),
      1,
    ),
    false,
  ],
  [
    'silent for long',
    idleMetrics(
      Array.from({ length: 59 }, (_, index) => (index % 4 === 0 ? null : 1)),
      1,
    ),
    false,
  ],
  ['without CPU', { periodSeconds: 20_400, series: [] }, false],
])('an instance that was %s is idle: %s', async (_, answer, isIdle) => {
  const fakes = newFakes();
  fakes.running = [instance('i-0123456789abcdef0', { name: 'one' })];
  fakes.metrics = () => answer;
  const { text } = await written(fakes);
  expect(text.includes('one (i-0123456789abcdef0)')).toBe(isIdle);
});

it('metrics of at most twenty running instances are read', async () => {
  const fakes = newFakes();
  fakes.running = Array.from({ length: 30 }, (_, index) => instance(`i-${String(index).padStart(17, '0')}`));
  const { text } = await written(fakes);
  expect(fakes.asked).toHaveLength(20);
  expect(text).toContain('Only the first 20 were looked at');
});
