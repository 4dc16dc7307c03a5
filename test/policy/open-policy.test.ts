import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { registryHash } from '../../src/policy/schema.ts';
import { settledChanges } from '../../src/policy/source.ts';
import { alice, chen, folderOf, marcus, open, operations, permitAll, policy, question, world } from './fixtures.ts';

/** For a busy machine; a change is noticed within milliseconds. */
const patience = { timeout: 15_000 };
const noWrites = policy('no-writes', 'forbid(principal, action in Ziggie::Action::"Write", resource);');

describe('no policy, no start', () => {
  it.each<[string, Record<string, string>]>([
    ['an empty folder', {}],
    ['a folder of other things', { 'notes.txt': permitAll }],
    ['a file without a policy', { 'policy.cedar': '// nothing yet\n' }],
    ['one empty file among others', { 'policy.cedar': permitAll, 'chen.cedar': '' }],
    ['a misspelt ending', { 'policy.cedar': permitAll, 'chen.ceder': noWrites }],
    ['an ending in capitals', { 'policy.cedar': permitAll, 'chen.CEDAR': noWrites }],
    ['a template', { 'policy.cedar': policy('t', 'permit(principal == ?principal, action, resource);') }],
    ['a file cut short', { 'policy.cedar': permitAll.slice(0, -3) }],
  ])('with %s', async (_, files) => {
    await expect(open('', { folder: folderOf(files) })).rejects.toThrow();
  });

  it('with no folder, or policies in a folder below', async () => {
    const folder = folderOf({ 'policy.cedar': permitAll });
    await expect(open('', { folder: join(folder, 'nowhere') })).rejects.toThrow('cannot be read');
    mkdirSync(join(folder, 'production'));
    await expect(open('', { folder })).rejects.toThrow('not read');
  });

  it('with bytes that are not UTF-8', async () => {
    const folder = folderOf({ 'policy.cedar': permitAll });
    writeFileSync(join(folder, 'chen.cedar'), Buffer.from([0x66, 0xff, 0xfe]));
    await expect(open('', { folder })).rejects.toThrow('not UTF-8');
  });
});

