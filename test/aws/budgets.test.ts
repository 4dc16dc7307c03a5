import type { Budget } from '@aws-sdk/client-budgets';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AlertChange, AlertSpec, AwsBudgets } from '../../src/ports/cost-alerts.ts';
import { createSandbox } from '../../src/providers/sandbox/index.ts';
import { accountTarget, alertCall, alertParts, alertSpec, topic } from './alerts-parts.ts';
import { type BudgetsStub, startBudgetsStub } from './budgets-stub.ts';
import { failure, mainAccount, sandboxParts } from './harness.ts';

let stub: BudgetsStub;
beforeEach(async () => {
  stub = await startBudgetsStub();
});
afterEach(() => stub.close());

const account = accountTarget();
const parts = () => alertParts({ accounts: [mainAccount()], endpoint: stub.endpoint });
const setBy = async (budgets: AwsBudgets, spec: AlertSpec, call = alertCall()) => {
  const { to: _, ...done } = await budgets.put(account, spec, () => spec, call);
  return done;
};
const put = (spec: Partial<AlertSpec> = {}, call = alertCall()) => setBy(parts().budgets, alertSpec(spec), call);
/** Gives these alone. */
const putPart = (change: Omit<AlertChange, 'name'>, call = alertCall()) =>
  parts().budgets.put(
    account,
    { name: 'ziggie-monthly', ...change },
    (there) => ({ ...alertSpec(), ...(there && there.thresholds.length > 0 ? there : {}), ...(change as Partial<AlertSpec>) }),
    call,
  );
const state = async () => (await parts().budgets.list(account, { limit: 25 }, alertCall())).budgets[0];
const mail = (Address: string) => ({ SubscriptionType: 'EMAIL', Address }) as const;

