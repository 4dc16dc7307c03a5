import fc from 'fast-check';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ports } from '../../src/call/operation.ts';
import { parseInput } from '../../src/call/parse.ts';
import { projectOutput } from '../../src/call/project.ts';
import { createRedactor } from '../../src/call/redact.ts';
import type { DnsChange, DnsPage, DnsSnapshotPage } from '../../src/ports/dns.ts';
import type { DnsZoneTarget, Principal, TargetRef } from '../../src/ports/domain.ts';
import { createDns } from '../../src/providers/hostinger/dns/index.ts';
import { operations } from '../../src/tools/index.ts';
import { failure, newCall, resolved, type TestCall } from '../aws/harness.ts';
import { newWorld, zone } from './dns-world.ts';
import { apiFor, type Stub, startStub } from './stub.ts';

/** The tools over a real connection, as the road takes them: parse, resolve, run, declared shape. */

const agent: Principal = { kind: 'agent', id: 'agent-marcus', teams: [], toolsets: ['dns'] };
type Dns = ReturnType<typeof createDns>;

function toolOf(name: string) {
  const tool = operations.find((operation) => operation.name === name);
  if (!tool) throw new Error(`no tool ${name}`);
  return tool;
}

function inputOf(name: string, raw: unknown) {
  const tool = toolOf(name);
  const { input, dryRun } = parseInput(tool, raw);
  const [ref] = tool.targets(input, agent) as TargetRef<'DnsZone'>[];
  if (!ref) throw new Error('no target');
  return { tool, input, dryRun, ref };
}

async function use<T>(
  { port, resolvers }: Dns,
  name: string,
  raw: object,
  call: TestCall = newCall(),
): Promise<{ output: T; target: DnsZoneTarget }> {
  const { tool, input, dryRun, ref } = inputOf(name, raw);
  const { targets } = await resolvers.DnsZone(ref, call);
  const target = resolved(targets[0] as DnsZoneTarget);
  const run = { ...call, dryRun, principal: agent, secretValue: async (text: string) => text };
  const output = tool.output.parse(await tool.run({ dns: port } as Ports, [target], input, run));
  return { output: output as T, target };
}

const refused = (name: string, raw: unknown) => failure(Promise.resolve().then(() => inputOf(name, raw)));

