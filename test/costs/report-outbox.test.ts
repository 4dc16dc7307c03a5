import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CallError } from '../../src/call/errors.ts';
import { createReports } from '../../src/costs/report/index.ts';
import { createSchedule } from '../../src/costs/report/schedule.ts';
import { createMailer } from '../../src/mail/index.ts';
import type { StateStore } from '../../src/ports/state.ts';
import { openSqliteStore } from '../../src/state/sqlite-store.ts';
import { failure, newCall, type TestCall } from '../aws/harness.ts';
import { headerOf, type Mailbox, partsOf, startMailbox } from '../mail/mailbox.ts';
import { temporaryFolder } from '../support/folders.ts';
import { accounts, newFakes, sourcesOf } from './report-fakes.ts';

/** Reports by a real SMTP server, over real stores; the clock is the test's. */

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const everybody = ['finance@example.com', 'cfo@example.com'];

interface Server {
  readonly store: StateStore;
  readonly reports: ReturnType<typeof createReports>;
  readonly schedule: ReturnType<typeof createSchedule>;
  readonly calls: { tool: string; input: object; call: TestCall }[];
  readonly warnings: string[];
}

let folder = '';
let now = 0;
let port = 0;
let mailbox: Mailbox | undefined;
const stores: StateStore[] = [];

beforeEach(async () => {
  folder = temporaryFolder();
  now = Date.parse('2026-11-01T00:00:20Z');
  mailbox = await startMailbox();
  port = mailbox.port;
});
afterEach(async () => {
  await mailbox?.close();
  mailbox = undefined;
  for (const store of stores.splice(0)) store.close();
});
const mails = () => mailbox?.mails ?? [];

interface Options {
  readonly recipients?: readonly string[];
  readonly canMail?: boolean;
  readonly monthlyReport?: boolean;
  /** What comes between the schedule and the road. */
  readonly road?: (tool: string, run: () => Promise<unknown>) => Promise<unknown>;
  readonly activity?: () => boolean;
  readonly fakes?: ReturnType<typeof newFakes>;
}

/** A server on the one state folder. */
function server(options: Options = {}): Server {
  const { recipients = everybody, canMail = true, monthlyReport = true, road = (_, run) => run(), activity = () => false } = options;
  const store = openSqliteStore(folder);
  stores.push(store);
  const settings = { from: 'ziggie@example.com', via: 'smtp', host: '127.0.0.1', port, security: 'none' } as const;
  const mailer = createMailer({ settings, password: async () => undefined, ses: { send: async () => undefined }, now: () => now });
  const reports = createReports({ ...sourcesOf(options.fakes ?? newFakes(), () => now), mailer, store, recipients, canMail });
  const calls: Server['calls'] = [];
  const warnings: string[] = [];
  const schedule = createSchedule({
    store,
    settings: { canMail, recipients, monthlyReport, currency: 'USD' },
    invoke: async (tool, input) => {
      const call = newCall();
      calls.push({ tool, input, call });
      try {
        await road(tool, async () => (tool === 'costs_send_report' ? reports.send(accounts, input, call) : undefined));
        return { ok: true };
      } catch (error) {
        if (!(error instanceof CallError)) throw error;
        return { ok: false, error: { code: error.code, message: error.message } };
      }
    },
    activity,
    warn: (problem) => warnings.push(problem),
    holder: `server-${stores.length}`,
    now: () => now,
  });
  return { store, reports, schedule, calls, warnings };
}

/** A store that knew of the month before the one that has just ended. */
function knows(store: StateStore, ...months: string[]): void {
  for (const month of months) store.createReport({ id: `scheduled ${month}`, month, to: [], status: 'sent', attempts: 0, nextAt: 0 });
}
const row = (store: StateStore, id: string) => store.reports({ limit: 100 }).find((each) => each.id === id);

