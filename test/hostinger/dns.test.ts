import { describe, expect, it } from 'vitest';
import { problem } from '../../src/providers/sandbox/hostinger/routes.ts';
import { failure, newCall } from '../aws/harness.ts';
import { approved, newWorld, recordsOf, type World, zone } from './dns-world.ts';

const www = (value: string, ttl?: number) => [{ name: 'www', type: 'CNAME', values: [value], ...(ttl ? { ttl } : {}) }];
const api = (...values: string[]) => [{ name: 'api', type: 'A', ttl: 300, values }];
const puts = (world: World) => world.changes().map(({ body }) => body);

describe('reading a zone', () => {
  it('gives a row for each name and type, the apex first', async () => {
    const records = await recordsOf(newWorld());
    expect(records.map(({ name, type }) => `${type} ${name}`)).toEqual([
      'A @',
      'MX @',
      'NS @',
      'SOA @',
      'TXT @',
      'TXT _dmarc',
      'CNAME www',
    ]);
    expect(records[1]).toEqual({ name: '@', type: 'MX', ttl: 14_400, values: ['5 mx1.hostinger.com.', '10 mx2.hostinger.com.'] });
  });

  it('filters by name and type', async () => {
    const { port } = newWorld();
    const { records } = await port.records(approved(), { limit: 10, name: '@', type: 'MX' }, newCall());
    expect(records.map(({ type }) => type)).toEqual(['MX']);
  });

  it('turns pages, and loses no row when one goes meanwhile', async () => {
    const world = newWorld();
    const first = await world.port.records(approved(), { limit: 3 }, newCall());
    await world.port.delete(approved(), [{ name: '@', type: 'MX' }], newCall());
    const second = await world.port.records(approved(), { limit: 9, cursor: first.nextCursor }, newCall());
    expect([...first.records, ...second.records].map(({ name, type }) => `${type} ${name}`)).toEqual([
      'A @',
      'MX @',
      'NS @',
      'SOA @',
      'TXT @',
      'TXT _dmarc',
      'CNAME www',
    ]);
    expect(second.nextCursor).toBeUndefined();
  });

  it.each(['nonsense', 'WzFd', Buffer.from('["a"]').toString('base64url')])('refuses the cursor %s', async (cursor) => {
    const error = await failure(newWorld().port.records(approved(), { limit: 3, cursor }, newCall()));
    expect(error.code).toBe('invalid_input');
  });

  it('shows what is switched off apart', async () => {
    const world = newWorld();
    world.instead = ({ method }) =>
      method === 'GET'
        ? { status: 200, body: [{ name: 'old', type: 'A', ttl: 60, records: [{ content: '192.0.2.1', is_disabled: true }] }] }
        : undefined;
    expect(await recordsOf(world)).toEqual([{ name: 'old', type: 'A', ttl: 60, values: [], disabled: ['192.0.2.1'] }]);
  });

  it.each([
    ['no list', { message: 'Hello' }],
    ['a set without records', [{ name: 'www', type: 'A', ttl: 60 }]],
    ['a record without content', [{ name: 'www', type: 'A', ttl: 60, records: [{}] }]],
    ['a set without a TTL', [{ name: 'www', type: 'A', records: [{ content: '192.0.2.1' }] }]],
  ])('does not take %s for a zone', async (_, body) => {
    const world = newWorld();
    world.instead = () => ({ status: 200, body });
    const error = await failure(recordsOf(world));
    expect(error.code).toBe('provider_unavailable');
  });
});