describe('over HTTP', () => {
  let stub: Stub;
  let dns: Dns;
  beforeEach(async () => {
    stub = await startStub();
    dns = createDns({ api: apiFor(stub), zones: [zone], pollMs: 1 });
  });
  afterEach(() => stub.close());

  it('a record is set, listed, deleted and brought back', async () => {
    const { output: set } = await use<DnsChange>(dns, 'dns_upsert_records', {
      zone,
      records: [{ name: 'api', type: 'A', ttl: 300, values: ['192.0.2.1'] }],
    });
    expect(set).toMatchObject({ zone, added: ['A api 300 192.0.2.1'], removed: [], changed: true, snapshot: expect.any(Number) });
    const { output: listed } = await use<DnsPage>(dns, 'dns_list_records', { zone, name: 'api' });
    expect(listed).toEqual({ records: [{ name: 'api', type: 'A', ttl: 300, values: ['192.0.2.1'] }] });
    const { output: gone } = await use<DnsChange>(dns, 'dns_delete_records', { zone, records: [{ name: 'api', type: 'A' }] });
    expect(gone).toMatchObject({ removed: ['A api 300 192.0.2.1'], changed: true });
    const { output: history } = await use<DnsSnapshotPage>(dns, 'dns_list_snapshots', { zone });
    expect(history.snapshots.map(({ id }) => id)).toContain(gone.snapshot);
    const { output: back } = await use<DnsChange>(dns, 'dns_restore_snapshot', { zone, snapshot: gone.snapshot });
    expect(back).toMatchObject({ added: ['A api 300 192.0.2.1'], changed: true });
  });

  it('a change whose answer was lost is made once, and told as made', async () => {
    stub.fail(/^PUT/, { kind: 'reset-after', acts: true });
    const call = newCall();
    const { output } = await use<DnsChange>(
      dns,
      'dns_upsert_records',
      { zone, records: [{ name: 'api', type: 'A', values: ['192.0.2.1'] }] },
      call,
    );
    expect(output).toMatchObject({ changed: true, added: ['A api 14400 192.0.2.1'] });
    expect(call.attempts).toEqual(['unknown', 'applied']);
    const { output: listed } = await use<DnsPage>(dns, 'dns_list_records', { zone, name: 'api' });
    expect(listed.records).toMatchObject([{ values: ['192.0.2.1'] }]);
  });

  it('the target knows what each tool takes away', async () => {
    const apex = { name: '@', type: 'A', values: ['192.0.2.1'] };
    const dryRun = true;
    const protectedBy = async (name: string, raw: object) => (await use(dns, name, { zone, dryRun, ...raw })).target.removesProtected;
    expect(await protectedBy('dns_upsert_records', { records: [apex] })).toBe(false);
    expect(await protectedBy('dns_upsert_records', { records: [apex], replace: true })).toBe(true);
    expect(await protectedBy('dns_delete_records', { records: [{ name: '@', type: 'NS' }] })).toBe(true);
    expect(await protectedBy('dns_delete_records', { records: [{ name: 'www', type: 'CNAME' }] })).toBe(false);
    const set = await use<DnsChange>(dns, 'dns_upsert_records', { zone, records: [apex] });
    expect(await protectedBy('dns_restore_snapshot', { snapshot: set.output.snapshot })).toBe(true);
    expect(stub.count(/^(PUT|DELETE)|restore$/)).toBe(1);
  });

  it('a value comes back as long as it may be set: what is shown is what somebody would put back', async () => {
    const record = { name: `${'a.'.repeat(40)}key`, type: 'TXT', values: ['x'.repeat(4_096)] };
    const line = `TXT ${record.name} 604800 ${record.values[0]}`;
    const shown = async <T>(name: string, raw: object) => {
      const { output } = await use<object>(dns, name, { zone, ...raw });
      return projectOutput(toolOf(name), output, createRedactor()) as T;
    };
    const set = await shown<DnsChange>('dns_upsert_records', { records: [{ ...record, ttl: 604_800 }] });
    expect(set.added).toEqual([line]);
    const listed = await shown<DnsPage>('dns_list_records', { name: record.name });
    expect(listed.records[0]?.values).toEqual(record.values);
    const gone = await shown<DnsChange>('dns_delete_records', { records: [{ name: record.name, type: 'TXT' }] });
    expect(gone.removed).toEqual([line]);
  });

  it('a page of records costs few tokens', async () => {
    const values = Array.from({ length: 25 }, (_, index) => ({ name: `host-${index}`, type: 'A', values: [`192.0.2.${index}`] }));
    await use(dns, 'dns_upsert_records', { zone, records: values });
    const { output } = await use<DnsPage>(dns, 'dns_list_records', { zone });
    expect(output.records).toHaveLength(25);
    expect(encode(JSON.stringify(output)).length).toBeLessThan(2_000);
    expect(output.nextCursor).toBeDefined();
  });
});

