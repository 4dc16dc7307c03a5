import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CallError } from '../../src/call/errors.ts';
import type { BreakdownQuery, CostDimension } from '../../src/ports/costs.ts';
import { costsBreakdown } from '../../src/tools/costs/breakdown.ts';
import { newCall } from '../aws/harness.ts';
import { both, daily, entry, hostinger, main, newBillWorld, vps } from './bill-world.ts';
import { item } from './items.ts';

let world: ReturnType<typeof newBillWorld>;
beforeEach(() => {
  world = newBillWorld();
  world.subscriptions = [vps, { ...vps, id: 'B', name: 'Domain', totalCents: 1_000 }];
  world.machines = [{ id: '1001', name: 'vps-1', subscription: 'A', tags: { Team: 'web', Application: 'shop' } }];
  world.items = [
    ...daily('2026-10', 'Amazon EC2', 1, { usageType: 'BoxUsage', tags: { Team: 'web', Name: 'web-1' } }),
    item('2026-10-07', 'Amazon EC2', 2.004, { usageType: 'DataTransfer', region: 'us-east-1' }),
    ...daily('2026-10', 'Amazon S3', 0.1, { usageType: 'Bytes', tags: { Team: 'data', Application: 'lake' } }),
    item('2026-10-31', 'Tax', 7.777, { region: '', usageType: '' }),
    item('2026-10-31', 'Amazon EC2', -5, { kind: 'credit' }),
    ...daily('2026-11', 'Amazon EC2', 1, { tags: { Team: 'web' } }).slice(0, 22),
  ];
  world.store.appendCostEntry(entry('2026-10-05', 1_200, { team: 'data' }));
  world.store.appendCostEntry(entry('2026-10-05', -200, { id: 'ent_2', corrects: 'ent_1', team: 'data' }));
});
afterEach(() => world.close());

const breakdown = (by: CostDimension, more: Partial<BreakdownQuery> = {}, accounts = both) =>
  world.costs.breakdown(accounts, { by, month: '2026-10', limit: 25, ...more }, newCall());
const rows = async (by: CostDimension, more: Partial<BreakdownQuery> = {}) =>
  (await breakdown(by, more)).rows.map(({ name, cost }) => `${name} ${cost}`);
const cents = (text: string) => Number(text.split(' ')[0]?.replace('.', ''));

