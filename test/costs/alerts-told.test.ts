import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CallError, type ErrorCode } from '../../src/call/errors.ts';
import { createAlerts } from '../../src/costs/alerts/index.ts';
import { createMailer } from '../../src/mail/index.ts';
import type { AttemptOutcome, CallScope } from '../../src/ports/call-scope.ts';
import type { Mailer } from '../../src/ports/mail.ts';
import type { StateStore } from '../../src/ports/state.ts';
import { openSqliteStore } from '../../src/state/sqlite-store.ts';
import { accountTarget, alertCall, topic } from '../aws/alerts-parts.ts';
import { failure } from '../aws/harness.ts';
import { type Mailbox, startMailbox } from '../mail/mailbox.ts';

/** What becomes of a notice that is refused, that is lost, or whose sender dies. */

let folder: string;
let store: StateStore;
let now: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ziggie-told-'));
  store = openSqliteStore(folder);
  now = Date.parse('2026-11-22T12:00:00Z');
});
afterEach(async () => {
  store.close();
  await rm(folder, { recursive: true, force: true });
});

const minuteMs = 60_000;
const recipients = ['a@example.com', 'gone@example.com', 'z@example.com'];

interface World {
  mailer: Mailer;
  recipients?: readonly string[];
  topics?: readonly string[];
  publish?: (call: CallScope) => Promise<void>;
}

function alertsOf({ mailer, recipients: to = recipients, topics = [], publish = async () => undefined }: World) {
  const alerts = createAlerts({
    budgets: { put: async () => ({ outcome: 'created', to: [] }), list: async () => ({ budgets: [], more: false }) },
    mailer,
    topics: { publish: (_arn, _message, call) => publish(call) },
    store,
    combined: async () => ({ month: '2026-11', currency: 'USD', monthToDateCents: 9_000 }),
    settings: { budget: { currency: 'USD' }, recipients: to, topics, mail: {} },
    now: () => now,
  });
  return {
    set: () => alerts.set([accountTarget()], 'both', { name: 'all' }, alertCall()),
    notify: (call = alertCall()) => alerts.notify([accountTarget()], call),
    list: async () => (await alerts.list([], { limit: 5 }, alertCall())).alerts[0],
  };
}

/** Every ten minutes, as the schedule does; what was told, and what failed. */
async function ticks(alerts: ReturnType<typeof alertsOf>, count: number) {
  const told: string[] = [];
  const errors: CallError[] = [];
  for (let each = 0; each < count; each += 1) {
    try {
      told.push(...(await alerts.notify()).told.flatMap(({ to }) => to));
    } catch (error) {
      errors.push(error as CallError);
    }
    now += 10 * minuteMs;
  }
  return { told, errors };
}

/** A mailer that ends so for these addresses. */
function mailerThat(ends: (to: string) => { outcome?: AttemptOutcome; code?: ErrorCode; retryable?: boolean; status?: number }) {
  const sent: string[] = [];
  const mailer: Mailer = {
    async send({ to }, call) {
      const [address = ''] = to;
      const { outcome, code, retryable = false, status } = ends(address);
      sent.push(address);
      if (outcome) call.ledger.attempt()(outcome);
      if (!code) return;
      const provider = status === undefined ? {} : { provider: { code: String(status), status } };
      throw new CallError(code, 'It went wrong.', { remedy: 'Mend it.', effect: 'none', retryable, ...provider });
    },
  };
  return { mailer, sent };
}

describe('over a real mail server', () => {
  let box: Mailbox;
  afterEach(() => box.close());
  const mailerTo = (port: number) =>
    createMailer({
      settings: { from: 'ziggie@example.com', via: 'smtp', host: '127.0.0.1', port, security: 'none' },
      password: async () => undefined,
      ses: { send: async () => undefined },
      now: () => now,
    });
  const mailedTo = () => box.mails.flatMap(({ to }) => to);

  it('one address that does not exist keeps nobody from hearing of it, and makes nobody hear of it twice', async () => {
    box = await startMailbox({
      onRcptTo: ({ address }, _session, done) =>
        address.startsWith('gone') ? done(Object.assign(new Error('no such user'), { responseCode: 550 })) : done(),
    });
    const alerts = alertsOf({ mailer: mailerTo(box.port) });
    await alerts.set();
    const day = await ticks(alerts, 144);
    expect(mailedTo()).toEqual(['a@example.com', 'z@example.com']);
    expect(day.errors).toHaveLength(1);
    expect(day.errors[0]).toMatchObject({ code: 'provider_rejected', message: expect.stringContaining('Told of: all 80% actual.') });
    // Once a day somebody hears that it is still so.
    expect((await ticks(alerts, 144)).errors).toHaveLength(1);
    expect(mailedTo()).toHaveLength(2);
  });

  it('one that is not taken for now is tried again alone', async () => {
    let isBusy = true;
    box = await startMailbox({
      onRcptTo: ({ address }, _session, done) =>
        isBusy && address.startsWith('gone') ? done(Object.assign(new Error('greylisted'), { responseCode: 450 })) : done(),
    });
    const alerts = alertsOf({ mailer: mailerTo(box.port) });
    await alerts.set();
    expect((await ticks(alerts, 2)).errors).toHaveLength(2);
    isBusy = false;
    expect(await ticks(alerts, 2)).toEqual({ told: ['gone@example.com'], errors: [] });
    expect(mailedTo()).toEqual(['a@example.com', 'z@example.com', 'gone@example.com']);
  });
});

