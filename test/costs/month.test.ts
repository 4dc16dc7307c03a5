import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CallError } from '../../src/call/errors.ts';
import { costsMonth } from '../../src/tools/costs/month.ts';
import { newCall } from '../aws/harness.ts';
import { both, daily, entry, hostinger, main, newBillWorld, vps } from './bill-world.ts';
import { item } from './items.ts';

let world: ReturnType<typeof newBillWorld>;
beforeEach(() => {
  world = newBillWorld();
});
afterEach(() => world.close());

const month = (name: string, accounts = both) => world.costs.month(accounts, name, newCall());
const asked = () => world.aws.asked.map(({ what, period }) => `${what} ${period.from} ${period.until}`);

/** September as ever; in October a machine that was left on for five days, and less of the database. */
function spike() {
  world.items = [
    ...daily('2026-09', 'Amazon EC2', 1, { usageType: 'BoxUsage:t3.small' }),
    ...daily('2026-10', 'Amazon EC2', 1, { usageType: 'BoxUsage:t3.small' }),
    ...daily('2026-10', 'Amazon EC2', 4, { usageType: 'BoxUsage:m5.4xlarge' }).slice(13, 18),
    ...daily('2026-09', 'Amazon RDS', 0.5, { usageType: 'InstanceUsage' }),
    ...daily('2026-10', 'Amazon RDS', 0.5, { usageType: 'InstanceUsage' }).slice(0, 20),
    ...daily('2026-09', 'Amazon S3', 0.1),
    ...daily('2026-10', 'Amazon S3', 0.1),
    item('2026-10-31', 'Amazon EC2', -3, { kind: 'credit' }),
  ];
}