describe('a month is told apart', () => {
  it.each<[CostDimension, string[]]>([
    ['provider', ['aws 43.88 USD', 'hostinger 40.00 USD', 'recorded 10.00 USD']],
    ['account', ['main 43.88 USD', 'hostinger 40.00 USD', 'ledger 10.00 USD']],
    [
      'service',
      [
        'Amazon EC2 33.00 USD',
        'Hostinger KVM 2 30.00 USD',
        'GitHub 10.00 USD',
        'Hostinger Domain 10.00 USD',
        'Tax 7.78 USD',
        'Amazon S3 3.10 USD',
      ],
    ],
    [
      'usageType',
      ['hostinger 40.00 USD', 'BoxUsage 31.00 USD', 'recorded 10.00 USD', '(none) 7.78 USD', 'Bytes 3.10 USD', 'DataTransfer 2.00 USD'],
    ],
    ['region', ['hostinger 40.00 USD', 'eu-north-1 34.10 USD', 'recorded 10.00 USD', '(none) 7.78 USD', 'us-east-1 2.00 USD']],
    ['team', ['web 61.00 USD', '(none) 19.78 USD', 'data 13.10 USD']],
    ['application', ['(none) 60.78 USD', 'shop 30.00 USD', 'lake 3.10 USD']],
    [
      'instance',
      ['web-1 31.00 USD', 'hostinger/1001 vps-1 30.00 USD', '(none) 32.88 USD'].sort(
        (a, b) => Number(b.split(' ').at(-2)) - Number(a.split(' ').at(-2)),
      ),
    ],
    ['entry', ['(none) 83.88 USD', 'ent_1 GitHub: plan 10.00 USD']],
  ])('by %s', async (by, expected) => {
    expect(await rows(by)).toEqual(expected);
  });

  it('by day, in their order', async () => {
    const { rows: found, totals } = await breakdown('day', { limit: 100 });
    expect(found.map(({ name }) => name)).toEqual(
      Array.from({ length: 31 }, (_, index) => `2026-10-${String(index + 1).padStart(2, '0')}`),
    );
    expect(found.reduce((sum, { cost }) => sum + cents(cost), 0)).toBe(cents(totals[0] ?? ''));
    expect(cents(found[6]?.cost ?? '') - cents(found[5]?.cost ?? '')).toBeGreaterThanOrEqual(200);
  });

  it.each<CostDimension>(['provider', 'account', 'service', 'usageType', 'region', 'day', 'team', 'application', 'instance', 'entry'])(
    'by %s so that the rows add up to the total of costs_month, of a month that is over and of one that runs',
    async (by) => {
      for (const month of ['2026-10', '2026-11']) {
        const [bill] = (await world.costs.month(both, month, newCall())).totals;
        const answer = await breakdown(by, { month, limit: 100 });
        expect(answer.totals).toEqual([`${bill?.total} USD`]);
        expect(answer.rows.reduce((sum, { cost }) => sum + cents(cost), 0)).toBe(cents(bill?.total ?? ''));
      }
    },
  );

  it('and says which tag tells', async () => {
    expect((await breakdown('team')).tag).toBe('Team');
    expect((await breakdown('instance')).tag).toBe('Name');
    expect(await breakdown('service')).not.toHaveProperty('tag');
    expect(await breakdown('team', {}, [hostinger])).not.toHaveProperty('tag');
  });

  it('and by one tag for several', async () => {
    Object.assign(world.settings.tags, { team: 'Name', application: 'Name', instance: 'Name' });
    world.items = daily('2026-10', 'Amazon EC2', 1, { tags: { Name: 'web-1' } });
    for (const by of ['team', 'application', 'instance'] as const) expect(await rows(by)).toContain('web-1 31.00 USD');
  });

  it('and marks what is not over', async () => {
    expect(await breakdown('service')).toMatchObject({ month: '2026-10', incomplete: false });
    expect(await world.costs.breakdown(both, { by: 'service', limit: 5 }, newCall())).toMatchObject({ month: '2026-11', incomplete: true });
    expect((await breakdown('service', { month: '2026-11' }, [hostinger])).incomplete).toBe(true);
  });

  it('without rows of nothing', async () => {
    world.store.appendCostEntry(entry('2026-10-05', -1_000, { id: 'ent_3', corrects: 'ent_1' }));
    expect(await rows('entry')).toEqual(['(none) 83.88 USD']);
  });

  it('without the ledger where only one cloud is asked for', async () => {
    expect((await breakdown('provider', {}, [hostinger])).totals).toEqual(['40.00 USD']);
  });

  it('without the ledger where an account is left out, even if it is of the same cloud', async () => {
    const everything = ['main', 'second'];
    const { rows: seen } = await world.costsOver(everything).breakdown([main], { by: 'entry', month: '2026-10', limit: 9 }, newCall());
    expect(seen.map(({ name }) => name)).toEqual(['(none)']);
    const second = { ...main, id: 'second', account: 'second', accountId: '210987654321' };
    const all = await world.costsOver(everything).breakdown([main, second], { by: 'entry', month: '2026-10', limit: 9 }, newCall());
    expect(all.rows.map(({ name }) => name)).toContain('ent_1 GitHub: plan');
  });

  it('in one request for each question, whatever the filter, and in none that has been asked', async () => {
    await breakdown('service');
    await breakdown('provider');
    await breakdown('entry');
    expect(world.aws.asked.length).toBe(1);
    await breakdown('usageType');
    await breakdown('usageType', { service: 'Amazon EC2' });
    await breakdown('team');
    await breakdown('team', { service: 'Amazon S3' });
    expect(world.aws.asked.length).toBe(3);
  });

  it('without credits and refunds', async () => {
    expect((await breakdown('service', { service: 'Amazon EC2' })).totals).toEqual(['33.00 USD']);
  });

  it('with currencies side by side', async () => {
    world.items.push(item('2026-10-02', 'Amazon EC2', 1.5, { currency: 'EUR' }));
    const answer = await breakdown('provider');
    expect(answer.totals).toEqual(['1.50 EUR', '93.88 USD']);
    expect(answer.rows[0]).toEqual({ name: 'aws', cost: '1.50 EUR' });
  });
});

