import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CallError } from '../../src/call/errors.ts';
import { type AlertSettings, type CombinedSpend, createAlerts } from '../../src/costs/alerts/index.ts';
import type { CallScope } from '../../src/ports/call-scope.ts';
import type { AlertChange, AlertSpec, AwsBudgets, BudgetState } from '../../src/ports/cost-alerts.ts';
import type { Mail } from '../../src/ports/mail.ts';
import type { StateStore } from '../../src/ports/state.ts';
import { openSqliteStore } from '../../src/state/sqlite-store.ts';
import { accountTarget, alertCall, alertSpec, topic } from '../aws/alerts-parts.ts';
import { failure, type TestCall } from '../aws/harness.ts';

let folder: string;
let store: StateStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ziggie-alerts-'));
  store = openSqliteStore(folder);
});
afterEach(async () => {
  store.close();
  await rm(folder, { recursive: true, force: true });
});

const accounts = [accountTarget()];
const now = Date.parse('2026-11-22T12:00:00Z');
const settings: AlertSettings = {
  budget: { currency: 'USD' },
  recipients: ['finance@example.com', 'ops@example.com'],
  topics: [topic],
  mail: {},
};
const crossed: CombinedSpend = { month: '2026-11', currency: 'USD', monthToDateCents: 8_520, forecastCents: 11_000 };
const combined = alertSpec({ name: 'both', emails: [], topics: [] });
const down = () => new CallError('provider_unavailable', 'The mail server is down.', { remedy: 'Wait.', retryable: true });

interface World {
  spend?: CombinedSpend;
  settings?: AlertSettings;
  store?: StateStore;
  budgets?: Partial<AwsBudgets>;
  /** The budget of AWS that is there already. */
  there?: BudgetState;
  now?: () => number;
  /** Called before a notice counts as sent. */
  onSend?: (to: string, call: CallScope) => void | Promise<void>;
}

/** A server over the store, with what it sent. */
function server(world: World = {}) {
  const mails: Mail[] = [];
  const published: { arn: string; subject: string; text: string }[] = [];
  const asked = { combined: 0 };
  const put: AlertSpec[] = [];
  const alerts = createAlerts({
    budgets: {
      put: async (_account, _change, complete) => {
        const spec = complete(world.there);
        put.push(spec);
        return { outcome: world.there ? 'updated' : 'created', to: [...spec.emails, ...spec.topics] };
      },
      list: async () => ({ budgets: [], more: false }),
      ...world.budgets,
    },
    mailer: {
      async send(mail, call) {
        for (const to of mail.to) await world.onSend?.(to, call);
        mails.push(mail);
      },
    },
    topics: {
      async publish(arn, message, call) {
        await world.onSend?.(arn, call);
        published.push({ arn, ...message });
      },
    },
    store: world.store ?? store,
    combined: async () => {
      asked.combined += 1;
      return world.spend ?? crossed;
    },
    settings: world.settings ?? settings,
    now: world.now ?? (() => now),
  });
  const set = (spec: Partial<AlertSpec> = {}, call: TestCall = alertCall()) => alerts.set(accounts, 'both', { ...combined, ...spec }, call);
  return { alerts, set, mails, published, asked, put, notify: (call: TestCall = alertCall()) => alerts.notify(accounts, call) };
}