describe('a budget', () => {
  it('is created whole in one request, and the same again sends nothing', async () => {
    const call = alertCall();
    expect(await put({}, call)).toEqual({ outcome: 'created' });
    expect(stub.changes).toEqual(['CreateBudget 100.00']);
    expect(call.attempts).toEqual(['applied']);
    expect(await state()).toMatchObject(alertSpec());

    const again = alertCall();
    expect(await put({ emails: ['Finance@example.com'] }, again)).toEqual({ outcome: 'unchanged' });
    expect(stub.changes).toHaveLength(1);
    expect(again.attempts).toEqual([]);
  });

  it.each<[string, Partial<AlertSpec>, string[]]>([
    ['the amount', { cents: 25_050 }, ['UpdateBudget 250.50']],
    [
      'an address more',
      { thresholds: [{ percent: 80, on: 'actual' }], emails: ['finance@example.com', 'boss@example.com'] },
      ['CreateSubscriber 80 ACTUAL boss@example.com', 'DeleteNotification 100 ACTUAL', 'DeleteNotification 100 FORECASTED'],
    ],
    [
      'the topic, which there can be one of',
      { topics: [`${topic}-2`] },
      ['80 ACTUAL', '100 ACTUAL', '100 FORECASTED'].map((each) => `UpdateSubscriber ${each} ${topic} ${topic}-2`),
    ],
    [
      'addresses by a topic alone',
      { emails: [] },
      ['80 ACTUAL', '100 ACTUAL', '100 FORECASTED'].map((each) => `DeleteSubscriber ${each} finance@example.com`),
    ],
    [
      'one threshold by another, and one more',
      { thresholds: [{ percent: 50, on: 'actual' }, { percent: 90.5, on: 'actual' }, ...alertSpec().thresholds.slice(1)] },
      ['UpdateNotification 80 ACTUAL 50 ACTUAL', 'CreateNotification 90.5 ACTUAL'],
    ],
  ])('changes %s, and sends nothing else', async (_, change, sent) => {
    await put();
    stub.changes.length = 0;
    expect(await put(change)).toEqual({ outcome: 'updated' });
    expect(stub.changes).toEqual(sent);
    expect(await state()).toMatchObject(alertSpec(change));
    expect(await put(change)).toEqual({ outcome: 'unchanged' });
  });

  it('keeps what it counts, and since when', async () => {
    await put();
    const before = stub.budgets.get('ziggie-monthly')?.budget;
    await put({ cents: 20_000 });
    const after = stub.budgets.get('ziggie-monthly')?.budget;
    expect(after?.BudgetLimit).toEqual({ Amount: '200.00', Unit: 'USD' });
    expect([after?.CostTypes, after?.TimePeriod]).toEqual([before?.CostTypes, before?.TimePeriod]);
  });

  it('that counts charge types in new words is one over the whole account, and keeps them', async () => {
    await put();
    const found = stub.budgets.get('ziggie-monthly');
    const counted: Partial<Budget> = {
      Metrics: ['UnblendedCost'],
      FilterExpression: { Not: { Dimensions: { Key: 'RECORD_TYPE', Values: ['Credit'] } } },
    };
    if (found) found.budget = { ...found.budget, ...counted };
    expect(await put({ cents: 20_000 })).toEqual({ outcome: 'updated' });
    expect(stub.budgets.get('ziggie-monthly')?.budget).toMatchObject(counted);
    expect(stub.budgets.get('ziggie-monthly')?.budget).not.toHaveProperty('CostTypes');
  });

  it('without notifications, and one with pages of addresses, are read rightly', async () => {
    await put();
    const found = stub.budgets.get('ziggie-monthly');
    if (found) found.notices = [];
    expect(await put()).toEqual({ outcome: 'updated' });
    const emails = Array.from({ length: 10 }, (_, index) => `p${index}@example.com`);
    await put({ emails });
    stub.pageSize = 3;
    expect(await put({ emails })).toEqual({ outcome: 'unchanged' });
  });

  it('passes no limit on the way from five thresholds and ten addresses to others', async () => {
    const many = (from: number) => ({
      thresholds: Array.from({ length: 5 }, (_, index) => ({ percent: from + index, on: 'actual' as const })),
      emails: Array.from({ length: 10 }, (_, index) => `p${from + index}@example.com`),
      topics: [`${topic}-${from}`],
    });
    await put(many(10));
    expect(await put(many(50))).toEqual({ outcome: 'updated' });
    expect(await put(many(50))).toEqual({ outcome: 'unchanged' });
    expect(stub.budgets.get('ziggie-monthly')?.notices).toHaveLength(5);
  });
});