describe('one service', () => {
  it('is told apart in every way', async () => {
    expect(await rows('usageType', { service: 'Amazon EC2' })).toEqual(['BoxUsage 31.00 USD', 'DataTransfer 2.00 USD']);
    expect(await rows('team', { service: 'Amazon S3' })).toEqual(['data 3.10 USD']);
    expect(await rows('instance', { service: 'Hostinger KVM 2' })).toEqual(['hostinger/1001 vps-1 30.00 USD']);
    expect(await rows('entry', { service: 'GitHub' })).toEqual(['ent_1 GitHub: plan 10.00 USD']);
    expect((await rows('day', { service: 'Tax' })).length).toBe(1);
  });

  it.each([
    ['ec2', /Did you mean "Amazon EC2"\?/],
    ['Amazon', /Did you mean "Amazon EC2", "Amazon S3"\?/],
    ['Txa', /Did you mean "Tax"\?/],
    ['?', /Did you mean "Amazon EC2", "Hostinger KVM 2", /],
  ])('that is unknown (%s) is refused with the names that are near, and nothing more is asked', async (service, remedy) => {
    const error = (await breakdown('usageType', { service }).catch((refused: CallError) => refused)) as CallError;
    expect(error).toMatchObject({ code: 'invalid_input', message: `Nothing is billed for a service "${service}" in 2026-10.` });
    expect(error.details.remedy).toMatch(remedy);
    expect(world.aws.asked.map(({ question }) => question?.groups)).toEqual([['service', 'kind']]);
  });
});

describe('pages', () => {
  it('hold all rows once, with the totals on each', async () => {
    const first = await breakdown('service', { limit: 4 });
    expect(first.nextCursor).toBeDefined();
    const second = await breakdown('service', { limit: 4, cursor: first.nextCursor as string });
    expect([...first.rows, ...second.rows].map(({ name }) => name)).toEqual((await breakdown('service')).rows.map(({ name }) => name));
    expect(second.totals).toEqual(first.totals);
    expect(second).not.toHaveProperty('nextCursor');
  });

  it('are not continued with a cursor of another list, or of none', async () => {
    const { nextCursor: cursor = '' } = await breakdown('service', { limit: 4 });
    for (const other of [{ by: 'day' as const }, { by: 'service' as const, month: '2026-11' }, { by: 'service' as const, service: 'Tax' }])
      await expect(breakdown(other.by, { ...other, cursor })).rejects.toThrow('does not belong to this list');
    await expect(breakdown('service', { cursor: 'x' })).rejects.toThrow('does not belong to this list');
  });

  it('of 25 rows cost under 2,000 tokens', async () => {
    world.items = Array.from({ length: 60 }, (_, index) =>
      item('2026-10-02', 'Amazon Elastic Compute Cloud - Compute', index + 1.37, { usageType: `EUN1-BoxUsage:m5.${index}xlarge` }),
    );
    const answer = await costsBreakdown.run(
      { costs: world.costs } as never,
      [main, hostinger] as never,
      { by: 'usageType', month: '2026-10', limit: 25 },
      newCall() as never,
    );
    expect((answer as { rows: unknown[] }).rows.length).toBe(25);
    expect(encode(JSON.stringify(costsBreakdown.output.parse(answer))).length).toBeLessThan(1_200);
  });
});

describe('what cannot be read', () => {
  const down = new CallError('provider_unavailable', 'Down.', { remedy: 'Wait.' });

  it('is named, and the rest is shown', async () => {
    world.aws.fails = () => down;
    const answer = await breakdown('team');
    expect(answer.rows).toEqual([
      { name: 'web', cost: '30.00 USD' },
      { name: '(none)', cost: '10.00 USD' },
      { name: 'data', cost: '10.00 USD' },
    ]);
    expect(answer.missing).toMatchObject([{ provider: 'aws', account: 'main' }]);
    expect(answer.incomplete).toBe(true);
  });

  it.each<[string, string, () => void]>([
    ['AWS', 'Amazon S3', () => undefined],
    [
      'Hostinger',
      'Hostinger KVM 4',
      () => {
        delete world.aws.fails;
        world.subscriptions = down;
      },
    ],
  ])('is not called unknown: a service while %s is down', async (_, service, prepare) => {
    world.aws.fails = () => down;
    prepare();
    const error = await breakdown('region', { service }).catch((refused: CallError) => refused);
    expect(error).toMatchObject({ code: 'provider_unavailable', message: 'Down.' });
  });

  it('takes nothing from a service that is known without it', async () => {
    world.aws.fails = () => down;
    expect((await breakdown('team', { service: 'Hostinger KVM 2' })).rows).toEqual([{ name: 'web', cost: '30.00 USD' }]);
  });

  it('is the failure itself where nothing can be', async () => {
    world.aws.fails = () => down;
    await expect(breakdown('team', {}, [main])).rejects.toThrow('Down.');
  });

  it('is no month that is malformed, in the future or before the data: nothing is asked', async () => {
    for (const month of ['october', '2026-12', '2025-09'])
      await expect(breakdown('service', { month })).rejects.toMatchObject({ code: 'invalid_input' });
    expect(world.aws.asked).toEqual([]);
  });
});
