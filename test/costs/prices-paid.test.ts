import { afterEach, beforeEach, expect, it } from 'vitest';
import { withCosts } from '../../src/clouds/compute-costs.ts';
import { prices } from '../../src/costs/prices.ts';
import { keptPayments } from '../../src/costs/prices-paid.ts';
import { createReader } from '../../src/costs/reader.ts';
import type { AccountTarget } from '../../src/ports/domain.ts';
import type { StateStore } from '../../src/ports/state.ts';
import type { HostingerApi } from '../../src/providers/hostinger/api/index.ts';
import { createBilling } from '../../src/providers/hostinger/billing/index.ts';
import { createMachines } from '../../src/providers/hostinger/machines/index.ts';
import { openSqliteStore } from '../../src/state/sqlite-store.ts';
import { newCall, resolved, sandboxAws } from '../aws/harness.ts';
import { apiFor, type Stub, startStub } from '../hostinger/stub.ts';
import { temporaryFolder } from '../support/folders.ts';

let stub: Stub;
let store: StateStore;
let api: HostingerApi;
beforeEach(async () => {
  stub = await startStub();
  store = openSqliteStore(temporaryFolder());
  api = apiFor(stub);
});
afterEach(async () => {
  store.close();
  await stub.close();
});

it('knows what machines cost once bills were read, and asks nobody for it', async () => {
  const hostinger = resolved<AccountTarget>({
    type: 'Account',
    id: 'hostinger',
    provider: 'hostinger',
    account: 'hostinger',
    accountId: 'hostinger',
    regions: [],
    tags: {},
  });
  const reader = createReader({
    aws: sandboxAws().costs,
    hostinger: createBilling({ api, servers: [] }),
    store,
    ceiling: 0,
    accounts: 1,
    now: Date.now,
  });
  const { port } = createMachines({ api, servers: [], pollMs: 5 });
  const compute = withCosts(port, { prices, paid: () => keptPayments(store) });
  const monthly = async () => (await compute.list([hostinger], { limit: 25 }, newCall())).instances.map((each) => each.monthly);

  expect(await monthly()).toEqual([undefined, undefined]);
  await reader.subscriptions(newCall());
  expect(await monthly()).toEqual([undefined, undefined]);
  await reader.machines(newCall());
  const before = stub.requests.length;
  expect(await monthly()).toEqual(['19.99 USD', '13.99 USD']);
  expect(stub.requests.slice(before).map(({ target }) => target)).toEqual(['/api/vps/v1/virtual-machines']);
});

it('says nothing of subscriptions that have not begun, or are somebody else’s', () => {
  const kept = (question: string, value: unknown) =>
    store.keepCosts('hostinger', question, { fetchedAt: 0, answer: JSON.stringify(value) });
  kept('machines', []);
  kept('subscriptions', [
    { id: 'A', status: 'active' },
    { id: 'B', status: 'future' },
    { id: 'C', status: 'transferred' },
  ]);
  expect(keptPayments(store)?.subscriptions.map(({ id }) => id)).toEqual(['A']);
});
