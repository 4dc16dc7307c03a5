import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallResult } from '../../src/call/call.ts';
import { CallError } from '../../src/call/errors.ts';
import { createInvoke } from '../../src/call/invoke.ts';
import { type AlertSettings, createAlerts } from '../../src/costs/alerts/index.ts';
import { createSandbox } from '../../src/providers/sandbox/index.ts';
import { alertParts, topic } from '../aws/alerts-parts.ts';
import { mainAccount, sandboxParts } from '../aws/harness.ts';
import { agent, createHarness, type Harness } from '../call/harness.ts';

/** The tools as agent-ziggie has them: the road, the starter policy, the store, and the adapter over the sandbox. */

let harness: Harness;
let call: (tool: string, input?: object) => Promise<CallResult>;
let mails: string[];
/** Of what is spent. */
let month: string;
/** Requests that the service fails. */
let unread: RegExp | undefined;
/** Requests that reached the sandbox's budgets. */
let asked: string[];

const settings: AlertSettings = { budget: { currency: 'USD' }, recipients: ['finance@example.com'], topics: [topic], mail: {} };

async function start(names: readonly string[]): Promise<void> {
  harness = await createHarness({ accounts: names });
  mails = [];
  month = '2026-11';
  asked = [];
  unread = undefined;
  const sandbox = createSandbox({ region: 'eu-north-1' });
  const accounts = names.map((name) => mainAccount({ name, credentials: sandbox.credentials }));
  const middleware: typeof sandbox.middleware = (at) => ({
    applyToStack(stack) {
      sandbox.middleware(at).applyToStack(stack);
      stack.add(
        (next, context) => (args) => {
          asked.push(`${context.commandName}`.replace('Command', ''));
          if (unread?.test(`${context.commandName}`)) throw down();
          return next(args);
        },
        { step: 'initialize', name: 'asked' },
      );
    },
  });
  const alerts = createAlerts({
    ...alertParts({ accounts, ...sandboxParts(sandbox), middleware }, accounts),
    mailer: {
      async send({ to, subject }, { ledger }) {
        ledger.attempt()('applied');
        mails.push(`${to.join()} ${subject}`);
      },
    },
    store: harness.store,
    combined: async () => ({ month, currency: 'USD', monthToDateCents: 9_000 }),
    settings,
    now: Date.now,
  });
  const invoke = createInvoke({ ...harness.road, ports: { ...harness.road.ports, alerts } });
  call = (tool, input = {}) => invoke({ tool, input, client: 'test', principal: agent('agent-ziggie') });
}
beforeEach(() => start(['main']));
afterEach(() => harness.close());

const down = () => new CallError('provider_unavailable', 'Budgets is down.', { remedy: 'Wait.' });

const output = (result: CallResult) => {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.output;
};

it("sets the checklist's alert with no argument at all, and lists it", async () => {
  expect(output(await call('costs_set_alert'))).toEqual({ outcome: 'created', to: ['finance@example.com', topic] });
  expect(output(await call('costs_set_alert'))).toEqual({ outcome: 'unchanged', to: ['finance@example.com', topic] });
  expect(output(await call('costs_set_alert', { amount: '120.5', emails: ['a@example.com'], dryRun: true }))).toMatchObject({
    outcome: 'updated',
    plan: { current: { amount: '100.00 USD' }, change: { amount: '120.50 USD', to: `a@example.com, ${topic}` } },
  });
  expect(output(await call('costs_list_alerts'))).toEqual({
    alerts: [
      {
        name: 'ziggie-monthly',
        scope: 'aws',
        amount: '100.00 USD',
        thresholds: ['80% actual', '100% actual', '100% forecast'],
        to: ['finance@example.com', topic],
        spent: '0.00 USD',
      },
    ],
  });
  expect(harness.entries.map(({ phase, tool, effect }) => [phase, tool, effect])).toContainEqual(['outcome', 'costs_set_alert', 'applied']);
});

