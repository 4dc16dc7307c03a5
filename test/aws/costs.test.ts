import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { CallError } from '../../src/call/errors.ts';
import type { CostQuestion } from '../../src/ports/cost-sources.ts';
import { until } from '../support/until.ts';
import { bill, cost, costCall, group, main, notGivenBack, ofAccount, period, refusal, reply, usage } from './cost-explorer-stub.ts';
import { type JsonStub, type StubAnswer, startJsonStub } from './functions-support.ts';
import { failure, mainAccount, newAws, newCall } from './harness.ts';

const october = { from: '2026-10-01', until: '2026-11-01' };
const byService: CostQuestion = { period: october, granularity: 'month', groups: ['service', 'kind'] };

let stub: JsonStub;
let announced = 0;
const aws = () => newAws({ endpoint: stub.endpoint, requestTimeoutMs: 5_000 });
const ask = (question: Partial<CostQuestion> = {}, call = costCall()) =>
  aws().costs.usage(main, { ...byService, ...question }, call, () => {
    announced += 1;
  });
const bodies = () => stub.requests.map(({ body }) => JSON.parse(body));
beforeAll(async () => {
  stub = await startJsonStub();
});
beforeEach(() => {
  stub.requests.length = 0;
  announced = 0;
});
afterAll(() => stub.close());

