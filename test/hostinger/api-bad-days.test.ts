import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { HostingerApiOptions } from '../../src/providers/hostinger/api/index.ts';
import { createLimiter } from '../../src/providers/hostinger/api/limiter.ts';
import { createGuard } from '../../src/resilience/guard.ts';
import { failure, newCall } from '../aws/harness.ts';
import { anything, listing, status, stopping } from './requests.ts';
import { apiFor, type Fault, type Stub, startStub } from './stub.ts';

let stub: Stub;
beforeEach(async () => {
  stub = await startStub();
});
afterEach(() => stub.close());

describe('repetition', () => {
  it.each<[string, Fault]>([
    ['500', status(500)],
    ['503 in HTML', { kind: 'text', status: 503, text: '<html>' }],
    ['429', status(429, undefined, { 'retry-after': '0' })],
    ['a reset', { kind: 'reset-after', acts: false }],
  ])('a read is asked again after %s', async (_, fault) => {
    stub.fail(/./, fault, fault);
    await expect(listing(apiFor(stub))).resolves.toHaveLength(2);
    expect(stub.requests).toHaveLength(3);
  });

  it('a natural change is sent again, and each attempt is in the ledger', async () => {
    stub.fail(/stop/, status(503), { kind: 'reset-after', acts: false }, status(429, undefined, { 'retry-after': '0' }));
    const call = newCall();
    await stopping(apiFor(stub), 'natural', call);
    expect(call.attempts).toEqual(['unknown', 'unknown', 'refused', 'applied']);
  });

  it.each<[string, Fault, string]>([
    ['503', status(503), 'unknown'],
    ['a lost answer', { kind: 'reset-after', acts: true }, 'unknown'],
    ['429', status(429, undefined, { 'retry-after': '0' }), 'none'],
  ])('what must happen once is not sent again after %s', async (_, fault, effect) => {
    stub.fail(/stop/, fault);
    const call = newCall();
    await failure(stopping(apiFor(stub), 'never', call));
    expect(stub.requests).toHaveLength(1);
    expect(call.ledger.effect()).toBe(effect);
  });

  it('ends after four attempts', async () => {
    stub.fail(/./, ...Array.from({ length: 9 }, () => status(500)));
    expect(await failure(listing(apiFor(stub)))).toMatchObject({ code: 'provider_unavailable', details: { retryable: true } });
    expect(stub.requests).toHaveLength(4);
  });

  it('waits as long as Retry-After says, and so does everybody else', async () => {
    stub.fail(/./, status(429, undefined, { 'retry-after': '1' }));
    const api = apiFor(stub);
    const startedAt = Date.now();
    const first = listing(api);
    await stub.next(/./);
    await Promise.all([first, listing(api)]);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(990);
    expect(stub.requests).toHaveLength(3);
  });

  it.each([
    ['seconds', () => '120'],
    ['a date', () => new Date(Date.now() + 121_000).toUTCString()],
  ])('gives up at once when Retry-After in %s is beyond the deadline, and holds the next call too', async (_, value) => {
    stub.fail(/./, status(429, undefined, { 'retry-after': value() }));
    const api = apiFor(stub);
    const error = await failure(listing(api));
    expect(error).toMatchObject({ code: 'provider_throttled', details: { provider: { status: 429 } } });
    expect(error.details.retryAfterMs).toBeGreaterThan(100_000);
    expect(error.details.retryAfterMs).toBeLessThanOrEqual(121_000);
    expect(await failure(listing(api))).toMatchObject({ code: 'provider_throttled' });
    expect(stub.requests).toHaveLength(1);
  });
});

