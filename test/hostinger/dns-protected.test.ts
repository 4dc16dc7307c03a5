import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DnsRecord } from '../../src/ports/dns.ts';
import type { ZoneRemoval } from '../../src/ports/domain.ts';
import { problem } from '../../src/providers/sandbox/hostinger/routes.ts';
import { failure, newCall } from '../aws/harness.ts';
import { approved, newWorld, zone } from './dns-world.ts';

const records = (...list: { name: string; type: string; but?: string[] }[]): ZoneRemoval => ({ kind: 'records', records: list });

describe('a zone is resolved', () => {
  it('as what Hostinger has, with no tags', async () => {
    expect(await newWorld().target()).toEqual({
      type: 'DnsZone',
      id: zone,
      provider: 'hostinger',
      account: 'hostinger',
      region: 'global',
      tags: {},
      removesProtected: false,
    });
  });

  it.each(['other.example', 'ZIGGIE.example', 'ziggie.example.', 'example', ''])(
    'only if ziggie.yaml names it, letter for letter: not %j',
    async (name) => {
      const world = newWorld();
      const error = await failure(world.resolve({ zone: name }));
      expect(error.code).toBe('target_unresolved');
      expect(error.details.remedy).toContain('hostinger.zones');
      expect(world.asked).toEqual([]);
    },
  );

  it('not if it is none of this account, and says what is', async () => {
    const world = newWorld({ zones: ['mine.example'], configured: [zone] });
    const error = await failure(world.resolve({ zone }));
    expect(error.code).toBe('target_unresolved');
    expect(error.details.remedy).toMatch(/mine\.example.*hostinger\.zones/);
  });

  it('not if Hostinger denies a domain that is not ours', async () => {
    const world = newWorld({ zones: ['mine.example'], configured: [zone] });
    world.instead = ({ target }) => (target.includes('/zones/') ? problem(403, 'Unauthorized') : undefined);
    expect((await failure(world.resolve({ zone }))).code).toBe('target_unresolved');
  });

  it('not if Hostinger denies a domain that is ours: then the token is the matter', async () => {
    const world = newWorld();
    world.instead = ({ target }) => (target.includes('/zones/') ? problem(403, 'Unauthorized') : undefined);
    expect((await failure(world.resolve({ zone }))).code).toBe('provider_denied');
  });

  it('not while Hostinger does not answer', async () => {
    const world = newWorld();
    world.instead = () => problem(500, 'Oops');
    expect((await failure(world.resolve({ zone }))).code).toBe('provider_unavailable');
  });
});

