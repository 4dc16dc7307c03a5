import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HostingerBilling } from '../../src/ports/cost-sources.ts';
import type { HostingerApi } from '../../src/providers/hostinger/api/index.ts';
import { readDomains } from '../../src/providers/hostinger/billing/domains.ts';
import { createBilling } from '../../src/providers/hostinger/billing/index.ts';
import { createSandboxHostinger } from '../../src/providers/sandbox/hostinger/index.ts';
import { failure, newCall } from '../aws/harness.ts';
import { apiFor, exampleServers, type Stub, startStub } from './stub.ts';

const now = () => Date.parse('2026-11-20T12:00:00Z');
/** The second machine of the stub is one that ziggie.yaml does not know. */
const server = { name: 'main', id: 1_268_054, tags: { Project: 'Ziggie', team: 'backend' }, readFolders: [], services: [], commands: {} };
let stub: Stub;
let api: HostingerApi;
let billing: HostingerBilling;
beforeEach(async () => {
  stub = await startStub({ now });
  api = apiFor(stub);
  billing = createBilling({ api, servers: [server] });
});
afterEach(() => stub.close());

describe('billing', () => {
  it('has a subscription for each machine, in integer cents', async () => {
    const subscriptions = await billing.subscriptions(newCall());
    expect(subscriptions[0]).toEqual({
      id: 'AzZXkT1268054',
      name: 'KVM 4',
      status: 'active',
      period: { count: 1, unit: 'month' },
      currency: 'USD',
      totalCents: 1_999,
      renewalCents: 1_999,
      autoRenews: true,
      createdAt: '2026-08-22T12:00:00Z',
      nextBillingAt: '2026-12-02T12:00:00Z',
    });
    const machines = createSandboxHostinger({ servers: exampleServers, now }).answer('GET', '/api/vps/v1/virtual-machines', undefined).body;
    const ids = (machines as { subscription_id: string }[]).map(({ subscription_id }) => subscription_id);
    expect(subscriptions.map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
  });

  it('says which machine each pays for, by the name and tags that ziggie.yaml gives it', async () => {
    expect(await billing.machines(newCall())).toEqual([
      { id: '1268054', name: 'main', subscription: 'AzZXkT1268054', tags: { Project: 'Ziggie', team: 'backend' } },
      { id: '1268055', name: 'ziggie-staging.ziggie.example', subscription: 'AzZXkT1268055', tags: {} },
    ]);
    expect(stub.requests.map(({ method, target }) => `${method} ${target}`)).toEqual(['GET /api/vps/v1/virtual-machines']);
  });

  it('knows a machine that nothing pays for', async () => {
    const machine = { id: 7, hostname: 'lone.example', state: 'initial', subscription_id: null };
    stub.fail(/virtual-machines/, { kind: 'status', status: 200, body: [machine, { ...machine, id: 8, subscription_id: '' }] });
    expect(await billing.machines(newCall())).toEqual([
      { id: '7', name: 'lone.example', tags: {} },
      { id: '8', name: 'lone.example', tags: {} },
    ]);
  });

  it('takes machines that are none for no answer of Hostinger', async () => {
    stub.fail(/virtual-machines/, { kind: 'status', status: 200, body: [{ id: '7', hostname: 'x', state: 'running' }] });
    expect((await failure(billing.machines(newCall()))).code).toBe('provider_unavailable');
  });

  it('lists domains by name, without those that nobody has claimed', async () => {
    const row = (domain: string | null) => ({ domain, type: 'domain', status: 'active', expires_at: null });
    stub.fail(/portfolio/, { kind: 'status', status: 200, body: [row('B.example'), row(null), row('a.example')] });
    expect(await readDomains(api, newCall())).toEqual([
      { domain: 'a.example', type: 'domain', status: 'active' },
      { domain: 'b.example', type: 'domain', status: 'active' },
    ]);
    expect(await readDomains(api, newCall())).toMatchObject([{ domain: 'ziggie.example', expiresAt: '2027-08-22T12:00:00Z' }]);
  });

  it('is not told of a part: a list that is not whole is a failure to try again', async () => {
    const row = { name: 'KVM', status: 'active', billing_period: 1, billing_period_unit: 'month', currency_code: 'EUR' };
    const paid = (id: string) => ({ ...row, id, total_price: 1, renewal_price: 1, is_auto_renewed: false });
    const page = (data: unknown[]) =>
      ({ kind: 'status', status: 200, body: { data, meta: { current_page: 1, per_page: 50, total: 2 } } }) as const;
    stub.fail(/subscriptions/, page([paid('A'), paid('A')]));
    const error = await failure(billing.subscriptions(newCall()));
    expect(error).toMatchObject({ code: 'provider_unavailable', details: { retryable: true } });
    stub.fail(/subscriptions/, page([paid('A'), paid('B')]));
    expect((await billing.subscriptions(newCall())).map(({ id }) => id)).toEqual(['A', 'B']);
  });

  it.each([
    ['cents that are none', { total_price: 19.99 }],
    ['a price that is text', { renewal_price: '1999' }],
    ['no currency', { currency_code: null }],
  ])('takes %s for no answer of Hostinger', async (_, odd) => {
    const row = {
      id: 'A',
      name: 'KVM',
      status: 'active',
      billing_period: 1,
      billing_period_unit: 'month',
      currency_code: 'EUR',
      total_price: 1,
      renewal_price: 1,
      is_auto_renewed: false,
    };
    stub.fail(/subscriptions/, { kind: 'status', status: 200, body: [{ ...row, ...odd }] });
    const error = await failure(billing.subscriptions(newCall()));
    expect(error.code).toBe('provider_unavailable');
    stub.fail(/subscriptions/, { kind: 'status', status: 200, body: [row] });
    expect(await billing.subscriptions(newCall())).toMatchObject([{ totalCents: 1, autoRenews: false }]);
  });
});
