import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AccountTarget } from '../../src/ports/domain.ts';
import { createSandbox } from '../../src/providers/sandbox/index.ts';
import { outputOf } from '../call/harness.ts';
import { until } from '../support/until.ts';
import { type JsonStub, type StubAnswer, startJsonStub } from './functions-support.ts';
import { failure, mainAccount, newAws, newCall, sandboxAws, sandboxParts } from './harness.ts';
import { roadOver } from './road.ts';

/** moto knows neither pages nor errors of Cost Explorer: the stub is shaped by the SDK's types and AWS's documented examples. */

const period = { from: '2026-11-01', until: '2026-11-23' };
const main: AccountTarget = {
  type: 'Account',
  id: 'main',
  provider: 'aws',
  account: 'main',
  accountId: '123456789012',
  regions: ['eu-north-1'],
  tags: {},
};
const group = (Keys: string[], Amount: string, Unit = 'USD') => ({ Keys, Metrics: { UnblendedCost: { Amount, Unit } } });
const bill = (Groups: object[], more: object = {}): StubAnswer => ({
  body: JSON.stringify({
    ResultsByTime: [{ TimePeriod: { Start: period.from, End: period.until }, Total: {}, Groups, Estimated: true }],
    ...more,
  }),
});
const refusal = (code: string, message = 'as the service says', status = 400): StubAnswer => ({
  status,
  body: JSON.stringify({ __type: `com.amazonaws.ce#${code}`, message }),
});

describe('Cost Explorer', () => {
  let stub: JsonStub;
  let sent = 0;
  const ask = (call = newCall()) => aws().costs.lines(main, period, call, () => (sent += 1));
  const aws = () => newAws({ endpoint: stub.endpoint, requestTimeoutMs: 5_000 });
  const bodies = () => stub.requests.map(({ body }) => JSON.parse(body));
  beforeAll(async () => {
    stub = await startJsonStub();
  });
  beforeEach(() => {
    stub.requests.length = 0;
    sent = 0;
  });
  afterAll(() => stub.close());

  it('is asked for the account’s own month, by service and kind of charge, where it lives', async () => {
    stub.answerWith(bill([group(['AWS Lambda', 'Usage'], '0.0101516483')]));
    expect(await ask()).toEqual([{ service: 'AWS Lambda', isCredit: false, amount: '0.0101516483', currency: 'USD' }]);
    expect(bodies()).toEqual([
      {
        TimePeriod: { Start: '2026-11-01', End: '2026-11-23' },
        Granularity: 'MONTHLY',
        Metrics: ['UnblendedCost'],
        Filter: { Dimensions: { Key: 'LINKED_ACCOUNT', Values: ['123456789012'] } },
        GroupBy: [
          { Type: 'DIMENSION', Key: 'SERVICE' },
          { Type: 'DIMENSION', Key: 'RECORD_TYPE' },
        ],
      },
    ]);
    expect(stub.requests[0]?.headers).toMatchObject({
      'x-amz-target': 'AWSInsightsIndexService.GetCostAndUsage',
      authorization: expect.stringContaining('/us-east-1/ce/aws4_request'),
    });
  });

  it('gives all pages, each asked for and announced once', async () => {
    stub.answerWith(
      bill([group(['Amazon S3', 'Usage'], '1')], { NextPageToken: 'two' }),
      bill([group(['Amazon S3', 'Tax'], '2')], { NextPageToken: 'three' }),
      bill([group(['AWS Lambda', 'Usage'], '3', 'CNY')]),
    );
    expect((await ask()).map(({ service, amount, currency }) => `${service} ${amount} ${currency}`)).toEqual([
      'Amazon S3 1 USD',
      'Amazon S3 2 USD',
      'AWS Lambda 3 CNY',
    ]);
    expect(bodies().map(({ NextPageToken }) => NextPageToken)).toEqual([undefined, 'two', 'three']);
    expect(sent).toBe(3);
  });

  it('keeps credits and refunds apart, and discounts with what they are on', async () => {
    const kinds = ['Usage', 'Credit', 'Refund', 'Tax', 'SavingsPlanNegation'];
    stub.answerWith(bill(kinds.map((kind) => group(['Amazon EC2', kind], '-1'))));
    expect((await ask()).map(({ isCredit }) => isCredit)).toEqual([false, true, true, false, false]);
  });

  it('is not asked without end', async () => {
    stub.answerWith(bill([], { NextPageToken: 'again' }));
    expect(await failure(ask())).toMatchObject({ code: 'provider_unavailable', message: expect.stringContaining('20 pages') });
    expect(stub.requests.length).toBe(20);
  });

  it.each<[string, StubAnswer, string, RegExp]>([
    [
      'was never turned on',
      refusal('AccessDeniedException', 'User not enabled for cost explorer access'),
      'provider_not_configured',
      /Turn Cost Explorer on/,
    ],
    ['has no data yet', refusal('DataUnavailableException', 'Data is not available.'), 'provider_not_configured', /Turn Cost Explorer on/],
    [
      'is not permitted',
      refusal('AccessDeniedException', 'User is not authorized to perform: ce:GetCostAndUsage'),
      'provider_denied',
      /missing permission/,
    ],
    ['is asked too often', refusal('LimitExceededException'), 'provider_throttled', /Wait/],
    ['throttles', refusal('ThrottlingException', 'Rate exceeded'), 'provider_throttled', /Wait/],
    ['changes under way', refusal('RequestChangedException'), 'provider_rejected', /Ask again/],
    ['forgets its page', refusal('InvalidNextTokenException'), 'provider_rejected', /Ask again/],
    ['closes the bill', refusal('BillExpirationException'), 'provider_rejected', /in an hour/],
    ['has a problem', { status: 503, body: '{}' }, 'provider_unavailable', /Try again/],
    ['cuts the connection', 'reset', 'provider_unavailable', /network/],
    ['is something else', { body: '{}' }, 'provider_unavailable', /AWS_ENDPOINT_URL/],
    ['leaves amounts out', bill([{ Keys: ['Amazon S3', 'Usage'], Metrics: {} }]), 'provider_unavailable', /AWS_ENDPOINT_URL/],
  ])('that %s is asked once, and says what to do', async (_, answer, code, remedy) => {
    stub.answerWith(answer);
    const error = await failure(ask());
    expect(error).toMatchObject({ code, details: { remedy: expect.stringMatching(remedy) } });
    expect([stub.requests.length, sent]).toEqual([1, 1]);
  });

  it('is not asked, nor said to have been, for a call that is cancelled or does not declare it', async () => {
    const call = newCall();
    call.cancel();
    expect((await failure(ask(call))).code).toBe('cancelled');
    expect((await failure(ask(newCall({ iam: ['ec2:DescribeInstances'] })))).code).toBe('internal');
    expect([stub.requests.length, sent]).toEqual([0, 0]);
  });

  it('is waited for once it was asked, since that is paid, and not asked for the next page', async () => {
    for (const [more, outcome] of [
      [{}, 'lines'],
      [{ NextPageToken: 'two' }, 'cancelled'],
    ] as const) {
      stub.requests.length = 0;
      const gate = Promise.withResolvers<void>();
      stub.answerWith({ ...(bill([group(['Amazon S3', 'Usage'], '1')], more) as { body: string }), after: gate.promise });
      const call = newCall();
      const asking = ask(call).then(
        () => 'lines',
        ({ code }) => code,
      );
      await until('the request', () => stub.requests.length === 1);
      call.cancel();
      gate.resolve();
      expect(await asking).toBe(outcome);
      expect(stub.requests.length).toBe(1);
    }
  });

  it('is asked for accounts of the configuration only', async () => {
    stub.answerWith(bill([]));
    expect((await failure(aws().costs.lines({ ...main, account: 'other' }, period, newCall(), () => undefined))).code).toBe(
      'provider_not_configured',
    );
    expect(stub.requests.length).toBe(0);
  });
});

