import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Moto, startMoto } from '../aws/moto.ts';
import { startMailbox } from '../mail/mailbox.ts';
import { startNode } from '../support/cli.ts';
import { repository, temporaryFolder } from '../support/folders.ts';
import { until } from '../support/until.ts';
import { type AwsProxy, startAwsProxy } from './aws-proxy.ts';
import { awsEnvironment, cli, connectAgent, readCloudWatch, run, storeOf } from './world.ts';

/** Money end to end: the built server, moto with a bill put down for it, a real SMTP server, and a proxy that counts what is paid for. */

const asking = 'AWSInsightsIndexService.GetCostAndUsage';
const readers = Array.from({ length: 10 }, (_, index) => `reader-${index}`);
const month = (back: number) => {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1)).toISOString().slice(0, 7);
};

let moto: Moto;
let proxy: AwsProxy;
beforeAll(async () => {
  moto = await startMoto();
  proxy = await startAwsProxy(moto.endpoint);
});
afterAll(async () => {
  await proxy?.close();
  await moto?.close();
});
const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  proxy.actions.length = 0;
  await moto.reset();
});

/** A state folder and the starter configuration with more to it. */
function place(costs: string): { state: string; environment: Record<string, string> } {
  const state = temporaryFolder();
  const config = join(temporaryFolder(), 'config');
  cpSync(join(repository, 'config'), config, { recursive: true });
  const file = join(config, 'ziggie.yaml');
  const agents = readers
    .map((id) => `  - id: ${id}\n    teams: [readers]\n    limits: { callsPerMinute: 10000, callsAtOnce: 200 }`)
    .join('\n');
  const yaml = readFileSync(file, 'utf8')
    .replace(/^approvers:/m, `${agents}\n\napprovers:`)
    .replace(/^costs:\n(?: {2}.*\n)*/m, `costs:\n${costs}\n`);
  writeFileSync(file, yaml);
  writeFileSync(
    join(config, 'policy', 'readers.cedar'),
    '@id("readers-read")\n@advice("Readers read.")\npermit (principal in Ziggie::Team::"readers", action in Ziggie::Action::"Read", resource);\n',
  );
  const environment = { ...awsEnvironment(state, proxy.endpoint), ZIGGIE_CONFIG: config, XDG_CONFIG_HOME: join(state, 'xdg') };
  return { state, environment };
}

/** What moto gives the next request for costs that it has not seen before. */
async function putDown(...results: object[]): Promise<void> {
  const { status } = await fetch(`${moto.endpoint}/moto-api/static/ce/cost-and-usage-results`, {
    method: 'POST',
    body: JSON.stringify({ account_id: '123456789012', results }),
  });
  expect(status).toBe(201);
}
const bill = (amount: string) => ({
  ResultsByTime: [
    {
      TimePeriod: { Start: `${month(0)}-01`, End: `${month(-1)}-01` },
      Total: {},
      Groups: [{ Keys: ['Amazon Elastic Compute Cloud - Compute', 'Usage'], Metrics: { UnblendedCost: { Amount: amount, Unit: 'USD' } } }],
      Estimated: true,
    },
  ],
});

async function serve(environment: Record<string, string>) {
  const running = startNode([cli, 'serve', '--port', '0'], environment);
  stops.push(() => running.stop());
  const [, url = ''] = await running.line(/^ziggie-cloud serves (http:\S+)/);
  return url;
}

it('a thousand reads by ten agents over two servers cost at most two requests', async () => {
  await putDown(bill('46.2467189007'));
  const { environment } = place('  requestsPerDay: 50');
  const urls = await Promise.all([serve(environment), serve(environment)]);
  const clients = await Promise.all(
    readers.map(async (id, index) => {
      const { stdout } = await run(['agents', 'token', 'create', id, '--json'], environment);
      const headers = { Authorization: `Bearer ${JSON.parse(stdout).token}` };
      const client = new Client({ name: 'reader', version: '1' });
      await client.connect(new StreamableHTTPClientTransport(new URL(urls[index % 2] ?? ''), { requestInit: { headers } }));
      stops.unshift(() => client.close());
      return client;
    }),
  );
  const answers = await Promise.all(
    clients.map(async (client) => {
      const read: string[] = [];
      for (let round = 0; round < 10; round += 1) {
        const ten = Array.from({ length: 10 }, () => client.readResource({ uri: 'cloud://costs/current' }));
        for (const { contents } of await Promise.all(ten)) read.push(String((contents[0] as { text?: string }).text));
      }
      return read;
    }),
  );
  const shown = answers.flat().map((text) => JSON.parse(text));
  expect(shown).toHaveLength(1_000);
  for (const { totals } of shown) expect(totals[0]).toMatchObject({ currency: 'USD', aws: '46.25' });
  expect(proxy.count(asking)).toBeGreaterThan(0);
  expect(proxy.count(asking)).toBeLessThanOrEqual(2);
});

