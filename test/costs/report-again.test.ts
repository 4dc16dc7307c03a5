import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CallError } from '../../src/call/errors.ts';
import { createLedger } from '../../src/call/ledger.ts';
import { createReports } from '../../src/costs/report/index.ts';
import { createSchedule } from '../../src/costs/report/schedule.ts';
import type { AttemptOutcome, CallScope } from '../../src/ports/call-scope.ts';
import type { Mail, RefusedRecipient } from '../../src/ports/mail.ts';
import type { ReportRow } from '../../src/ports/state.ts';
import { failure, newCall } from '../aws/harness.ts';
import { accounts, newFakes, sourcesOf } from './report-fakes.ts';
import { newStore, type TestStore } from './test-store.ts';

/** What becomes of a report that could not be sent at once; the mailer says what the test says. */

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const everybody = ['finance@example.com', 'cfo@example.com'];
const october = 'scheduled 2026-10';

const lost = new CallError('timeout', 'Nobody answered.', { remedy: 'Try again.', retryable: true });
const down = new CallError('provider_unavailable', 'The mail server cannot be reached.', { remedy: 'Try again.', retryable: true });
const badPassword = new CallError('provider_denied', 'The mail server did not accept the password.', { remedy: 'Check the password.' });
const allRefused = new CallError('provider_rejected', 'The mail server refused the mail.', {
  remedy: 'Correct the recipients.',
  provider: { code: 'RecipientRefused' },
});

let opened: TestStore;
let now = 0;
/** Mails that were handed over, whatever came of it. */
let handed: Mail[] = [];
/** Undefined: it is taken. */
let fails: { error: CallError; outcome?: AttemptOutcome } | undefined;
let refused: RefusedRecipient[] = [];

beforeEach(() => {
  opened = newStore();
  now = Date.parse('2026-11-01T00:00:20Z');
  handed = [];
  fails = undefined;
  refused = [];
});
afterEach(() => opened.close());

const mailer = {
  async send(mail: Mail, call: CallScope, tell?: (each: RefusedRecipient) => void) {
    if (call.signal.aborted) throw new CallError('cancelled', 'Cancelled.', { remedy: 'Call again.' });
    handed.push(mail);
    const settle = call.ledger.attempt();
    settle(fails ? (fails.outcome ?? 'refused') : 'applied');
    if (fails) throw fails.error;
    for (const each of refused) if (mail.to.includes(each.to)) tell?.(each);
  },
};
const reports = () =>
  createReports({ ...sourcesOf(newFakes(), () => now), mailer, store: opened.store, recipients: everybody, canMail: true });
const call = () => ({ ...newCall(), ledger: createLedger() });
const send = (to?: string[]) => reports().send(accounts, to ? { to } : {}, call());
const row = (id = october) => opened.store.report(id);
const waiting = () => opened.store.reports({ status: 'waiting', limit: 10 });
const keep = (more: Partial<ReportRow> = {}) =>
  opened.store.createReport({ id: october, month: '2026-10', to: everybody, status: 'waiting', attempts: 0, nextAt: now, ...more });

function scheduleOf(around: { monthlyReport?: boolean; before?: (tool: string) => void; activity?: () => boolean } = {}) {
  const tools: string[] = [];
  const schedule = createSchedule({
    store: opened.store,
    settings: { canMail: true, recipients: everybody, monthlyReport: around.monthlyReport ?? true, currency: 'USD' },
    invoke: async (tool, input) => {
      tools.push(tool);
      try {
        around.before?.(tool);
        if (tool === 'costs_send_report') await reports().send(accounts, input, call());
        return { ok: true };
      } catch (error) {
        if (!(error instanceof CallError)) throw error;
        return { ok: false, error: { code: error.code, message: error.message } };
      }
    },
    activity: around.activity ?? (() => false),
    warn: () => undefined,
    holder: 'server',
    now: () => now,
  });
  return { ...schedule, tools };
}

