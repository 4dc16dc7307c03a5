import { describe, expect, it } from 'vitest';
import { problem } from '../../src/providers/sandbox/hostinger/routes.ts';
import { failure, newCall } from '../aws/harness.ts';
import { approved, newWorld, recordsOf, zone } from './dns-world.ts';

const www = (value: string) => [{ name: 'www', type: 'CNAME', values: [value] }];
const api = (...values: string[]) => [{ name: 'api', type: 'A', ttl: 300, values }];

describe('the snapshot of a change', () => {
  it('is found where Hostinger keeps the zone as it was before', async () => {
    const world = newWorld();
    const path = `/api/dns/v1/snapshots/${zone}`;
    const now = world.router('GET', `/api/dns/v1/zones/${zone}`, undefined).body;
    world.instead = ({ target }) => {
      if (target === path) return { status: 200, body: [{ id: 7, created_at: '2026-11-20T12:00:00Z' }] };
      return target === `${path}/7` ? { status: 200, body: { id: 7, created_at: '2026-11-20T12:00:00Z', snapshot: now } } : undefined;
    };
    const change = await world.port.upsert(approved(), api('192.0.2.1'), false, newCall());
    expect(change).toMatchObject({ changed: true, snapshot: 7 });
  });

  it.each([
    ['there is none', { status: 200, body: [] }],
    ['nobody answers', { status: 500, body: { message: 'Oops' } }],
  ])('is not made up when %s: the difference undoes the change', async (_, answer) => {
    const world = newWorld();
    world.instead = ({ target }) => (target.includes('/snapshots/') ? answer : undefined);
    const change = await world.port.upsert(approved(), api('192.0.2.1'), false, newCall());
    expect(change).toMatchObject({ changed: true, added: ['A api 300 192.0.2.1'], note: expect.stringContaining('undo') });
    expect(change).not.toHaveProperty('snapshot');
  });

  it('brings the zone back', async () => {
    const world = newWorld();
    const before = await recordsOf(world);
    const { snapshot = 0 } = await world.port.delete(approved(), [{ name: '@', type: 'MX' }], newCall());
    await world.port.upsert(approved(), www('other.example'), true, newCall());
    const change = await world.port.restore(approved(), snapshot, newCall());
    expect(change).toMatchObject({ changed: true, removed: ['CNAME www 300 other.example'] });
    const withoutSoa = (records: typeof before) => records.filter(({ type }) => type !== 'SOA');
    expect(withoutSoa(await recordsOf(world))).toEqual(withoutSoa(before));
  });
});

describe('snapshots', () => {
  it('come newest first, in pages', async () => {
    const world = newWorld();
    await world.port.delete(approved(), [{ name: 'www', type: 'CNAME' }], newCall());
    const first = await world.port.snapshots(approved(), { limit: 1 }, newCall());
    const second = await world.port.snapshots(approved(), { limit: 1, cursor: first.nextCursor }, newCall());
    expect(first.snapshots).toEqual([
      { id: expect.any(Number), reason: 'Zone records delete request', createdAt: '2026-11-20T12:00:00.000Z' },
    ]);
    expect(second).toEqual({ snapshots: [expect.objectContaining({ reason: 'Zone created' })] });
  });

  it('come newest first, however Hostinger sorts them', async () => {
    const world = newWorld();
    const rows = [3, 9, 5].map((id) => ({ id, created_at: '2026-11-20 12:00:00' }));
    world.instead = () => ({ status: 200, body: rows });
    const { snapshots } = await world.port.snapshots(approved(), { limit: 9 }, newCall());
    expect(snapshots.map(({ id }) => id)).toEqual([9, 5, 3]);
    expect(snapshots[0]?.createdAt).toBe('2026-11-20T12:00:00.000Z');
  });

  it('bring back a zone whose SOA record is no longer the same, which nobody may write', async () => {
    const world = newWorld();
    const { snapshot = 0 } = await world.port.upsert(approved(), www('other.example'), true, newCall());
    const now = world.router('GET', `/api/dns/v1/zones/${zone}`, undefined).body as { type: string }[];
    const soa = { name: '@', type: 'SOA', ttl: 3_600, records: [{ content: 'ns9.example. dns.example. 9 1 1 1 1' }] };
    world.instead = ({ method, target }) =>
      method === 'GET' && target.endsWith(`zones/${zone}`)
        ? { status: 200, body: [...now.filter(({ type }) => type !== 'SOA'), soa] }
        : undefined;
    await world.port.restore(approved(), snapshot, newCall({ dryRun: true }));
    const checked = world.asked.filter(({ target }) => target.endsWith('/validate')).at(-1)?.body;
    expect(checked).toMatchObject({ zone: [{ name: 'www', type: 'CNAME' }] });
  });

  it('of another id are none', async () => {
    const call = newCall();
    const error = await failure(newWorld().port.restore(approved(), 1, call));
    expect(error.code).toBe('target_unresolved');
    expect(error.details.remedy).toContain('dns_list_snapshots');
    expect(call.attempts).toEqual([]);
  });

  it('that hold the zone as it is change nothing', async () => {
    const world = newWorld();
    const [{ id } = { id: 0 }] = (await world.port.snapshots(approved(), { limit: 1 }, newCall())).snapshots;
    expect(await world.port.restore(approved(), id, newCall())).toMatchObject({ changed: false });
    expect(world.changes()).toEqual([]);
  });

  it('are restored once: a lost answer is not asked for again', async () => {
    const world = newWorld();
    const { snapshot = 0 } = await world.port.upsert(approved(), www('other.example'), true, newCall());
    world.instead = ({ target }) => (target.endsWith('/restore') ? problem(502, 'Bad gateway') : undefined);
    world.forget();
    const call = newCall();
    const error = await failure(world.port.restore(approved(), snapshot, call));
    expect(error.code).toBe('provider_unavailable');
    expect(world.changes()).toHaveLength(1);
    expect(call.ledger.effect()).toBe('unknown');
  });

  it('show in a dry run what would come back, which the API has checked', async () => {
    const world = newWorld();
    const { snapshot = 0 } = await world.port.upsert(approved(), www('other.example'), true, newCall());
    world.forget();
    const change = await world.port.restore(approved(), snapshot, newCall({ dryRun: true }));
    expect(change.plan).toEqual({
      current: { 'CNAME www': '300 other.example' },
      change: { 'CNAME www': `300 ${zone}.` },
      providerChecked: true,
    });
    expect(world.asked.find(({ target }) => target.endsWith('/validate'))?.body).toEqual({
      overwrite: true,
      zone: [{ name: 'www', type: 'CNAME', ttl: 300, records: [{ content: `${zone}.` }] }],
    });
    expect(world.changes()).toEqual([]);
  });
});
