import { describe, expect, it } from 'vitest';
import { CallError, type ErrorCode } from '../../src/call/errors.ts';
import type { CircuitKey } from '../../src/ports/guard.ts';
import { createGuard } from '../../src/resilience/guard.ts';

const key: CircuitKey = { provider: 'aws', account: 'main', region: 'eu-north-1', service: 'ec2' };
const soon = () => ({ deadlineAt: Date.now() + 20_000 });
const fail = (code: ErrorCode) => async () => {
  throw new CallError(code, code, { remedy: 'none' });
};
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'ok',
    (error: unknown) => (error instanceof CallError ? error.code : error),
  );
/** A request that is held until it is let go. */
function held() {
  const { promise, resolve } = Promise.withResolvers<string>();
  const started = Promise.withResolvers<AbortSignal>();
  const request = (signal: AbortSignal) => {
    started.resolve(signal);
    return promise;
  };
  return { request, started: started.promise, letGo: () => resolve('done') };
}
const tick = () => new Promise((resolve) => setImmediate(resolve));

describe('circuit', () => {
  it.each(['provider_unavailable', 'timeout'] as const)('opens after %s five times, and then refuses without a request', async (code) => {
    const guard = createGuard({ resetMs: 60_000 });
    for (let count = 0; count < 5; count += 1) expect(await codeOf(guard.run(key, soon(), fail(code)))).toBe(code);
    let asked = false;
    const error = await guard.run(key, soon(), async () => (asked = true)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'circuit_open', details: { retryable: true } });
    expect((error as CallError).details.retryAfterMs).toBeGreaterThan(50_000);
    expect(asked).toBe(false);
    expect(guard.circuits()).toEqual([{ ...key, state: 'open', retryAt: expect.any(Number) }]);
  });

  it.each(['provider_throttled', 'provider_denied', 'provider_conflict', 'provider_rejected', 'provider_not_found', 'internal'] as const)(
    'stays closed on %s',
    async (code) => {
      const guard = createGuard();
      for (let count = 0; count < 30; count += 1) expect(await codeOf(guard.run(key, soon(), fail(code)))).toBe(code);
      expect(guard.circuits()).toEqual([{ ...key, state: 'closed' }]);
    },
  );

  it('is one per account, region and service', async () => {
    const guard = createGuard({ resetMs: 60_000 });
    for (let count = 0; count < 6; count += 1) await codeOf(guard.run(key, soon(), fail('timeout')));
    for (const other of [{ account: 'second' }, { region: 'eu-west-1' }, { service: 'logs' }]) {
      expect(await guard.run({ ...key, ...other }, soon(), async () => 'ok')).toBe('ok');
    }
  });

  it('lets one probe through after a while, and closes when it succeeds', async () => {
    const guard = createGuard({ resetMs: 5 });
    for (let count = 0; count < 5; count += 1) await codeOf(guard.run(key, soon(), fail('timeout')));
    await expect.poll(() => guard.circuits()[0]?.state, { interval: 2 }).toBe('half-open');
    const probe = held();
    const running = guard.run(key, soon(), probe.request);
    await probe.started;
    expect(await codeOf(guard.run(key, soon(), async () => 'second'))).toBe('circuit_open');
    probe.letGo();
    expect(await running).toBe('done');
    expect(guard.circuits()[0]?.state).toBe('closed');
  });
});

describe('a probe', () => {
  it('is not a call that was cancelled before', async () => {
    const guard = createGuard({ resetMs: 5 });
    for (let count = 0; count < 5; count += 1) await codeOf(guard.run(key, soon(), fail('timeout')));
    await expect.poll(() => guard.circuits()[0]?.state, { interval: 2 }).toBe('half-open');
    expect(await codeOf(guard.run(key, { ...soon(), signal: AbortSignal.abort() }, async () => 'never'))).toBe('cancelled');
    expect(guard.circuits()[0]?.state).toBe('half-open');
  });

  it('that its caller cancels closes nothing', async () => {
    const guard = createGuard({ resetMs: 5 });
    for (let count = 0; count < 5; count += 1) await codeOf(guard.run(key, soon(), fail('timeout')));
    await expect.poll(() => guard.circuits()[0]?.state, { interval: 2 }).toBe('half-open');
    const caller = new AbortController();
    const probe = held();
    const running = codeOf(guard.run(key, { ...soon(), signal: caller.signal }, probe.request));
    await probe.started;
    caller.abort();
    expect(await running).toBe('cancelled');
    expect(guard.circuits()[0]?.state).not.toBe('closed');
  });
});

