import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InstanceQuery, InstanceRow } from '../../src/ports/compute.ts';
import type { AwsProvider } from '../../src/providers/aws/index.ts';
import { createSandbox, fleet } from '../../src/providers/sandbox/index.ts';
import { described, startEc2Stub } from './ec2-stub.ts';
import { type Faults, faulty } from './faulty.ts';
import { accountsOf, failure, instanceOf, mainAccount, newAws, newCall, resolved, sandboxAws, sandboxParts } from './harness.ts';

const regions = ['eu-west-1', 'eu-north-1', 'us-east-1', 'ap-south-1'];
const spec = { name: 'abroad', instanceType: 't3.micro', image: 'ami-12345678', tags: { Project: 'Ziggie' } };

/** Four regions: two instances, the fleet of twelve, three instances, none. */
async function connect(faults: Faults = {}) {
  const sandbox = createSandbox({ region: 'eu-north-1', settleMs: 0 });
  const aws = newAws({ accounts: [mainAccount({ regions })], ...sandboxParts(sandbox), middleware: faulty(sandbox.middleware, faults) });
  const [account] = await accountsOf(aws, { type: 'Account' }, newCall());
  if (!account) throw new Error('no account');
  const target = resolved(account);
  for (const region of ['eu-west-1', 'eu-west-1', 'us-east-1', 'us-east-1', 'us-east-1']) {
    await aws.compute.launch(target, { ...spec, region }, newCall());
  }
  const page = (query: InstanceQuery) => aws.compute.list([target], query, newCall());
  const all = async (limit: number) => {
    const rows: InstanceRow[] = [];
    let pages = 0;
    for (let cursor: string | undefined, more = true; more; pages += 1) {
      const { instances, nextCursor } = await page({ limit, ...(cursor ? { cursor } : {}) });
      rows.push(...instances);
      cursor = nextCursor;
      more = cursor !== undefined;
    }
    return { rows, pages };
  };
  return { aws, target, page, all };
}