describe('what is left out', () => {
  const tooLittle = {
    notification: { NotificationType: 'ACTUAL', Threshold: 10, ComparisonOperator: 'LESS_THAN', ThresholdType: 'PERCENTAGE' },
    subscribers: [mail('cfo@example.com')],
  } as const;
  /** As somebody made it in the console: each threshold tells others, one is an amount, and one is of too little. */
  async function foreign() {
    await put({ cents: 15_000, thresholds: [{ percent: 80, on: 'actual' }], emails: ['one@example.com'], topics: [] });
    const found = stub.budgets.get('ziggie-monthly');
    if (!found) throw new Error('no budget');
    found.notices.push(
      {
        notification: { NotificationType: 'ACTUAL', Threshold: 75, ComparisonOperator: 'GREATER_THAN', ThresholdType: 'ABSOLUTE_VALUE' },
        subscribers: [mail('two@example.com'), { SubscriptionType: 'SNS', Address: topic }],
      },
      { notification: tooLittle.notification, subscribers: [...tooLittle.subscribers] },
    );
    stub.changes.length = 0;
    return found;
  }

  it('of one that is there stays: nothing is sent where nothing is given', async () => {
    await foreign();
    const to = ['one@example.com', 'two@example.com', topic];
    expect(await putPart({})).toEqual({ outcome: 'unchanged', to });
    expect(await putPart({ cents: 20_000 }, alertCall({ dryRun: true }))).toEqual({
      outcome: 'updated',
      to,
      plan: {
        current: { amount: '150.00 USD', thresholds: '50% actual, 80% actual', to: `${topic}, one@example.com, two@example.com` },
        change: { amount: '200.00 USD' },
        providerChecked: false,
      },
    });
    expect(stub.changes).toEqual([]);
  });

  it.each<[string, Omit<AlertChange, 'name'>, string[]]>([
    ['an amount', { cents: 20_000 }, ['UpdateBudget 200.00']],
    ['thresholds', { thresholds: [{ percent: 80, on: 'actual' }] }, ['DeleteNotification 75 ACTUAL']],
    [
      'addresses',
      { emails: ['new@example.com'] },
      ['UpdateSubscriber 80 ACTUAL one@example.com new@example.com', 'UpdateSubscriber 75 ACTUAL two@example.com new@example.com'],
    ],
    ['a topic', { topics: [topic] }, [`CreateSubscriber 80 ACTUAL ${topic}`]],
  ])('stays where %s alone is given', async (_, change, sent) => {
    const found = await foreign();
    expect(await putPart(change)).toMatchObject({ outcome: 'updated' });
    expect(stub.changes).toEqual(sent);
    expect(found.notices).toContainEqual(tooLittle);
    expect(await putPart(change)).toMatchObject({ outcome: 'unchanged' });
  });

  it('an alarm of too little stays whatever is given, and is in no plan', async () => {
    const found = await foreign();
    const dry = await put({ cents: 1 }, alertCall({ dryRun: true }));
    expect(JSON.stringify(dry.plan)).not.toContain('cfo');
    await put({ cents: 1 });
    expect(found.notices).toContainEqual(tooLittle);
    expect(await state()).toMatchObject(alertSpec({ cents: 1 }));
  });

  it('may leave no threshold with nobody to tell', async () => {
    await foreign();
    const call = alertCall();
    const error = await failure(putPart({ emails: [], cents: 1 }, call));
    expect(error).toMatchObject({ code: 'invalid_input', message: expect.stringContaining('would tell nobody') });
    expect([stub.changes, call.attempts]).toEqual([[], []]);
  });

  it('is the usual in one that has no threshold yet', async () => {
    const found = await foreign();
    found.notices = [];
    expect(await putPart({ cents: 15_000 })).toEqual({ outcome: 'updated', to: ['finance@example.com', topic] });
    expect(await state()).toMatchObject(alertSpec({ cents: 15_000 }));
  });
});

describe('a dry run', () => {
  it('plans what would be created, and what would change, and sends nothing', async () => {
    expect(await put({}, alertCall({ dryRun: true }))).toEqual({
      outcome: 'created',
      plan: {
        current: {},
        change: { amount: '100.00 USD', thresholds: '100% actual, 100% forecast, 80% actual', to: `${topic}, finance@example.com` },
        providerChecked: false,
      },
    });
    expect(stub.changes).toEqual([]);
    await put();
    const call = alertCall({ dryRun: true });
    expect(await put({ cents: 5_000 }, call)).toMatchObject({
      outcome: 'updated',
      plan: { current: { amount: '100.00 USD' }, change: { amount: '50.00 USD' } },
    });
    expect(await put({}, alertCall({ dryRun: true }))).toMatchObject({ outcome: 'unchanged', plan: { change: {} } });
    expect(call.attempts).toEqual([]);
    expect(stub.changes).toHaveLength(1);
  });

  it('says so where thresholds tell different people, who are the same together', async () => {
    await put({ emails: ['a@example.com', 'b@example.com'] });
    const found = stub.budgets.get('ziggie-monthly');
    found?.notices[0]?.subscribers.shift();
    expect(await put({ emails: ['a@example.com', 'b@example.com'] }, alertCall({ dryRun: true }))).toMatchObject({
      outcome: 'updated',
      plan: { change: { to: expect.stringContaining('of every threshold') } },
    });
  });
});