describe('a month that is over', () => {
  it('has its bill, its budget, the month before, and what changed', async () => {
    spike();
    world.store.appendCostEntry(entry('2026-10-05', 1_200));
    expect(await month('2026-10')).toEqual({
      month: '2026-10',
      incomplete: false,
      totals: [{ currency: 'USD', total: '106.10', aws: '64.10', hostinger: '30.00', recorded: '12.00', credits: '-3.00', cash: '103.10' }],
      budget: { amount: '100.00 USD', used: '106%' },
      previous: { month: '2026-09', total: '78.00 USD', change: '+28.10 USD (+36%)' },
      byService: [
        { service: 'Amazon EC2', cost: '51.00 USD' },
        { service: 'Hostinger KVM 2', cost: '30.00 USD' },
        { service: 'GitHub', cost: '12.00 USD' },
        { service: 'Amazon RDS', cost: '10.00 USD' },
        { service: 'Amazon S3', cost: '3.10 USD' },
      ],
      movers: [
        { service: 'Amazon EC2', change: '+21.00 USD', was: '30.00 → 51.00', usage: 'BoxUsage:m5.4xlarge +20.00', day: '2026-10-14 +4.00' },
        { service: 'GitHub', change: '+12.00 USD', was: '0.00 → 12.00' },
        { service: 'Amazon RDS', change: '-5.00 USD', was: '15.00 → 10.00', usage: 'InstanceUsage -5.00', day: '2026-10-21 -0.50' },
      ],
      asOf: '2026-11-22T12:00:00.000Z',
      ageMinutes: 0,
    });
    expect(world.aws.asked.length).toBe(4);
  });

  it('is asked for in at most four requests, and never again', async () => {
    spike();
    await month('2026-10');
    expect(asked().sort()).toEqual([
      'anomalies 2026-10-01 2026-11-01',
      'usage 2026-09-01 2026-11-01',
      'usage 2026-09-01 2026-11-01',
      'usage 2026-10-01 2026-11-01',
    ]);
    world.now += 40 * 86_400_000;
    await month('2026-10');
    expect(world.aws.asked.length).toBe(4);
  });

  it('is one request where nothing moved', async () => {
    world.items = [item('2026-09-02', 'A', 1), item('2026-10-02', 'A', 2), item('2026-10-02', 'A', -0.5, { kind: 'refund' })];
    const bill = await month('2026-10');
    // A whole dollar is not more than one.
    expect(bill).not.toHaveProperty('movers');
    expect(asked()).toEqual(['usage 2026-09-01 2026-11-01']);
  });

  it('asks AWS nothing about what moved elsewhere', async () => {
    world.store.appendCostEntry(entry('2026-10-05', 1_200));
    expect((await month('2026-10')).movers).toEqual([{ service: 'GitHub', change: '+12.00 USD', was: '0.00 → 12.00' }]);
    expect(world.aws.asked.length).toBe(1);
  });

  it('names no mover below 5 % of what it cost', async () => {
    world.items = [
      item('2026-09-02', 'A', 100),
      item('2026-10-02', 'A', 105),
      item('2026-09-02', 'B', 100),
      item('2026-10-02', 'B', 105.01),
    ];
    expect((await month('2026-10')).movers?.map(({ service }) => service)).toEqual(['B']);
  });

  it('names the three biggest of each currency, falls among them', async () => {
    const services = ['A', 'B', 'C', 'D', 'E'];
    world.items = [
      ...services.map((name, index) => item('2026-10-02', name, 10 + index)),
      item('2026-09-02', 'F', 40),
      item('2026-10-02', 'A', 3, { currency: 'EUR' }),
    ];
    expect((await month('2026-10')).movers?.map(({ service, change }) => `${service} ${change}`)).toEqual([
      'A +3.00 EUR',
      'F -40.00 USD',
      'E +14.00 USD',
      'D +13.00 USD',
    ]);
  });

  it('says what AWS itself finds unusual', async () => {
    spike();
    world.aws.anomalies = async (_account, _period, _call, announce) => {
      announce();
      return [
        {
          id: 'x',
          from: '2026-10-14T00:00:00Z',
          service: 'Amazon EC2',
          region: 'eu-north-1',
          usageType: 'BoxUsage:m5.4xlarge',
          impact: '19.9951',
        },
      ];
    };
    const { movers } = await month('2026-10');
    expect(movers?.map(({ anomaly }) => anomaly)).toEqual([
      '+20.00 USD unusual from 2026-10-14: BoxUsage:m5.4xlarge in eu-north-1',
      undefined,
    ]);
  });

  it('is older than what AWS remembers of the unusual, and is not asked about it', async () => {
    spike();
    world.now = Date.parse('2027-02-01T00:00:00Z');
    expect((await month('2026-10')).movers?.length).toBe(2);
    expect(world.aws.asked.map(({ what }) => what)).toEqual(['usage', 'usage', 'usage']);
  });

  it('is shown without reasons that cannot be read, which are named', async () => {
    spike();
    world.aws.fails = ({ what, question }) =>
      what === 'anomalies' || question?.groups.includes('usageType')
        ? new CallError('provider_denied', 'No.', { remedy: 'Ask.' })
        : undefined;
    const bill = await month('2026-10');
    expect(bill.movers?.[0]).toEqual({ service: 'Amazon EC2', change: '+21.00 USD', was: '30.00 → 51.00', day: '2026-10-14 +4.00' });
    expect(bill.missing).toEqual([{ provider: 'aws', account: 'main', code: 'provider_denied', message: 'No. Ask.' }]);
    // Reasons are no part of the bill.
    expect(bill.incomplete).toBe(false);
  });

  it.each<[string, () => void]>([
    ['AWS', () => (world.aws.fails = () => new CallError('provider_unavailable', 'Down.', { remedy: 'Wait.' }))],
    ['Hostinger', () => (world.subscriptions = new CallError('timeout', 'Silent.', { remedy: 'Wait.' }))],
    ['a subscription that nobody can spread', () => (world.subscriptions = [{ ...vps, period: { count: 1, unit: 'none' } }])],
  ])('is incomplete without %s', async (_, prepare) => {
    spike();
    prepare();
    const bill = await month('2026-10');
    expect(bill.missing?.length).toBe(1);
    expect(bill.incomplete).toBe(true);
  });

  it.each([
    [54.54, 52.91, '-1.63 USD (-3%)'],
    [100, 101.49, '+1.49 USD (+1%)'],
    [100, 99.7, '-0.30 USD (0%)'],
  ])('says the change from %d to %d to the nearest percent', async (was, is, change) => {
    world.items = [item('2026-09-02', 'A', was), item('2026-10-02', 'A', is)];
    expect((await world.costs.month([main], '2026-10', newCall())).previous?.change).toBe(change);
  });

  it('is incomplete while AWS may still change it', async () => {
    world.now = Date.parse('2026-12-02T00:00:00Z');
    world.aws.usage = async (_account, _question, _call, announce) => {
      announce();
      return { rows: [{ from: '2026-11-01', keys: ['A', 'cost'], currency: 'USD', amount: '1' }], isFinal: false };
    };
    expect((await month('2026-11')).incomplete).toBe(true);
  });

  it('has no month before it where that is before the data', async () => {
    world.items = daily('2025-10', 'A', 1);
    const bill = await month('2025-10');
    expect(bill.totals).toMatchObject([{ aws: '31.00' }]);
    expect(bill).not.toHaveProperty('previous');
    expect(bill).not.toHaveProperty('movers');
    expect(asked()).toEqual(['usage 2025-10-01 2025-11-01']);
  });
});