describe('an alert over both clouds', () => {
  it('is kept by name: created, unchanged in any order, updated', async () => {
    const { set, alerts } = server();
    const call = alertCall();
    const to = ['finance@example.com', 'ops@example.com', topic];
    expect(await set({}, call)).toEqual({ outcome: 'created', to });
    expect(call.attempts).toEqual(['applied']);
    const again = alertCall();
    expect(await set({ thresholds: [...combined.thresholds].reverse() }, again)).toEqual({ outcome: 'unchanged', to });
    expect(again.attempts).toEqual([]);
    expect(await set({ cents: 25_000, emails: ['ops@example.com'] })).toEqual({ outcome: 'updated', to: ['ops@example.com'] });
    const { alerts: rows } = await alerts.list([], { limit: 25 }, alertCall());
    expect(rows).toEqual([
      {
        name: 'both',
        scope: 'both',
        amount: '250.00 USD',
        thresholds: ['80% actual', '100% actual', '100% forecast'],
        to: ['ops@example.com'],
      },
    ]);
  });

  it('keeps what is left out when it changes, and has the usual when it is new', async () => {
    const { alerts } = server();
    const give = (change: Omit<AlertChange, 'name'>, call = alertCall()) => alerts.set(accounts, 'both', { name: 'both', ...change }, call);
    await give({});
    expect(JSON.parse(store.costAlerts()[0]?.spec ?? '')).toEqual(combined);
    await give({ cents: 25_000, thresholds: [{ percent: 50, on: 'actual' }], emails: ['ops@example.com'] });
    expect(await give({})).toEqual({ outcome: 'unchanged', to: ['ops@example.com'] });
    expect(await give({ topics: [topic] }, alertCall({ dryRun: true }))).toMatchObject({
      plan: { change: { to: `${topic}, ops@example.com` } },
    });
    await give({ topics: [topic] });
    await give({ cents: 30_000 });
    const { alerts: rows } = await alerts.list([], { limit: 25 }, alertCall());
    expect(rows).toEqual([
      { name: 'both', scope: 'both', amount: '300.00 USD', thresholds: ['50% actual'], to: ['ops@example.com', topic] },
    ]);
    // Whom the caller did not name he does not have to answer for.
    await give({ emails: settings.recipients });
    const fewer = server({ settings: { ...settings, recipients: ['ops@example.com'], topics: [] } });
    expect(await fewer.alerts.set(accounts, 'both', { name: 'both', cents: 1 }, alertCall())).toMatchObject({ to: ['ops@example.com'] });
    expect(await give({ emails: [], topics: [] })).toEqual({ outcome: 'updated', to: [...settings.recipients, topic] });
  });

  it('is removed with what was told of it', async () => {
    const { set, alerts, notify, mails } = server();
    await set();
    await set({ name: 'other', emails: ['ops@example.com'] });
    await notify();
    expect(await failure(alerts.remove('bth', alertCall()))).toMatchObject({
      code: 'invalid_input',
      details: { remedy: 'Give one of both, other.' },
    });
    const dry = alertCall({ dryRun: true });
    expect(await alerts.remove('both', dry)).toMatchObject({ plan: { current: { amount: '100.00 USD' }, change: { alert: 'removed' } } });
    const cancelled = alertCall();
    cancelled.cancel();
    expect(await failure(alerts.remove('both', cancelled))).toMatchObject({ code: 'cancelled' });
    expect([store.costAlerts().length, dry.attempts]).toEqual([2, []]);
    const call = alertCall();
    expect(await alerts.remove('both', call)).toEqual({ outcome: 'removed', to: [] });
    expect(call.attempts).toEqual(['applied']);
    expect(store.costAlerts().map(({ name }) => name)).toEqual(['other']);
    mails.length = 0;
    await set();
    await notify();
    expect(mails.map(({ to }) => to)).toEqual(settings.recipients.map((each) => [each]));
  });

  it('is planned in a dry run, and not kept', async () => {
    const { set } = server();
    expect(await set({}, alertCall({ dryRun: true }))).toMatchObject({
      outcome: 'created',
      plan: { current: {}, change: { amount: '100.00 USD', to: expect.stringContaining('everybody') } },
    });
    expect(store.costAlerts()).toEqual([]);
    await set();
    const call = alertCall({ dryRun: true });
    expect(await set({ cents: 1 }, call)).toMatchObject({ outcome: 'updated', plan: { change: { amount: '0.01 USD' } } });
    expect(call.attempts).toEqual([]);
  });

  it.each<[string, Partial<AlertSpec>, AlertSettings, string, string]>([
    ['a stranger', { emails: ['x@example.org'] }, settings, 'invalid_input', 'costs.recipients'],
    ['a topic of somebody else', { topics: [`${topic}-2`] }, settings, 'invalid_input', 'costs.topics'],
    ['another currency', { currency: 'EUR' }, settings, 'invalid_input', 'USD'],
    ['nobody', {}, { ...settings, recipients: [], topics: [] }, 'provider_not_configured', 'costs.recipients'],
    ['mail that cannot be sent', {}, { ...settings, topics: [], mail: undefined }, 'provider_not_configured', 'costs.mail'],
    [
      'mail to one, which cannot be sent',
      { emails: ['ops@example.com'] },
      { ...settings, mail: undefined },
      'provider_not_configured',
      'costs.mail',
    ],
  ])('to %s is refused, and not kept', async (_, spec, given, code, remedy) => {
    const call = alertCall();
    const error = await failure(server({ settings: given }).set(spec, call));
    expect(error).toMatchObject({ code, details: { remedy: expect.stringContaining(remedy) } });
    expect(store.costAlerts()).toEqual([]);
    expect(call.attempts).toEqual([]);
  });

  it('is not kept after a cancellation', async () => {
    const call = alertCall();
    call.cancel();
    expect(await failure(server().set({}, call))).toMatchObject({ code: 'cancelled' });
    expect(store.costAlerts()).toEqual([]);
  });
});