describe('the limit', () => {
  const limited = (options: Partial<HostingerApiOptions> = {}) => apiFor(stub, { limit: { burst: 3, perMinute: 6 }, ...options });
  const soon = () => newCall({ deadlineAt: Date.now() + 3_000 });

  it('lets a burst out and refuses what cannot go before its deadline', async () => {
    const api = limited();
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => listing(api, soon())));
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect(stub.requests).toHaveLength(3);
    const error = await failure(listing(api, soon()));
    expect(error.code).toBe('provider_throttled');
    expect(error.details.retryAfterMs).toBeGreaterThan(3_000);
  });

  it('is twenty at once unless somebody says otherwise: each process on a machine has its own, and Hostinger counts them together', async () => {
    const api = limited({ limit: undefined });
    await Promise.allSettled(Array.from({ length: 25 }, () => listing(api, newCall({ deadlineAt: Date.now() + 1_000 }))));
    expect(stub.requests).toHaveLength(20);
  });

  it('makes a call wait that has the time', async () => {
    const api = limited({ limit: { burst: 2, perMinute: 600 } });
    await Promise.all(Array.from({ length: 5 }, () => listing(api)));
    expect(stub.requests).toHaveLength(5);
  });

  it('follows what Hostinger says is left', async () => {
    const api = limited();
    stub.fail(/./, status(200, [], { 'x-ratelimit-remaining': '0' }));
    await listing(api);
    expect(await failure(listing(api, soon()))).toMatchObject({ code: 'provider_throttled' });
    expect(stub.requests).toHaveLength(1);
  });

  it('counts nothing in the ledger for what it held back', async () => {
    const api = limited({ limit: { burst: 1, perMinute: 12 } });
    await listing(api);
    const call = newCall();
    const waiting = failure(stopping(api, 'natural', call));
    call.cancel();
    expect(await waiting).toMatchObject({ code: 'cancelled' });
    expect(await failure(stopping(api, 'natural', newCall({ deadlineAt: Date.now() + 500 })))).toMatchObject({
      code: 'provider_throttled',
    });
    expect(call.attempts).toEqual([]);
    expect(stub.requests).toHaveLength(1);
  });

  it('gives the place of who left to the next', async () => {
    const limiter = createLimiter({ burst: 1, perMinute: 120 });
    const { signal } = new AbortController();
    await limiter.take(Number.POSITIVE_INFINITY, signal);
    const leaving = new AbortController();
    const left = limiter.take(Number.POSITIVE_INFINITY, leaving.signal);
    leaving.abort();
    await expect(left).rejects.toThrow();
    // Half a second later is its turn; behind the other it would be a whole one.
    await expect(limiter.take(Date.now() + 800, signal)).resolves.toBeUndefined();
  });
});

describe('the circuit', () => {
  it('opens for one group, and the others go on', async () => {
    const guard = createGuard();
    const api = apiFor(stub, { guard });
    stub.fail(/vps/, ...Array.from({ length: 40 }, () => status(500)));
    for (let round = 0; round < 6; round += 1) await failure(listing(api));
    const seen = stub.requests.length;
    expect(await failure(listing(api))).toMatchObject({ code: 'circuit_open' });
    expect(stub.requests).toHaveLength(seen);
    await expect(api.ask({ tool: 'billing_getSubscriptionListV1' }, z.array(anything), newCall())).resolves.not.toHaveLength(0);
    expect(guard.circuits()).toEqual([
      expect.objectContaining({ provider: 'hostinger', account: 'hostinger', region: 'global', service: 'vps', state: 'open' }),
      expect.objectContaining({ service: 'billing', state: 'closed' }),
    ]);
  });

  it('stays closed for refusals and throttling', async () => {
    const guard = createGuard();
    const api = apiFor(stub, { guard });
    stub.fail(/./, ...Array.from({ length: 10 }, () => status(404)));
    for (let round = 0; round < 10; round += 1) await failure(listing(api));
    expect(guard.circuits()).toEqual([expect.objectContaining({ state: 'closed' })]);
  });
});

describe('cancellation and deadlines', () => {
  const hanging = () => {
    let release = () => {};
    const until = new Promise<void>((resolve) => {
      release = resolve;
    });
    stub.fail(/./, { kind: 'hang', until });
    return release;
  };

  it('a read ends with its call', async () => {
    const release = hanging();
    const call = newCall();
    const asked = failure(listing(apiFor(stub), call));
    await stub.next(/./);
    call.cancel();
    expect(await asked).toMatchObject({ code: 'cancelled' });
    release();
  });

  it('a change that was sent is finished all the same', async () => {
    const release = hanging();
    const call = newCall();
    const asked = stopping(apiFor(stub), 'never', call);
    await stub.next(/./);
    call.cancel();
    release();
    await expect(asked).resolves.toMatchObject({ name: 'ct_stop' });
    expect(call.attempts).toEqual(['applied']);
  });

  it('no change is sent for a cancelled call, nor another time once it is cancelled', async () => {
    const gone = newCall();
    gone.cancel();
    expect(await failure(stopping(apiFor(stub), 'natural', gone))).toMatchObject({ code: 'cancelled' });
    expect(stub.requests).toHaveLength(0);

    stub.fail(/./, status(500), status(500));
    const call = newCall();
    const asked = failure(stopping(apiFor(stub, { retryPauseMs: 5_000 }), 'natural', call));
    await stub.next(/./);
    while (call.attempts[0] === 'open') await new Promise(setImmediate);
    call.cancel();
    expect(await asked).toMatchObject({ code: 'cancelled' });
    expect(stub.requests).toHaveLength(1);
    expect(call.ledger.effect()).toBe('unknown');
  });

  it('a change without an answer before its deadline is of unknown effect', async () => {
    const release = hanging();
    const call = newCall({ deadlineAt: Date.now() + 200 });
    expect(await failure(stopping(apiFor(stub), 'natural', call))).toMatchObject({ code: 'timeout' });
    expect(call.ledger.effect()).toBe('unknown');
    release();
  });
});
