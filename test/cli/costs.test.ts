import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';
import { configurationWith, temporaryFolder } from '../support/folders.ts';

/** `ziggie-cloud costs` and what people read of money, on the sandbox. */

const state = temporaryFolder();
const config = configurationWith();
const run = (...args: string[]) => runCli(state, [...args, '--config', config, '--sandbox']);
const launch = JSON.stringify({
  provider: 'aws',
  region: 'eu-north-1',
  name: 'web-9',
  instanceType: 'm5.4xlarge',
  image: 'ami-0a1b2c3d4e5f60001',
});

describe('costs', () => {
  it('of this month are shown for people and for scripts', async () => {
    const shown = await run('costs', 'current');
    expect(shown.code, shown.stderr).toBe(0);
    expect(shown.stdout).toMatch(/^month: \d{4}-\d{2}\n/);
    expect(shown.stdout).toMatch(/total: "\d+\.\d\d"/);
    const json = await run('costs', 'current', '--json', '--agent', 'chen');
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, output: { totals: [{ currency: 'USD' }] } });
  });

  it('of the last month are one page, kept as files where it is said', async () => {
    const folder = join(temporaryFolder(), 'reports');
    const shown = await run('costs', 'report', '--out', folder);
    expect(shown.code, shown.stderr).toBe(0);
    const [, total = ''] = /cost (\d+\.\d\d USD)/.exec(shown.stdout) ?? [];
    expect(total).not.toBe('');
    const files = readdirSync(folder).toSorted();
    expect(files.map((name) => name.split('.').at(-1))).toEqual(['csv', 'html', 'txt']);
    for (const name of files.slice(1)) expect(readFileSync(join(folder, name), 'utf8')).toContain(total);
    expect(readFileSync(join(folder, files[0] ?? ''), 'utf8')).toContain(total.replace(' USD', ''));
  });

  it('are mailed to the recipients, which in the sandbox reach nobody', async () => {
    const sent = await run('costs', 'report', '--send');
    expect(sent.code, sent.stderr).toBe(0);
    expect(sent.stdout).toMatch(/- finance@example\.com\nstatus: sent/);
  });

  it.each([['2999-01'], ['2001-01'], ['last'], ['2026-13']])('of %s are refused with the months that there are', async (month) => {
    const refused = await run('costs', 'report', '--month', month);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/^invalid_input: .*\n.*\d{4}-\d{2} to \d{4}-\d{2}/);
  });
});

it('a launch over budget says to people how much, and so does its approval', async () => {
  await run('execute-command', '--agent', 'ziggie', '--command', 'cloud:costs_forecast', '--params', '{}');
  const refused = await run('execute-command', '--agent', 'ziggie', '--command', 'cloud:instances_launch', '--params', launch);
  expect(refused.code).toBe(4);
  const [, adds, forecast] =
    /add (\d+\.\d\d USD) a month; .*come to (\d+\.\d\d USD), and the budget is 100\.00 USD/.exec(refused.stderr) ?? [];
  expect(forecast).toBeDefined();
  const [, id = ''] = /approvals approve (\S+)/.exec(refused.stderr) ?? [];
  const shown = await run('approvals', 'show', id);
  expect(shown.stdout).toContain(`monthlyCost: ${adds}`);
  expect(shown.stdout).toContain(`forecast: ${forecast}`);
});
