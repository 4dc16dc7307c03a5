import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TargetRef } from '../../src/ports/domain.ts';
import type { Machines } from '../../src/providers/hostinger/machines/index.ts';
import { failure, newCall } from '../aws/harness.ts';
import { find, first, machinesOver, second, status, targetOf } from './machines-world.ts';
import { apiFor, type Stub, startStub } from './stub.ts';

let stub: Stub;
let machines: Machines;
beforeEach(async () => {
  stub = await startStub();
  machines = machinesOver(apiFor(stub));
});
afterEach(() => stub.close());

describe('the resolver', () => {
  it('gives what Hostinger says and the tags of ziggie.yaml', async () => {
    const expected = {
      type: 'Instance',
      id: first,
      provider: 'hostinger',
      account: 'hostinger',
      accountId: 'hostinger',
      region: 'dc-19',
      name: 'ziggie-main',
      state: 'running',
      instanceType: 'KVM 4',
      tags: { Project: 'Ziggie', team: 'backend' },
    };
    expect(await find(machines, first)).toEqual(expected);
    expect(await find(machines, 'ziggie-main')).toEqual(expected);
    expect(await find(machines, second)).toMatchObject({ name: 'ziggie-staging.ziggie.example', tags: {} });
  });

  it('asks nobody offline, and claims no state then', async () => {
    expect(await find(machines, 'ziggie-main', { offline: true })).toMatchObject({
      id: first,
      state: 'unknown',
      region: 'unknown',
      tags: { team: 'backend' },
    });
    expect(await find(machines, 'elsewhere', { offline: true })).toMatchObject({ id: 'elsewhere', name: 'elsewhere', state: 'unknown' });
    expect(await find(machines, first, { offline: true })).toMatchObject({ name: 'ziggie-main' });
    expect(stub.requests).toHaveLength(0);
  });

  it.each(['..', '%2e%2e', '1.5', '-1', '0', '01', '1e3', '../firewall', ' 1', '99999999999999999999', '9999999999999999', ''])(
    '%j is refused before anybody is asked',
    async (id) => {
      expect(await failure(find(machines, id))).toMatchObject({ code: 'invalid_input' });
      expect(await failure(find(machines, id, { offline: true }))).toMatchObject({ code: 'invalid_input' });
      expect(stub.requests).toHaveLength(0);
    },
  );

  it.each<[string, Partial<TargetRef<'Instance'>>, string, RegExp]>([
    ['999', {}, 'target_unresolved', /instances_list/],
    ['nowhere', {}, 'target_unresolved', /ziggie-main, elsewhere/],
    [second, { offline: true }, 'target_unresolved', /ziggie-main/],
    ['elsewhere', {}, 'provider_not_configured', /ziggie\.yaml/],
    [first, { region: 'dc-20' }, 'target_unresolved', /region/],
    [first, { account: 'main' }, 'provider_not_configured', /hostinger/],
  ])('%s %j is %s', async (id, ref, code, remedy) => {
    const error = await failure(find(machines, id, ref));
    expect(error.code).toBe(code);
    expect(error.details.remedy).toMatch(remedy);
  });

  it('takes no other machine for the one that was asked for', async () => {
    stub.fail(/virtual-machines\/1268054/, status(200, { id: 1_268_055, hostname: 'x', state: 'running' }));
    expect(await failure(find(machines, first))).toMatchObject({ code: 'target_unresolved' });
  });

  it('says when Hostinger is down, which is not the same as absent', async () => {
    stub.fail(/./, ...Array.from({ length: 4 }, () => status(503)));
    expect(await failure(find(machines, first))).toMatchObject({ code: 'provider_unavailable' });
  });
});

describe('list and get', () => {
  it('lists rows by number', async () => {
    expect(await machines.port.list([], { limit: 25 }, newCall())).toEqual({
      instances: [
        { provider: 'hostinger', id: first, name: 'ziggie-main', state: 'running', type: 'KVM 4', region: 'dc-19' },
        { provider: 'hostinger', id: second, name: 'ziggie-staging.ziggie.example', state: 'running', type: 'KVM 2', region: 'dc-19' },
      ],
    });
  });

  it('goes on with a cursor, and refuses any other', async () => {
    const { instances, nextCursor = '' } = await machines.port.list([], { limit: 1 }, newCall());
    expect(instances.map(({ id }) => id)).toEqual([first]);
    const next = await machines.port.list([], { limit: 1, cursor: nextCursor }, newCall());
    expect(next.instances.map(({ id }) => id)).toEqual([second]);
    expect(next.nextCursor).toBeUndefined();
    for (const cursor of ['x', '', Buffer.from('{"after":-1}').toString('base64url'), Buffer.from('null').toString('base64url')]) {
      expect(await failure(machines.port.list([], { limit: 1, cursor }, newCall()))).toMatchObject({ code: 'invalid_input' });
    }
  });

  it('filters by state and by tag', async () => {
    const ids = async (query: object) => (await machines.port.list([], { limit: 25, ...query }, newCall())).instances.map(({ id }) => id);
    expect(await ids({ state: 'stopped' })).toEqual([]);
    expect(await ids({ state: 'running' })).toEqual([first, second]);
    expect(await ids({ tag: { key: 'team', value: 'backend' } })).toEqual([first]);
    expect(await ids({ tag: { key: 'team', value: 'frontend' } })).toEqual([]);
  });

  it('tells all of one machine', async () => {
    expect(await machines.port.get(await targetOf(machines, first), newCall())).toMatchObject({
      id: first,
      account: 'hostinger',
      providerState: 'running',
      image: 'Debian 13',
      publicIp: '203.0.113.10',
      securityGroups: ['65224'],
      subscription: `AzZXkT${first}`,
      tags: { Project: 'Ziggie', team: 'backend' },
    });
  });

  it.each([
    ['starting', 'pending'],
    ['initial', 'pending'],
    ['restoring', 'pending'],
    ['suspended', 'stopped'],
    ['stopping_recovery', 'restarting'],
    ['destroying', 'terminating'],
    ['destroyed', 'terminated'],
    ['recovery', 'unknown'],
    ['error', 'unknown'],
    ['constructor', 'unknown'],
  ])('%s is %s in the words of all clouds, and kept', async (state, expected) => {
    stub.fail(/./, status(200, { id: 1_268_054, hostname: 'x', state }));
    stub.fail(/./, status(200, { id: 1_268_054, hostname: 'x', state }));
    expect(await machines.port.get(await targetOf(machines, first), newCall())).toMatchObject({ state: expected, providerState: state });
  });
});