describe('a report that is asked for', () => {
  it('goes to everybody, once, with its CSV', async () => {
    const { reports, store } = server();
    const call = newCall();
    expect(await reports.send(accounts, {}, call)).toEqual({ month: '2026-10', to: everybody, status: 'sent' });
    expect(mails()).toHaveLength(1);
    expect(mails()[0]?.to).toEqual(everybody);
    const raw = mails()[0]?.raw ?? '';
    expect(headerOf(raw, 'Subject')).toBe('Cloud costs October 2026: 1,234.59 USD');
    const parts = partsOf(raw);
    expect([...parts.keys()]).toEqual(['text/plain', 'text/html', 'text/csv']);
    expect(parts.get('text/csv')).toContain('total,USD,,2026-10,1234.59,USD\r\n');
    expect(parts.get('text/html')).toContain('1,234.59 USD');
    expect(raw).toContain('cloud-costs-2026-10.csv');
    expect(call.attempts).toEqual(['applied']);
    expect(store.reports({ limit: 5 })).toEqual([]);
  });

  it('goes to those who are named, in the spelling of the configuration', async () => {
    const { reports } = server();
    expect(await reports.send(accounts, { to: ['CFO@example.com', 'cfo@example.com'] }, newCall())).toMatchObject({
      to: ['cfo@example.com'],
    });
    expect(mails()[0]?.to).toEqual(['cfo@example.com']);
  });

  it.each([
    ['a stranger', ['thief@example.com'], /costs\.recipients/],
    ['a stranger beside somebody', ['cfo@example.com', 'thief@example.com'], /thief@example\.com/],
    ['a newline', ['cfo@example.com\nBcc: thief@example.com'], /line break/],
    ['nobody', [], /nobody/],
  ])('does not go to %s', async (_, to, said) => {
    const { reports, store } = server();
    const call = newCall();
    const error = await failure(reports.send(accounts, { to }, call));
    expect(error.code).toBe('invalid_input');
    expect(`${error.message} ${error.details.remedy}`).toMatch(said);
    expect(error.details.remedy).toContain('costs.recipients');
    expect(call.attempts).toEqual([]);
    expect(mailbox?.connections()).toBe(0);
    expect(store.reports({ limit: 5 })).toEqual([]);
  });

  it.each([
    ['no way to send', { canMail: false }, 'costs.mail'],
    ['no recipients', { recipients: [] }, 'costs.recipients'],
  ])('needs settings: %s', async (_, options, setting) => {
    const error = await failure(server(options).reports.send(accounts, {}, newCall()));
    expect(error.code).toBe('provider_not_configured');
    expect(error.details.remedy).toContain(setting);
  });

  it('in a dry run is written and not sent', async () => {
    const { reports, store } = server();
    const call = newCall({ dryRun: true });
    const planned = await reports.send(accounts, {}, call);
    expect(planned).toEqual({
      month: '2026-10',
      to: [],
      status: 'planned',
      plan: {
        current: { mailed: 'nobody' },
        change: { mailed: everybody.join(', '), subject: 'Cloud costs October 2026: 1,234.59 USD' },
        providerChecked: false,
      },
    });
    expect(call.attempts).toEqual([]);
    expect(mailbox?.connections()).toBe(0);
    expect(store.reports({ limit: 5 })).toEqual([]);
  });

  it('that cannot be sent now is kept, says so, and is sent by a server that stays', async () => {
    await mailbox?.close();
    const { reports, store, schedule } = server();
    const call = newCall();
    const error = await failure(reports.send(accounts, { to: ['cfo@example.com'] }, call));
    expect(error.code).toBe('provider_unavailable');
    expect(error.details.retryable).toBe(false);
    expect(error.details.remedy).toContain('2026-11-01 00:05 UTC');
    expect(call.ledger.effect()).toBe('applied');
    expect(row(store, call.callId)).toMatchObject({
      status: 'waiting',
      month: '2026-10',
      to: ['cfo@example.com'],
      attempts: 1,
      nextAt: now + 5 * minuteMs,
    });
    knows(store, '2026-10');

    mailbox = await startMailbox({}, port);
    now += 4 * minuteMs;
    await schedule.tick();
    expect(mails()).toEqual([]);
    now += minuteMs;
    await schedule.tick();
    await schedule.tick();
    expect(mails().map(({ to }) => to)).toEqual([['cfo@example.com']]);
    expect(row(store, call.callId)).toMatchObject({ status: 'sent' });
  });

  it('that is refused for good is not kept', async () => {
    await mailbox?.close();
    mailbox = await startMailbox(
      { onMailFrom: (_address, _session, done) => done(Object.assign(new Error('Not from there'), { responseCode: 553 })) },
      port,
    );
    const { reports, store } = server();
    const call = newCall();
    expect((await failure(reports.send(accounts, {}, call))).code).toBe('provider_rejected');
    expect(store.reports({ limit: 5 })).toEqual([]);
    expect(call.ledger.effect()).toBe('none');
  });

  it('that was cancelled is not kept', async () => {
    const { reports, store } = server();
    const call = newCall();
    call.cancel();
    expect((await failure(reports.send(accounts, {}, call))).code).toBe('cancelled');
    expect(store.reports({ limit: 5 })).toEqual([]);
  });

  it('that some cannot get now waits for these alone', async () => {
    await mailbox?.close();
    let isBusy = true;
    mailbox = await startMailbox(
      {
        onRcptTo: ({ address }, _, done) =>
          done(isBusy && address.startsWith('cfo') ? Object.assign(new Error('Later'), { responseCode: 450 }) : undefined),
      },
      port,
    );
    const { reports, store, schedule } = server();
    knows(store, '2026-10');
    const call = newCall();
    const error = await failure(reports.send(accounts, {}, call));
    expect(error.message).toContain('cfo@example.com');
    expect(row(store, call.callId)).toMatchObject({ status: 'waiting', to: ['cfo@example.com'] });
    isBusy = false;
    now += 5 * minuteMs;
    await schedule.tick();
    expect(mails().map(({ to }) => to)).toEqual([['finance@example.com'], ['cfo@example.com']]);
    const ids = mails().map(({ raw }) => headerOf(raw, 'Message-ID'));
    expect(ids[0]).toBe(ids[1]);
  });
});