describe('what may have arrived', () => {
  const lost = { outcome: 'unknown', code: 'timeout', retryable: true } as const;

  it('is sent once more, and then no more', async () => {
    const { mailer, sent } = mailerThat(() => lost);
    let published = 0;
    const publish = async (call: CallScope) => {
      published += 1;
      call.ledger.attempt()('unknown');
      throw new CallError('timeout', 'No answer.', { remedy: 'Wait.', retryable: true });
    };
    const alerts = alertsOf({ mailer, recipients: ['a@example.com'], topics: [topic], publish });
    await alerts.set();
    const { errors } = await ticks(alerts, 144);
    expect([sent.length, published, errors.length]).toEqual([2, 2, 2]);
    expect(errors[0]?.details.remedy).toContain('once more at most');
    expect(await alerts.list()).toMatchObject({ notified: ['80% actual'] });
  });

  it('is not kept from arriving for good by what was certainly not sent', async () => {
    let fault: ReturnType<Parameters<typeof mailerThat>[0]> = lost;
    const { mailer, sent } = mailerThat(() => fault);
    const alerts = alertsOf({ mailer, recipients: ['a@example.com'] });
    await alerts.set();
    await ticks(alerts, 2);
    fault = { outcome: 'refused', code: 'provider_unavailable', retryable: true };
    expect((await ticks(alerts, 5)).errors).toHaveLength(5);
    fault = { outcome: 'applied' };
    expect(await ticks(alerts, 3)).toEqual({ told: ['a@example.com'], errors: [] });
    expect(sent).toHaveLength(7);
  });

  it('is what a server that died had claimed: another tells of it when the claim has ended', async () => {
    const dead = alertsOf({ mailer: { send: () => new Promise(() => undefined) }, recipients: ['a@example.com'] });
    await dead.set();
    void dead.notify();
    await expect.poll(() => store.costNotices('all', '2026-11')).toHaveLength(1);
    const { mailer, sent } = mailerThat(() => ({ outcome: 'applied' }));
    const alive = alertsOf({ mailer, recipients: ['a@example.com'] });
    expect(await ticks(alive, 2)).toEqual({ told: [], errors: [] });
    expect(await alive.notify(alertCall({ dryRun: true }))).toMatchObject({ told: [{ to: ['a@example.com'] }] });
    expect(await ticks(alive, 10)).toEqual({ told: ['a@example.com'], errors: [] });
    expect(sent).toEqual(['a@example.com']);
  });
});

describe('what does not pass by itself', () => {
  it.each<[ErrorCode, number, boolean]>([
    ['provider_denied', 24, false],
    ['provider_not_configured', 24, false],
    ['provider_rejected', 1, false],
    ['provider_rejected', 144, true],
    ['provider_not_found', 1, false],
    ['provider_unavailable', 144, false],
  ])('%s is tried %i times a day (retryable: %s), and never shown as told', async (code, times, retryable) => {
    const { mailer, sent } = mailerThat(() => ({ code, retryable }));
    const alerts = alertsOf({ mailer, recipients: ['a@example.com'] });
    await alerts.set();
    expect((await ticks(alerts, 144)).errors).toHaveLength(times);
    expect(sent).toHaveLength(times);
    expect(await alerts.list()).not.toHaveProperty('notified');
  });
});

it('a mail server that nobody reaches is tried once, and keeps no topic waiting', async () => {
  const { mailer, sent } = mailerThat(() => ({ code: 'provider_unavailable', retryable: true }));
  const published: string[] = [];
  const alerts = alertsOf({
    mailer,
    topics: [topic, `${topic}-2`],
    publish: async () => {
      published.push('one');
    },
  });
  await alerts.set();
  expect(await failure(alerts.notify())).toMatchObject({ code: 'provider_unavailable' });
  expect([sent, published.length]).toEqual([['a@example.com'], 2]);
  // One that answers is asked for everybody.
  sent.length = 0;
  const busy = mailerThat(() => ({ code: 'provider_unavailable', retryable: true, status: 450 }));
  await failure(alertsOf({ mailer: busy.mailer }).notify());
  expect(busy.sent).toEqual(recipients);
});

it("the effect is the ledger's, whatever the error that came first says of itself", async () => {
  const { mailer } = mailerThat(() => ({ code: 'provider_not_configured' }));
  const publish = async ({ ledger }: CallScope) => ledger.attempt()('applied');
  const alerts = alertsOf({ mailer, topics: [topic], publish });
  await alerts.set();
  const call = alertCall();
  const error = await failure(alerts.notify(call));
  expect(error.toBody('call', call.ledger.effect())).toMatchObject({ code: 'provider_not_configured', effect: 'applied' });
});