it('asks for the account’s own month, by service and kind of charge, where Cost Explorer lives', async () => {
  stub.answerWith(bill([group(['AWS Lambda', 'Usage'], '0.0101516483')]));
  expect(await ask()).toEqual({
    rows: [{ from: '2026-10-01', keys: ['AWS Lambda', 'cost'], currency: 'USD', amount: '0.0101516483' }],
    isFinal: true,
  });
  expect(bodies()).toEqual([
    {
      TimePeriod: { Start: '2026-10-01', End: '2026-11-01' },
      Granularity: 'MONTHLY',
      Metrics: ['UnblendedCost'],
      Filter: ofAccount,
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

it('asks by days, and without what is given back', async () => {
  stub.answerWith(
    usage([
      period('2026-10-01', '2026-10-02', { Total: cost('1.5') }),
      period('2026-10-02', '2026-10-03', { Total: cost('2'), Estimated: true }),
    ]),
  );
  expect(await ask({ granularity: 'day', groups: [], withoutCredits: true })).toEqual({
    rows: [
      { from: '2026-10-01', keys: [], currency: 'USD', amount: '1.5' },
      { from: '2026-10-02', keys: [], currency: 'USD', amount: '2' },
    ],
    isFinal: false,
    openFrom: '2026-10-02',
  });
  expect(bodies()).toEqual([
    {
      TimePeriod: { Start: '2026-10-01', End: '2026-11-01' },
      Granularity: 'DAILY',
      Metrics: ['UnblendedCost'],
      Filter: { And: [ofAccount, notGivenBack] },
    },
  ]);
});

it.each<[CostQuestion['groups'][number], object, [sent: string, key: string][]]>([
  ['service', { Type: 'DIMENSION', Key: 'SERVICE' }, [['Amazon S3', 'Amazon S3']]],
  ['usageType', { Type: 'DIMENSION', Key: 'USAGE_TYPE' }, [['EUN1-BoxUsage:t3.small', 'EUN1-BoxUsage:t3.small']]],
  ['region', { Type: 'DIMENSION', Key: 'REGION' }, [['NoRegion', 'NoRegion']]],
  [
    'kind',
    { Type: 'DIMENSION', Key: 'RECORD_TYPE' },
    [
      ['Usage', 'cost'],
      ['Tax', 'cost'],
      ['SavingsPlanNegation', 'cost'],
      ['Credit', 'credit'],
      ['Refund', 'refund'],
    ],
  ],
  [
    { tag: 'Team' },
    { Type: 'TAG', Key: 'Team' },
    [
      ['Team$backend', 'backend'],
      ['Team$', ''],
      ['Team$a$b', 'a$b'],
    ],
  ],
])('groups by %j', async (by, sent, keys) => {
  stub.answerWith(bill(keys.map(([key]) => group([key], '-1'))));
  expect((await ask({ groups: [by] })).rows.map((row) => row.keys)).toEqual(keys.map(([, key]) => [key]));
  expect(bodies()[0].GroupBy).toEqual([sent]);
});

it('takes the total where it asked for groups and gets none, and nothing for what costs nothing', async () => {
  stub.answerWith(usage([period('2026-10-01', '2026-11-01', { Total: cost('12.5') })]));
  expect((await ask()).rows).toMatchObject([{ keys: ['All services', 'cost'], amount: '12.5' }]);
  expect((await ask({ groups: ['region', { tag: 'Team' }] })).rows).toMatchObject([{ keys: ['', ''], amount: '12.5' }]);
  stub.answerWith(
    bill([group(['Amazon S3', 'Usage'], '0.0000000000'), group(['Amazon S3', 'Tax'], '-0'), group(['AWS Lambda', 'Usage'], '1')]),
  );
  expect((await ask()).rows.map(({ keys }) => keys)).toEqual([['AWS Lambda', 'cost']]);
});

it('gives every row the first day of its month, though it asked for a part, and plain amounts', async () => {
  stub.answerWith(usage([period('2026-10-10', '2026-10-20', { Groups: [group(['Amazon S3', 'Usage'], '1.25E-7', 'EUR')] })]));
  expect((await ask({ period: { from: '2026-10-10', until: '2026-10-20' } })).rows).toEqual([
    { from: '2026-10-01', keys: ['Amazon S3', 'cost'], currency: 'EUR', amount: '0.000000125' },
  ]);
});

it('gives all pages, each asked for and announced once, and final only if all are', async () => {
  stub.answerWith(
    bill([group(['Amazon S3', 'Usage'], '1')], 'two'),
    usage([period('2026-10-01', '2026-11-01', { Groups: [group(['Amazon S3', 'Tax'], '2')], Estimated: true })], 'three'),
    bill([group(['AWS Lambda', 'Usage'], '3')]),
  );
  const { rows, isFinal } = await ask();
  expect(rows.map(({ amount }) => amount)).toEqual(['1', '2', '3']);
  expect(isFinal).toBe(false);
  expect(bodies().map(({ NextPageToken }) => NextPageToken)).toEqual([undefined, 'two', 'three']);
  expect(announced).toBe(3);
});

it('takes an answer of no periods, or of one that does not say, for one that may change', async () => {
  stub.answerWith(usage([]));
  expect(await ask()).toEqual({ rows: [], isFinal: false });
  stub.answerWith(usage([period('2026-10-01', '2026-11-01', { Estimated: undefined })]));
  expect((await ask()).isFinal).toBe(false);
});

it.each<[string, [start: string, end: string, isOpen?: boolean][], string | undefined]>([
  [
    'the first month that is open',
    [
      ['2026-08-01', '2026-09-01'],
      ['2026-09-01', '2026-10-01', true],
      ['2026-10-01', '2026-11-01'],
    ],
    '2026-09-01',
  ],
  [
    'the first of several, whatever their order',
    [
      ['2026-10-01', '2026-11-01', true],
      ['2026-09-01', '2026-10-01', true],
    ],
    '2026-09-01',
  ],
  [
    'nothing where the first is',
    [
      ['2026-08-01', '2026-09-01', true],
      ['2026-09-01', '2026-10-01'],
    ],
    undefined,
  ],
  [
    'nothing by the dates of an emulator',
    [
      ['2026-08-01', '2026-09-01'],
      ['2027-01-01', '2027-02-01', true],
    ],
    undefined,
  ],
  [
    'nothing where a day is lacking',
    [
      ['2026-08-01', '2026-09-01'],
      ['', '', true],
    ],
    undefined,
  ],
])('says from when on it may change: %s', async (_, months, openFrom) => {
  stub.answerWith(
    ...[months.slice(0, 1), months.slice(1)].map((page, at) =>
      usage(
        page.map(([start, end, Estimated = false]) => period(start, end, { Estimated, ...(start ? {} : { TimePeriod: undefined }) })),
        at === 0 ? 'two' : undefined,
      ),
    ),
  );
  const { isFinal, ...answer } = await ask({ period: { from: '2026-08-01', until: '2026-11-01' } });
  expect([isFinal, answer.openFrom]).toEqual([false, openFrom]);
});

it('does not ask without end: twenty pages, and none twice', async () => {
  let page = 0;
  stub.answerWith(() => {
    page += 1;
    return bill([], `page-${page}`);
  });
  expect(await failure(ask())).toMatchObject({ code: 'provider_unavailable', message: expect.stringContaining('20 pages') });
  expect(stub.requests.length).toBe(20);
  stub.requests.length = 0;
  stub.answerWith(bill([], 'a'), bill([], 'b'), bill([], 'a'));
  expect(await failure(ask())).toMatchObject({ code: 'provider_unavailable', message: expect.stringContaining('same page') });
  expect(stub.requests.length).toBe(3);
});

it.each<[string, StubAnswer, string, RegExp]>([
  ['was never turned on', refusal('AccessDeniedException', 'User not enabled for cost explorer access'), 'provider_not_configured', /Turn/],
  [
    'needs a subscription',
    refusal('OptInRequired', 'You are not subscribed to this service'),
    'provider_not_configured',
    /Turn .* its organisation/,
  ],
  ['wants an opt-in', refusal('OptInRequiredException'), 'provider_not_configured', /Turn/],
  [
    'wants one in other words',
    refusal('AccessDenied', 'The AWS Access Key Id needs a subscription for the service', 403),
    'provider_not_configured',
    /Turn/,
  ],
  ['has no data yet', refusal('DataUnavailableException', 'Data is not available.'), 'provider_not_configured', /tomorrow/],
  [
    'is not permitted',
    refusal('AccessDeniedException', 'User is not authorized to perform: ce:GetCostAndUsage'),
    'provider_denied',
    /ce: actions/,
  ],
  ['is not permitted, in XML', { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' }, 'provider_denied', /ce: actions/],
  ['has forgotten the keys', refusal('ExpiredTokenException'), 'provider_denied', /expired/],
  [
    'keeps fourteen months',
    refusal('ValidationException', "You haven't enabled historical data beyond 14 months."),
    'provider_rejected',
    /later month/,
  ],
  ['is asked too often', refusal('LimitExceededException'), 'provider_throttled', /Wait/],
  ['throttles', refusal('ThrottlingException', 'Rate exceeded'), 'provider_throttled', /Wait/],
  ['changes under way', refusal('RequestChangedException'), 'provider_rejected', /Ask again/],
  ['forgets its page', refusal('InvalidNextTokenException'), 'provider_rejected', /Ask again/],
  ['closes the bill', refusal('BillExpirationException'), 'provider_rejected', /in an hour/],
  ['is no Cost Explorer', refusal('UnknownOperationException'), 'provider_not_configured', /Unset it/],
  ['has a problem', { status: 503, body: '{}' }, 'provider_unavailable', /Try again/],
  ['has one in HTML', { status: 500, body: '<html>Internal Server Error</html>' }, 'provider_unavailable', /emulator/],
  ['cuts the connection', 'reset', 'provider_unavailable', /network/],
  ['is something else', { body: '{}' }, 'provider_unavailable', /AWS_ENDPOINT_URL/],
  ['leaves amounts out', reply({ ResultsByTime: [{ Groups: [{ Keys: ['S3', 'Usage'] }] }] }), 'provider_unavailable', /AWS_ENDPOINT_URL/],
  ['writes no number', bill([group(['S3', 'Usage'], 'much')]), 'provider_unavailable', /AWS_ENDPOINT_URL/],
  ['writes no plain number', bill([group(['S3', 'Usage'], 'Infinity')]), 'provider_unavailable', /AWS_ENDPOINT_URL/],
  ['names no currency', bill([group(['S3', 'Usage'], '1', 'N/A')]), 'provider_unavailable', /AWS_ENDPOINT_URL/],
  ['names no day', usage([period('soon', 'later', { Total: cost('1') })]), 'provider_unavailable', /AWS_ENDPOINT_URL/],
])('what %s is asked once, and says what to do', async (_, answer, code, remedy) => {
  stub.answerWith(answer);
  expect(await failure(ask())).toMatchObject({ code, details: { remedy: expect.stringMatching(remedy) } });
  expect([stub.requests.length, announced]).toEqual([1, 1]);
});

it('sends nothing that could not be announced, and hands the refusal on as it is', async () => {
  const full = new CallError('quota_exceeded', 'Cost Explorer was asked 50 times today.', { remedy: 'Wait until tomorrow.' });
  stub.answerWith(bill([]));
  const refuse = () => {
    throw full;
  };
  const { costs } = aws();
  expect(await failure(costs.usage(main, byService, costCall(), refuse))).toBe(full);
  expect(await failure(costs.forecast(main, october, costCall(), refuse))).toBe(full);
  expect(await failure(costs.anomalies(main, october, costCall(), refuse))).toBe(full);
  expect(stub.requests.length).toBe(0);
  // Nor the second page, once the first is there.
  stub.answerWith(bill([], 'two'));
  let pages = 0;
  const once = () => {
    pages += 1;
    if (pages > 1) throw full;
  };
  expect(await failure(costs.usage(main, byService, costCall(), once))).toBe(full);
  expect(stub.requests.length).toBe(1);
});

it('asks nothing, and announces nothing, for a call that is cancelled or does not declare it', async () => {
  const call = costCall();
  call.cancel();
  expect((await failure(ask({}, call))).code).toBe('cancelled');
  expect((await failure(ask({}, newCall({ iam: ['ec2:DescribeInstances'], serverIam: [] })))).code).toBe('internal');
  expect([stub.requests.length, announced]).toEqual([0, 0]);
});

it('waits for what it asked, since that is paid, and does not ask for the next page', async () => {
  for (const [next, outcome] of [
    [undefined, 'rows'],
    ['two', 'cancelled'],
  ] as const) {
    stub.requests.length = 0;
    const gate = Promise.withResolvers<void>();
    stub.answerWith({ ...bill([group(['Amazon S3', 'Usage'], '1')], next), after: gate.promise });
    const call = costCall();
    const asking = ask({}, call).then(
      () => 'rows',
      ({ code }) => code,
    );
    await until('the request', () => stub.requests.length === 1);
    call.cancel();
    gate.resolve();
    expect(await asking).toBe(outcome);
    expect(stub.requests.length).toBe(1);
  }
});

it('asks as the server, whatever role the agents have there', async () => {
  const role = 'arn:aws:iam::123456789012:role/ziggie-agents';
  const { costs } = newAws({ endpoint: stub.endpoint, accounts: [mainAccount({ role })] });
  stub.answerWith(bill([]));
  await costs.usage(main, byService, costCall(), () => undefined);
  expect(stub.requests.map(({ headers }) => headers['x-amz-target'])).toEqual(['AWSInsightsIndexService.GetCostAndUsage']);
});

it('knows the accounts of the configuration only', async () => {
  stub.answerWith(bill([]));
  const other = { ...main, account: 'other' };
  expect((await failure(aws().costs.usage(other, byService, costCall(), () => undefined))).code).toBe('provider_not_configured');
  expect(stub.requests.length).toBe(0);
});