describe('listing', () => {
  it('shows a dozen instances of the fleet, in several states, in short rows', async () => {
    const aws = sandboxAws();
    const [account] = await accountsOf(aws, { type: 'Account' }, newCall());
    if (!account) throw new Error('no account');
    const { instances, nextCursor, missing } = await aws.compute.list([resolved(account)], { limit: 25 }, newCall());
    expect(instances.map(({ id }) => id)).toEqual(fleet.map(({ id }) => id));
    expect(instances).toHaveLength(12);
    expect(new Set(instances.map(({ state }) => state))).toEqual(new Set(['running', 'stopped', 'terminated']));
    expect(instances[0]).toEqual({
      provider: 'aws',
      id: 'i-0a1b2c3d4e5f60001',
      name: 'ziggie-web-1',
      state: 'running',
      type: 't3.small',
      region: 'eu-north-1',
    });
    expect([nextCursor, missing]).toEqual([undefined, undefined]);
  });

  it.each([
    [1, 17],
    [2, 9],
    [5, 4],
    [7, 3],
    [14, 2],
    [17, 1],
    [100, 1],
  ])('goes through all regions with %i a page in %i pages, no empty one', async (limit, expected) => {
    const { all } = await connect();
    const { rows, pages } = await all(limit);
    expect(rows.map(({ region }) => region)).toEqual([
      ...Array(2).fill('eu-west-1'),
      ...Array(12).fill('eu-north-1'),
      ...Array(3).fill('us-east-1'),
    ]);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(17);
    expect(pages).toBe(expected);
  });

  it('stands a changed limit between pages', async () => {
    const { page } = await connect();
    const first = await page({ limit: 9 });
    const second = await page({ limit: 2, cursor: first.nextCursor });
    const third = await page({ limit: 100, cursor: second.nextCursor });
    expect([...first.instances, ...second.instances, ...third.instances]).toEqual((await page({ limit: 100 })).instances);
  });

  it('names the account in a row only where there are several', async () => {
    const aws = sandboxAws({}, { accounts: [mainAccount(), mainAccount({ name: 'second' })] });
    const accounts = (await accountsOf(aws, { type: 'Account' }, newCall())).map(resolved);
    const { instances } = await aws.compute.list(accounts, { limit: 100 }, newCall());
    expect(new Set(instances.map(({ account }) => account))).toEqual(new Set(['main', 'second']));
  });

  it('names a region that fails and lists the others', async () => {
    const faults: Faults = {};
    const { page } = await connect(faults);
    faults['eu-north-1'] = 'UnauthorizedOperation';
    const { instances, missing } = await page({ limit: 3 });
    expect(instances.map(({ region }) => region)).toEqual(['eu-west-1', 'eu-west-1', 'us-east-1']);
    expect(missing).toEqual([
      { provider: 'aws', account: 'main', region: 'eu-north-1', code: 'provider_denied', message: expect.any(String) },
    ]);
    Object.assign(faults, { 'eu-west-1': 'ExpiredToken', 'us-east-1': 'OptInRequired', 'ap-south-1': 'OptInRequired' });
    expect((await failure(page({ limit: 3 }))).details.provider?.code).toBe('ExpiredToken');
  });

  it('is cancelled with the call', async () => {
    const { aws, target } = await connect();
    const call = newCall();
    call.cancel();
    expect((await failure(aws.compute.list([target], { limit: 3 }, call))).code).toBe('cancelled');
  });

  it('refuses a cursor that it did not make', async () => {
    const { page } = await connect();
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const cursor of [
      '',
      'x',
      encode(null),
      encode({ scope: 'other/eu-west-1', skip: 0 }),
      encode({ scope: 'main/eu-west-1', skip: -1 }),
    ]) {
      expect((await failure(page({ limit: 3, cursor }))).code).toBe('invalid_input');
    }
    const unknownToken = encode({ scope: 'main/us-east-1', token: 'not one of EC2', skip: 0 });
    expect((await failure(page({ limit: 3, cursor: unknownToken }))).code).toBe('invalid_input');
  });

  it('answers any cursor whatsoever with a page or invalid_input', async () => {
    const { page } = await connect();
    const scope = fc.constantFrom(...regions.map((region) => `main/${region}`), 'main', '', '__proto__');
    const forged = fc
      .record({ scope, token: fc.option(fc.string()), skip: fc.oneof(fc.integer(), fc.double(), fc.string()) }, { requiredKeys: [] })
      .map((value) => Buffer.from(JSON.stringify(value)).toString('base64url'));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), forged), async (cursor) => {
        const outcome = await page({ limit: 5, cursor }).then(
          ({ instances }) => instances.length <= 5,
          (error: { code?: unknown }) => error.code === 'invalid_input',
        );
        expect(outcome).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('does not trust a filter alone', async () => {
    const stub = await startEc2Stub();
    try {
      stub.answerWith(described({ id: 'i-0123456789abcdef0' }));
      const target = resolved({
        type: 'Account',
        id: 'main',
        provider: 'aws',
        account: 'main',
        accountId: '123456789012',
        regions: ['eu-north-1'],
        tags: {},
      } as const);
      const { compute } = newAws({ endpoint: stub.endpoint });
      expect((await compute.list([target], { limit: 5 }, newCall())).instances).toHaveLength(1);
      expect(await compute.list([target], { limit: 5, tag: { key: 'Team', value: 'backend' } }, newCall())).toEqual({ instances: [] });
    } finally {
      await stub.close();
    }
  });

  it('matches any tag value literally', async () => {
    const aws: AwsProvider = sandboxAws();
    const [account] = await accountsOf(aws, { type: 'Account' }, newCall());
    if (!account) throw new Error('no account');
    const target = resolved(account);
    const value = fc.string({ unit: fc.constantFrom('*', '?', '\\', 'a', '.', '(', '$', ' '), minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(value, async (text) => {
        const call = newCall({ waitMs: 0 });
        const { id } = await aws.compute.launch(target, { ...spec, region: 'eu-north-1', tags: { Odd: text } }, call);
        const { instances } = await aws.compute.list([target], { limit: 100, tag: { key: 'Odd', value: text } }, newCall());
        const found = instances.map((row) => row.id);
        await aws.compute.terminate(resolved(await instanceOf(aws, { type: 'Instance', id: id ?? '' }, newCall())), newCall());
        expect(found).toContain(id);
        for (const each of found) {
          const { tags } = await instanceOf(aws, { type: 'Instance', id: each }, newCall());
          expect(tags.Odd).toBe(text);
        }
      }),
      { numRuns: 25 },
    );
  });
});