it('keeps an alert over both clouds, and tells of it once', async () => {
  const input = { scope: 'both', name: 'all of it', thresholds: [{ percent: 80.25, on: 'actual' }], emails: ['finance@example.com'] };
  expect(output(await call('costs_set_alert', input))).toEqual({ outcome: 'created', to: ['finance@example.com'] });
  expect(asked).toEqual([]);
  expect(output(await call('costs_notify', { dryRun: true }))).toMatchObject({
    plan: { change: { 'all of it 80.25% actual': 'finance@example.com' } },
  });
  expect(mails).toEqual([]);
  const told = { told: [{ name: 'all of it', threshold: '80.25% actual', to: ['finance@example.com'] }] };
  expect(output(await call('costs_notify'))).toEqual(told);
  expect(output(await call('costs_notify'))).toEqual({ told: [] });
  expect(mails).toEqual(['finance@example.com Costs of 2026-11: 80.25% actual of 100.00 USD passed (all of it)']);
});

it('changes what is given alone, and removes what is over both clouds', async () => {
  await call('costs_set_alert', { amount: '50', thresholds: [{ percent: 70, on: 'actual' }], emails: ['a@example.com'] });
  await call('costs_set_alert', { scope: 'both', name: 'all', amount: '60' });
  asked.length = 0;
  expect(output(await call('costs_set_alert', {}))).toEqual({ outcome: 'unchanged', to: ['a@example.com'] });
  expect(output(await call('costs_set_alert', { amount: '55' }))).toEqual({ outcome: 'updated', to: ['a@example.com'] });
  expect(asked.filter((each) => !each.startsWith('Describe'))).toEqual(['UpdateBudget']);
  expect(output(await call('costs_set_alert', { scope: 'both', name: 'all', remove: true }))).toEqual({ outcome: 'removed', to: [] });
  expect(output(await call('costs_list_alerts'))).toMatchObject({
    alerts: [{ name: 'ziggie-monthly', amount: '55.00 USD', thresholds: ['70% actual'], to: ['a@example.com'] }],
  });
});

it('says what of a budget could not be read, shows the rest, and sets the same again', async () => {
  await call('costs_set_alert', { emails: ['a@example.com'] });
  await call('costs_set_alert', { name: 'second' });
  unread = /DescribeSubscribersForNotification/;
  const missing = [{ provider: 'aws', account: 'main', code: 'provider_unavailable' }];
  const listed = output(await call('costs_list_alerts'));
  expect(listed).toMatchObject({ alerts: [{ name: 'second' }, { name: 'ziggie-monthly', amount: '100.00 USD' }], missing });
  expect(listed.missing).toEqual([expect.objectContaining({ message: expect.stringContaining('second, ziggie-monthly') })]);
  expect(JSON.stringify(listed)).not.toContain('"to"');
  const again = output(await call('costs_set_alert'));
  expect(again).toMatchObject({ outcome: 'unchanged', missing });
  expect(again).not.toHaveProperty('to');
});

it('is of one account for AWS, and over all of them for both', async () => {
  await harness.close();
  await start(['main', 'other']);
  expect(await call('costs_set_alert')).toMatchObject({
    ok: false,
    error: { code: 'invalid_input', effect: 'none', remedy: 'Give account: one of main, other.' },
  });
  expect(asked).toEqual([]);
  expect(output(await call('costs_set_alert', { account: 'other' }))).toMatchObject({ outcome: 'created' });
  expect(output(await call('costs_set_alert', { scope: 'both' }))).toMatchObject({ outcome: 'created' });
  expect(output(await call('costs_list_alerts'))).toMatchObject({ alerts: [{ scope: 'both' }, { scope: 'aws' }] });
});

