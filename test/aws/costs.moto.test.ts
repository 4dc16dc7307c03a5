import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { outputOf } from '../call/harness.ts';
import { newAws } from './harness.ts';
import { type Moto, startMoto } from './moto.ts';
import { roadOver } from './road.ts';

let moto: Moto;
beforeAll(async () => {
  moto = await startMoto();
}, 60_000);
beforeEach(() => moto.reset());
afterAll(() => moto.close());

const group = (service: string, kind: string, Amount: string) => ({
  Keys: [service, kind],
  Metrics: { UnblendedCost: { Amount, Unit: 'USD' } },
});

/** moto bills nothing by itself: it gives the next request what was put down for it, page tokens too. */
async function putDown(...results: object[]): Promise<void> {
  const { status } = await fetch(`${moto.endpoint}/moto-api/static/ce/cost-and-usage-results`, {
    method: 'POST',
    body: JSON.stringify({ account_id: '123456789012', results }),
  });
  expect(status).toBe(201);
}

it('reads a bill of several pages over the wire, once for all who ask', async () => {
  const page = (groups: object[], more: object = {}) => ({ ResultsByTime: [{ Total: {}, Groups: groups, Estimated: true }], ...more });
  await putDown(
    page(
      [
        group('Amazon Elastic Compute Cloud - Compute', 'Usage', '46.2467189007'),
        group('Amazon Simple Storage Service', 'Usage', '1.0049'),
      ],
      {
        NextPageToken: 'page-2',
      },
    ),
    page([group('Amazon Elastic Compute Cloud - Compute', 'Credit', '-5.0000000000'), group('AWS Lambda', 'Usage', '0.0101516483')]),
  );
  const road = await roadOver(newAws({ endpoint: moto.endpoint }));
  const answers = await Promise.all(Array.from({ length: 10 }, () => road.call('costs_current', {})));
  for (const answer of answers) {
    expect(outputOf(answer)).toMatchObject({
      totals: [{ currency: 'USD', total: '47.26', aws: '47.26', credits: '-5.00' }],
      byService: [
        { service: 'Amazon Elastic Compute Cloud - Compute', cost: '46.25 USD' },
        { service: 'Amazon Simple Storage Service', cost: '1.00 USD' },
        { service: 'AWS Lambda', cost: '0.01 USD' },
      ],
      asked: { requests: 2, usd: '0.02' },
    });
  }
  await road.close();
});

it('says that an account without a bill has cost nothing', async () => {
  const road = await roadOver(newAws({ endpoint: moto.endpoint }));
  expect(outputOf(await road.call('costs_current', { provider: 'aws' }))).toMatchObject({
    totals: [{ total: '0.00' }],
    asked: { requests: 1 },
  });
  await road.close();
});
