import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { anomalies, anomaly, costCall, forecast, main, notGivenBack, ofAccount, refusal, reply } from './cost-explorer-stub.ts';
import { type JsonStub, type StubAnswer, startJsonStub } from './functions-support.ts';
import { failure, newAws } from './harness.ts';

let stub: JsonStub;
let announced = 0;
const announce = () => {
  announced += 1;
};
const costs = () => newAws({ endpoint: stub.endpoint, requestTimeoutMs: 5_000 }).costs;
const bodies = () => stub.requests.map(({ body }) => JSON.parse(body));
beforeAll(async () => {
  stub = await startJsonStub();
});
beforeEach(() => {
  stub.requests.length = 0;
  announced = 0;
});
afterAll(() => stub.close());

describe('forecast', () => {
  const rest = { from: '2026-11-29', until: '2026-12-01' };
  const ask = () => costs().forecast(main, rest, costCall(), announce);

  it('sums the days that are left, before credits, and says how sure AWS is', async () => {
    stub.answerWith(
      forecast([
        ['2026-11-29', '1.0000000001', '0.9', '1.2E0'],
        ['2026-11-30', '2.5', '2.25', '2.8'],
      ]),
    );
    expect(await ask()).toEqual({ currency: 'USD', mean: '3.5000000001', low: '3.15', high: '4.0', level: 80 });
    expect(announced).toBe(1);
    expect(bodies()).toEqual([
      {
        TimePeriod: { Start: '2026-11-29', End: '2026-12-01' },
        Metric: 'UNBLENDED_COST',
        Granularity: 'DAILY',
        Filter: { And: [ofAccount, notGivenBack] },
        PredictionIntervalLevel: 80,
      },
    ]);
    expect(stub.requests[0]?.headers).toMatchObject({ 'x-amz-target': 'AWSInsightsIndexService.GetCostForecast' });
  });

  it('counts no day that it did not ask for', async () => {
    stub.answerWith(
      forecast([
        ['2026-11-28', '100', '100', '100'],
        ['2026-11-29', '1', '1', '1'],
        ['2026-12-01', '100', '100', '100'],
      ]),
    );
    expect(await ask()).toMatchObject({ mean: '1', low: '1', high: '1' });
  });

  it.each<[string, StubAnswer, string, RegExp]>([
    [
      'has too little history',
      refusal('DataUnavailableException', 'Insufficient amount of historical data.'),
      'provider_rejected',
      /the trend of the days so far is shown/,
    ],
    [
      'was never turned on',
      refusal('AccessDeniedException', 'User not enabled for cost explorer access'),
      'provider_not_configured',
      /Turn/,
    ],
    ['is an emulator without it', { status: 500, body: '<html></html>' }, 'provider_unavailable', /emulator/],
    ['names no day', forecast([]), 'provider_unavailable', /AWS_ENDPOINT_URL/],
    [
      'leaves a bound out',
      reply({ Total: { Amount: '1', Unit: 'USD' }, ForecastResultsByTime: [{ TimePeriod: { Start: '2026-11-29' }, MeanValue: '1' }] }),
      'provider_unavailable',
      /AWS_ENDPOINT_URL/,
    ],
    ['names no currency', forecast([['2026-11-29', '1', '1', '1']], ''), 'provider_unavailable', /AWS_ENDPOINT_URL/],
  ])('of what %s fails, and says what to do', async (_, answer, code, remedy) => {
    stub.answerWith(answer);
    expect(await failure(ask())).toMatchObject({ code, details: { remedy: expect.stringMatching(remedy) } });
    expect([stub.requests.length, announced]).toEqual([1, 1]);
  });

  it('keeps AWS’s own code where history is missing, by which the trend is chosen', async () => {
    stub.answerWith(refusal('DataUnavailableException', 'Insufficient amount of historical data.'));
    expect((await failure(ask())).details.provider).toMatchObject({
      code: 'DataUnavailableException',
      message: 'Insufficient amount of historical data.',
    });
  });
});