describe('a budget of AWS', () => {
  it('is of the one account, and tells whom it names, else the configured ones', async () => {
    const { alerts, put } = server();
    expect(await alerts.set(accounts, 'aws', alertSpec({ emails: ['any@example.org'], topics: [] }), alertCall())).toEqual({
      outcome: 'created',
      to: ['any@example.org'],
    });
    expect(
      await alerts.set([accountTarget({ provider: 'hostinger' }), ...accounts], 'aws', alertSpec({ emails: [], topics: [] }), alertCall()),
    ).toEqual({
      outcome: 'created',
      to: ['finance@example.com', 'ops@example.com', topic],
    });
    expect(put.map(({ emails, topics }) => [emails, topics])).toEqual([
      [['any@example.org'], []],
      [['finance@example.com', 'ops@example.com'], [topic]],
    ]);
  });

  it('that is there keeps whom it tells, its amount and its thresholds, as far as they are left out', async () => {
    const there: BudgetState = {
      ...alertSpec({ cents: 7, currency: 'EUR', thresholds: [{ percent: 1, on: 'forecast' }], emails: ['cfo@example.org'], topics: [] }),
    };
    const { alerts, put } = server({ there });
    const give = (change: Omit<AlertChange, 'name'>) => alerts.set(accounts, 'aws', { name: there.name, ...change }, alertCall());
    await give({});
    await give({ cents: 8, topics: [topic] });
    await give({ thresholds: [{ percent: 2, on: 'actual' }], emails: [] });
    expect(put).toEqual([
      there,
      { ...there, cents: 8, topics: [topic] },
      { ...there, thresholds: [{ percent: 2, on: 'actual' }], emails: [] },
    ]);
    const bare = server({ there: { ...there, thresholds: [], emails: [] } });
    await bare.alerts.set(accounts, 'aws', { name: there.name }, alertCall());
    expect(bare.put).toEqual([{ ...alertSpec({ cents: 7, currency: 'EUR' }), emails: settings.recipients }]);
    // One whose subscribers could not be read tells somebody: nobody is put in their place.
    const unread = server({ there: { ...there, emails: [], unread: down() } });
    await unread.alerts.set(accounts, 'aws', { name: there.name }, alertCall());
    expect(unread.put).toMatchObject([{ emails: [], topics: [] }]);
    // More than AWS tells are configured, and not asked for.
    const many = server({ there, settings: { ...settings, topics: [topic, `${topic}-2`] } });
    expect(await many.alerts.set(accounts, 'aws', { name: there.name, cents: 9 }, alertCall())).toMatchObject({ outcome: 'updated' });
  });

  const two = [accountTarget(), accountTarget({ id: 'other', account: 'other', accountId: '210987654321' })];
  it.each<[string, typeof accounts, Partial<AlertSpec>, AlertSettings, string, string]>([
    ['of two accounts', two, {}, settings, 'invalid_input', 'main, other'],
    ['of no account', [accountTarget({ provider: 'hostinger' })], {}, settings, 'provider_not_configured', 'scope both'],
    [
      'that tells nobody',
      accounts,
      { emails: [], topics: [] },
      { ...settings, recipients: [], topics: [] },
      'invalid_input',
      'or set costs.recipients',
    ],
    ['with two topics', accounts, { topics: [topic, `${topic}-2`] }, settings, 'invalid_input', 'one topic'],
    [
      'for eleven configured ones',
      accounts,
      { emails: [], topics: [] },
      { ...settings, recipients: Array.from({ length: 11 }, (_, index) => `p${index}@example.com`) },
      'invalid_input',
      'distribution list',
    ],
  ])('%s is refused, and nothing is sent', async (_, targets, spec, given, code, remedy) => {
    const { alerts, put } = server({ settings: given });
    const error = await failure(alerts.set(targets, 'aws', alertSpec(spec), alertCall()));
    expect(error).toMatchObject({ code, details: { remedy: expect.stringContaining(remedy) } });
    expect(put).toEqual([]);
  });
});

