import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CallError } from '../../src/call/errors.ts';
import { createReports } from '../../src/costs/report/index.ts';
import { createSchedule } from '../../src/costs/report/schedule.ts';
import type { Mail } from '../../src/ports/mail.ts';
import { newCall, resolved } from '../aws/harness.ts';
import { daily, hostinger, main, newBillWorld, vps } from './bill-world.ts';
import { newFakes } from './report-fakes.ts';

/** Reports over the real bill while a cloud cannot be read. */

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const october = 'scheduled 2026-10';
const down = new CallError('provider_denied', 'Cost Explorer is denied.', { remedy: 'Allow ce:GetCostAndUsage.' });
const whole = 'Cloud costs October 2026: 61.00 USD';
const half = 'Cloud costs October 2026 without AWS: 30.00 USD';

let world: ReturnType<typeof newBillWorld>;
let mails: Mail[] = [];
beforeEach(() => {
  world = newBillWorld('2026-11-01T00:00:20Z');
  world.items = [...daily('2026-09', 'Amazon EC2', 1), ...daily('2026-10', 'Amazon EC2', 1)];
  mails = [];
});
afterEach(() => world.close());

const accounts = [main, hostinger].map((each) => resolved(each));
function reports() {
  return createReports({
    costs: world.costs,
    compute: newFakes().compute,
    anomalies: world.costs.reader.anomalies,
    budgetCurrency: 'USD',
    recipients: ['cfo@example.com'],
    canMail: true,
    mailer: { send: async (mail) => void mails.push(mail) },
    store: world.store,
    now: () => world.now,
  });
}
const tick = () =>
  createSchedule({
    store: world.store,
    settings: { canMail: true, recipients: ['cfo@example.com'], monthlyReport: false, currency: 'USD' },
    invoke: async (_, input) => {
      try {
        await reports().send(accounts, input, newCall());
        return { ok: true };
      } catch (error) {
        if (!(error instanceof CallError)) throw error;
        return { ok: false, error };
      }
    },
    activity: () => false,
    warn: () => undefined,
    holder: 'server',
    now: () => world.now,
  }).tick();
const keep = (id = october) =>
  world.store.createReport({
    id,
    month: '2026-10',
    to: ['cfo@example.com'],
    status: 'waiting',
    attempts: 0,
    nextAt: world.now,
  });
const subjects = () => mails.map(({ subject }) => subject.replace(' (provisional)', ''));

describe('the report of the month', () => {
  it.each([
    ['AWS', () => (world.aws.fails = () => down), () => (world.aws.fails = () => undefined)],
    ['Hostinger', () => (world.subscriptions = down), () => (world.subscriptions = [vps])],
  ])('waits while %s cannot be read, and is sent whole when it can', async (cloud, breaks, mends) => {
    keep();
    breaks();
    await tick();
    expect(mails).toEqual([]);
    expect(world.store.report(october)).toMatchObject({
      status: 'waiting',
      attempts: 1,
      nextAt: world.now + 5 * minuteMs,
      problem: expect.stringMatching(new RegExp(`bill of ${cloud} cannot be read\\. .*Cost Explorer is denied`)),
    });
    mends();
    world.now += 5 * minuteMs;
    await tick();
    expect(subjects()).toEqual([whole]);
    expect(world.store.report(october)).toMatchObject({ status: 'sent' });
  });
  it('pays for one question an attempt while it waits', async () => {
    keep();
    world.aws.fails = () => down;
    await tick();
    expect(world.aws.asked.length).toBe(1);
  });

  it('is sent as it is by the last attempt of three days', async () => {
    keep();
    world.aws.fails = () => down;
    const start = world.now;
    await tick();
    for (let tried = 1; mails.length === 0 && tried < 200; tried += 1) {
      world.now = world.store.report(october)?.nextAt ?? 0;
      await tick();
    }
    expect(subjects()).toEqual([half]);
    expect((world.now - start) / hourMs).toBeCloseTo(3 * 24, -1);
    expect(world.store.report(october)).toMatchObject({ status: 'sent' });
  });

  it('that a person asks for does not wait', async () => {
    world.aws.fails = () => down;
    await reports().send(accounts, { month: '2026-10' }, newCall());
    expect(subjects()).toEqual([half]);
    keep('call-1');
    await tick();
    expect(subjects()).toEqual([half, half]);
  });
});

describe('a report that lacks a cloud', () => {
  const write = (of = accounts) => reports().write(of, '2026-10', newCall());

  it('says so at once, everywhere', async () => {
    world.aws.fails = () => down;
    const { subject, text, html, csv } = await write();
    expect(subject).toContain('October 2026 without AWS: 30.00 USD');
    const sentence = /^October 2026 (has )?cost 30\.00 USD without AWS, whose bill could not be read\./m;
    expect(text).toMatch(/^CLOUD COSTS OCTOBER 2026 WITHOUT AWS/);
    expect(text.replace(/\n(?!\n)/g, ' ')).toMatch(new RegExp(sentence.source.replace('^', '')));
    expect(html).toMatch(new RegExp(`<p [^>]*>${sentence.source.replace('^', '')}`));
    expect(html).toContain('<title>Cloud costs October 2026 without AWS</title>');
    expect(html).not.toContain('the whole month');
    expect(html).toContain('November 2026 is expected to come to 30.00 USD, without what could not be read.');
    expect(csv).toContain('total,USD,without AWS,2026-10,30.00,USD\r\n');
  });

  it('says nothing of it where all of them are there', async () => {
    const { subject, text, html, csv } = await write();
    expect(subject).toContain(whole);
    expect(`${text}${html}${csv}`).not.toMatch(/without (AWS|Hostinger)/i);
  });

  it('names the account where others of that cloud are there', async () => {
    const staging = { ...main, id: 'staging', account: 'staging', accountId: '210987654321' };
    world.aws.fails = ({ account }) => (account === 'staging' ? down : undefined);
    const { subject } = await write([...accounts, resolved(staging)]);
    expect(subject).toContain('without AWS staging: ');
  });

  it('is not one of which the figures are old, or a reason could not be read', async () => {
    world.aws.fails = ({ question }) => (question?.groups.includes('usageType') ? down : undefined);
    expect((await write()).subject).not.toContain('without');
    world.now = Date.parse('2026-11-20T00:00:00Z');
    await reports().write(accounts, '2026-11', newCall());
    world.now += 9 * hourMs;
    world.aws.fails = () => down;
    const { subject, text } = await reports().write(accounts, '2026-11', newCall());
    expect(text).toContain('Shown as it was');
    expect(subject).not.toContain('without');
  });
});
