import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Machines } from '../../src/providers/hostinger/machines/index.ts';
import { createSandboxHostinger } from '../../src/providers/sandbox/hostinger/index.ts';
import { failure, newCall, resolved } from '../aws/harness.ts';
import { find, first, machinesOver, second, status, targetOf } from './machines-world.ts';
import { apiFor, exampleServers, type Stub, startStub } from './stub.ts';

let stub: Stub;
let machines: Machines;
beforeEach(async () => {
  stub = await startStub();
  machines = machinesOver(apiFor(stub));
});
afterEach(() => stub.close());

describe('start, stop and restart', () => {
  const posts = () => stub.requests.filter(({ method }) => method === 'POST').map(({ target }) => target.split('/').at(-1));

  it('wait for the state, and say how it goes', async () => {
    // On a slow machine the stub would be done before the first look.
    stub.fail(/actions/, status(200, { id: 1, name: 'stop', state: 'started' }));
    const call = newCall();
    expect(await machines.port.stop(await targetOf(machines, first), call)).toEqual({ previousState: 'running', state: 'stopped' });
    expect(call.messages[0]).toMatch(/stop of ziggie-main: \d+ s/);
    expect(call.attempts).toEqual(['applied']);
    expect(await machines.port.start(await targetOf(machines, first), newCall())).toEqual({ previousState: 'stopped', state: 'running' });
    expect(await machines.port.restart(await targetOf(machines, first), newCall())).toEqual({ previousState: 'running', state: 'running' });
    expect(posts()).toEqual(['stop', 'start', 'restart']);
  });

  it('ask for nothing when the machine is there already', async () => {
    const call = newCall();
    expect(await machines.port.start(await targetOf(machines, first), call)).toEqual({ previousState: 'running', state: 'running' });
    expect(posts()).toEqual([]);
    expect(call.attempts).toEqual([]);
  });

  it.each([
    ['start', {}],
    ['stop', { state: 'stopped' }],
    ['restart', { state: 'restarting' }],
  ] as const)('a dry run of %s sends nothing', async (verb, change) => {
    const call = newCall({ dryRun: true });
    expect(await machines.port[verb](await targetOf(machines, first), call)).toEqual({
      previousState: 'running',
      state: 'running',
      plan: { current: { state: 'running', name: 'ziggie-main', type: 'KVM 4' }, change, providerChecked: false },
    });
    expect(posts()).toEqual([]);
  });

  it('an action that fails is an error, of unknown effect', async () => {
    stub.fail(/actions/, status(200, { id: 8_123_713, name: 'ct_stop', state: 'error' }));
    const error = await failure(machines.port.stop(await targetOf(machines, first), newCall()));
    expect(error).toMatchObject({ code: 'provider_rejected', details: { effect: 'unknown', provider: { code: 'action error' } } });
    expect(error.message).toMatch(/8123713 \(ct_stop\)/);
  });

  it('a machine that is locked is a conflict without effect', async () => {
    const machine = await targetOf(machines, first);
    await machines.port.stop(machine, newCall({ waitMs: 0 }));
    const call = newCall();
    expect(await failure(machines.port.restart(machine, call))).toMatchObject({ code: 'provider_conflict' });
    expect(call.ledger.effect()).toBe('none');
  });

  it('what takes longer than the wait is told as it is', async () => {
    expect(await machines.port.stop(await targetOf(machines, first), newCall({ waitMs: 0 }))).toEqual({
      previousState: 'running',
      state: 'stopping',
    });
  });

  it('a look that fails does not fail the change', async () => {
    const machine = await targetOf(machines, first);
    stub.fail(/actions/, ...Array.from({ length: 4 }, () => status(500)));
    expect(await machines.port.stop(machine, newCall())).toEqual({ previousState: 'running', state: 'stopped' });
  });

  it('looks that are refused end the wait, and not the change', async () => {
    const machine = await targetOf(machines, first);
    stub.fail(/actions/, status(403));
    expect(await machines.port.stop(machine, newCall())).toEqual({ previousState: 'running', state: 'stopping' });
  });

  it('the machine itself is looked at when its action is done, for it may follow later', async () => {
    const machine = await targetOf(machines, first);
    stub.fail(/GET \S+\/1268054$/, status(200, { id: Number(first), hostname: 'x', state: 'stopping' }));
    expect(await machines.port.stop(machine, newCall())).toEqual({ previousState: 'running', state: 'stopped' });
  });

  it('a restart is sent once, a stop is repeated', async () => {
    const machine = await targetOf(machines, first);
    stub.fail(/POST/, status(503));
    expect(await failure(machines.port.restart(machine, newCall()))).toMatchObject({ code: 'provider_unavailable' });
    stub.fail(/POST/, status(503));
    expect(await machines.port.stop(machine, newCall())).toMatchObject({ state: 'stopped' });
    expect(posts()).toEqual(['restart', 'stop', 'stop']);
  });

  it('a cancelled wait says that the change goes on', async () => {
    const slow = await startStub({ settleMs: 60_000 });
    try {
      const from = machinesOver(apiFor(slow));
      const call = newCall();
      const asked = failure(from.port.stop(await targetOf(from, first), call));
      await slow.next(/actions/);
      call.cancel();
      const error = await asked;
      expect(error.code).toBe('cancelled');
      expect(error.message).toMatch(/had accepted it/);
      expect(call.ledger.effect()).toBe('applied');
    } finally {
      await slow.close();
    }
  });

  it('nothing is bought or deleted', async () => {
    const machine = await targetOf(machines, first);
    const spec = { name: 'x', instanceType: 'KVM 2', image: 'debian', region: 'dc-19', tags: {} };
    const account = resolved({
      type: 'Account',
      id: 'hostinger',
      provider: 'hostinger',
      account: 'hostinger',
      accountId: 'hostinger',
      regions: [],
      tags: {},
    });
    const before = stub.requests.length;
    expect(await failure(machines.port.terminate(machine, newCall()))).toMatchObject({ code: 'provider_rejected' });
    expect(await failure(machines.port.launch(account, spec, newCall()))).toMatchObject({ code: 'provider_rejected' });
    expect(stub.requests).toHaveLength(before);
  });
});

