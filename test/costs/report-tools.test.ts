import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createInvoke } from '../../src/call/invoke.ts';
import { createCosts } from '../../src/costs/index.ts';
import { createReports } from '../../src/costs/report/index.ts';
import { createMailer } from '../../src/mail/index.ts';
import { operations } from '../../src/tools/index.ts';
import { sandboxAws } from '../aws/harness.ts';
import { agent, createHarness, type Harness, outputOf } from '../call/harness.ts';
import { type Mailbox, startMailbox } from '../mail/mailbox.ts';

/** The tools on the road, over the real costs of the sandbox and a real mail server. */

const now = () => Date.parse('2026-11-20T12:00:00Z');
const recipients = ['finance@example.com', 'cfo@example.com'];
let harness: Harness;
let mailbox: Mailbox;
let call: (tool: string, input: object) => ReturnType<Harness['invoke']>;

beforeEach(async () => {
  harness = await createHarness();
  mailbox = await startMailbox();
  const aws = sandboxAws({ now });
  const nothing = async () => [];
  const budget = { cents: 10_000, currency: 'USD' };
  const costs = createCosts({
    aws: aws.costs,
    hostinger: { subscriptions: nothing, machines: nothing },
    store: harness.store,
    settings: { budget, requestsPerDay: 50, rates: {}, tags: { team: 'Team', application: 'Application', instance: 'Name' } },
    everything: ['main'],
    nearest: () => undefined,
    now,
  });
  const settings = { from: 'ziggie@example.com', via: 'smtp', host: '127.0.0.1', port: mailbox.port, security: 'none' } as const;
  const mailer = createMailer({ settings, password: async () => undefined, ses: aws.rawMail, now });
  const { anomalies } = costs.reader;
  const reports = createReports({
    costs,
    compute: aws.compute,
    anomalies,
    budgetCurrency: 'USD',
    mailer,
    store: harness.store,
    recipients,
    canMail: true,
    now,
  });
  const resolvers = { ...harness.road.resolvers, Account: aws.resolvers.Account };
  const invoke = createInvoke({ ...harness.road, ports: { ...harness.road.ports, ...aws, costs, reports }, resolvers });
  call = (tool, input) => invoke({ tool, input: { ...input }, client: 'test', principal: agent('agent-ziggie') });
});
afterEach(async () => {
  await mailbox.close();
  await harness.close();
});

describe('costs_report', () => {
  it('is for people, and no agent is offered it', () => {
    expect(operations.find(({ name }) => name === 'costs_report')?.listed).toBe(false);
  });

  it('says what costs_month says, to the cent', async () => {
    const bill = outputOf(await call('costs_month', { month: '2026-10' })) as {
      totals: { total: string }[];
      movers?: { service: string }[];
    };
    const report = outputOf(await call('costs_report', { month: '2026-10' })) as {
      subject: string;
      csv: string;
      html: string;
      text: string;
    };
    const rows = report.csv.split('\r\n').map((row) => row.split(','));
    const total = bill.totals[0]?.total ?? 'none';
    expect(rows.find(([section]) => section === 'total')?.[4]).toBe(total);
    for (const section of ['provider', 'service', 'team']) {
      const sum = rows.filter(([of]) => of === section).reduce((all, row) => all + Math.round(Number(row.at(-2)) * 100), 0);
      expect(sum).toBe(Math.round(Number(total) * 100));
    }
    expect(rows.filter(([section, name]) => section === 'month' && name === 'total')).toHaveLength(12);
    expect(report.text).not.toContain('Not in this report');
    expect(report.html.length).toBeGreaterThan(10_000);
    expect(report.html).toContain('</html>');
    for (const { service } of bill.movers?.slice(0, 1) ?? []) expect(report.text).toContain(service);
  });
});

describe('costs_send_report', () => {
  it('mails the last month that is over', async () => {
    expect(outputOf(await call('costs_send_report', {}))).toEqual({ month: '2026-10', to: recipients, status: 'sent' });
    expect(mailbox.mails.map(({ to }) => to)).toEqual([recipients]);
  });

  it('plans without sending', async () => {
    const planned = outputOf(await call('costs_send_report', { dryRun: true })) as { plan: { change: object } };
    expect(planned).toMatchObject({ status: 'planned', plan: { change: { mailed: recipients.join(', ') } } });
    expect(mailbox.connections()).toBe(0);
  });

  it.each([
    ['a malformed month', { month: '2026-1' }],
    ['no month', { month: '2026-13' }],
    ['a month in the future', { month: '2026-12' }],
    ['a month before the data', { month: '2019-01' }],
    ['a stranger', { to: ['thief@example.com'] }],
    ['an address with a newline', { to: ['cfo@example.com\nBcc: thief@example.com'] }],
    ['an unknown report', { resume: 'scheduled 2026-10' }],
  ])('refuses %s, and writes nothing', async (_, input) => {
    const answer = await call('costs_send_report', input);
    expect(answer).toMatchObject({ ok: false, error: { code: 'invalid_input', effect: 'none' } });
    expect(mailbox.connections()).toBe(0);
    expect(harness.store.reports({ limit: 5 })).toEqual([]);
  });

  it('resumes a report that waits with its own recipients, and no others', async () => {
    const waiting = {
      id: 'scheduled 2026-10',
      month: '2026-10',
      to: ['cfo@example.com'],
      status: 'waiting',
      attempts: 0,
      nextAt: 0,
    } as const;
    harness.store.createReport(waiting);
    const other = await call('costs_send_report', { resume: waiting.id, to: ['finance@example.com'] });
    expect(other).toMatchObject({ ok: false, error: { code: 'invalid_input', effect: 'none' } });
    expect(mailbox.connections()).toBe(0);
    expect(outputOf(await call('costs_send_report', { resume: waiting.id }))).toMatchObject({ to: ['cfo@example.com'], status: 'sent' });
    expect(outputOf(await call('costs_send_report', { resume: waiting.id }))).toEqual({ month: '2026-10', to: [], status: 'already_sent' });
    expect(mailbox.mails).toHaveLength(1);
  });
});