describe('a month that is asked for while it waits', () => {
  it('waits once, however often it fails, and no more once somebody has sent it', async () => {
    fails = { error: down };
    for (let hour = 0; hour < 5; hour += 1, now += hourMs) await failure(send());
    expect(waiting()).toEqual([expect.objectContaining({ to: everybody, attempts: 5 })]);
    fails = undefined;
    await send();
    // The last that failed and the one that did not are the same mail to whoever gets both.
    expect(new Set(handed.map(({ id }) => id)).size).toBe(1);
    handed = [];
    now += 4 * hourMs;
    await scheduleOf({ monthlyReport: false }).tick();
    expect(handed).toEqual([]);
    expect(waiting()).toEqual([]);
  });

  it('waits for those who are added, and for those who are left', async () => {
    fails = { error: down };
    await failure(send(['cfo@example.com']));
    await failure(send(['finance@example.com']));
    expect(waiting().map(({ to }) => to)).toEqual([['cfo@example.com', 'finance@example.com']]);
    fails = undefined;
    await send(['finance@example.com']);
    expect(waiting().map(({ to }) => to)).toEqual([['cfo@example.com']]);
  });

  it('keeps those who cannot get it now when all others who waited have it', async () => {
    keep({ to: ['finance@example.com'] });
    refused = [{ to: 'cfo@example.com', why: 'Later', isForNow: true }];
    await failure(send());
    expect(row()).toMatchObject({ status: 'sent' });
    expect(waiting().map(({ to }) => to)).toEqual([['cfo@example.com']]);
  });

  it('is not mailed by the server too, nor said to have failed, after a person sent it', async () => {
    keep({ attempts: 2 });
    opened.store.createReport({ id: 'call-1', month: '2026-10', to: everybody, status: 'failed', attempts: 9, nextAt: now });
    keep({ id: 'scheduled 2026-09', month: '2026-09' });
    await send();
    expect(row()).toMatchObject({ status: 'sent', to: [] });
    expect(row('call-1')).toMatchObject({ status: 'sent' });
    expect(row('scheduled 2026-09')).toMatchObject({ status: 'waiting', to: everybody });
  });

  it('and is planned besides is mailed once', async () => {
    keep({ id: 'call-1', to: ['cfo@example.com'] });
    keep();
    keep({ id: 'call-2', to: ['finance@example.com'] });
    await scheduleOf().tick();
    const told = handed.flatMap(({ to }) => to);
    expect(told.filter((each) => each === 'finance@example.com')).toHaveLength(1);
    expect(waiting()).toEqual([]);
  });

  it('is not sent by two at a time', async () => {
    keep();
    const answers = await Promise.allSettled([reports().send(accounts, { resume: october }, call()), send()]);
    expect(handed).toHaveLength(1);
    expect(answers.map((answer) => (answer.status === 'rejected' ? answer.reason.code : 'sent')).sort()).toEqual([
      'provider_conflict',
      'sent',
    ]);
  });
});

describe('a mail that nobody answered for', () => {
  it('is sent once more, and then given up in words', async () => {
    keep({ id: 'scheduled 2026-09', month: '2026-09', to: [], status: 'sent' });
    fails = { error: lost, outcome: 'unknown' };
    const { tick } = scheduleOf();
    for (let minute = 0; minute < 24 * 60; minute += 10, now += 10 * minuteMs) await tick();
    expect(handed).toHaveLength(2);
    expect(new Set(handed.map(({ id }) => id)).size).toBe(1);
    expect(row()).toMatchObject({ status: 'failed', attempts: 2, problem: expect.stringContaining('may have arrived') });
  });

  it('counts apart from those that surely failed', async () => {
    keep();
    const { tick } = scheduleOf();
    const outcomes: AttemptOutcome[] = ['refused', 'unknown', 'refused', 'refused', 'unknown'];
    for (const outcome of outcomes) {
      fails = { error: lost, outcome };
      expect(row()?.status).toBe('waiting');
      await tick();
      now += hourMs;
    }
    expect(row()).toMatchObject({ status: 'failed', attempts: 5 });
  });

  it('that a person sent is kept for one more attempt', async () => {
    fails = { error: lost, outcome: 'unknown' };
    const error = await failure(send());
    expect(error.details).toMatchObject({ retryable: false, remedy: expect.stringContaining('tries again') });
    expect(waiting()).toEqual([expect.objectContaining({ attempts: 1, maybeSent: true })]);
    now += hourMs;
    const { id } = waiting()[0] ?? { id: '' };
    const again = await failure(reports().send(accounts, { resume: id }, call()));
    expect(again.details.remedy).toContain('may have arrived');
    expect(waiting()).toEqual([]);
  });
});