describe('anomalies', () => {
  const august = { from: '2026-08-01', until: '2026-09-01' };
  const ask = () => costs().anomalies(main, august, costCall(), announce);

  it('come from all pages, the dearest first, with what caused most of each', async () => {
    stub.answerWith(
      anomalies([anomaly('small', 1.005)], 'two'),
      anomalies([
        anomaly('large', 40.8, {
          RootCauses: [
            { Service: 'Amazon S3', Impact: { Contribution: 1 } },
            {
              Service: 'Amazon EC2',
              Region: 'eu-north-1',
              LinkedAccount: '123456789012',
              UsageType: 'EUN1-BoxUsage:m5.4xlarge',
              Impact: { Contribution: 39.8 },
            },
          ],
        }),
        anomaly('running', 7, { AnomalyEndDate: undefined, DimensionValue: undefined }),
      ]),
    );
    expect(await ask()).toEqual([
      {
        id: 'large',
        from: '2026-08-11',
        until: '2026-08-15',
        service: 'Amazon EC2',
        region: 'eu-north-1',
        usageType: 'EUN1-BoxUsage:m5.4xlarge',
        impact: '40.80',
      },
      { id: 'running', from: '2026-08-11', impact: '7.00' },
      { id: 'small', from: '2026-08-11', until: '2026-08-15', service: 'AWS Lambda', impact: '1.00' },
    ]);
    expect(bodies()).toEqual([
      { DateInterval: { StartDate: '2026-08-01', EndDate: '2026-08-31' } },
      { DateInterval: { StartDate: '2026-08-01', EndDate: '2026-08-31' }, NextPageToken: 'two' },
    ]);
    expect(announced).toBe(2);
  });

  it('of other accounts of the organisation are theirs', async () => {
    const of = (...accounts: string[]) => ({ RootCauses: accounts.map((LinkedAccount) => ({ LinkedAccount, Service: LinkedAccount })) });
    stub.answerWith(anomalies([anomaly('theirs', 9, of('210987654321')), anomaly('both', 8, of('210987654321', '123456789012'))]));
    expect((await ask()).map(({ id, service }) => [id, service])).toEqual([['both', '123456789012']]);
  });

  it('of several accounts cost this one what it caused of them, where AWS says so', async () => {
    const cause = (LinkedAccount: string, Contribution?: number) => ({
      LinkedAccount,
      ...(Contribution === undefined ? {} : { Impact: { Contribution } }),
    });
    const [own, theirs] = ['123456789012', '210987654321'];
    stub.answerWith(
      anomalies([
        anomaly('shared', 500, { RootCauses: [cause(theirs, 490), cause(own, 7.5), cause(own, 1.25), cause(own)] }),
        anomaly('unsaid', 9, { RootCauses: [cause(theirs, 4), cause(own)] }),
        anomaly('own', 8, { RootCauses: [cause(own, 3), cause(own, 2)] }),
      ]),
    );
    expect((await ask()).map(({ id, impact }) => [id, impact])).toEqual([
      ['unsaid', '9.00'],
      ['shared', '8.75'],
      ['own', '8.00'],
    ]);
  });

  it('are none where nothing is watched', async () => {
    stub.answerWith(anomalies([]));
    expect(await ask()).toEqual([]);
    stub.answerWith(refusal('UnknownMonitorException'));
    expect(await ask()).toEqual([]);
  });

  it.each<[string, StubAnswer, string]>([
    ['is not permitted', refusal('AccessDeniedException', 'not authorized'), 'provider_denied'],
    ['is something else', reply({}), 'provider_unavailable'],
    ['leaves the impact out', reply({ Anomalies: [{ AnomalyId: 'a', AnomalyStartDate: '2026-08-11' }] }), 'provider_unavailable'],
    ['turns in a circle', anomalies([], 'again'), 'provider_unavailable'],
  ])('of what %s fail', async (_, answer, code) => {
    stub.answerWith(answer);
    expect((await failure(ask())).code).toBe(code);
  });
});