describe('a name that is taken', () => {
  const kinds: [string, Partial<Budget>][] = [
    ['counts usage', { BudgetType: 'USAGE' }],
    ['is by the year', { TimeUnit: 'ANNUALLY' }],
    ['is adjusted by AWS', { AutoAdjustData: { AutoAdjustType: 'HISTORICAL' } }],
    ['has amounts by the month', { PlannedBudgetLimits: { '1793491200': { Amount: '1', Unit: 'USD' } } }],
    ['counts a service alone', { CostFilters: { Service: ['Amazon Simple Storage Service'] } }],
    ['counts a tag alone', { FilterExpression: { And: [{ Tags: { Key: 'Team', Values: ['a'] } }] } }],
    ['counts a view', { BillingViewArn: 'arn:aws:billing::123456789012:billingview/custom-1' }],
  ];
  it.each(kinds)('by a budget that %s is refused, not overwritten, and not listed', async (_, facts) => {
    const budget = {
      BudgetName: 'ziggie-monthly',
      BudgetType: 'COST',
      TimeUnit: 'MONTHLY',
      BudgetLimit: { Amount: '7', Unit: 'USD' },
      ...facts,
    };
    stub.budgets.set('ziggie-monthly', { budget: budget as Budget, notices: [] });
    for (const dryRun of [false, true]) {
      const call = alertCall({ dryRun });
      const error = await failure(put({}, call));
      expect(error).toMatchObject({ code: 'provider_conflict', details: { provider: { code: 'BudgetOfAnotherKind' } } });
      expect(call.attempts).toEqual([]);
    }
    expect(stub.changes).toEqual([]);
    expect(await state()).toBeUndefined();
  });
});

describe('answers that are lost', () => {
  it('of a creation lead to no second budget, and the effect is known', async () => {
    stub.lose('CreateBudget');
    const call = alertCall();
    expect(await put({}, call)).toEqual({ outcome: 'created' });
    expect(stub.changes).toEqual(['CreateBudget 100.00', 'CreateBudget 100.00']);
    expect(call.attempts).toEqual(['unknown', 'refused', 'applied']);
    expect(call.ledger.effect()).toBe('applied');
  });

  it.each(['UpdateNotification', 'CreateSubscriber', 'DeleteSubscriber', 'UpdateSubscriber', 'DeleteNotification'])(
    'of %s are made up for',
    async (action) => {
      await put({
        thresholds: [
          { percent: 10, on: 'actual' },
          { percent: 20, on: 'actual' },
        ],
        emails: ['a@example.com'],
        topics: [topic],
      });
      const found = stub.budgets.get('ziggie-monthly');
      found?.notices[1]?.subscribers.splice(0, 9, mail('b@example.com'), mail('c@example.com'), mail('d@example.com'));
      stub.lose(action);
      const wanted: Partial<AlertSpec> =
        action === 'DeleteNotification'
          ? { thresholds: [{ percent: 10, on: 'actual' }], emails: ['a@example.com'] }
          : {
              thresholds: [
                { percent: 20, on: 'actual' },
                { percent: 40, on: 'actual' },
              ],
              emails: ['a@example.com'],
            };
      const call = alertCall();
      expect(await put(wanted, call)).toEqual({ outcome: 'updated' });
      expect(call.attempts).toContain('unknown');
      expect(call.ledger.effect()).toBe('applied');
      expect(await state()).toMatchObject(alertSpec(wanted));
    },
  );

  it('every time leave it unknown', async () => {
    for (let each = 0; each < 3; each += 1) stub.lose('UpdateBudget');
    await put();
    const call = alertCall();
    const error = await failure(put({ cents: 1 }, call));
    expect(error).toMatchObject({ code: 'provider_unavailable', details: { retryable: true } });
    expect(call.ledger.effect()).toBe('unknown');
  });
});