describe('the month that runs', () => {
  it('is compared with the same days of the month before, today left out', async () => {
    world.items = [...daily('2026-10', 'A', 1), ...daily('2026-11', 'A', 2).slice(0, 22)];
    const bill = await month('2026-11');
    expect(bill).toMatchObject({
      incomplete: true,
      totals: [{ total: '66.00', aws: '44.00', hostinger: '22.00', hostingerMonth: '30.00' }],
      budget: { used: '66%' },
      // 21 days of AWS, and 21 of 31 of Hostinger.
      previous: { month: '2026-10', total: '41.32 USD', change: '+21.68 USD (+52%)', days: '1-21' },
      movers: [{ service: 'A', change: '+21.00 USD', was: '21.00 → 42.00', usage: 'A use +21.00', day: '2026-11-01 +1.00' }],
    });
    expect(asked().sort()).toEqual([
      'anomalies 2026-11-01 2026-11-23',
      'usage 2026-10-01 2026-11-01',
      'usage 2026-10-01 2026-11-23',
      'usage 2026-11-01 2026-11-23',
    ]);
  });

  it('has what AWS finds unusual in it', async () => {
    world.items = [...daily('2026-10', 'A', 1), ...daily('2026-11', 'A', 2).slice(0, 22)];
    world.aws.anomalies = async (_account, _period, _call, announce) => {
      announce();
      return [{ id: 'x', from: '2026-11-03', service: 'A', impact: '7' }];
    };
    expect((await month('2026-11')).movers).toMatchObject([{ anomaly: '+7.00 USD unusual from 2026-11-03' }]);
  });

  it.each([1, 12])('that costs every day the same has not changed, at %i in the morning or later', async (hour) => {
    world.now = Date.parse(`2026-11-02T${String(hour).padStart(2, '0')}:00:00Z`);
    world.subscriptions = [];
    world.items = [...daily('2026-10', 'A', 40), ...daily('2026-11', 'A', 40).slice(0, 1), item('2026-11-02', 'A', hour)];
    const bill = await month('2026-11');
    expect(bill.previous).toEqual({ month: '2026-10', total: '40.00 USD', change: '0.00 USD (0%)', days: '1-1' });
    expect(bill).not.toHaveProperty('movers');
  });

  it('is compared with nothing on its first day', async () => {
    world.now = Date.parse('2026-11-01T12:00:00Z');
    world.items = [...daily('2026-10', 'A', 40), item('2026-11-01', 'A', 90)];
    const bill = await month('2026-11');
    for (const part of ['movers', 'previous']) expect(bill).not.toHaveProperty(part);
    expect(asked()).toEqual(['usage 2026-11-01 2026-11-02']);
  });

  it('does not ask for the days of the month before again, from day to day', async () => {
    world.now = Date.parse('2026-11-20T12:00:00Z');
    const days = daily('2026-11', 'A', 2);
    for (const count of [20, 21, 22]) {
      world.items = [...daily('2026-10', 'A', 1), ...days.slice(0, count)];
      await month('2026-11');
      world.now += 86_400_000;
    }
    const ofBefore = world.aws.asked.filter(({ period }) => period.from < '2026-11-01');
    expect(ofBefore.map(({ question }) => question?.groups[1]).sort()).toEqual(['kind', 'usageType']);
  });

  it('does not take today, which is not over, for a fall', async () => {
    world.items = [...daily('2026-10', 'A', 5), ...daily('2026-11', 'A', 5).slice(0, 10), ...daily('2026-11', 'A', 4).slice(10, 21)];
    expect((await month('2026-11')).movers).toMatchObject([{ change: '-11.00 USD', day: '2026-11-11 -1.00' }]);
  });

  it('is compared with a shorter month as a whole on its last days', async () => {
    world = newBillWorld('2026-03-30T12:00:00Z');
    world.subscriptions = [];
    world.items = [...daily('2026-02', 'A', 1), ...daily('2026-03', 'A', 1).slice(0, 30)];
    expect((await month('2026-03')).previous).toEqual({ month: '2026-02', total: '28.00 USD', change: '+1.00 USD (+4%)', days: '1-29' });
  });

  it('costs nothing that costs_current has not read', async () => {
    world.items = [...daily('2026-10', 'A', 1), ...daily('2026-11', 'A', 1).slice(0, 22)];
    await world.costs.current(both, newCall());
    expect(asked()).toEqual(['usage 2026-11-01 2026-11-23']);
    await month('2026-11');
    expect(asked()).toEqual(['usage 2026-11-01 2026-11-23', 'usage 2026-10-01 2026-11-01']);
  });
});

