import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CallError } from '../../src/call/errors.ts';
import { bothClouds } from '../../src/clouds/compute.ts';
import type { ComputePort, InstancePage, InstanceRow } from '../../src/ports/compute.ts';
import type { AccountTarget, Provider } from '../../src/ports/domain.ts';
import { newCall, resolved } from '../aws/harness.ts';

/** Two clouds of the tests' own: how their pages become one is what is asked here; real pages have tests of their own. */

const account = (provider: Provider) =>
  resolved<AccountTarget>({
    type: 'Account',
    id: provider,
    provider,
    account: provider === 'aws' ? 'main' : 'hostinger',
    accountId: '',
    regions: [],
    tags: {},
  });
const both = [account('aws'), account('hostinger')];
const rows = (provider: Provider, count: number): InstanceRow[] =>
  Array.from({ length: count }, (_, index) => ({
    provider,
    id: `${provider}-${index}`,
    name: '',
    state: 'running',
    type: 't',
    region: 'r',
  }));

/** Pages by offset, as their own cursors say. */
function cloud(provider: Provider, all: readonly InstanceRow[], failure?: CallError): ComputePort {
  const list: ComputePort['list'] = async (accounts, { limit, cursor }): Promise<InstancePage> => {
    if (accounts.some((each) => each.provider !== provider)) throw new Error('an account of the other cloud');
    if (failure) throw failure;
    const from = Number(cursor ?? 0);
    const to = from + limit;
    return { instances: all.slice(from, to), ...(to < all.length ? { nextCursor: String(to) } : {}) };
  };
  return { list } as ComputePort;
}
const down = () => new CallError('provider_unavailable', 'down', { remedy: 'wait' });

async function walk(port: ComputePort, limit: number): Promise<{ ids: string[]; longest: number }> {
  const ids: string[] = [];
  let longest = 0;
  let cursor: string | undefined;
  do {
    const page = await port.list(both, { limit, ...(cursor === undefined ? {} : { cursor }) }, newCall());
    ids.push(...page.instances.map(({ id }) => id));
    longest = Math.max(longest, page.instances.length);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return { ids, longest };
}

describe('a list of both clouds', () => {
  it('shows every instance once, in pages that are never longer than asked', async () => {
    const sizes = { aws: fc.nat(30), hostinger: fc.nat(30), limit: fc.integer({ min: 1, max: 12 }) };
    await fc.assert(
      fc.asyncProperty(fc.record(sizes), async ({ aws, hostinger, limit }) => {
        const [first, second] = [rows('aws', aws), rows('hostinger', hostinger)];
        const { ids, longest } = await walk(bothClouds({ aws: cloud('aws', first), hostinger: cloud('hostinger', second) }), limit);
        expect(ids).toEqual([...first, ...second].map(({ id }) => id));
        expect(longest).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it.each<Provider>(['aws', 'hostinger'])('names %s when it is down, and shows the other', async (broken) => {
    const other = broken === 'aws' ? 'hostinger' : 'aws';
    const clouds = { aws: cloud('aws', rows('aws', 2)), hostinger: cloud('hostinger', rows('hostinger', 2)) };
    const port = bothClouds({ ...clouds, [broken]: cloud(broken, [], down()) });
    const page = await port.list(both, { limit: 10 }, newCall());
    expect(page.instances).toEqual(rows(other, 2));
    const name = broken === 'aws' ? 'main' : 'hostinger';
    expect(page.missing).toEqual([{ provider: broken, account: name, code: 'provider_unavailable', message: 'down' }]);
  });

  it('names a cloud that is down on the first page, also when the other fills it', async () => {
    const port = bothClouds({ aws: cloud('aws', rows('aws', 30)), hostinger: cloud('hostinger', [], down()) });
    const page = await port.list(both, { limit: 5 }, newCall());
    expect(page.instances).toHaveLength(5);
    expect(page.missing).toMatchObject([{ provider: 'hostinger' }]);
  });

  it('shows what is left of a cloud on a later page while the other is down', async () => {
    const port = bothClouds({ aws: cloud('aws', rows('aws', 5)), hostinger: cloud('hostinger', [], down()) });
    const { nextCursor = '' } = await port.list(both, { limit: 3 }, newCall());
    const page = await port.list(both, { limit: 3, cursor: nextCursor }, newCall());
    expect(page.instances.map(({ id }) => id)).toEqual(['aws-3', 'aws-4']);
    expect(page.missing).toMatchObject([{ provider: 'hostinger' }]);
  });

  it('fails when both are down, when the call is cancelled, and for the cursor of another list', async () => {
    const port = bothClouds({ aws: cloud('aws', [], down()), hostinger: cloud('hostinger', [], down()) });
    await expect(port.list(both, { limit: 5 }, newCall())).rejects.toMatchObject({ code: 'provider_unavailable' });
    const cancelled = new CallError('cancelled', 'gone', { remedy: 'none' });
    const leaving = bothClouds({ aws: cloud('aws', [], cancelled), hostinger: cloud('hostinger', rows('hostinger', 1)) });
    await expect(leaving.list(both, { limit: 5 }, newCall())).rejects.toMatchObject({ code: 'cancelled' });
    const fine = bothClouds({ aws: cloud('aws', rows('aws', 9)), hostinger: cloud('hostinger', []) });
    for (const cursor of ['nonsense', Buffer.from('{"provider":"azure"}').toString('base64url'), '']) {
      await expect(fine.list(both, { limit: 5, cursor }, newCall())).rejects.toMatchObject({ code: 'invalid_input' });
    }
  });

  it('of one cloud takes no cursor that goes on in the other', async () => {
    const port = bothClouds({ aws: cloud('aws', rows('aws', 9)), hostinger: cloud('hostinger', rows('hostinger', 9)) });
    const { nextCursor = '' } = await port.list([account('hostinger')], { limit: 5 }, newCall());
    const listing = port.list([account('aws')], { limit: 5, cursor: nextCursor }, newCall());
    await expect(listing).rejects.toMatchObject({ code: 'invalid_input' });
  });

  it('of one cloud asks that cloud alone', async () => {
    const port = bothClouds({ aws: cloud('aws', rows('aws', 1)), hostinger: cloud('hostinger', [], down()) });
    expect(await port.list([account('aws')], { limit: 5 }, newCall())).toEqual({ instances: rows('aws', 1) });
  });
});