describe('others at the same time', () => {
  it('two that create it make one, and the slower one compares', async () => {
    const outcomes = await Promise.all([put(), put(), put()]);
    expect(outcomes.filter(({ outcome }) => outcome === 'created')).toHaveLength(1);
    expect(outcomes.filter(({ outcome }) => outcome === 'unchanged')).toHaveLength(2);
    expect(stub.budgets.size).toBe(1);
  });

  it('one that was faster with another amount is changed', async () => {
    stub.before('CreateBudget', () => {
      const budget = {
        BudgetName: 'ziggie-monthly',
        BudgetType: 'COST',
        TimeUnit: 'MONTHLY',
        BudgetLimit: { Amount: '7', Unit: 'USD' },
      } as const;
      stub.budgets.set('ziggie-monthly', { budget, notices: [] });
    });
    const call = alertCall();
    expect(await put({}, call)).toEqual({ outcome: 'updated' });
    expect(await state()).toMatchObject(alertSpec());
  });

  it('one that changes what was just created is changed back, and what was done is called by its first name', async () => {
    stub.lose('CreateBudget');
    stub.before('CreateBudget', () => undefined);
    stub.before('CreateBudget', () => {
      const found = stub.budgets.get('ziggie-monthly');
      if (found) found.budget.BudgetLimit = { Amount: '7', Unit: 'USD' };
    });
    expect(await put()).toEqual({ outcome: 'created' });
    expect(stub.changes.at(-1)).toBe('UpdateBudget 100.00');
  });

  it('one that deletes it again and again is named', async () => {
    for (let each = 0; each < 3; each += 1) stub.refuse('CreateBudget', 'DuplicateRecordException');
    const call = alertCall();
    const error = await failure(put({}, call));
    expect(error).toMatchObject({ code: 'provider_conflict', details: { provider: { code: 'BudgetChanges' } } });
    expect(call.ledger.effect()).toBe('none');
  });
});

describe('what AWS refuses', () => {
  it.each([
    ['InvalidParameterException', 'provider_rejected', 'budgets.amazonaws.com'],
    ['CreationLimitExceededException', 'provider_rejected', 'distribution list'],
    ['ServiceQuotaExceededException', 'provider_rejected', 'quota'],
    ['ResourceLockedException', 'provider_conflict', 'costs_list_alerts'],
    ['AccessDeniedException', 'provider_denied', 'docs/permissions.md'],
  ])('%s comes with what to do', async (code, ours, remedy) => {
    stub.refuse('CreateBudget', code);
    const call = alertCall();
    expect(await failure(put({}, call))).toMatchObject({
      code: ours,
      details: { remedy: expect.stringContaining(remedy), provider: { code } },
    });
    expect(call.ledger.effect()).toBe('none');
    expect(stub.budgets.size).toBe(0);
  });

  it("is asked under the server's own identity, where agents have a role", async () => {
    const accounts = [mainAccount({ role: 'arn:aws:iam::123456789012:role/agents' })];
    const { budgets } = alertParts({ accounts, endpoint: stub.endpoint }, accounts);
    expect(await setBy(budgets, alertSpec())).toEqual({ outcome: 'created' });
    expect((await budgets.list(account, { limit: 1 }, alertCall())).budgets).toHaveLength(1);
    expect(stub.asked).not.toContain('of another service');
  });

  it('is asked for nothing that the tool does not declare, nor after a cancellation', async () => {
    expect(await failure(put({}, alertCall({ serverIam: ['budgets:ViewBudget'] })))).toMatchObject({ code: 'internal' });
    const call = alertCall();
    stub.before('DescribeBudget', () => call.cancel());
    expect(await failure(put({}, call))).toMatchObject({ code: expect.stringMatching(/cancelled|timeout/) });
    expect(stub.changes).toEqual([]);
  });
});