describe('bad input', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => `p${index}@example.com`);
  it.each<[object, RegExp]>([
    [{ emails: ['finance@example.com\n'] }, /emails.0 holds a control|line break/],
    [{ emails: ['finance@example.com\r\nBcc: x@example.org'] }, /line break/],
    [{ emails: ['a@example.com,b@example.com'] }, /one address/],
    [{ emails: ['Finance <a@example.com>'] }, /one address/],
    [{ emails: ['a@example.com', 'A@example.com'] }, /a@example.com once/],
    [{ emails: many(11) }, /0 to 10/],
    [{ thresholds: [{ percent: 0, on: 'actual' }] }, /more than 0/],
    [{ thresholds: [{ percent: -5, on: 'actual' }] }, /more than 0/],
    [{ thresholds: [{ percent: 1_000.01, on: 'actual' }] }, /at most 1000/],
    [{ thresholds: [{ percent: 33.333, on: 'actual' }] }, /two decimal places/],
    [{ thresholds: [{ percent: Number.NaN, on: 'actual' }] }, /thresholds/],
    [{ thresholds: [{ percent: 80, on: 'sometimes' }] }, /thresholds.0.on/],
    [
      {
        thresholds: [
          { percent: 80, on: 'actual' },
          { percent: 80, on: 'actual' },
        ],
      },
      /80% actual once/,
    ],
    [{ thresholds: [] }, /1 to 5/],
    [{ thresholds: [1, 2, 3, 4, 5, 6].map((percent) => ({ percent, on: 'actual' })) }, /1 to 5/],
    [{ amount: '0' }, /more than 0/],
    [{ amount: '0.00' }, /more than 0/],
    [{ amount: '-1' }, /more than 0/],
    [{ amount: '1.005' }, /two decimal places/],
    [{ amount: '1e3' }, /two decimal places/],
    [{ amount: 100 }, /in quotes/],
    [{ currency: 'XXQ' }, /ISO 4217/],
    [{ currency: 'usd' }, /ISO 4217/],
    [{ name: 'a:b' }, /without :/],
    [{ name: 'a\\b' }, /backslash/],
    [{ name: '' }, /1 to 100/],
    [{ name: 'x'.repeat(101) }, /1 to 100/],
    [{ name: 'x/action/y' }, /without :/],
    [{ name: ' ' }, /no space at either end/],
    [{ name: ' a' }, /no space at either end/],
    [{ name: 'a ' }, /no space at either end/],
    [{ scope: 'both', name: '\u00a0' }, /name/],
    [{ topics: ['ziggie-costs'] }, /ARN of an SNS topic/],
    [{ topics: [`${topic}.fifo`] }, /ARN of an SNS topic/],
    [{ topics: [topic, `${topic}-2`] }, /1 topic/],
    [{ scope: 'both', account: 'main' }, /counts all accounts/],
    [{ remove: true }, /console, under Billing/],
    [{ remove: false }, /remove/],
    [{ remove: true, scope: 'both', amount: '1' }, /without amount/],
    [{ remove: true, scope: 'both' }, /There is no alert ziggie-monthly/],
    [{ scope: 'both', emails: ['stranger@example.org'] }, /stranger@example.org/],
    [{ scope: 'both', currency: 'EUR' }, /USD/],
    [{ scope: 'hostinger' }, /scope/],
    [{ threshold: 80 }, /unknown key/],
  ])('%j is refused in words, with nothing written or sent', async (input, words) => {
    for (const dryRun of [true, false]) {
      const result = await call('costs_set_alert', { ...input, dryRun });
      expect(result).toMatchObject({ ok: false, error: { code: 'invalid_input', effect: 'none', message: expect.stringMatching(words) } });
    }
    expect(asked).toEqual([]);
    expect(harness.store.costAlerts()).toEqual([]);
  });

  it('what AWS refuses changes nothing either', async () => {
    expect(await call('costs_set_alert', { currency: 'EUR' })).toMatchObject({
      ok: false,
      error: { code: 'provider_rejected', effect: 'none', provider: { code: 'InvalidParameterException' } },
    });
    expect(output(await call('costs_list_alerts'))).toEqual({ alerts: [] });
  });

  it('a foreign cursor is', async () => {
    expect(await call('costs_list_alerts', { cursor: 'x' })).toMatchObject({ ok: false, error: { code: 'invalid_input' } });
  });
});

it('a page costs under 2,000 tokens, with all that there is to say of each', async () => {
  const { encode } = await import('gpt-tokenizer/encoding/o200k_base');
  for (let index = 10; index < 36; index += 1) await call('costs_set_alert', { scope: 'both', name: `budget-of-team-${index}` });
  month = new Date().toISOString().slice(0, 7);
  const known = { monthToDateCents: 9_000, monthToDateAt: Date.now(), forecastCents: 11_000, forecastAt: Date.now() };
  harness.store.keepSpend({ month, currency: 'USD', ...known });
  await call('costs_notify');
  const page = output(await call('costs_list_alerts'));
  expect(page.alerts).toHaveLength(15);
  expect(page.nextCursor).toBeDefined();
  expect(encode(JSON.stringify(page)).length).toBeLessThan(2_000);
});