describe('upsert', () => {
  it('validates, adds a value without touching the others, and names the snapshot of the zone as it was', async () => {
    const world = newWorld();
    await world.port.upsert(approved(), api('192.0.2.1'), false, newCall());
    const [before] = (await world.port.snapshots(approved(), { limit: 1 }, newCall())).snapshots;
    world.forget();
    const call = newCall();
    const change = await world.port.upsert(approved(), api('192.0.2.1', '192.0.2.2'), false, call);
    expect(change).toEqual({ zone, added: ['A api 300 192.0.2.2'], removed: [], changed: true, snapshot: before?.id });
    expect(world.paths()).toEqual([
      `GET /api/dns/v1/zones/${zone}`,
      `POST /api/dns/v1/zones/${zone}/validate`,
      `PUT /api/dns/v1/zones/${zone}`,
      `GET /api/dns/v1/zones/${zone}`,
      `GET /api/dns/v1/snapshots/${zone}`,
      expect.stringMatching(/snapshots\/ziggie.example\/\d+$/),
      expect.stringMatching(/snapshots\/ziggie.example\/\d+$/),
    ]);
    expect(puts(world)).toEqual([{ overwrite: false, zone: [{ name: 'api', type: 'A', ttl: 300, records: [{ content: '192.0.2.2' }] }] }]);
    expect(world.asked[1]?.body).toEqual(world.asked[2]?.body);
    expect(call.attempts).toEqual(['applied']);
    expect(await recordsOf(world, 'api')).toEqual([{ name: 'api', type: 'A', ttl: 300, values: ['192.0.2.1', '192.0.2.2'] }]);
  });

  it('replaces only what really changes', async () => {
    const world = newWorld();
    await world.port.upsert(approved(), api('192.0.2.1', '192.0.2.2'), false, newCall());
    world.forget();
    const change = await world.port.upsert(approved(), [...api('192.0.2.2'), ...www(zone)], true, newCall());
    expect(change).toMatchObject({ added: [], removed: ['A api 300 192.0.2.1'], changed: true });
    expect(puts(world)).toEqual([{ overwrite: true, zone: [{ name: 'api', type: 'A', ttl: 300, records: [{ content: '192.0.2.2' }] }] }]);
  });

  it.each([true, false])('sends nothing when all is as asked (replace: %s)', async (replace) => {
    const world = newWorld();
    const call = newCall();
    const change = await world.port.upsert(
      approved(),
      [
        { name: 'WWW.ziggie.example.', type: 'CNAME', values: ['Ziggie.Example'] },
        { name: '@', type: 'TXT', values: ['v=spf1 include:_spf.mail.hostinger.com ~all'] },
        { name: '@', type: 'MX', ttl: 14_400, values: ['5  mx1.hostinger.com', '10 MX2.hostinger.com.'] },
      ],
      replace,
      call,
    );
    expect(change).toEqual({ zone, added: [], removed: [], changed: false });
    expect(world.paths()).toEqual([`GET /api/dns/v1/zones/${zone}`]);
    expect(call.attempts).toEqual([]);
  });

  it.each([
    ['AAAA', '2001:db8::1', '2001:0DB8:0:0:0:0:0:1', true],
    ['AAAA', '2001:db8::1', '2001:db8::2', false],
    ['TXT', '"two " "strings"', 'two strings', true],
    ['TXT', '"say \\"hi\\" \\195\\164"', 'say "hi" ä', true],
    ['TXT', '"Case"', 'case', false],
    ['TXT', 'two  blanks', 'two blanks', false],
    ['CAA', '0 issue "ca.example"', '0 issue ca.example', true],
    ['CAA', '0 issue "ca.example"', '0 issuewild "ca.example"', false],
    ['SRV', '0 5 5060 Sip.Example.', '0 5  5060 sip.example', true],
    ['SRV', '0 5 5060 sip.example.', '0 5 5061 sip.example.', false],
    ['NS', 'ns1.example.', 'ns10.example.', false],
  ])('takes %s %s and %s for one: %s', async (type, there, given, isOne) => {
    const world = newWorld();
    world.instead = ({ method }) =>
      method === 'GET' ? { status: 200, body: [{ name: 'lab', type, ttl: 60, records: [{ content: there }] }] } : undefined;
    const change = await world.port.upsert(approved(), [{ name: 'lab', type, values: [given] }], true, newCall({ dryRun: true }));
    expect(change.added).toEqual(isOne ? [] : [`${type} lab 60 ${given}`]);
  });

  it('keeps the TTL that a name and type have, and sets another one on all values', async () => {
    const world = newWorld();
    await world.port.upsert(approved(), api('192.0.2.1', '192.0.2.2'), false, newCall());
    await world.port.upsert(approved(), [{ name: 'api', type: 'A', values: ['192.0.2.3'] }], false, newCall());
    expect(await recordsOf(world, 'api')).toMatchObject([{ ttl: 300 }]);
    const change = await world.port.upsert(approved(), [{ name: 'api', type: 'A', ttl: 60, values: ['192.0.2.1'] }], false, newCall());
    expect(change.added).toEqual(['A api 60 192.0.2.2', 'A api 60 192.0.2.3', 'A api 60 192.0.2.1']);
    expect(await recordsOf(world, 'api')).toMatchObject([{ ttl: 60 }]);
  });

  it('switches on what is given and switched off', async () => {
    const world = newWorld();
    const set = (is_disabled: boolean) => [{ name: 'api', type: 'A', ttl: 300, records: [{ content: '192.0.2.1', is_disabled }] }];
    let disabled = true;
    world.instead = ({ method, target }) => {
      if (method === 'GET' && target.endsWith(`zones/${zone}`)) return { status: 200, body: set(disabled) };
      if (method === 'PUT') disabled = false;
      return undefined;
    };
    const change = await world.port.upsert(approved(), api('192.0.2.1'), false, newCall());
    expect(change).toMatchObject({ added: ['A api 300 192.0.2.1'], removed: ['A api 300 192.0.2.1 ; disabled'], changed: true });
  });

  it('shows in a dry run what would be, checked by the API, and sends no change', async () => {
    const world = newWorld();
    const call = newCall({ dryRun: true });
    const change = await world.port.upsert(approved(), [...www('other.example', 60), ...api('192.0.2.1')], true, call);
    expect(change).toEqual({
      zone,
      added: ['CNAME www 60 other.example', 'A api 300 192.0.2.1'],
      removed: [`CNAME www 300 ${zone}.`],
      changed: false,
      plan: {
        current: { 'CNAME www': `300 ${zone}.`, 'A api': 'none' },
        change: { 'CNAME www': '60 other.example', 'A api': '300 192.0.2.1' },
        providerChecked: true,
      },
    });
    expect(world.changes()).toEqual([]);
    expect(call.attempts).toEqual([]);
  });

  it('sends no change that the API does not find valid', async () => {
    const world = newWorld();
    const call = newCall();
    const error = await failure(world.port.upsert(approved(), api('not an address'), false, call));
    expect(error.code).toBe('provider_rejected');
    expect(error.details.provider?.message).toContain('zone.0.records.0.content');
    expect(world.changes()).toEqual([]);
    expect(call.attempts).toEqual([]);
  });

  it('counts a change that was refused as none', async () => {
    const world = newWorld();
    world.instead = ({ method }) => (method === 'PUT' ? problem(422, 'Too late.') : undefined);
    const call = newCall();
    const error = await failure(world.port.upsert(approved(), api('192.0.2.1'), false, call));
    expect(error.code).toBe('provider_rejected');
    expect(call.attempts).toEqual(['refused']);
  });

  it('waits for a zone that shows the change late', async () => {
    const world = newWorld();
    const old = world.router('GET', `/api/dns/v1/zones/${zone}`, undefined);
    let looks = 0;
    world.instead = ({ method, target }) => {
      if (method !== 'GET' || !target.endsWith(`zones/${zone}`)) return undefined;
      looks += 1;
      return looks < 5 ? old : undefined;
    };
    const call = newCall();
    const change = await world.port.upsert(approved(), api('192.0.2.1'), false, call);
    expect(change).toMatchObject({ added: ['A api 300 192.0.2.1'], changed: true });
    expect(looks).toBe(5);
    expect(call.messages.length).toBeGreaterThan(0);
  });

  it('says so when the zone does not become what was asked', async () => {
    const world = newWorld();
    world.instead = ({ method }) => (method === 'PUT' ? { status: 200, body: { message: 'Request accepted' } } : undefined);
    const call = newCall({ waitMs: 20 });
    const error = await failure(world.port.upsert(approved(), [...api('192.0.2.1'), ...www('other.example')], true, call));
    expect(error.code).toBe('provider_conflict');
    expect(error.message).toContain('Not there: `A api 300 192.0.2.1`, `CNAME www 300 other.example`.');
    expect(error.message).toContain(`Still there: \`CNAME www 300 ${zone}.\`.`);
    expect(call.ledger.effect()).toBe('applied');
  });

  it.each(['while it looks', 'between two looks'])('does not go on waiting for a call that was cancelled %s', async (when) => {
    const world = newWorld();
    const call = newCall({ waitMs: 15_000 });
    const scope = { ...call, progress: () => when === 'between two looks' && call.cancel() };
    let accepted = false;
    world.instead = ({ method }) => {
      if (accepted && when === 'while it looks') call.cancel();
      if (method !== 'PUT') return undefined;
      accepted = true;
      return { status: 200, body: {} };
    };
    const error = await failure(world.port.upsert(approved(), api('192.0.2.1'), false, scope));
    expect(error.code).toBe('cancelled');
    expect(error.message).toContain('had accepted the change');
    expect(call.ledger.effect()).toBe('applied');
  });

  it('sends nothing once the call was cancelled', async () => {
    const world = newWorld();
    const call = newCall();
    world.instead = ({ target }) => {
      if (target.endsWith('/validate')) call.cancel();
      return undefined;
    };
    const error = await failure(world.port.upsert(approved(), api('192.0.2.1'), false, call));
    expect(error.code).toBe('cancelled');
    expect(world.changes()).toEqual([]);
  });
});

