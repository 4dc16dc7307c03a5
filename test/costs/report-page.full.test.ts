import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { createReports } from '../../src/costs/report/index.ts';
import { newCall } from '../aws/harness.ts';
import { repository, temporaryFolder } from '../support/folders.ts';
import { accounts, newFakes, sourcesOf } from './report-fakes.ts';

/** The page in a browser. What it looks like is put where a person can see it: test-output/. */

const run = promisify(execFile);
const output = join(repository, 'test-output');
let file = '';
let profile = '';

beforeAll(async () => {
  try {
    await run('chromium', ['--version']);
  } catch {
    throw new Error('chromium was not found: install it with apt-get install chromium');
  }
  mkdirSync(output, { recursive: true });
  profile = temporaryFolder();
  const reports = createReports({
    ...sourcesOf(newFakes(), () => Date.parse('2026-11-01T00:00:05Z')),
    mailer: { send: async () => undefined },
    store: undefined as never,
    recipients: [],
    canMail: false,
  });
  const { html, text, csv } = await reports.write(accounts, '2026-10', newCall());
  file = join(output, 'cost-report.html');
  writeFileSync(file, html);
  writeFileSync(join(output, 'cost-report.txt'), text);
  writeFileSync(join(output, 'cost-report.csv'), csv);
});

async function chromium(...more: string[]): Promise<string> {
  const { stdout } = await run(
    'chromium',
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--hide-scrollbars',
      `--user-data-dir=${profile}`,
      ...more,
      `file://${file}`,
    ],
    { maxBuffer: 1e8, timeout: 90_000 },
  );
  return stdout;
}

it('shows the month, its total and why it changed', async () => {
  const dom = await chromium('--dump-dom');
  const words = dom
    .replace(/<style[\s\S]*?<\/style>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');
  for (const shown of [
    'October 2026',
    '1,234.59 USD',
    '+379.47 USD (+44%)',
    '123%',
    'EUN1-BoxUsage:m5.4xlarge',
    '2026-10-14',
    '301.59 USD',
    'old-ci',
  ])
    expect(words).toContain(shown);
  expect(dom.match(/<rect /g)?.length).toBeGreaterThan(12 * 2);
  expect(dom).not.toMatch(/<script|<img|https?:\/\//);
});

it.each([
  ['light', []],
  ['dark', ['--blink-settings=preferredColorScheme=0']],
  ['narrow', ['--window-size=390,2600']],
] as const)('is drawn (%s)', async (name, more) => {
  const png = join(output, `cost-report-${name}.png`);
  await chromium(`--screenshot=${png}`, '--window-size=860,2150', ...more);
  const { readFileSync } = await import('node:fs');
  const bytes = readFileSync(png);
  expect(bytes.subarray(1, 4).toString()).toBe('PNG');
  expect(bytes.length).toBeGreaterThan(20_000);
});