describe('subscribers that cannot be read', () => {
  const hide = (code: string, status: number, times = 1) => {
    for (let time = 0; time < times; time += 1) stub.refuse('DescribeSubscribersForNotification', code, status);
  };

  it.each([
    ['UnknownOperationException', 400, 'provider_rejected'],
    ['ResourceNotFoundException', 400, 'provider_not_found'],
    ['InternalErrorException', 500, 'provider_unavailable'],
  ])('because of the service (%s) stay, and what else differs is sent', async (code, status, named) => {
    await put();
    stub.changes.length = 0;
    // The SDK asks three times where the service failed.
    const times = status === 500 ? 3 : 1;
    hide(code, status, times);
    stub.asked.length = 0;
    const missing = [expect.objectContaining({ account: 'main', code: named })];
    expect(await putPart({ emails: ['boss@example.com'] })).toEqual({ outcome: 'unchanged', missing });
    expect(stub.asked.filter((action) => action === 'DescribeSubscribersForNotification')).toHaveLength(times);
    hide(code, status, times);
    const change = { cents: 20_000, thresholds: alertSpec().thresholds.slice(0, 2), emails: ['boss@example.com'] };
    const { plan, ...planned } = await putPart(change, alertCall({ dryRun: true }));
    expect(planned).toEqual({ outcome: 'updated', missing });
    expect(plan?.change).toEqual({ amount: '200.00 USD', thresholds: '100% actual, 80% actual' });
    expect(plan?.current).not.toHaveProperty('to');
    hide(code, status, times);
    expect(await putPart(change)).toEqual({ outcome: 'updated', missing });
    expect(stub.changes).toEqual(['UpdateBudget 200.00', 'DeleteNotification 100 FORECASTED']);
    expect(await state()).toMatchObject({ emails: ['finance@example.com'], topics: [topic] });
  });

  it('because of a denial are not passed over: nothing is sent', async () => {
    await put();
    stub.changes.length = 0;
    hide('AccessDeniedException', 400);
    expect(await failure(put({ cents: 20_000 }))).toMatchObject({ code: 'provider_denied' });
    expect(stub.changes).toEqual([]);
  });

  it('leave it open what an attempt did whose answer was lost', async () => {
    await put();
    stub.lose('DeleteNotification');
    stub.before('DeleteNotification', () => hide('UnknownOperationException', 400, 2));
    // The second attempt finds it gone, and the look behind it sees no subscribers.
    const spec = { thresholds: alertSpec().thresholds.slice(0, 2) };
    let rounds = 0;
    const lost = alertCall();
    const complete = () => {
      rounds += 1;
      return alertSpec(spec);
    };
    const done = await parts().budgets.put(account, alertSpec(spec), complete, lost);
    expect([done.outcome, rounds, lost.ledger.effect()]).toEqual(['updated', 2, 'unknown']);
  });

  it.each(['DescribeSubscribersForNotification', 'DescribeNotificationsForBudget'])(
    'because the call was cancelled (%s) are no row of a list',
    async (action) => {
      await put();
      const call = alertCall();
      stub.before(action, () => call.cancel());
      expect(await failure(parts().budgets.list(account, { limit: 25 }, call))).toMatchObject({ code: 'cancelled' });
    },
  );

  it.each(['DescribeSubscribersForNotification', 'DescribeNotificationsForBudget'])(
    'or thresholds (%s), whyever, hide no other budget from the list',
    async (action) => {
      for (const name of ['a', 'b']) await put({ name });
      stub.refuse(action, 'AccessDeniedException');
      const { budgets } = await parts().budgets.list(account, { limit: 25 }, alertCall());
      expect(budgets.flatMap(({ unread }) => unread?.code ?? [])).toEqual(['provider_denied']);
      expect(budgets.map(({ name, cents }) => [name, cents])).toEqual([
        ['a', 10_000],
        ['b', 10_000],
      ]);
    },
  );
});

