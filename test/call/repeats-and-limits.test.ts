import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CallError } from '../../src/call/errors.ts';
import { agent, createHarness, errorOf, type Harness, outputOf, stop, tagged } from './harness.ts';

const marcus = agent('agent-marcus');

describe('idempotency keys', () => {
  let road: Harness;
  beforeEach(async () => {
    road = await createHarness();
  });
  afterEach(() => road.close());
  const keyed = (idempotencyKey: unknown, more: object = {}) => road.invoke({ principal: marcus, ...stop(tagged, more), idempotencyKey });

  it('give the stored outcome, not a second effect', async () => {
    const first = outputOf(await keyed('k1'));
    const again = await keyed('k1');
    expect(outputOf(again)).toEqual(first);
    expect(road.changed).toHaveLength(1);
    expect(road.entries.slice(-2)).toMatchObject([
      { phase: 'intent', callId: again.callId, replayOf: road.entries[0]?.callId },
      { phase: 'outcome', callId: again.callId, effect: 'none' },
    ]);
  });

  it('give a stored failure whose effect is not certain', async () => {
    road.onChange = async () => {
      throw new CallError('timeout', 'too slow', { remedy: 'look' });
    };
    await keyed('k1');
    road.onChange = async () => ({ previousState: 'running', state: 'stopped' });
    expect(errorOf(await keyed('k1'))).toMatchObject({ code: 'timeout', effect: 'unknown' });
    expect(road.changed).toHaveLength(1);
  });

  it('are free again after a call that did nothing', async () => {
    road.onChange = async () => {
      throw new CallError('provider_rejected', 'no', { remedy: 'x' });
    };
    expect(errorOf(await keyed('k1')).effect).toBe('none');
    road.onChange = async () => ({ previousState: 'running', state: 'stopped' });
    outputOf(await keyed('k1'));
    expect(road.changed).toHaveLength(2);
  });

  it('fit one set of arguments and one tool, and belong to one agent', async () => {
    await keyed('k1');
    expect(errorOf(await keyed('k1', { region: 'eu-north-1' }))).toMatchObject({ code: 'invalid_input', effect: 'none' });
    const restart = { principal: marcus, tool: 'instances_restart', input: { provider: 'aws', id: tagged }, idempotencyKey: 'k1' };
    expect(errorOf(await road.invoke(restart)).code).toBe('invalid_input');
    outputOf(await road.invoke({ principal: agent('agent-ziggie'), ...stop(tagged), idempotencyKey: 'k1' }));
    expect(road.changed).toHaveLength(2);
  });

  it('are claimed by one of many at once', async () => {
    let let_go = () => {};
    const gate = new Promise<void>((resolve) => {
      let_go = resolve;
    });
    road.onChange = async () => {
      await gate;
      return { previousState: 'running', state: 'stopped' };
    };
    const calls = Array.from({ length: 5 }, () => keyed('k1'));
    const early = await Promise.any(calls);
    expect(errorOf(early)).toMatchObject({ code: 'overloaded', retryable: true });
    let_go();
    const results = await Promise.all(calls);
    expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    expect(road.changed).toHaveLength(1);
  });

  it('tell of a call that was lost, and never repeat it', async () => {
    await road.invoke({ principal: marcus, ...stop(tagged) });
    const argsHash = road.entries[0]?.argsHash;
    road.store.claimIdempotency('agent-marcus', 'k9', `instances_stop:${argsHash}`, 'call_lost', Date.now() - 1_000, Date.now() - 1);
    expect(errorOf(await keyed('k9'))).toMatchObject({ code: 'outcome_unrecorded', effect: 'unknown' });
    expect(road.entries.at(-1)).toMatchObject({ phase: 'refused', errorCode: 'outcome_unrecorded' });
    expect(road.changed).toHaveLength(1);
  });

  it.each(['', ' ', 'ü', 'x'.repeat(129), 7, null])('refuse %j as a key', async (key) => {
    expect(errorOf(await keyed(key)).code).toBe('invalid_input');
    expect(road.changed).toEqual([]);
  });

  it('do not apply to dry runs', async () => {
    await keyed('k1', { dryRun: true });
    outputOf(await keyed('k1'));
    expect(road.changed).toHaveLength(1);
  });
});

describe('limits', () => {
  it('count calls a minute over all processes of a state folder', async () => {
    let clock = 1_000_000;
    const limits = { callsPerMinute: 5, callsAtOnce: 10 };
    const one = await createHarness({ limits, now: () => clock });
    const two = await createHarness({ limits, now: () => clock, folder: one.folder });
    for (const road of [one, two, one, two, one]) outputOf(await road.invoke({ principal: marcus, tool: 'access_whoami' }));
    expect(errorOf(await two.invoke({ principal: marcus, tool: 'access_whoami' }))).toMatchObject({
      code: 'quota_exceeded',
      effect: 'none',
      retryable: true,
      retryAfterMs: 60_000,
    });
    outputOf(await two.invoke({ principal: agent('agent-chen'), tool: 'access_whoami' }));
    clock += 60_001;
    outputOf(await two.invoke({ principal: marcus, tool: 'access_whoami' }));
    await two.close();
    await one.close();
  });

  it('count calls at once over all processes, and free a slot when a call ends', async () => {
    const limits = { callsPerMinute: 1_000, callsAtOnce: 1 };
    const one = await createHarness({ limits });
    const two = await createHarness({ limits, folder: one.folder });
    let during: unknown;
    one.onChange = async () => {
      during = errorOf(await two.invoke({ principal: marcus, ...stop(tagged) }));
      return { previousState: 'running', state: 'stopped' };
    };
    outputOf(await one.invoke({ principal: marcus, ...stop(tagged) }));
    expect(during).toMatchObject({ code: 'overloaded', effect: 'none', retryable: true });
    outputOf(await two.invoke({ principal: marcus, ...stop(tagged) }));
    await two.close();
    await one.close();
  });

  it('give back the slot of a process that died when its deadline has passed', async () => {
    let clock = 1_000_000;
    const road = await createHarness({ limits: { callsPerMinute: 1_000, callsAtOnce: 1 }, now: () => clock });
    road.store.admit('agent-marcus', 'call_dead', { callsPerMinute: 1_000, callsAtOnce: 1 }, clock, clock + 90_000);
    expect(errorOf(await road.invoke({ principal: marcus, ...stop(tagged) })).code).toBe('overloaded');
    clock += 90_001;
    outputOf(await road.invoke({ principal: marcus, ...stop(tagged) }));
    await road.close();
  });
});