describe('deadline', () => {
  it('ends a request that ignores its signal, and aborts it', async () => {
    const request = held();
    const running = codeOf(createGuard().run(key, { deadlineAt: Date.now() + 200 }, request.request));
    const signal = await request.started;
    expect(await running).toBe('timeout');
    expect(signal.aborted).toBe(true);
    request.letGo();
  });

  it('sends nothing when it has passed', async () => {
    let asked = false;
    expect(await codeOf(createGuard().run(key, { deadlineAt: Date.now() - 1 }, async () => (asked = true)))).toBe('timeout');
    expect(asked).toBe(false);
  });

  it('may lie further away than a timer can count', async () => {
    const guard = createGuard();
    const far = held();
    const running = codeOf(guard.run(key, { deadlineAt: Number.MAX_SAFE_INTEGER }, far.request));
    const near = held();
    expect(await codeOf(guard.run(key, { deadlineAt: Date.now() + 20 }, near.request))).toBe('timeout');
    for (const each of [far, near]) each.letGo();
    expect(await running).toBe('ok');
  });

  it('is not taken for a timeout of the service when a late failure follows', async () => {
    const running = createGuard().run(key, { deadlineAt: Date.now() + 20 }, async (signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      throw new Error('aborted');
    });
    expect(await codeOf(running)).toBe('timeout');
  });
});

describe('cancellation', () => {
  it('ends a request, and does not start one', async () => {
    const guard = createGuard();
    const abort = new AbortController();
    const request = held();
    const running = codeOf(guard.run(key, { ...soon(), signal: abort.signal }, request.request));
    expect((await request.started).aborted).toBe(false);
    abort.abort();
    expect(await running).toBe('cancelled');
    let asked = false;
    expect(await codeOf(guard.run(key, { ...soon(), signal: abort.signal }, async () => (asked = true)))).toBe('cancelled');
    expect(asked).toBe(false);
  });
});

describe('concurrency', () => {
  it('queues what exceeds it, in order, and refuses what exceeds the queue', async () => {
    const guard = createGuard({ concurrency: 2, queue: 1 });
    const [first, second, third] = [held(), held(), held()];
    const running = [guard.run(key, soon(), first.request), guard.run(key, soon(), second.request)];
    await Promise.all([first.started, second.started]);
    let thirdStarted = false;
    third.started.then(() => (thirdStarted = true));
    running.push(guard.run(key, soon(), third.request));
    await tick();
    const refused = await guard.run(key, soon(), async () => 'never').catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'overloaded', details: { retryable: true } });
    expect(thirdStarted).toBe(false);
    first.letGo();
    await third.started;
    for (const each of [second, third]) each.letGo();
    expect(await Promise.all(running)).toEqual(['done', 'done', 'done']);
  });

  it('gives the slot back after a failure', async () => {
    const guard = createGuard({ concurrency: 1, queue: 0 });
    for (let count = 0; count < 3; count += 1) await codeOf(guard.run(key, soon(), fail('provider_rejected')));
    expect(await guard.run(key, soon(), async () => 'ok')).toBe('ok');
  });

  it('lets nobody wait beyond the deadline or a cancellation, and forgets who left', async () => {
    const guard = createGuard({ concurrency: 1, queue: 2 });
    const first = held();
    const running = guard.run(key, soon(), first.request);
    await first.started;
    const abort = new AbortController();
    let asked = 0;
    const request = async () => (asked += 1);
    const late = codeOf(guard.run(key, { deadlineAt: Date.now() + 20 }, request));
    const gone = codeOf(guard.run(key, { ...soon(), signal: abort.signal }, request));
    await tick();
    abort.abort();
    expect(await gone).toBe('cancelled');
    expect(await late).toBe('overloaded');
    first.letGo();
    expect(await running).toBe('done');
    expect(asked).toBe(0);
    expect(await guard.run(key, soon(), request)).toBe(1);
  });
});