describe('the report of the month', () => {
  it('is tried for three days whatever is wrong with the settings', async () => {
    keep();
    fails = { error: badPassword };
    const { tick } = scheduleOf();
    for (const end = now + 2 * 24 * hourMs; now < end; now += hourMs) await tick();
    expect(row()).toMatchObject({ status: 'waiting', problem: badPassword.message });
    // The password was set right.
    fails = undefined;
    await tick();
    expect(row()).toMatchObject({ status: 'sent' });
  });

  it('says what to set right, and when it is tried again', async () => {
    keep();
    fails = { error: badPassword };
    const error = await failure(reports().send(accounts, { resume: october }, call()));
    expect(error.details).toMatchObject({
      retryable: false,
      remedy: expect.stringMatching(/^Check the password\. .*2026-11-01 00:05 UTC/),
    });
  });

  it('is given up when all of its recipients were refused, and one that was asked for with the settings', async () => {
    keep();
    keep({ id: 'call-1', month: '2026-09' });
    fails = { error: allRefused };
    await failure(reports().send(accounts, { resume: october }, call()));
    expect(row()).toMatchObject({ status: 'failed' });
    fails = { error: badPassword };
    await failure(reports().send(accounts, { resume: 'call-1' }, call()));
    expect(row('call-1')).toMatchObject({ status: 'failed' });
  });

  it('of a month that is noted as missed is not resumed, and what to do is said', async () => {
    keep({ to: [], status: 'failed' });
    const error = await failure(reports().send(accounts, { resume: october }, call()));
    expect(error.code).toBe('invalid_input');
    expect(error.details.remedy).toContain('month "2026-10"');
    expect(row()).toMatchObject({ status: 'failed', attempts: 0 });
  });

  it('put off by a clock that was ahead is tried now that it is right', async () => {
    keep({ attempts: 1, nextAt: now + 300 * 24 * hourMs });
    await scheduleOf().tick();
    expect(row()).toMatchObject({ status: 'sent' });
  });

  it('planned by a clock that was ahead waits until its month is over', async () => {
    keep({ id: 'scheduled 2026-11', month: '2026-11', nextAt: now + 30 * 24 * hourMs });
    const { tick } = scheduleOf({ monthlyReport: false });
    await tick();
    expect(handed).toEqual([]);
    now = Date.parse('2026-12-01T00:00:20Z');
    await tick();
    expect(handed).toHaveLength(1);
  });

  it('begins anew where nobody has planned one for more than a year', async () => {
    keep({ id: 'scheduled 2025-08', month: '2025-08', to: [], status: 'sent' });
    await scheduleOf().tick();
    expect(handed).toEqual([]);
    expect(row()).toMatchObject({ status: 'sent', to: [] });
  });
});

it('what was kept is an effect, whatever the error says of its own', async () => {
  fails = { error: new CallError('circuit_open', 'It failed too often.', { remedy: 'Wait.', effect: 'none', retryable: true }) };
  const scope = call();
  const error = await failure(reports().send(accounts, {}, scope));
  expect(error.toBody('call-1', scope.ledger.effect()).effect).toBe('applied');
});