describe('the sandbox', () => {
  it('is the same Hostinger below the same client', async () => {
    const sandbox = createSandboxHostinger({ servers: exampleServers, settleMs: 10 });
    let token: string | undefined;
    const from = machinesOver(
      apiFor({ url: 'https://developers.hostinger.com' }, { dispatcher: sandbox.dispatcher, token: async () => (token = 'sandbox') }),
    );
    const { instances } = await from.port.list([], { limit: 25 }, newCall());
    expect(instances.map(({ id }) => id)).toEqual([first, second]);
    const machine = await targetOf(from, 'ziggie-main');
    expect(await from.port.get(machine, newCall())).toMatchObject({ providerState: 'running' });
    expect(await from.port.stop(machine, newCall())).toMatchObject({ state: 'stopped' });
    expect(await from.port.start(await targetOf(from, first), newCall())).toMatchObject({ previousState: 'stopped', state: 'running' });
    expect(await failure(find(from, '999'))).toMatchObject({ code: 'target_unresolved', details: {} });
    expect(token).toBe('sandbox');
    expect(stub.requests).toHaveLength(0);
  });

  it('ends a read with its call', async () => {
    const sandbox = createSandboxHostinger({ servers: exampleServers });
    const call = newCall();
    const asked = machinesOver(apiFor({ url: 'https://developers.hostinger.com' }, { dispatcher: sandbox.dispatcher }));
    call.cancel();
    expect(await failure(asked.port.list([], { limit: 1 }, call))).toMatchObject({ code: 'cancelled' });
  });
});