describe('delete', () => {
  it('takes all values of the names and types, and asks for no others', async () => {
    const world = newWorld();
    const given = [
      { name: '@', type: 'MX' },
      { name: 'gone', type: 'A' },
    ];
    const change = await world.port.delete(approved(), given, newCall());
    expect(change).toMatchObject({
      added: [],
      removed: ['MX @ 14400 5 mx1.hostinger.com.', 'MX @ 14400 10 mx2.hostinger.com.'],
      changed: true,
    });
    expect(puts(world)).toEqual([{ filters: [{ name: '@', type: 'MX' }] }]);
  });

  it('sends nothing when nothing of it is there', async () => {
    const world = newWorld();
    const call = newCall();
    expect(await world.port.delete(approved(), [{ name: 'www', type: 'A' }], call)).toMatchObject({ changed: false });
    expect(world.changes()).toEqual([]);
    expect(call.attempts).toEqual([]);
  });

  it('says in a dry run what would go', async () => {
    const world = newWorld();
    const change = await world.port.delete(approved(), [{ name: 'www', type: 'CNAME' }], newCall({ dryRun: true }));
    expect(change).toMatchObject({
      changed: false,
      plan: { current: { 'CNAME www': `300 ${zone}.` }, change: { 'CNAME www': 'removed' }, providerChecked: false },
    });
    expect(world.changes()).toEqual([]);
  });
});