describe('several currencies', () => {
  it('are one by the rates of the configuration, which are named', async () => {
    world.items = [item('2026-10-02', 'A', 10, { currency: 'EUR' }), item('2026-09-02', 'A', 5, { currency: 'EUR' })];
    world.subscriptions = [];
    expect(await month('2026-10')).toMatchObject({
      totals: [{ currency: 'EUR', total: '10.00' }],
      converted: { currency: 'USD', total: '10.80', rates: ['1 EUR = 1.08 USD'] },
      budget: { used: '10%' },
      previous: { total: '5.40 USD', change: '+5.40 USD (+100%)' },
    });
  });

  it('stand side by side where a rate is lacking, and no budget is said to be used', async () => {
    world.items = [item('2026-10-02', 'A', 10, { currency: 'SEK' }), item('2026-09-02', 'A', 5, { currency: 'SEK' })];
    const bill = await month('2026-10');
    expect(bill.totals.map(({ currency, total }) => `${total} ${currency}`)).toEqual(['10.00 SEK', '30.00 USD']);
    expect(bill.previous).toEqual({ month: '2026-09', total: '5.00 SEK, 30.00 USD', change: '+5.00 SEK (+100%), 0.00 USD (0%)' });
    expect(bill.missing).toMatchObject([{ provider: 'aws', account: 'main', message: expect.stringContaining('SEK to costs.rates') }]);
    expect(bill).not.toHaveProperty('converted');
    expect(bill).not.toHaveProperty('budget');
  });
});

describe('what cannot be read', () => {
  const down = new CallError('provider_unavailable', 'Down.', { remedy: 'Wait.' });

  it('is named, and the rest is shown, without a comparison of halves', async () => {
    spike();
    world.aws.fails = () => down;
    const bill = await month('2026-10');
    expect(bill.totals).toMatchObject([{ total: '30.00', hostinger: '30.00' }]);
    expect(bill.missing).toEqual([{ provider: 'aws', account: 'main', code: 'provider_unavailable', message: 'Down. Wait.' }]);
    for (const part of ['movers', 'previous', 'budget']) expect(bill).not.toHaveProperty(part);

    world.subscriptions = down;
    world.now += 2 * 3_600_000;
    await expect(month('2026-10')).resolves.toMatchObject({ missing: [{ account: 'main' }, { account: 'hostinger' }] });
  });

  it('is not taken for nothing: a month before that is lacking makes no movers, nor does its usage', async () => {
    world.items = [...daily('2026-10', 'A', 1), ...daily('2026-11', 'A', 2).slice(0, 22)];
    world.aws.fails = ({ question }) => (question?.groups.includes('usageType') ? down : undefined);
    expect((await month('2026-11')).movers).toEqual([
      { service: 'A', change: '+21.00 USD', was: '21.00 → 42.00', day: '2026-11-01 +1.00' },
    ]);

    world.aws.fails = ({ period }) => (period.from === '2026-10-01' ? down : undefined);
    const other = newBillWorld();
    other.items = world.items;
    other.aws.fails = world.aws.fails;
    const bill = await other.costs.month(both, '2026-11', newCall());
    expect(bill.totals).toMatchObject([{ aws: '44.00' }]);
    for (const part of ['movers', 'previous']) expect(bill).not.toHaveProperty(part);
    other.close();
  });

  it('is read once of an account that has two names', async () => {
    world.items = daily('2026-10', 'A', 1);
    const twice = [main, { ...main, account: 'again', id: 'again' }];
    expect((await month('2026-10', twice)).totals).toMatchObject([{ aws: '31.00' }]);
  });

  it('is the failure itself where nothing can be', async () => {
    world.aws.fails = () => down;
    world.subscriptions = down;
    await expect(month('2026-10')).rejects.toThrow('Down.');
  });

  it('is not taken for the whole: a part of the accounts has no budget, and one cloud alone no ledger', async () => {
    spike();
    world.store.appendCostEntry(entry('2026-10-05', 1_200));
    const bill = await month('2026-10', [hostinger]);
    expect(bill.totals).toEqual([{ currency: 'USD', total: '30.00', hostinger: '30.00', cash: '30.00' }]);
    expect(bill).not.toHaveProperty('budget');
    expect(world.aws.asked).toEqual([]);
  });

  it('names a subscription that nobody can spread', async () => {
    world.subscriptions = [vps, { ...vps, id: 'B', name: 'Odd', period: { count: 1, unit: 'fortnight' } }];
    expect((await month('2026-10')).missing).toMatchObject([{ message: expect.stringContaining('Odd is left out') }]);
  });
});