describe('a server that stops', () => {
  const cancelled = new CallError('cancelled', 'The server stops.', { remedy: 'Call again.' });

  it('begins nothing more, and leaves to others what it did not do', async () => {
    keep();
    keep({ id: 'call-1', month: '2026-09' });
    opened.store.putCostAlert({ name: 'month', spec: '{}' });
    const schedule = scheduleOf({
      activity: () => true,
      before: () => {
        schedule.stop();
        throw cancelled;
      },
    });
    await schedule.tick();
    await schedule.tick();
    expect(schedule.tools).toEqual(['costs_send_report']);
    expect(row()).toMatchObject({ status: 'waiting', attempts: 0 });
    for (const name of ['cost reports', 'schedule costs_notify', 'schedule costs_forecast 2026-11'])
      expect(opened.store.takeLease(name, 'other', now, minuteMs)).toHaveProperty('token');
  });

  it.each([
    ['costs_notify', 'schedule costs_notify'],
    ['costs_forecast', 'schedule costs_forecast 2026-11'],
  ])('in the middle of %s gives it back', async (tool, lease) => {
    opened.store.putCostAlert({ name: 'month', spec: '{}' });
    const schedule = scheduleOf({
      activity: () => true,
      before: (called) => {
        if (called !== tool) return;
        schedule.stop();
        throw cancelled;
      },
    });
    await schedule.tick();
    expect(schedule.tools.at(-1)).toBe(tool);
    expect(opened.store.takeLease(lease, 'other', now, minuteMs)).toHaveProperty('token');
  });

  it('before a mail has left takes no attempt of it', async () => {
    keep();
    const scope = newCall();
    scope.cancel();
    expect((await failure(reports().send(accounts, { resume: october }, scope))).code).toBe('cancelled');
    expect(row()).toMatchObject({ status: 'waiting', attempts: 0, nextAt: now });
  });
});

describe('spend for policy', () => {
  const spend = { currency: 'USD', monthToDateCents: 1, forecastCents: 2 };
  const used = () => {
    let isUsed = true;
    return scheduleOf({
      monthlyReport: false,
      activity: () => {
        const was = isUsed;
        isUsed = false;
        return was;
      },
    });
  };

  it.each([
    ['is of the month before', { month: '2026-10' }, true],
    ['is in another currency', { currency: 'EUR' }, true],
    ['is from ahead of the clock', { monthToDateAt: Date.parse('2026-11-01T05:00:00Z') }, true],
    ['has a forecast from ahead of the clock', { forecastAt: Date.parse('2026-11-01T05:00:00Z') }, true],
    ['is of now', {}, false],
  ])('that %s is read: %s', async (_, change, isRead) => {
    opened.store.keepSpend({ month: '2026-11', monthToDateAt: now, forecastAt: now, ...spend, ...change });
    const { tick, tools } = used();
    await tick();
    expect(tools).toEqual(isRead ? ['costs_forecast'] : []);
  });

  it('is read at once in a new month, though it was tried a moment ago in the old one', async () => {
    now = Date.parse('2026-10-31T23:50:00Z');
    const { tick, tools } = scheduleOf({ monthlyReport: false, activity: () => true });
    await tick();
    now += 11 * minuteMs;
    await tick();
    expect(tools).toEqual(['costs_forecast', 'costs_forecast']);
  });

  it('that was being read by another is read by what was used before', async () => {
    opened.store.takeLease('schedule costs_forecast 2026-11', 'other', now, minuteMs);
    const { tick, tools } = used();
    await tick();
    expect(tools).toEqual([]);
    now += minuteMs;
    await tick();
    expect(tools).toEqual(['costs_forecast']);
  });

  it('that could not be read is not tried again until somebody works again', async () => {
    let isUsed = true;
    const { tick, tools } = scheduleOf({
      monthlyReport: false,
      before: () => {
        throw down;
      },
      activity: () => {
        const was = isUsed;
        isUsed = false;
        return was;
      },
    });
    for (let hour = 0; hour < 24; hour += 1, now += hourMs) await tick();
    expect(tools).toEqual(['costs_forecast']);
    isUsed = true;
    await tick();
    expect(tools).toEqual(['costs_forecast', 'costs_forecast']);
    // Used right behind a failure: tried when the hour is over.
    isUsed = true;
    now += minuteMs;
    await tick();
    now += hourMs;
    await tick();
    expect(tools.length).toBe(3);
  });
});