describe('the sandbox', () => {
  const now = Date.parse('2026-11-22T12:00:00Z');
  const ask = (at: number, until: string, from = period.from) =>
    sandboxAws({ now: () => at }).costs.lines(main, { from, until }, newCall(), () => undefined);
  const usage = async (at: number, until: string) =>
    (await ask(at, until)).reduce((sum, { isCredit, amount }) => sum + (isCredit ? 0 : Number(amount)), 0);

  it('costs something believable, more every day, and the same to everybody', async () => {
    const lines = await ask(now, '2026-11-23');
    expect(lines.map(({ service, isCredit }) => (isCredit ? 'credit' : service))).toEqual([
      'Amazon Elastic Compute Cloud - Compute',
      'Amazon Simple Storage Service',
      'AWS Lambda',
      'AmazonCloudWatch',
      'AWS Cost Explorer',
      'credit',
    ]);
    expect(await ask(now, '2026-11-23')).toEqual(lines);
    const total = await usage(now, '2026-11-23');
    expect(total).toBeGreaterThan(50);
    expect(total).toBeLessThan(150);
    expect(await usage(now + 3_600_000, '2026-11-23')).toBeGreaterThan(total);
    expect(await usage(Date.parse('2026-11-01T00:00:01Z'), '2026-11-02')).toBeLessThan(0.01);
  });

  it('refuses a month that ends before it begins', async () => {
    expect(await failure(ask(now, '2026-11-01'))).toMatchObject({ code: 'provider_rejected' });
  });
});

describe('costs_current by the road', () => {
  let road: Awaited<ReturnType<typeof roadOver>>;
  afterEach(() => road.close());

  it('answers over the sandbox, once for many, and small', async () => {
    road = await roadOver(sandboxAws());
    const outputs = (await Promise.all(Array.from({ length: 10 }, () => road.call('costs_current', { provider: 'aws' })))).map(outputOf);
    const [first] = outputs;
    expect(first).toMatchObject({
      month: new Date().toISOString().slice(0, 7),
      incomplete: true,
      totals: [{ currency: 'USD', total: expect.stringMatching(/^\d+\.\d\d$/), credits: '-2.00' }],
      asked: { requests: 1, usd: '0.01' },
    });
    expect(new Set(outputs.map(({ asOf }) => asOf)).size).toBe(1);
    expect(JSON.stringify(first).length).toBeLessThan(1_200);
  });

  it('says how to turn Cost Explorer on', async () => {
    const sandbox = createSandbox({ region: 'eu-north-1' });
    const middleware: typeof sandbox.middleware = (at) => ({
      applyToStack(stack) {
        sandbox.middleware(at).applyToStack(stack);
        if (at.service !== 'ce') return;
        const denied = Object.assign(new Error('User not enabled for cost explorer access'), {
          name: 'AccessDeniedException',
          $fault: 'client',
          $metadata: { httpStatusCode: 400 },
        });
        stack.add(() => async () => Promise.reject(denied), { step: 'finalizeRequest', name: 'denied' });
      },
    });
    road = await roadOver(newAws({ accounts: [mainAccount({ credentials: sandbox.credentials })], ...sandboxParts(sandbox), middleware }));
    expect(await road.call('costs_current', {})).toMatchObject({
      ok: false,
      error: { code: 'provider_not_configured', effect: 'none', remedy: expect.stringContaining('Turn Cost Explorer on') },
    });
  });
});