describe('what is no month', () => {
  it.each([
    ['2026-13', /"2026-13" is no month/],
    ['2026-00', /no month/],
    ['2026-1', /no month/],
    ['10/2026', /no month/],
    ['2026-10-01', /no month/],
    ['2026-12', /in the future/],
    ['2027-11', /in the future/],
    ['2025-09', /before the data/],
    ['0000-01', /before the data/],
  ])('%s is refused with the range that there is, and nothing is asked', async (name, message) => {
    const error = await month(name).catch((refused: CallError) => refused);
    expect(error).toMatchObject({ code: 'invalid_input', message: expect.stringMatching(message) });
    expect((error as CallError).details.remedy).toContain('from 2025-10 to 2026-11');
    expect(world.aws.asked).toEqual([]);
  });
});

describe('a trend', () => {
  const trend = (last: string, months: number, accounts = both) => world.costs.trend(accounts, last, months, newCall());

  it('has the months up to the last one, in one request for all that are over', async () => {
    world.items = [...daily('2026-09', 'A', 1), ...daily('2026-10', 'A', 2), ...daily('2026-11', 'A', 3).slice(0, 22)];
    const months = await trend('2026-11', 3);
    expect(months.map((each) => `${each.month} ${each.totals[0]?.total} ${each.totals[0]?.aws}`)).toEqual([
      '2026-09 60.00 30.00',
      '2026-10 92.00 62.00',
      '2026-11 88.00 66.00',
    ]);
    expect(asked()).toEqual(['usage 2026-09-01 2026-11-01', 'usage 2026-11-01 2026-11-23']);
    await trend('2026-10', 2);
    expect(world.aws.asked.length).toBe(2);
  });

  it('is not longer than the data, and leaves out months without any', async () => {
    world.subscriptions = [{ ...vps, createdAt: '2026-08-01T00:00:00Z' }];
    expect((await trend('2026-10', 24)).map((each) => each.month)).toEqual(['2026-08', '2026-09', '2026-10']);
    expect(asked()).toEqual(['usage 2025-10-01 2026-11-01']);
  });

  it('is none where a part of it cannot be read', async () => {
    world.aws.fails = () => new CallError('provider_unavailable', 'Down.', { remedy: 'Wait.' });
    await expect(trend('2026-10', 3)).rejects.toThrow('Down.');
    expect((await trend('2026-10', 2, [hostinger])).length).toBe(2);
  });
});

it('costs_month says its conversion in one text, and fits what it declares', async () => {
  world.items = [item('2026-10-02', 'A', 10, { currency: 'EUR' })];
  const answer = await costsMonth.run(
    { costs: world.costs } as never,
    [main, hostinger] as never,
    { month: '2026-10' },
    newCall() as never,
  );
  expect(costsMonth.output.parse(answer)).toMatchObject({ month: '2026-10', converted: '40.80 USD at 1 EUR = 1.08 USD' });
});