describe('a decision', () => {
  it('is a deny where nothing permits, with the nearest permit for the same principal', async () => {
    const text =
      policy(
        'tagged',
        'permit(principal == Ziggie::Agent::"agent-marcus", action == Ziggie::Action::"instances_stop", resource) when { resource.hasTag("Project") };',
      ) +
      policy('ziggie', 'permit(principal in Ziggie::Team::"coordinator", action in Ziggie::Action::"Write", resource);') +
      policy('launch', 'permit(principal == Ziggie::Agent::"agent-marcus", action == Ziggie::Action::"instances_launch", resource);') +
      policy('reads', 'permit(principal is Ziggie::Human, action in Ziggie::Action::"Read", resource);');
    const { policy: opened } = await open(text);
    expect(await opened.decide(question())).toEqual({ allow: false, policyIds: ['tagged'], advice: ['advice of tagged'] });
    // Chen has no permit of her own for this: she is told who has.
    expect(await opened.decide(question({}, { principal: chen }))).toMatchObject({ policyIds: ['tagged', 'ziggie'] });
    expect(await opened.decide(question({}, { tool: 'instances_terminate' }))).toEqual({ allow: false, policyIds: [], advice: [] });
    expect(await opened.decide(question({ Project: 'x' }))).toEqual({ allow: true, policyIds: ['tagged'], advice: [] });
    expect((await opened.decide(question({}, { principal: alice, tool: 'instances_get' }))).allow).toBe(true);
  });

  it('names the forbids that fired, at most three advices, each once', async () => {
    const forbids = ['a', 'b', 'c', 'd', 'e'].map((id) =>
      policy(id, 'forbid(principal, action, resource);', id === 'e' ? 'advice of a' : undefined),
    );
    const { policy: opened } = await open(permitAll + forbids.join(''));
    const { policyIds, advice } = await opened.decide(question());
    expect([...policyIds].sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(advice).toHaveLength(3);
    expect(new Set(advice).size).toBe(3);
  });

  it('never answers with policy text', async () => {
    const { policy: opened } = await open(permitAll + noWrites);
    expect(JSON.stringify(await opened.decide(question()))).not.toMatch(/forbid|permit\(|Ziggie::/);
  });

  it('is a deny for a tool that does not exist, and after closing', async () => {
    const { policy: opened } = await open(permitAll);
    expect((await opened.decide(question({}, { tool: 'instances_fly' }))).allow).toBe(false);
    expect((await opened.decide(question())).allow).toBe(true);
    opened.close();
    expect((await opened.decide(question())).allow).toBe(false);
  });

  it('sees accounts as parents of instances', async () => {
    const { policy: opened } = await open(
      permitAll + policy('hands-off', 'forbid(principal, action in Ziggie::Action::"Write", resource in Ziggie::Account::"main");'),
    );
    expect((await opened.decide(question())).policyIds).toEqual(['hands-off']);
    const elsewhere = { ...question().target, account: 'staging' } as ReturnType<typeof question>['target'];
    expect((await opened.decide(question({}, { target: elsewhere }))).allow).toBe(true);
  });
});

describe('the hash', () => {
  it('covers policies and schema', async () => {
    const one = await open(permitAll);
    const same = await open(permitAll);
    const other = await open(permitAll + noWrites);
    const fewer = await open(permitAll, { operations: operations.slice(1) });
    const built = await open(permitAll, { registryHash: registryHash(operations) });
    expect(one.policy.hash()).toMatch(/^[0-9a-f]{64}$/);
    expect(same.policy.hash()).toBe(one.policy.hash());
    expect(built.policy.hash()).toBe(one.policy.hash());
    expect(new Set([one, other, fewer].map(({ policy: { hash } }) => hash())).size).toBe(3);
  });
});

describe('a change of the folder', () => {
  it('is taken over while running, decisions, visible tools and hash', async () => {
    const { policy: opened, folder, reloads } = await open(permitAll);
    const before = opened.hash();
    expect((await opened.decide(question())).allow).toBe(true);
    writeFileSync(join(folder, '.swap'), noWrites);
    renameSync(join(folder, '.swap'), join(folder, 'no-writes.cedar'));
    await vi.waitFor(() => expect(reloads).toEqual([{ ok: true, problems: [] }]), patience);
    expect((await opened.decide(question())).policyIds).toEqual(['no-writes']);
    expect(opened.visibleTools(marcus)).not.toContain('instances_stop');
    expect(opened.hash()).not.toBe(before);
    rmSync(join(folder, 'no-writes.cedar'));
    await vi.waitFor(() => expect(reloads).toHaveLength(2), patience);
    expect((await opened.decide(question())).allow).toBe(true);
    expect(opened.hash()).toBe(before);
  });

  it('is seen when the whole folder was swapped', async () => {
    const { policy: opened, folder, reloads } = await open(permitAll);
    const next = folderOf({ 'policy.cedar': permitAll + noWrites });
    renameSync(folder, `${folder}-old`);
    renameSync(next, folder);
    await vi.waitFor(() => expect(reloads.at(-1)).toEqual({ ok: true, problems: [] }), patience);
    rmSync(`${folder}-old`, { recursive: true });
    expect((await opened.decide(question())).allow).toBe(false);
  });

  it.each<[string, string]>([
    ['does not parse', 'permit(principal, action resource);'],
    ['warns', policy('never', 'permit(principal is Ziggie::Human, action, resource) when { principal is Ziggie::Agent };')],
    ['names nobody', policy('typo', 'forbid(principal == Ziggie::Agent::"agent-chn", action, resource);')],
    ['holds no policy', ''],
  ])('that %s leaves the last good set in force and says so', async (_, text) => {
    const { policy: opened, folder, reloads } = await open(permitAll + noWrites);
    const before = opened.hash();
    writeFileSync(join(folder, 'policy.cedar'), text);
    await vi.waitFor(() => expect(reloads).toHaveLength(1), patience);
    expect(reloads[0]).toMatchObject({ ok: false, problems: [{ file: join(folder, 'policy.cedar'), line: expect.any(Number) }] });
    expect(opened.status()).toMatchObject({ status: 'degraded', hash: before, problems: [{ line: expect.any(Number) }] });
    expect((await opened.decide(question())).policyIds).toEqual(['no-writes']);
    expect((await opened.decide(question({}, { tool: 'instances_get' }))).allow).toBe(true);
    writeFileSync(join(folder, 'policy.cedar'), permitAll + noWrites);
    await vi.waitFor(() => expect(reloads).toHaveLength(2), patience);
    expect(opened.status()).toEqual({ status: 'ok', hash: before, problems: [] });
  });

  it('that takes the folder away leaves the last good set in force', async () => {
    const { policy: opened, folder, reloads } = await open(permitAll);
    rmSync(folder, { recursive: true });
    await vi.waitFor(() => expect(reloads).toMatchObject([{ ok: false }]), patience);
    expect((await opened.decide(question())).allow).toBe(true);
  });

  it('is nobody’s business after closing', async () => {
    const { policy: opened, folder, reloads } = await open(permitAll);
    opened.close();
    writeFileSync(join(folder, 'policy.cedar'), permitAll + noWrites);
    await opened.reload();
    expect(reloads).toEqual([]);
    expect((await opened.decide(question())).allow).toBe(false);
  });

  it('made before the first decision decides it', async () => {
    const first = await open(permitAll);
    const second = await open('', { folder: first.folder, cacheFile: first.cacheFile });
    writeFileSync(join(first.folder, 'policy.cedar'), permitAll + noWrites);
    expect(await second.policy.reload()).toEqual({ ok: true, problems: [] });
    expect((await second.policy.decide(question())).policyIds).toEqual(['no-writes']);
  });
});

describe('a file that is being written', () => {
  it('counts once two looks agree, and once only', () => {
    const changed = settledChanges();
    const looks = ['a', 'a', 'a', 'b', 'c', 'c', 'c', undefined, undefined, 'c', 'a', 'c', 'c'];
    expect(looks.map((look) => changed(look))).toEqual([
      false,
      true,
      false,
      false,
      false,
      true,
      false,
      false,
      true,
      false,
      false,
      false,
      true,
    ]);
  });
});

describe('the registry', () => {
  it('may not have two tools of one name, or a tool named like a group', () => {
    const [first] = world.operations;
    if (!first) throw new Error('no operations');
    expect(() => registryHash([first, first])).toThrow('instances_get');
    expect(() => registryHash([{ ...first, name: 'instances' }])).toThrow('instances');
  });
});
