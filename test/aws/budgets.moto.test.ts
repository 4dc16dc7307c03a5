import { BudgetsClient, CreateBudgetCommand, DescribeBudgetCommand, DescribeNotificationsForBudgetCommand } from '@aws-sdk/client-budgets';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { AlertChange, AlertSpec } from '../../src/ports/cost-alerts.ts';
import { accountTarget, alertCall, alertParts, alertSpec, topic } from './alerts-parts.ts';
import { exampleKeys, failure, mainAccount } from './harness.ts';
import { type Moto, startMoto } from './moto.ts';

/** moto has no UpdateBudget, and cannot show subscribers of notifications that exist: the stub of `budgets.test.ts` can. */

let moto: Moto;
beforeAll(async () => {
  moto = await startMoto();
}, 60_000);
beforeEach(() => moto.reset());
afterAll(() => moto.close());

const account = accountTarget();
const AccountId = account.accountId;
const BudgetName = 'ziggie-monthly';
const budgets = () => alertParts({ accounts: [mainAccount()], endpoint: moto.endpoint }).budgets;
const put = (call: ReturnType<typeof alertCall>) => budgets().put(account, alertSpec(), () => alertSpec(), call);
/** The second reader: the SDK's own client. */
const client = () => new BudgetsClient({ endpoint: moto.endpoint, region: 'us-east-1', credentials: exampleKeys });
const notifications = async () => (await client().send(new DescribeNotificationsForBudgetCommand({ AccountId, BudgetName }))).Notifications;

const wanted = [
  { NotificationType: 'ACTUAL', ComparisonOperator: 'GREATER_THAN', Threshold: 80, ThresholdType: 'PERCENTAGE' },
  { NotificationType: 'ACTUAL', ComparisonOperator: 'GREATER_THAN', Threshold: 100, ThresholdType: 'PERCENTAGE' },
  { NotificationType: 'FORECASTED', ComparisonOperator: 'GREATER_THAN', Threshold: 100, ThresholdType: 'PERCENTAGE' },
];

it("creates the checklist's budget over the wire: 100.00 USD a month with three thresholds", async () => {
  const call = alertCall();
  expect(await put(call)).toEqual({ outcome: 'created', to: ['finance@example.com', topic] });
  expect(call.attempts).toEqual(['applied']);
  const { Budget } = await client().send(new DescribeBudgetCommand({ AccountId, BudgetName }));
  expect(Budget).toMatchObject({ BudgetType: 'COST', TimeUnit: 'MONTHLY', BudgetLimit: { Amount: '100.00', Unit: 'USD' } });
  expect(await notifications()).toEqual(wanted);
});

it('says the same again of a budget whose subscribers moto cannot show, any number of times, and lists it', async () => {
  const same = budgets();
  const set = (change: AlertChange, call = alertCall()) =>
    same.put(account, change, (there) => ({ ...alertSpec(), ...there, ...(change as AlertSpec) }), call);
  await set(alertSpec());
  const unread = { provider: 'aws', account: 'main', region: 'us-east-1', code: 'provider_unavailable' };
  for (const change of [{ name: BudgetName }, alertSpec(), { name: BudgetName }, alertSpec()]) {
    const call = alertCall();
    expect(await set(change, call)).toEqual({
      outcome: 'unchanged',
      missing: [{ ...unread, message: expect.stringMatching(/ziggie-monthly tells could not be read, and was not compared/) }],
    });
    expect(call.attempts).toEqual([]);
    expect(await same.list(account, { limit: 25 }, alertCall())).toMatchObject({
      budgets: [{ name: BudgetName, cents: 10_000, thresholds: alertSpec().thresholds, unread: { code: 'provider_unavailable' } }],
    });
  }
  // The circuit is closed still, and the refusal is moto's own.
  expect(await failure(set({ name: BudgetName, cents: 20_000 }))).toMatchObject({
    code: 'provider_unavailable',
    message: expect.stringContaining('UpdateBudget'),
  });
});

it('adds what is missing to a budget that somebody else made, and lists it', async () => {
  const Budget = { BudgetName, BudgetType: 'COST', TimeUnit: 'MONTHLY', BudgetLimit: { Amount: '100', Unit: 'USD' } } as const;
  await client().send(new CreateBudgetCommand({ AccountId, Budget }));
  const { budgets: rows } = await budgets().list(account, { limit: 25 }, alertCall());
  expect(rows).toEqual([
    { name: BudgetName, cents: 10_000, currency: 'USD', thresholds: [], emails: [], topics: [], spent: '0', forecast: '0' },
  ]);
  const call = alertCall();
  expect(await put(call)).toEqual({ outcome: 'updated', to: ['finance@example.com', topic] });
  expect(call.attempts).toEqual(['applied', 'applied', 'applied']);
  expect(await notifications()).toEqual(wanted);
});

it('refuses to overwrite a budget of usage', async () => {
  const Budget = { BudgetName, BudgetType: 'USAGE', TimeUnit: 'MONTHLY', BudgetLimit: { Amount: '100', Unit: 'GB' } } as const;
  await client().send(new CreateBudgetCommand({ AccountId, Budget }));
  expect(await failure(put(alertCall()))).toMatchObject({ code: 'provider_conflict' });
  expect(await notifications()).toEqual([]);
});
