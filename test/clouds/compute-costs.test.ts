import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it, vi } from 'vitest';
import { type PaidMachines, withCosts } from '../../src/clouds/compute-costs.ts';
import { prices as list } from '../../src/costs/prices.ts';
import type { ComputePort, InstanceDetail, InstancePage, InstanceRow, LaunchSpec } from '../../src/ports/compute.ts';
import type { PaidSubscription } from '../../src/ports/cost-sources.ts';
import type { AccountTarget, InstanceState, Provider } from '../../src/ports/domain.ts';
import type { Plan } from '../../src/ports/plan.ts';
import type { PriceList } from '../../src/ports/spend.ts';
import { instanceTarget, newCall, resolved, sandboxAws } from '../aws/harness.ts';

const prices: PriceList = {
  asOf: '2026-01-01',
  monthlyCents: ({ provider, region, instanceType }) =>
    provider === 'aws' && region === 'eu-north-1' ? { 't3.micro': 788, 't3.nano': 5 }[instanceType] : undefined,
};

const row = (facts: Partial<InstanceRow> = {}): InstanceRow => ({
  provider: 'aws',
  id: 'i-1',
  name: 'web',
  state: 'running',
  type: 't3.micro',
  region: 'eu-north-1',
  ...facts,
});
const vps = (facts: Partial<InstanceRow> = {}) => row({ provider: 'hostinger', id: '1001', type: 'KVM 2', region: 'dc-19', ...facts });

const subscription = (facts: Partial<PaidSubscription> = {}): PaidSubscription => ({
  id: 'sub-1',
  name: 'KVM 2',
  status: 'active',
  period: { count: 1, unit: 'month' },
  currency: 'EUR',
  totalCents: 999,
  renewalCents: 1_399,
  autoRenews: true,
  ...facts,
});
const paying = (facts: Partial<PaidSubscription> = {}): PaidMachines => ({
  machines: [{ id: '1001', name: 'vps', subscription: 'sub-1', tags: {} }],
  subscriptions: [subscription({ id: 'sub-0', renewalCents: 1 }), subscription(facts)],
});

const account = (provider: Provider) =>
  resolved<AccountTarget>({ type: 'Account', id: 'main', provider, account: 'main', accountId: '', regions: [], tags: {} });

/** A cloud that answers with what it is given; what it is asked for is for its own tests. */
function answering(answers: { page?: InstancePage; detail?: Partial<InstanceDetail>; plan?: Plan }): ComputePort {
  const changed = async () => ({
    previousState: 'stopped' as const,
    state: 'stopped' as const,
    ...(answers.plan ? { plan: answers.plan } : {}),
  });
  return {
    list: async () => answers.page ?? { instances: [] },
    get: async () => ({ ...row(), account: 'main', providerState: 'running', tags: {}, ...answers.detail }),
    start: changed,
    stop: changed,
    restart: changed,
    terminate: changed,
    launch: async (_account, { region }) => ({ region, state: 'unknown', ...(answers.plan ? { plan: answers.plan } : {}) }),
    metrics: async () => ({ periodSeconds: 300, series: [] }),
  };
}

const listed = async (instances: InstanceRow[], paid?: PaidMachines) => {
  const port = withCosts(answering({ page: { instances } }), { prices, paid: () => paid });
  return (await port.list([account('aws')], { limit: 25 }, newCall())).instances;
};