describe('the list', () => {
  it('has pages by name, reads details of one page alone, and leaves other kinds out', async () => {
    for (const name of ['c', 'a', 'b']) await put({ name });
    stub.budgets.set('usage', {
      budget: { BudgetName: 'usage', BudgetType: 'USAGE', TimeUnit: 'MONTHLY' },
      notices: [],
    });
    stub.pageSize = 2;
    stub.asked.length = 0;
    const { budgets } = parts();
    const first = await budgets.list(account, { limit: 2 }, alertCall());
    expect([first.budgets.map(({ name }) => name), first.more]).toEqual([['a', 'b'], true]);
    expect(stub.asked.filter((action) => action === 'DescribeBudgets')).toHaveLength(2);
    // Each has its three thresholds on two pages.
    expect(stub.asked.filter((action) => action === 'DescribeNotificationsForBudget')).toHaveLength(4);
    const second = await budgets.list(account, { limit: 2, after: 'b' }, alertCall());
    expect([second.budgets.map(({ name }) => name), second.more]).toEqual([['c'], false]);
  });

  it('shows absolute thresholds by their share, what AWS worked out, and no alarm of too little', async () => {
    await put({ cents: 15_000, thresholds: [{ percent: 80, on: 'actual' }] });
    const found = stub.budgets.get('ziggie-monthly');
    if (!found) throw new Error('no budget');
    found.budget.CalculatedSpend = { ActualSpend: { Amount: '12.345', Unit: 'USD' }, ForecastedSpend: { Amount: '90', Unit: 'USD' } };
    const subscribers = [mail('other@example.com')];
    const ofType = { NotificationType: 'ACTUAL', Threshold: 75 } as const;
    found.notices.push(
      { notification: { ...ofType, ComparisonOperator: 'GREATER_THAN', ThresholdType: 'ABSOLUTE_VALUE' }, subscribers },
      { notification: { ...ofType, ComparisonOperator: 'LESS_THAN', ThresholdType: 'PERCENTAGE' }, subscribers },
    );
    expect(await state()).toMatchObject({
      thresholds: [
        { percent: 50, on: 'actual' },
        { percent: 80, on: 'actual' },
      ],
      emails: ['finance@example.com', 'other@example.com'],
      spent: '12.345',
      forecast: '90',
    });
  });
});

describe('the sandbox', () => {
  it('keeps budgets as AWS does', async () => {
    const sandbox = createSandbox({ region: 'eu-north-1' });
    const accounts = [mainAccount({ credentials: sandbox.credentials })];
    const { budgets, topics } = alertParts({ accounts, ...sandboxParts(sandbox) }, accounts);
    const of = (spec: Partial<AlertSpec>) => setBy(budgets, alertSpec(spec));
    expect(await of({})).toEqual({ outcome: 'created' });
    expect(await of({})).toEqual({ outcome: 'unchanged' });
    const changed: Partial<AlertSpec> = {
      cents: 20_000,
      thresholds: [
        { percent: 50, on: 'actual' },
        { percent: 60, on: 'actual' },
        { percent: 70, on: 'actual' },
        { percent: 100, on: 'forecast' },
      ],
      emails: ['a@example.com', 'b@example.com'],
      topics: [`${topic}-2`],
    };
    expect(await of(changed)).toEqual({ outcome: 'updated' });
    expect(await of(changed)).toEqual({ outcome: 'unchanged' });
    expect(await of({ ...changed, emails: [], thresholds: [{ percent: 50, on: 'actual' }] })).toEqual({ outcome: 'updated' });
    const { budgets: rows } = await budgets.list(account, { limit: 25 }, alertCall());
    expect(rows).toMatchObject([{ ...alertSpec(), ...changed, emails: [], thresholds: [{ percent: 50, on: 'actual' }], spent: '0.0' }]);
    const error = await failure(of({ currency: 'EUR' }));
    expect(error).toMatchObject({ code: 'provider_rejected', details: { provider: { code: 'InvalidParameterException' } } });
    const mine = `arn:aws:sns:eu-north-1:${sandbox.accountId}:ziggie-costs`;
    await topics.publish(mine, { subject: 'Über 80 %\n', text: 'x' }, alertCall());
    expect(await failure(topics.publish(`${mine}`.replace('ziggie-', ''), { subject: 's', text: 'x' }, alertCall()))).toMatchObject({
      code: 'provider_not_found',
    });
  });
});