describe('telling', () => {
  it('asks for no costs where there is nothing to compare', async () => {
    const { notify, asked } = server();
    expect(await notify()).toEqual({ told: [] });
    expect(asked.combined).toBe(0);
  });

  it('is of each threshold once a month, with numbers and what to do', async () => {
    const { set, notify, mails, published, alerts } = server();
    await set();
    const to = ['finance@example.com', 'ops@example.com', topic];
    expect(await notify()).toEqual({
      told: [
        { name: 'both', threshold: '80% actual', to },
        { name: 'both', threshold: '100% forecast', to },
      ],
    });
    expect(mails.map((mail) => mail.to)).toEqual(settings.recipients.map((each) => [each]));
    expect(new Set(mails.map(({ id, text }) => `${id} ${text}`)).size).toBe(1);
    expect(mails[0]?.subject).toBe('Costs of 2026-11: 80% actual, 100% forecast of 100.00 USD passed (both)');
    for (const words of [
      '85.20 USD, 85% of the budget',
      '110.00 USD by the end of the month, 110%',
      '2026-11',
      'costs_breakdown',
      'costs_set_alert',
    ])
      expect(mails[0]?.text).toContain(words);
    expect(published).toEqual([{ arn: topic, subject: mails[0]?.subject, text: mails[0]?.text, id: mails[0]?.id }]);
    expect(mails[0]?.id).toMatch(/^alert-[0-9a-f]{32}$/);

    expect(await notify()).toEqual({ told: [] });
    const later = server({ spend: { ...crossed, monthToDateCents: 10_001 } });
    expect(await later.notify()).toMatchObject({ told: [{ threshold: '100% actual' }] });
    expect(later.mails[0]?.id).not.toBe(mails[0]?.id);
    const next = server({ spend: { ...crossed, month: '2026-12' } });
    expect((await next.notify()).told).toHaveLength(2);
    expect((await alerts.list([], { limit: 25 }, alertCall())).alerts[0]?.notified).toEqual(['80% actual', '100% actual', '100% forecast']);
  });

  it.each([
    [{ monthToDateCents: 8_000, forecastCents: 10_000 }, []],
    [{ monthToDateCents: 8_001, forecastCents: 10_000 }, ['80% actual']],
    [{ monthToDateCents: 8_000, forecastCents: 10_001 }, ['100% forecast']],
    [{ monthToDateCents: 10_001, forecastCents: undefined }, ['80% actual', '100% actual']],
    [{ monthToDateCents: -5, forecastCents: undefined }, []],
  ])('is of more than a threshold: %j gives %j', async (numbers, thresholds) => {
    const { set, notify } = server({ spend: { ...crossed, ...numbers } });
    await set();
    expect((await notify()).told.map(({ threshold }) => threshold)).toEqual(thresholds);
  });

  it('is anew for another amount, and the list forgets what was told of the old one', async () => {
    const { set, notify, alerts } = server();
    await set();
    await notify();
    await set({ cents: 10_500 });
    expect((await alerts.list([], { limit: 25 }, alertCall())).alerts[0]).not.toHaveProperty('notified');
    expect((await notify()).told.map(({ threshold }) => threshold)).toEqual(['80% actual', '100% forecast']);
  });

  it('is done once by two servers on one store', async () => {
    const other = openSqliteStore(folder);
    const started: (() => void)[] = [];
    const onSend = () => new Promise<void>((resolve) => started.push(resolve));
    const [one, two] = [server({ onSend }), server({ store: other, onSend })];
    await one.set();
    const both = Promise.all([one.notify(), two.notify(), two.notify(), one.notify()]);
    const release = setInterval(() => {
      for (const each of started.splice(0)) each();
    }, 1);
    const told = (await both).flatMap((each) => each.told);
    clearInterval(release);
    expect([...one.mails, ...two.mails].flatMap(({ to }) => to).sort()).toEqual(settings.recipients);
    expect(one.published.length + two.published.length).toBe(1);
    expect(told.filter(({ threshold }) => threshold === '80% actual').flatMap(({ to }) => to)).toHaveLength(3);
    other.close();
  });

  it('that failed is tried again, and what was sent is not sent twice', async () => {
    const broken = server({
      onSend: (to) => {
        if (to !== topic) throw down();
      },
    });
    await broken.set();
    const error = await failure(broken.notify());
    expect(error).toMatchObject({
      code: 'provider_unavailable',
      details: { retryable: true, remedy: expect.stringContaining('tries again') },
    });
    expect(error.message).toContain(
      'The alert both could not be told of: The mail server is down. Told of: both 80% actual, both 100% forecast.',
    );
    expect([broken.mails.length, broken.published.length]).toEqual([0, 1]);
    const repaired = server();
    expect(await repaired.notify()).toMatchObject({
      told: [
        { threshold: '80% actual', to: settings.recipients },
        { threshold: '100% forecast', to: settings.recipients },
      ],
    });
    expect([repaired.mails.length, repaired.published.length]).toEqual([2, 0]);
  });

  it('goes on where one alert fails', async () => {
    const { set, notify, mails } = server();
    await set({ name: 'a' });
    await set({ name: 'b', emails: ['ops@example.com'] });
    store.putCostAlert({ name: 'aa', spec: JSON.stringify({ ...combined, name: 'aa', currency: 'EUR' }) });
    const error = await failure(notify());
    expect(error).toMatchObject({ code: 'provider_not_configured', details: { remedy: expect.stringContaining('costs_set_alert') } });
    expect(error.message).toContain('aa');
    expect(mails.map(({ to }) => to)).toEqual([...settings.recipients.map((each) => [each]), ['ops@example.com']]);
  });

  it('never reaches whom the configuration no longer names', async () => {
    await server().set({ emails: ['finance@example.com', 'ops@example.com'] });
    const fewer = server({ settings: { ...settings, recipients: ['ops@example.com'] } });
    await fewer.notify();
    expect(fewer.mails.map(({ to }) => to)).toEqual([['ops@example.com']]);
    const none = server({ settings: { ...settings, recipients: ['new@example.com'] }, spend: { ...crossed, month: '2026-12' } });
    expect(await failure(none.notify())).toMatchObject({ code: 'provider_not_configured' });
    expect(none.mails).toEqual([]);
    expect((await none.alerts.list([], { limit: 25 }, alertCall())).alerts[0]?.to).toEqual([]);
  });

  it('says once a day what is wrong with an alert, and tells as soon as it is right', async () => {
    let at = now;
    await server().set({ emails: ['ops@example.com'] });
    store.putCostAlert({ name: 'euro', spec: JSON.stringify({ ...combined, name: 'euro', currency: 'EUR' }) });
    const gone = { settings: { ...settings, recipients: ['new@example.com'] }, now: () => at };
    const error = await failure(server(gone).notify());
    expect(error.message).toContain('both could not be told of (2 could not be sent in all)');
    expect(error.details.remedy).toContain('remove it');
    for (; at < now + 86_400_000; at += 600_000) expect(await server(gone).notify()).toEqual({ told: [] });
    expect(await failure(server(gone).notify(alertCall({ dryRun: true })))).toMatchObject({ code: 'provider_not_configured' });
    for (let day = 1; day <= 3; day += 1, at += 86_400_000) {
      expect(await failure(server(gone).notify())).toMatchObject({ code: 'provider_not_configured' });
      expect(await server(gone).notify()).toEqual({ told: [] });
    }
    await server().set({ name: 'euro', currency: 'USD' });
    const repaired = server({ now: () => at });
    await repaired.notify();
    expect(repaired.mails.map(({ to }) => to)).toEqual([['ops@example.com'], ...settings.recipients.map((each) => [each])]);
  });

  it('is planned in a dry run, and neither claimed nor sent', async () => {
    const { set, notify, mails } = server();
    await set();
    const plan = await notify(alertCall({ dryRun: true }));
    expect(plan.plan?.change).toEqual({
      'both 80% actual': `finance@example.com, ops@example.com, ${topic}`,
      'both 100% forecast': `finance@example.com, ops@example.com, ${topic}`,
    });
    expect(mails).toEqual([]);
    expect((await notify()).told).toHaveLength(2);
    expect(await notify(alertCall({ dryRun: true }))).toMatchObject({ told: [] });
  });

  it('stops at a cancellation, with nothing claimed', async () => {
    const { set, notify, mails } = server();
    await set();
    const call = alertCall();
    call.cancel();
    expect(await failure(notify(call))).toMatchObject({ code: 'cancelled' });
    expect(mails).toEqual([]);
    expect((await notify()).told).toHaveLength(2);
  });

  it('says what is not in the sum', async () => {
    const missing = [{ provider: 'hostinger', account: 'hostinger', code: 'timeout', message: 'late' }] as const;
    const { set, notify, mails } = server({ spend: { ...crossed, missing } });
    await set();
    expect(await notify()).toMatchObject({ missing });
    expect(mails[0]?.text).toContain('the figures of hostinger: the sum may be higher');
  });
});