describe('the report of the month', () => {
  it('is sent on the first, 00:00 UTC, and once', async () => {
    const { schedule, store } = server();
    now = Date.parse('2026-10-31T23:59:40Z');
    knows(store, '2026-09');
    await schedule.tick();
    expect(mails()).toEqual([]);
    now = Date.parse('2026-11-01T00:00:00Z');
    await schedule.tick();
    expect(mails()).toHaveLength(1);
    expect(mails()[0]?.to).toEqual(everybody);
    for (let hour = 0; hour < 50; hour += 1) {
      now += hourMs;
      await schedule.tick();
    }
    expect(mails()).toHaveLength(1);
    expect(row(store, 'scheduled 2026-10')).toMatchObject({ status: 'sent', month: '2026-10' });
  });

  it('is not sent of a time before the server, and the next one is', async () => {
    const { schedule, store } = server();
    await schedule.tick();
    expect(mails()).toEqual([]);
    await schedule.tick();
    expect(store.reports({ limit: 10 })).toEqual([expect.objectContaining({ id: 'scheduled 2026-10', status: 'sent', to: [] })]);
    now = Date.parse('2026-12-01T00:00:10Z');
    await schedule.tick();
    expect(mails()).toHaveLength(1);
    expect(row(store, 'scheduled 2026-11')).toMatchObject({ status: 'sent' });
  });

  it('is caught up by a server that was down, the newest alone; the others are noted', async () => {
    const { schedule, store } = server();
    knows(store, '2026-07');
    now = Date.parse('2026-11-20T10:00:00Z');
    await schedule.tick();
    expect(mails()).toHaveLength(1);
    expect(row(store, 'scheduled 2026-10')).toMatchObject({ status: 'sent' });
    for (const month of ['2026-08', '2026-09']) {
      expect(row(store, `scheduled ${month}`)).toMatchObject({
        status: 'failed',
        problem: expect.stringContaining(`--month ${month} --send`),
      });
    }
  });

  it('is sent by one of two servers', async () => {
    const [one, two] = [server(), server()];
    knows(one.store, '2026-09');
    await Promise.all([one.schedule.tick(), two.schedule.tick(), one.schedule.tick(), two.schedule.tick()]);
    now += minuteMs;
    await Promise.all([two.schedule.tick(), one.schedule.tick()]);
    expect(mails()).toHaveLength(1);
    expect([...one.calls, ...two.calls]).toHaveLength(1);
  });

  it('is not sent twice by calls that resume it at the same moment', async () => {
    const [one, two] = [server(), server()];
    one.store.createReport({ id: 'scheduled 2026-10', month: '2026-10', to: everybody, status: 'waiting', attempts: 0, nextAt: now });
    const resume = { resume: 'scheduled 2026-10' };
    const answers = await Promise.allSettled([one, two].map(({ reports }) => reports.send(accounts, resume, newCall())));
    expect(mails()).toHaveLength(1);
    const refused = answers.filter(({ status }) => status === 'rejected').map((answer) => (answer as PromiseRejectedResult).reason.code);
    expect(refused).toEqual(['provider_conflict']);
    expect(await two.reports.send(accounts, resume, newCall())).toEqual({ month: '2026-10', to: [], status: 'already_sent' });
    expect(mails()).toHaveLength(1);
  });

  it('is not sent by who looked at it just before another had sent it', async () => {
    const { store } = server();
    const sent = { id: 'scheduled 2026-10', month: '2026-10', to: everybody, status: 'sent', attempts: 0, nextAt: now } as const;
    store.createReport(sent);
    let looked = 0;
    const late: StateStore = { ...store, report: (id) => (looked++ === 0 ? { ...sent, status: 'waiting' } : store.report(id)) };
    const mailer = { send: () => Promise.reject(new Error('mailed')) };
    const reports = createReports({ ...sourcesOf(newFakes(), () => now), mailer, store: late, recipients: everybody, canMail: true });
    expect(await reports.send(accounts, { resume: sent.id }, newCall())).toEqual({ month: '2026-10', to: [], status: 'already_sent' });
    expect(looked).toBe(2);
  });

  it('that was sent is not planned again', async () => {
    const { store, reports } = server();
    knows(store, '2026-10');
    const call = newCall({ dryRun: true });
    expect(await reports.send(accounts, { resume: 'scheduled 2026-10' }, call)).toEqual({
      month: '2026-10',
      to: [],
      status: 'already_sent',
    });
  });

  it('that some cannot get now is sent to these alone the next time', async () => {
    await mailbox?.close();
    let isBusy = true;
    mailbox = await startMailbox(
      {
        onRcptTo: ({ address }, _, done) =>
          done(isBusy && address.startsWith('cfo') ? Object.assign(new Error('Later'), { responseCode: 450 }) : undefined),
      },
      port,
    );
    const { schedule, store } = server();
    knows(store, '2026-09');
    await schedule.tick();
    expect(row(store, 'scheduled 2026-10')).toMatchObject({ status: 'waiting', to: ['cfo@example.com'], attempts: 1 });
    isBusy = false;
    now += 5 * minuteMs;
    await schedule.tick();
    expect(mails().map(({ to }) => to)).toEqual([['finance@example.com'], ['cfo@example.com']]);
    expect(row(store, 'scheduled 2026-10')).toMatchObject({ status: 'sent' });
  });

  it('is delayed by a mail server that is down for an hour, and no more', async () => {
    await mailbox?.close();
    const { schedule, store, calls, warnings } = server();
    knows(store, '2026-09');
    const end = now + hourMs;
    const tried: number[] = [];
    for (; now < end; now += minuteMs) {
      const before = calls.length;
      await schedule.tick();
      if (calls.length > before) tried.push(Math.round((now - (end - hourMs)) / minuteMs));
    }
    expect(tried).toEqual([0, 5, 15, 35]);
    expect(row(store, 'scheduled 2026-10')).toMatchObject({
      status: 'waiting',
      attempts: 4,
      problem: expect.stringContaining('ECONNREFUSED'),
    });
    expect(warnings).toHaveLength(4);
    for (const { call } of calls) expect(call.ledger.effect()).toBe('none');

    mailbox = await startMailbox({}, port);
    for (let minute = 0; minute < 120; minute += 1, now += minuteMs) await schedule.tick();
    expect(mails()).toHaveLength(1);
    expect(calls).toHaveLength(5);
    expect(row(store, 'scheduled 2026-10')).toMatchObject({ status: 'sent' });
  });

  it('is given up after three days, in writing', async () => {
    await mailbox?.close();
    const { schedule, store, calls } = server();
    knows(store, '2026-09');
    const start = now;
    for (; now < start + 4 * 24 * hourMs; now += 30 * minuteMs) await schedule.tick();
    const given = row(store, 'scheduled 2026-10');
    expect(given).toMatchObject({ status: 'failed', problem: expect.stringContaining('ECONNREFUSED') });
    expect(calls.length).toBe(given?.attempts);
    // Not for want of trying.
    expect(calls.length).toBeGreaterThan(48);
    mailbox = await startMailbox({}, port);
    await schedule.tick();
    expect(mails()).toEqual([]);
  });

  it('of a server that dies while it sends is sent by another, under the same id', async () => {
    const [dying, other] = [server(), server()];
    knows(dying.store, '2026-09');
    // It takes the lease, sends, and is gone before it can write that down.
    const died = { ...dying.store, updateReport: () => undefined, releaseLease: () => undefined };
    const settings = { from: 'ziggie@example.com', via: 'smtp', host: '127.0.0.1', port, security: 'none' } as const;
    const mailer = createMailer({ settings, password: async () => undefined, ses: { send: async () => undefined }, now: () => now });
    other.store.createReport({ id: 'scheduled 2026-10', month: '2026-10', to: everybody, status: 'waiting', attempts: 0, nextAt: now });
    await createReports({ ...sourcesOf(newFakes(), () => now), mailer, store: died, recipients: everybody, canMail: true }).send(
      accounts,
      { resume: 'scheduled 2026-10' },
      newCall(),
    );
    await other.schedule.tick();
    expect(mails()).toHaveLength(1);
    // While its lease holds nobody sends; behind it somebody does.
    for (let minute = 0; minute < 60; minute += 1, now += minuteMs) await other.schedule.tick();
    expect(mails()).toHaveLength(2);
    const [first, second] = mails().map(({ raw }) => headerOf(raw, 'Message-ID'));
    expect(first).toBe(second);
    expect(row(other.store, 'scheduled 2026-10')).toMatchObject({ status: 'sent' });
  });

  it('goes to nobody who was taken out of the configuration meanwhile', async () => {
    const { schedule, store } = server({ recipients: ['cfo@example.com'] });
    store.createReport({ id: 'scheduled 2026-10', month: '2026-10', to: everybody, status: 'waiting', attempts: 0, nextAt: now });
    store.createReport({ id: 'call-1', month: '2026-10', to: ['finance@example.com'], status: 'waiting', attempts: 1, nextAt: now });
    await schedule.tick();
    expect(mails().map(({ to }) => to)).toEqual([['cfo@example.com']]);
    expect(row(store, 'call-1')).toMatchObject({ status: 'failed', problem: expect.stringContaining('costs.recipients') });
  });

  it('that nobody can get for good ends as failed', async () => {
    await mailbox?.close();
    mailbox = await startMailbox(
      { onRcptTo: (_address, _session, done) => done(Object.assign(new Error('No such user'), { responseCode: 550 })) },
      port,
    );
    const { schedule, store, calls, warnings } = server();
    knows(store, '2026-09');
    await schedule.tick();
    now += 24 * hourMs;
    await schedule.tick();
    expect(calls).toHaveLength(1);
    expect(row(store, 'scheduled 2026-10')).toMatchObject({ status: 'failed' });
    expect(warnings[0]).toContain('provider_rejected');
  });

  it('that the road refuses waits longer each time', async () => {
    const denied = new CallError('policy_denied', 'No permit.', { remedy: 'Ask.' });
    const { schedule, store, calls } = server({ road: () => Promise.reject(denied) });
    knows(store, '2026-09');
    for (let minute = 0; minute < 60; minute += 1, now += minuteMs) await schedule.tick();
    expect(calls).toHaveLength(4);
    expect(row(store, 'scheduled 2026-10')).toMatchObject({
      status: 'waiting',
      attempts: 4,
      problem: expect.stringContaining('policy_denied'),
    });
  });

  it('waits while the clouds cannot be read', async () => {
    const fakes = newFakes();
    const { month } = fakes.costs;
    let isDown = true;
    const error = new CallError('provider_unavailable', 'AWS has a problem.', { remedy: 'Wait.', retryable: true });
    fakes.costs = { ...fakes.costs, month: (...all) => (isDown ? Promise.reject(error) : month(...all)) };
    const { schedule, store } = server({ fakes });
    knows(store, '2026-09');
    await schedule.tick();
    expect(row(store, 'scheduled 2026-10')).toMatchObject({ status: 'waiting', attempts: 1, to: everybody });
    isDown = false;
    now += 5 * minuteMs;
    await schedule.tick();
    expect(mails()).toHaveLength(1);
  });

  it.each([
    ['no way to send', { canMail: false }],
    ['no recipients', { recipients: [] }],
    ['no wish for it', { monthlyReport: false }],
  ])('is not on the schedule with %s', async (_, options) => {
    const { schedule, store, calls } = server(options);
    knows(store, '2026-09');
    await schedule.tick();
    expect(calls).toEqual([]);
    expect(row(store, 'scheduled 2026-10')).toBeUndefined();
  });

  it('is not resumed under an id that nobody knows', async () => {
    const error = await failure(server().reports.send(accounts, { resume: 'scheduled 1999-01' }, newCall()));
    expect(error.code).toBe('invalid_input');
    expect(mailbox?.connections()).toBe(0);
  });
});