describe('a launch', () => {
  const launch = {
    provider: 'aws',
    region: 'eu-north-1',
    name: 'web-9',
    instanceType: 't3.micro',
    image: 'ami-0123456789abcdef0',
  };

  it('over budget is denied with the numbers, and runs once a person approved it', async () => {
    await putDown(bill('46.2467189007'));
    const { environment } = place("  budget: { amount: '40.00', currency: USD }");
    expect(await run(['approvers', 'add', 'alice'], environment, 'correct horse\n')).toMatchObject({ code: 0 });
    const ziggie = await connectAgent('ziggie', environment);
    stops.push(() => ziggie.close());

    const blind = (await ziggie.call('instances_launch', launch)).body;
    expect(blind).toMatchObject({ code: 'approval_required', effect: 'none' });
    expect(blind.policy.advice.join()).toMatch(/come to unknown, and the budget is 40\.00 USD/);

    const forecast = await ziggie.call('costs_forecast', {});
    expect(forecast.ok, JSON.stringify(forecast.body)).toBe(true);
    const [{ forecast: expected }] = forecast.body.forecasts;

    const asked = (await ziggie.call('instances_launch', launch)).body;
    expect(asked.code).toBe('approval_required');
    for (const number of [`come to ${expected} USD`, 'budget is 40.00 USD', /add \d+\.\d\d USD a month/])
      expect(asked.policy.advice.join()).toMatch(number);
    const planned = await ziggie.call('instances_launch', { ...launch, dryRun: true });
    expect(planned.body.plan).toMatchObject({ needsApproval: true, change: { monthlyCost: expect.stringMatching(/^\+\d+\.\d\d USD$/) } });
    expect(proxy.count('RunInstances')).toBe(1);

    const shown = (await run(['approvals', 'show', asked.approval.id], environment)).stdout;
    expect(shown).toMatch(new RegExp(`forecast: ${expected} USD\\s+budget: 40.00 USD\\s+monthlyCost: \\d`));
    const approved = await run(['approvals', 'approve', asked.approval.id], environment, 'correct horse\n');
    expect(approved, approved.stderr).toMatchObject({ code: 0 });
    const done = await ziggie.call('instances_launch', launch);
    expect(done, JSON.stringify(done.body)).toMatchObject({ ok: true });
    expect((await ziggie.call('instances_launch', launch)).body.code).toBe('approval_required');
  });

  it('within the budget runs', async () => {
    await putDown(bill('1.50'));
    const { environment } = place("  budget: { amount: '5000.00', currency: USD }");
    const told = await run(['execute-command', '--agent', 'ziggie', '--command', 'cloud:costs_forecast', '--params', '{}'], environment);
    expect(told, told.stderr).toMatchObject({ code: 0 });
    const params = JSON.stringify(launch);
    const done = await run(
      ['execute-command', '--agent', 'ziggie', '--command', 'cloud:instances_launch', '--params', params],
      environment,
    );
    expect(done, done.stderr).toMatchObject({ code: 0 });
  });
});

it('two servers on one store send one report of the month that ended', async () => {
  await putDown(bill('46.2467189007'));
  const mailbox = await startMailbox();
  stops.push(() => mailbox.close());
  const { environment } = place(
    [
      '  recipients: [finance@example.com, cfo@example.com]',
      `  mail: { from: ziggie@example.com, smtp: { host: 127.0.0.1, port: ${mailbox.port}, security: none } }`,
    ].join('\n'),
  );
  // They knew of costs before the month ended, and were down when it did.
  const store = await storeOf(environment);
  const before = month(2);
  store.createReport({ id: `scheduled ${before}`, month: before, to: [], status: 'sent', attempts: 0, nextAt: 0 });
  await Promise.all([serve(environment), serve(environment)]);
  const [row] = await until('the report is sent', () => {
    const rows = store.reports({ status: 'sent', limit: 5 }).filter(({ month: of }) => of === month(1));
    return rows.length > 0 ? rows : undefined;
  });
  expect(row).toMatchObject({ id: `scheduled ${month(1)}`, attempts: expect.any(Number) });
  store.close();
  expect(mailbox.mails.map(({ to }) => to)).toEqual([['finance@example.com', 'cfo@example.com']]);
  for (const stop of stops.splice(0)) await stop();
  const records = readCloudWatch(moto.endpoint).filter(({ tool }) => tool === 'costs_send_report');
  expect(records.filter(({ phase, outcome }) => phase === 'outcome' && outcome === 'success')).toHaveLength(1);
});
