import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSettings, type Settings } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problem.ts';

/** What ziggie.yaml says of money and mail. */

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ziggie-config-'));
  mkdirSync(join(folder, 'policy'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function load(costs: string, agents = '[{ id: agent-marcus }, { id: agent-ziggie }]', sandbox = false): Promise<Settings> {
  writeFileSync(join(folder, 'ziggie.yaml'), `agents: ${agents}\ncosts: ${costs}\n`);
  return loadSettings({ folder, sandbox, toolsets: ['access'], env: { ZIGGIE_STATE: join(folder, 'state') } });
}
async function problem(costs: string, agents?: string): Promise<string> {
  try {
    await load(costs, agents);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ message, suggestion }) => `${message} ${suggestion ?? ''}`).join('; ');
    throw error;
  }
  return 'none';
}

describe('costs', () => {
  it('have a budget of 100.00 USD a month unless another is said, and nobody is mailed', async () => {
    const { costs } = await load('{}');
    expect(costs.budget).toEqual({ cents: 10_000, currency: 'USD' });
    expect(costs).toMatchObject({ recipients: [], topics: [], rates: {}, agent: 'agent-ziggie', monthlyReport: true });
    expect(costs.mail).toBeUndefined();
    expect((await load("{ budget: { amount: '1234.5', currency: EUR } }")).costs.budget).toEqual({ cents: 123_450, currency: 'EUR' });
  });

  it('cap an agent where it is said, to the cent', async () => {
    const { agents } = await load('{}', "[{ id: agent-marcus, monthlyCap: '50.07' }, { id: agent-ziggie }]");
    expect(agents.map(({ monthlyCapCents }) => monthlyCapCents)).toEqual([5_007, undefined]);
  });

  it('are looked after by the first agent where there is no coordinator', async () => {
    expect((await load('{}', '[{ id: ops }]')).costs.agent).toBe('ops');
    expect(await problem('{ agent: agent-nobody }')).toMatch(/costs\.agent: "agent-nobody" is no agent.*agent-marcus/);
  });

  it('are mailed by SMTP with encryption, or by SES in a region of the account', async () => {
    const smtp = await load('{ mail: { from: z@example.com, smtp: { host: smtp.example.com } } }');
    expect(smtp.costs.mail).toEqual({ from: 'z@example.com', via: 'smtp', host: 'smtp.example.com', port: 587, security: 'starttls' });
    expect((await load('{ mail: { from: z@example.com, ses: {} } }')).costs.mail).toEqual({
      from: 'z@example.com',
      via: 'ses',
      account: 'main',
      region: 'eu-north-1',
    });
    const local = await load('{ mail: { from: z@example.com, smtp: { host: 127.0.0.1, port: 25, security: none } } }');
    expect(local.costs.mail).toMatchObject({ security: 'none' });
  });

  it('leave the sandbox by no mail, whatever is configured', async () => {
    const { costs } = await load('{ mail: { from: z@example.com, smtp: { host: smtp.example.com } } }', undefined, true);
    expect(costs.mail).toMatchObject({ via: 'ses', from: 'ziggie@example.com' });
    expect(costs.recipients).toEqual(['finance@example.com']);
  });

  it.each([
    ["{ budget: { amount: '100,00' } }", /expected an amount/],
    ['{ budget: { amount: 100 } }', /in quotes/],
    ["{ budget: { amount: '-5' } }", /expected an amount/],
    ["{ budget: { amount: '0.00' } }", /more than nothing/],
    ['{ tags: { team: Name } }', /a tag of its own/],
    ["{ budget: { amount: '1.005' } }", /expected an amount/],
    ['{ budget: { currency: DOLLAR } }', /ISO 4217/],
    ["{ rates: { EUR: '0' } }", /expected a rate/],
    ['{ rates: { EUR: 1.08 } }', /in quotes/],
    ["{ rates: { USD: '1' } }", /needs no rate/],
    ["{ rates: { EURO: '1.08' } }", /ISO 4217/],
    ['{ recipients: ["finance@example.com\\nBcc: all@example.com"] }', /expected an address/],
    ['{ recipients: [finance] }', /expected an address/],
    ['{ topics: [ziggie-costs] }', /ARN of an SNS topic/],
    ['{ requestsPerDay: 0 }', />=1|at least|1/],
    ['{ mail: { from: z@example.com } }', /either smtp or ses/],
    ['{ mail: { from: z@example.com, ses: {}, smtp: { host: a.example } } }', /either smtp or ses/],
    ['{ mail: { from: z@example.com, smtp: { host: smtp.example.com, security: none } } }', /only loopback/],
    ['{ mail: { from: z@example.com, ses: { account: other } } }', /"other" is no account/],
    ['{ budgets: {} }', /budgets/],
  ])('refuse %s', async (costs, message) => {
    expect(await problem(costs)).toMatch(message);
  });
});