describe('input is refused', () => {
  const record = { name: 'www', type: 'A', values: ['192.0.2.1'] };
  it.each<[string, object]>([
    ['a zone in capitals', { zone: 'Ziggie.example', records: [record] }],
    ['a zone with a final dot', { zone: `${zone}.`, records: [record] }],
    ['a zone that climbs', { zone: '..', records: [record] }],
    ['the full name of a record', { zone, records: [{ ...record, name: `www.${zone}` }] }],
    ['the zone by its full name', { zone, records: [{ ...record, name: zone }] }],
    ['an empty name', { zone, records: [{ ...record, name: '' }] }],
    ['a name with a final dot', { zone, records: [{ ...record, name: 'www.' }] }],
    ['a name in capitals', { zone, records: [{ ...record, name: 'WWW' }] }],
    ['a name with a slash', { zone, records: [{ ...record, name: 'a/b' }] }],
    ['a star that is no label of its own', { zone, records: [{ ...record, name: 'a*' }] }],
    ['a type that the API has not', { zone, records: [{ ...record, type: 'PTR' }] }],
    ['the same name and type twice', { zone, records: [record, record] }],
    ['no values', { zone, records: [{ ...record, values: [] }] }],
    ['an empty value', { zone, records: [{ ...record, values: [''] }] }],
    ['a value of several lines', { zone, records: [{ ...record, values: ['192.0.2.1\n@ NS ns.example.'] }] }],
    ['a value with a tab', { zone, records: [{ ...record, values: ['10\tmx.example'] }] }],
    ['a value that is too long', { zone, records: [{ ...record, values: ['x'.repeat(4_097)] }] }],
    ['a TTL that is no number of seconds', { zone, records: [{ ...record, ttl: 1.5 }] }],
    ['a TTL beyond a week', { zone, records: [{ ...record, ttl: 604_801 }] }],
    ['more than 50 sets', { zone, records: Array.from({ length: 51 }, (_, index) => ({ ...record, name: `w${index}` })) }],
    ['unknown keys', { zone, records: [record], overwrite: true }],
  ])('%s', async (_, raw) => {
    expect((await refused('dns_upsert_records', raw)).code).toBe('invalid_input');
  });

  it('with the name to write instead', async () => {
    expect((await refused('dns_delete_records', { zone, records: [{ name: zone, type: 'A' }] })).message).toContain('write @,');
    expect((await refused('dns_delete_records', { zone, records: [{ name: `a.b.${zone}`, type: 'A' }] })).message).toContain('write a.b,');
  });

  it.each(['@', '*', '*.lab', '_dmarc', 'hostingermail-a._domainkey', 'a.b.c', 'x'.repeat(63)])('but not the name %s', (name) => {
    expect(() => inputOf('dns_delete_records', { zone, records: [{ name, type: 'TXT' }] })).not.toThrow();
  });
});

describe('whatever is written', () => {
  const odd = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
    fc.string({ unit: fc.constantFrom('"', '\\', "'", '\n', ';', '$', '(', ' ', 'ä', '\u202e', '\0', '.', '/', '@'), maxLength: 12 }),
  );

  it('a value reaches the API letter for letter, or not at all', async () => {
    let sent = 0;
    await fc.assert(
      fc.asyncProperty(odd, async (value) => {
        const world = newWorld();
        const dns = createDns({ api: world.api, zones: [zone], pollMs: 1 });
        const raw = { zone, records: [{ name: 'text', type: 'TXT', values: [value] }] };
        const parsed = await Promise.resolve()
          .then(() => inputOf('dns_upsert_records', raw))
          .catch(() => undefined);
        if (!parsed) return;
        await use(dns, 'dns_upsert_records', raw);
        expect(world.changes().map(({ body }) => body)).toEqual([
          { overwrite: false, zone: [{ name: 'text', type: 'TXT', ttl: 14_400, records: [{ content: value }] }] },
        ]);
        expect(value).not.toMatch(/\p{Cc}/u);
        sent += 1;
      }),
      { numRuns: 200 },
    );
    expect(sent).toBeGreaterThan(20);
  });

  it('a name that is taken names one place below the zone', () => {
    fc.assert(
      fc.property(odd, (name) => {
        try {
          inputOf('dns_delete_records', { zone, records: [{ name, type: 'A' }] });
        } catch {
          return;
        }
        expect(name).toMatch(/^(@|[a-z0-9_*.-]+)$/);
        expect(name.split('.').every((label) => label.length > 0 && label.length <= 63)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