describe('a list', () => {
  it.each<[InstanceState, string | undefined]>([
    ['pending', '7.88 USD'],
    ['running', '7.88 USD'],
    ['restarting', '7.88 USD'],
    ['stopping', undefined],
    ['stopped', undefined],
    ['terminating', undefined],
    ['terminated', undefined],
    ['unknown', undefined],
  ])('of EC2 has the price of what is %s: %s', async (state, monthly) => {
    const [found] = await listed([row({ state })]);
    expect(found).toEqual({ ...row({ state }), ...(monthly === undefined ? {} : { monthly }) });
  });

  it('leaves out what the price list does not have, and writes small prices in full', async () => {
    const rows = await listed([row({ type: 'm9.huge' }), row({ region: 'eu-south-9' }), row({ type: 't3.nano' })]);
    expect(rows.map(({ monthly }) => monthly)).toEqual([undefined, undefined, '0.05 USD']);
    expect(rows[0]).not.toHaveProperty('monthly');
  });

  it.each<[string, Partial<PaidSubscription>, string | undefined]>([
    ['the price of the next period', {}, '13.99 EUR'],
    ['a twelfth of a year, to the cent', { period: { count: 1, unit: 'year' }, renewalCents: 10_001 }, '8.33 EUR'],
    ['a part of several months', { period: { count: 3, unit: 'month' }, renewalCents: 100 }, '0.33 EUR'],
    ['a part of several years', { period: { count: 2, unit: 'year' }, renewalCents: 24_012 }, '10.01 EUR'],
    ['what was paid, where it does not renew', { autoRenews: false }, '9.99 EUR'],
    ['nothing of a period that is no months', { period: { count: 1, unit: 'week' } }, undefined],
    ['nothing of an unheard-of period', { period: { count: 1, unit: 'constructor' } }, undefined],
    ['nothing of no period', { period: { count: 0, unit: 'month' } }, undefined],
    ['nothing of a subscription that is not listed', { id: 'sub-9' }, undefined],
  ])('of Hostinger has %s', async (_, facts, monthly) => {
    for (const state of ['running', 'stopped'] as const) {
      expect((await listed([vps({ state })], paying(facts))).map((each) => each.monthly)).toEqual([monthly]);
    }
  });

  it('of Hostinger says nothing of a machine that is not known to be paid for, or when nothing is known', async () => {
    expect((await listed([vps({ id: '1002' })], paying()))[0]).not.toHaveProperty('monthly');
    expect((await listed([vps()]))[0]).not.toHaveProperty('monthly');
  });

  it('of EC2 alone does not look for bills, and keeps the rest of the page', async () => {
    const paid = vi.fn(() => paying());
    const page = {
      instances: [row()],
      nextCursor: 'next',
      missing: [{ provider: 'aws', account: 'b', code: 'x', message: 'y' }],
    } satisfies InstancePage;
    const port = withCosts(answering({ page }), { prices, paid });
    expect(await port.list([account('aws')], { limit: 25 }, newCall())).toEqual({
      ...page,
      instances: [{ ...row(), monthly: '7.88 USD' }],
    });
    expect(paid).not.toHaveBeenCalled();
  });

  it('of 25 instances stays under 2,000 tokens', async () => {
    const rows = Array.from({ length: 25 }, (_, index) =>
      row({ id: `i-0a1b2c3d4e5f6${String(index).padStart(4, '0')}`, name: `backend-worker-${index}`, account: 'production' }),
    );
    const output = await listed(rows);
    expect(output.every(({ monthly }) => monthly)).toBe(true);
    expect(encode(JSON.stringify({ instances: output, nextCursor: 'eyJzIjoiYiIsImIiOiI0MiJ9' })).length).toBeLessThan(2_000);
  });
});

describe('one instance', () => {
  const detailOf = (detail: Partial<InstanceDetail>, paid?: PaidMachines) =>
    withCosts(answering({ detail }), { prices, paid: () => paid }).get(instanceTarget(), newCall());

  it('has its price too', async () => {
    expect(await detailOf({})).toMatchObject({ monthly: '7.88 USD' });
    expect(await detailOf({ state: 'stopped' })).not.toHaveProperty('monthly');
    const machine = { provider: 'hostinger', id: '1001', state: 'stopped', subscription: 'sub-1' } as const;
    expect(await detailOf(machine, paying())).toMatchObject({ monthly: '13.99 EUR' });
    expect(await detailOf(machine)).not.toHaveProperty('monthly');
  });

  it('of Hostinger without a subscription has none', async () => {
    expect(await detailOf({ provider: 'hostinger', id: '1001' }, paying())).not.toHaveProperty('monthly');
  });
});