describe('a tick', () => {
  it('evaluates combined alerts every ten minutes, whatever the number of servers', async () => {
    const [one, two] = [server({ canMail: false }), server({ canMail: false })];
    await one.schedule.tick();
    expect(one.calls).toEqual([]);
    one.store.putCostAlert({ name: 'month', spec: '{}' });
    for (let minute = 0; minute < 30; minute += 1, now += minuteMs) await Promise.all([one.schedule.tick(), two.schedule.tick()]);
    const tools = [...one.calls, ...two.calls].map(({ tool }) => tool);
    expect(tools).toEqual(['costs_notify', 'costs_notify', 'costs_notify']);
  });

  it('reads spend again when it is older than eight hours and somebody works', async () => {
    let isUsed = false;
    const { schedule, store, calls } = server({ canMail: false, activity: () => isUsed });
    await schedule.tick();
    expect(calls).toEqual([]);
    isUsed = true;
    await schedule.tick();
    expect(calls.map(({ tool }) => tool)).toEqual(['costs_forecast']);
    store.keepSpend({ month: '2026-11', currency: 'USD', monthToDateCents: 1, monthToDateAt: now, forecastCents: 2, forecastAt: now });
    now += 7 * hourMs;
    await schedule.tick();
    expect(calls).toHaveLength(1);
    // Used before it was old: that counts.
    isUsed = false;
    now += hourMs;
    await schedule.tick();
    expect(calls).toHaveLength(2);
    now += 8 * hourMs;
    await schedule.tick();
    expect(calls).toHaveLength(2);
  });

  it('does not overlap another, and lets nothing out', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { schedule, store, calls, warnings } = server({
      road: async (tool) => {
        if (tool === 'costs_send_report') await promise;
        throw new Error('a fault');
      },
    });
    knows(store, '2026-09');
    store.putCostAlert({ name: 'month', spec: '{}' });
    const first = schedule.tick();
    await schedule.tick();
    await schedule.tick();
    expect(calls).toHaveLength(1);
    resolve();
    await first;
    expect(calls.map(({ tool }) => tool)).toEqual(['costs_send_report', 'costs_notify']);
    expect(warnings).toEqual([expect.stringContaining('a fault'), expect.stringContaining('a fault')]);
  });

  it('survives a store that fails', async () => {
    const one = server();
    for (const store of stores.splice(0)) store.close();
    await one.schedule.tick();
    expect(one.warnings.length).toBeGreaterThan(0);
    expect(one.calls).toEqual([]);
  });
});