describe('the list', () => {
  const budget = (name: string): BudgetState => ({ ...alertSpec({ name }), spent: '12.345', forecast: 'soon' });
  const named = (names: string[]): Partial<AwsBudgets> => ({
    list: async (_account, { limit, after = '' }) => {
      const rest = names.filter((name) => name > after);
      return { budgets: rest.slice(0, limit).map(budget), more: rest.length > limit };
    },
  });
  const two = [accountTarget(), accountTarget({ id: 'other', account: 'other', accountId: '210987654321' })];

  it('has our own first, with what is known of spend, and AWS behind them', async () => {
    const { set, alerts } = server({ budgets: named(['ziggie-monthly']) });
    await set();
    store.keepSpend({
      month: '2026-11',
      currency: 'USD',
      monthToDateCents: 8_520,
      monthToDateAt: now,
      forecastCents: 11_000,
      forecastAt: now,
    });
    expect(await alerts.list(accounts, { limit: 25 }, alertCall())).toEqual({
      alerts: [
        {
          name: 'both',
          scope: 'both',
          amount: '100.00 USD',
          thresholds: ['80% actual', '100% actual', '100% forecast'],
          to: ['finance@example.com', 'ops@example.com', topic],
          spent: '85.20 USD',
          forecast: '110.00 USD',
        },
        {
          name: 'ziggie-monthly',
          scope: 'aws',
          amount: '100.00 USD',
          thresholds: ['80% actual', '100% actual', '100% forecast'],
          to: ['finance@example.com', topic],
          spent: '12.35 USD',
        },
      ],
    });
    store.keepSpend({ month: '2026-10', currency: 'USD', monthToDateCents: 8_520, monthToDateAt: now });
    expect((await alerts.list([], { limit: 25 }, alertCall())).alerts[0]).not.toHaveProperty('spent');
  });

  it.each([1, 2, 3, 4, 7, 25])('has every row once in pages of %i', async (limit) => {
    const { set, alerts } = server({ budgets: named(['a', 'b', 'c']) });
    for (const name of ['x', 'y']) await set({ name });
    const seen: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page = await alerts.list(two, { limit, ...(cursor === undefined ? {} : { cursor }) }, alertCall());
      expect(page.alerts.length).toBeLessThanOrEqual(limit);
      seen.push(...page.alerts.map(({ name, account = '' }) => `${account}${name}`));
      cursor = page.nextCursor;
      pages += 1;
    } while (cursor !== undefined && pages < 20);
    expect(seen).toEqual(['x', 'y', 'maina', 'mainb', 'mainc', 'othera', 'otherb', 'otherc']);
  });

  it('names an account that does not answer, and shows the rest', async () => {
    const list: AwsBudgets['list'] = async ({ account }, ...rest) => {
      if (account === 'main') throw down();
      return (named(['a']).list as AwsBudgets['list'])(two[1] as never, ...rest);
    };
    const { alerts } = server({ budgets: { list } });
    expect(await alerts.list(two, { limit: 25 }, alertCall())).toMatchObject({
      alerts: [{ name: 'a', account: 'other' }],
      missing: [{ provider: 'aws', account: 'main', code: 'provider_unavailable', message: 'The mail server is down. Wait.' }],
    });
  });

  it('reads an account with two names once, refuses foreign cursors, and passes a cancellation on', async () => {
    const cancelled = new CallError('cancelled', 'gone', { remedy: 'none' });
    const { alerts } = server({ budgets: named(['a']) });
    const twice = [accountTarget(), accountTarget({ id: 'again', account: 'again' })];
    expect((await alerts.list(twice, { limit: 25 }, alertCall())).alerts).toHaveLength(1);
    for (const cursor of ['nonsense', Buffer.from('{"source":"gone","after":""}').toString('base64url')])
      expect(await failure(alerts.list(accounts, { limit: 25, cursor }, alertCall()))).toMatchObject({ code: 'invalid_input' });
    const broken = server({
      budgets: {
        list: async () => {
          throw cancelled;
        },
      },
    });
    expect(await failure(broken.alerts.list(accounts, { limit: 25 }, alertCall()))).toBe(cancelled);
  });
});