describe('a removal is protected', () => {
  it.each<[string, ZoneRemoval]>([
    ['apex A deleted', records({ name: '@', type: 'A' })],
    ['apex MX deleted', records({ name: '@', type: 'MX' })],
    ['apex SOA deleted', records({ name: '@', type: 'SOA' })],
    ['NS deleted, among harmless ones', records({ name: 'www', type: 'CNAME' }, { name: '@', type: 'NS' })],
    ['apex A replaced by another', records({ name: '@', type: 'A', but: ['192.0.2.1'] })],
    ['one of two name servers left out', records({ name: '@', type: 'NS', but: ['ns1.dns-parking.com'] })],
    ['apex TXT rewritten', records({ name: '@', type: 'TXT', but: ['v=spf1 -all'] })],
    ['the apex by its full name', records({ name: 'Ziggie.Example.', type: 'A' })],
  ])('when it takes something away: %s', async (_, removal) => {
    expect(await newWorld().target(removal)).toMatchObject({ removesProtected: true });
  });

  it.each<[string, ZoneRemoval]>([
    ['www deleted', records({ name: 'www', type: 'CNAME' })],
    ['what is not there deleted', records({ name: '@', type: 'AAAA' }, { name: 'www', type: 'NS' })],
    ['apex A kept', records({ name: '@', type: 'A', but: ['203.0.113.7', '192.0.2.1'] })],
    [
      'the same values spelt otherwise',
      records(
        { name: '@', type: 'NS', but: ['NS2.dns-parking.com', 'ns1.dns-parking.com.'] },
        { name: '@', type: 'TXT', but: ['v=spf1 include:_spf.mail.hostinger.com ~all'] },
      ),
    ],
  ])('not when nothing of it goes: %s', async (_, removal) => {
    expect(await newWorld().target(removal)).toMatchObject({ removesProtected: false });
  });

  it('when a snapshot lacks NS or apex records of today, and only then', async () => {
    const world = newWorld();
    const { snapshot = 0 } = await world.port.upsert(approved(), [{ name: 'www', type: 'CNAME', values: ['x.example'] }], true, newCall());
    expect(await world.target({ kind: 'snapshot', id: snapshot })).toMatchObject({ removesProtected: false });
    await world.port.upsert(approved(), [{ name: 'lab', type: 'NS', values: ['ns.example.'] }], false, newCall());
    expect(await world.target({ kind: 'snapshot', id: snapshot })).toMatchObject({ removesProtected: true });
  });

  it('when a snapshot switches an apex record off', async () => {
    const world = newWorld();
    const apex = (is_disabled: boolean) => [{ name: '@', type: 'A', ttl: 300, records: [{ content: '192.0.2.1', is_disabled }] }];
    world.instead = ({ target }) =>
      target.includes('/snapshots/')
        ? { status: 200, body: { id: 9, created_at: '2026-11-01T00:00:00Z', snapshot: apex(true) } }
        : { status: 200, body: apex(false) };
    expect(await world.target({ kind: 'snapshot', id: 9 })).toMatchObject({ removesProtected: true });
  });

  it('and unresolved for a snapshot that is not there', async () => {
    expect((await failure(newWorld().target({ kind: 'snapshot', id: 9 }))).code).toBe('target_unresolved');
  });
});

describe('the port', () => {
  const harmless = approved({ removesProtected: false });

  it.each([
    [
      'a replacement',
      (world: ReturnType<typeof newWorld>) =>
        world.port.upsert(harmless, [{ name: '@', type: 'A', values: ['192.0.2.1'] }], true, newCall()),
    ],
    ['a deletion', (world: ReturnType<typeof newWorld>) => world.port.delete(harmless, [{ name: '@', type: 'NS' }], newCall())],
  ])('refuses %s that takes more than was decided on, and sends nothing', async (_, change) => {
    const world = newWorld();
    const error = await failure(change(world));
    expect(error.code).toBe('provider_conflict');
    expect(error.details.remedy).toContain('call again');
    expect(world.changes()).toEqual([]);
  });

  it('refuses a restore that takes more than was decided on', async () => {
    const world = newWorld();
    const { snapshot = 0 } = await world.port.upsert(harmless, [{ name: 'lab', type: 'NS', values: ['ns.example.'] }], false, newCall());
    world.forget();
    expect((await failure(world.port.restore(harmless, snapshot, newCall()))).code).toBe('provider_conflict');
    expect(world.changes()).toEqual([]);
  });
});

/** Small worlds, so that names, types and values meet. */
const set = fc.record({
  name: fc.constantFrom('@', 'www', 'lab'),
  type: fc.constantFrom('A', 'TXT', 'NS'),
  ttl: fc.constantFrom(60, 300),
  values: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 }),
});
const sets = (maxLength: number) => fc.uniqueArray(set, { selector: ({ name, type }) => `${type} ${name}`, maxLength });
/** Not valid as contents, which the properties do not ask of Hostinger. */
const toReply = (zoneSets: readonly DnsRecord[]) =>
  zoneSets.map(({ values, ...each }) => ({ ...each, records: values.map((content) => ({ content, is_disabled: false })) }));

