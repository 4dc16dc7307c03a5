import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { CostQuestion } from '../../src/ports/cost-sources.ts';
import { cost, costCall, group, main, period } from './cost-explorer-stub.ts';
import { failure, newAws } from './harness.ts';
import { type Moto, startMoto } from './moto.ts';

let moto: Moto;
let announced = 0;
const announce = () => {
  announced += 1;
};
beforeAll(async () => {
  moto = await startMoto();
}, 60_000);
beforeEach(() => {
  announced = 0;
  return moto.reset();
});
afterAll(() => moto.close());

/** moto bills nothing by itself: it gives each new request the next of what was put down, page tokens and all. */
async function putDown(...results: object[]): Promise<void> {
  const { status } = await fetch(`${moto.endpoint}/moto-api/static/ce/cost-and-usage-results`, {
    method: 'POST',
    body: JSON.stringify({ account_id: '123456789012', results }),
  });
  expect(status).toBe(201);
}

const october: CostQuestion = { period: { from: '2026-10-01', until: '2026-11-01' }, granularity: 'month', groups: ['service', 'kind'] };
const ask = (question: Partial<CostQuestion> = {}) =>
  newAws({ endpoint: moto.endpoint }).costs.usage(main, { ...october, ...question }, costCall(), announce);
const bill = (Groups: ReturnType<typeof group>[], more: object = {}) => ({
  ResultsByTime: [period('2026-10-01', '2026-11-01', { Groups })],
  DimensionValueAttributes: [],
  ...more,
});

it('reads a bill of several pages over the wire', async () => {
  await putDown(
    bill([group(['Amazon Elastic Compute Cloud - Compute', 'Usage'], '46.2467189007')], { NextPageToken: 'page-2' }),
    bill([group(['Amazon Elastic Compute Cloud - Compute', 'Credit'], '-5.0000000000'), group(['AWS Lambda', 'Usage'], '0.0101516483')]),
  );
  expect(await ask()).toEqual({
    rows: [
      { from: '2026-10-01', keys: ['Amazon Elastic Compute Cloud - Compute', 'cost'], currency: 'USD', amount: '46.2467189007' },
      { from: '2026-10-01', keys: ['Amazon Elastic Compute Cloud - Compute', 'credit'], currency: 'USD', amount: '-5.0000000000' },
      { from: '2026-10-01', keys: ['AWS Lambda', 'cost'], currency: 'USD', amount: '0.0101516483' },
    ],
    isFinal: true,
  });
  expect(announced).toBe(2);
});

it('asks the same question in the same words, and another in others', async () => {
  await putDown(bill([group(['A', 'Usage'], '1')]), bill([group(['B', 'Usage'], '2')]));
  const amounts = [];
  for (const question of [{}, {}, { withoutCredits: true }]) amounts.push((await ask(question)).rows[0]?.amount);
  expect(amounts).toEqual(['1', '1', '2']);
});

it('takes the totals of days, and those that came where it asked for groups', async () => {
  const days = ['2026-10-01', '2026-10-02', '2026-10-03'].map((day, index) =>
    period(day, `2026-10-0${index + 2}`, { Total: cost(`${index}.5`), Estimated: index === 2 }),
  );
  await putDown({ ResultsByTime: days }, { ResultsByTime: [period('2026-10-01', '2026-11-01', { Total: cost('0.0101516483') })] });
  const answer = await ask({ granularity: 'day', groups: [] });
  expect(answer.rows.map(({ from, amount }) => `${from} ${amount}`)).toEqual(['2026-10-01 0.5', '2026-10-02 1.5', '2026-10-03 2.5']);
  expect(answer.isFinal).toBe(false);
  expect((await ask()).rows).toEqual([{ from: '2026-10-01', keys: ['All services', 'cost'], currency: 'USD', amount: '0.0101516483' }]);
});

it('takes what was put down in fewer groups than it asked for, and in another metric of costs', async () => {
  const blended = { BlendedCost: { Amount: '3.5', Unit: 'USD' }, UsageQuantity: { Amount: '9', Unit: 'Hrs' } };
  await putDown({
    ResultsByTime: [
      period('2026-10-01', '2026-11-01', { Groups: [group(['AWS Lambda'], '1.25'), { Keys: ['Amazon S3'], Metrics: blended }] }),
    ],
  });
  expect((await ask()).rows.map(({ keys, amount }) => [...keys, amount])).toEqual([
    ['AWS Lambda', 'cost', '1.25'],
    ['Amazon S3', 'cost', '3.5'],
  ]);
});

it('finds nothing where nothing was put down, and keeps that for nobody', async () => {
  expect(await ask()).toEqual({ rows: [], isFinal: false });
  expect(announced).toBe(1);
});

it('says of what moto does not have that an emulator may lack it', async () => {
  const { costs } = newAws({ endpoint: moto.endpoint });
  const period = { from: '2026-10-01', until: '2026-11-01' };
  for (const asking of [costs.forecast(main, period, costCall(), announce), costs.anomalies(main, period, costCall(), announce)]) {
    expect(await failure(asking)).toMatchObject({ code: 'provider_unavailable', details: { remedy: expect.stringContaining('emulator') } });
  }
  expect(announced).toBe(2);
});

it('is refused by what answers in XML, and says whose permission is missing', async () => {
  const letIn = (requests: string) => fetch(`${moto.endpoint}/moto-api/reset-auth`, { method: 'POST', body: requests });
  await letIn('0');
  try {
    expect(await failure(ask())).toMatchObject({
      code: 'provider_denied',
      details: { provider: { code: 'HTTP 403', status: 403 }, remedy: expect.stringContaining('credentials that the server runs under') },
    });
  } finally {
    await letIn('inf');
  }
  expect(announced).toBe(1);
});