describe('a plan', () => {
  const plan: Plan = { current: { state: 'stopped' }, change: { state: 'running' }, providerChecked: true };
  const priced = withCosts(answering({ plan }), { prices, paid: () => undefined });
  const spec = (facts: Partial<LaunchSpec>): LaunchSpec => ({
    name: 'web',
    instanceType: 't3.micro',
    image: 'ami-12345678',
    region: 'eu-north-1',
    tags: {},
    ...facts,
  });
  const dry = newCall({ dryRun: true });

  it('to launch says what the instance adds to a month, or that nobody knows', async () => {
    expect((await priced.launch(account('aws'), spec({}), dry)).plan).toEqual({
      ...plan,
      change: { state: 'running', monthlyCost: '+7.88 USD' },
    });
    for (const unheard of [{ instanceType: 'm9.huge' }, { region: 'eu-south-9' }]) {
      expect((await priced.launch(account('aws'), spec(unheard), dry)).plan?.change).toMatchObject({ monthlyCost: 'unknown' });
    }
  });

  it.each<['start' | 'stop' | 'terminate', InstanceState, string | undefined]>([
    ['start', 'stopped', '+7.88 USD'],
    ['start', 'stopping', '+7.88 USD'],
    ['start', 'running', undefined],
    ['start', 'pending', undefined],
    ['stop', 'running', '-7.88 USD'],
    ['stop', 'stopped', undefined],
    ['terminate', 'running', '-7.88 USD'],
    ['terminate', 'stopped', undefined],
  ])('to %s what is %s says %s', async (verb, state, monthlyCost) => {
    const { plan: found } = await priced[verb](instanceTarget({ state }), dry);
    expect(found?.change).toEqual({ state: 'running', ...(monthlyCost === undefined ? {} : { monthlyCost }) });
  });

  it('of a restart, and of anything at Hostinger, has no difference', async () => {
    expect((await priced.restart(instanceTarget(), dry)).plan).toEqual(plan);
    for (const verb of ['start', 'stop'] as const) {
      const state = verb === 'start' ? 'stopped' : 'running';
      expect((await priced[verb](instanceTarget({ provider: 'hostinger', state }), dry)).plan).toEqual(plan);
    }
  });

  it('is not made up where there is none: a real change is left as it is', async () => {
    const real = withCosts(answering({}), { prices, paid: () => undefined });
    expect(await real.start(instanceTarget({ state: 'stopped' }), newCall())).toEqual({ previousState: 'stopped', state: 'stopped' });
  });
});

describe('over the sandbox', () => {
  const port = withCosts(sandboxAws().compute, { prices: list, paid: () => undefined });
  const place = resolved({ ...account('aws'), regions: ['eu-north-1'] });

  it('prices what runs by the bundled list', async () => {
    const { instances } = await port.list([place], { limit: 25 }, newCall());
    const running = instances.filter(({ state }) => state === 'running');
    expect(running.length).toBeGreaterThan(0);
    for (const { type, monthly } of running) {
      const cents = list.monthlyCents({ provider: 'aws', region: 'eu-north-1', instanceType: type });
      expect(monthly).toBe(`${((cents ?? 0) / 100).toFixed(2)} USD`);
    }
  });

  it('plans a launch with its price, and still passes on what has none', async () => {
    const spec = { name: 'web', instanceType: 't3.micro', image: 'ami-0123456789abcdef0', region: 'eu-north-1', tags: {} };
    const call = newCall({ dryRun: true });
    expect((await port.launch(place, spec, call)).plan).toMatchObject({ change: { monthlyCost: '+7.88 USD' }, providerChecked: true });
    expect(call.attempts).toEqual([]);
    const [first] = (await port.list([place], { limit: 1 }, newCall())).instances;
    const instance = instanceTarget({ id: first?.id ?? '' });
    expect((await port.metrics(instance, { hours: 1 }, newCall())).periodSeconds).toBeGreaterThan(0);
    expect((await port.restart(instance, dryCall())).plan?.change).not.toHaveProperty('monthlyCost');
  });
});

const dryCall = () => newCall({ dryRun: true });