/** A Hostinger with these records, which takes any. */
function worldOf(start: readonly DnsRecord[]) {
  const world = newWorld();
  let now = start.map((each) => ({ ...each }));
  world.instead = ({ method, target, body }) => {
    if (target.endsWith('/validate')) return { status: 200, body: {} };
    if (!target.includes('/zones/')) return undefined;
    if (method === 'GET') return { status: 200, body: toReply(now) };
    const same = (a: { name: string; type: string }, b: { name: string; type: string }) => a.name === b.name && a.type === b.type;
    const {
      filters = [],
      overwrite,
      zone: given = [],
    } = body as {
      filters?: { name: string; type: string }[];
      overwrite?: boolean;
      zone?: { name: string; type: string; ttl: number; records: { content: string }[] }[];
    };
    now = now.filter((each) => !filters.some((filter) => same(filter, each)));
    for (const { records: contents, ...each } of given) {
      const old = overwrite === false ? (now.find((other) => same(other, each))?.values ?? []) : [];
      now = [
        ...now.filter((other) => !same(other, each)),
        { ...each, values: [...new Set([...old, ...contents.map(({ content }) => content)])] },
      ];
    }
    return { status: 200, body: {} };
  };
  return { world, now: () => now };
}

/** `NS lab a`: what there is, one word for each value. */
const flat = (zoneSets: readonly DnsRecord[]) =>
  zoneSets.flatMap(({ name, type, values }) => values.map((value) => `${type} ${name} ${value}`));
const lines = (zoneSets: readonly DnsRecord[]) =>
  zoneSets.flatMap(({ name, type, ttl, values }) => values.map((value) => `${type} ${name} ${ttl} ${value}`)).sort();
const isProtected = (line: string) => line.startsWith('NS ') || line.split(' ')[1] === '@';

describe('whatever the zone and the change', () => {
  const change = fc.oneof(
    fc.record({ kind: fc.constant('upsert' as const), replace: fc.boolean(), given: sets(4).filter(({ length }) => length > 0) }),
    fc.record({ kind: fc.constant('delete' as const), replace: fc.constant(false), given: sets(4).filter(({ length }) => length > 0) }),
  );

  it('removesProtected is true just when a protected value goes, and without it none goes', async () => {
    let protectedOnes = 0;
    await fc.assert(
      fc.asyncProperty(sets(6), change, async (start, { kind, replace, given }) => {
        const { world, now } = worldOf(start);
        const but = kind === 'upsert' ? (values: string[]) => ({ but: values }) : () => ({});
        const removal = records(...given.map(({ name, type, values }) => ({ name, type, ...but(values) })));
        const target = await world.target(kind === 'delete' || replace ? removal : undefined);
        if (kind === 'upsert') await world.port.upsert(target, given, replace, newCall());
        else await world.port.delete(target, given, newCall());
        const left = flat(now());
        const gone = flat(start).filter((line) => !left.includes(line));
        expect(target.removesProtected).toBe(gone.some(isProtected));
        if (target.removesProtected) protectedOnes += 1;
      }),
      { numRuns: 300 },
    );
    expect(protectedOnes).toBeGreaterThan(20);
  });

  it('the difference makes the zone before into the zone behind, every PUT says overwrite, and twice is once', async () => {
    await fc.assert(
      fc.asyncProperty(sets(6), change, async (start, { kind, replace, given }) => {
        const { world, now } = worldOf(start);
        const run = () =>
          kind === 'upsert' ? world.port.upsert(approved(), given, replace, newCall()) : world.port.delete(approved(), given, newCall());
        const { added, removed, changed } = await run();
        const kept = lines(start).filter((line) => !removed.includes(line));
        expect([...kept, ...added].sort()).toEqual(lines(now()));
        expect(changed).toBe(added.length + removed.length > 0);
        for (const { method, body } of world.changes()) {
          if (method === 'PUT') expect(body).toHaveProperty('overwrite', replace);
        }
        expect(await run()).toMatchObject({ added: [], removed: [], changed: false });
        expect(world.changes().length).toBe(changed ? 1 : 0);
      }),
      { numRuns: 300 },
    );
  });
});
