import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CallError } from '../../src/call/errors.ts';
import { toCallError } from '../../src/providers/aws/errors.ts';
import { createGuard } from '../../src/resilience/guard.ts';
import { described, type Ec2Stub, ec2Error, ran, startEc2Stub, started, stopped } from './ec2-stub.ts';
import { failure, instanceOf, instanceTarget, mainAccount, newAws, newCall, resolved } from './harness.ts';

let stub: Ec2Stub;
beforeAll(async () => {
  stub = await startEc2Stub();
  // The SDK's pause before a retry is a random part of its longest one: none.
  vi.spyOn(Math, 'random').mockReturnValue(0);
});
afterAll(async () => {
  vi.restoreAllMocks();
  await stub.close();
});

/** Adapters of their own circuits, on an empty request log. */
function connect(options: Parameters<typeof newAws>[0] = {}) {
  stub.requests.length = 0;
  return newAws({ endpoint: stub.endpoint, ...options });
}
const target = instanceTarget();
const account = resolved({
  type: 'Account',
  id: 'main',
  provider: 'aws',
  account: 'main',
  accountId: '123456789012',
  regions: ['eu-north-1'],
  tags: {},
} as const);
const spec = { name: 'web', instanceType: 't3.micro', image: 'ami-12345678', region: 'eu-north-1', tags: {} };

describe('what EC2 refuses', () => {
  it.each([
    // Statuses are EC2's own: it throttles with 503 and is out of machines with 500.
    [400, 'IncorrectInstanceState', 'provider_conflict', 1],
    [403, 'UnauthorizedOperation', 'provider_denied', 1],
    [400, 'OperationNotPermitted', 'provider_rejected', 1],
    [400, 'InstanceLimitExceeded', 'provider_rejected', 1],
    [400, 'VcpuLimitExceeded', 'provider_rejected', 1],
    [500, 'InsufficientInstanceCapacity', 'provider_rejected', 3],
    [503, 'RequestLimitExceeded', 'provider_throttled', 3],
    [400, 'RequestExpired', 'provider_denied', 1],
    [400, 'ExpiredToken', 'provider_denied', 1],
    [401, 'AuthFailure', 'provider_not_configured', 1],
    [403, 'InvalidClientTokenId', 'provider_not_configured', 1],
    [403, 'SignatureDoesNotMatch', 'provider_not_configured', 1],
    [401, 'OptInRequired', 'provider_rejected', 1],
    [400, 'InvalidParameterValue', 'provider_rejected', 1],
    [400, 'SomethingNew', 'provider_rejected', 1],
    [403, 'SomethingNew', 'provider_denied', 1],
    [404, 'SomethingNew', 'provider_not_found', 1],
    [409, 'SomethingNew', 'provider_conflict', 1],
  ] as const)('%i %s is %s, and leaves no effect', async (status, code, expected, attempts) => {
    stub.answerWith(ec2Error(status, code));
    const call = newCall();
    const error = await failure(connect().compute.stop(target, call));
    expect(error.code).toBe(expected);
    expect(error.details.provider).toEqual({ code, message: 'as the service says', status, requestId: `req-${code}` });
    expect(error.details.remedy.length).toBeGreaterThan(20);
    expect(error.details.remedy).not.toMatch(/[{}]/);
    expect(call.attempts).toEqual(Array(attempts).fill('refused'));
    expect(call.ledger.effect()).toBe('none');
    expect(call.requestIds).toContain(`req-${code}`);
  });

  it('names the way to sign in again for the profile of the account', async () => {
    const error = Object.assign(new Error('expired'), { name: 'ExpiredToken', $fault: 'client', $metadata: { httpStatusCode: 400 } });
    const mapped = toCallError(error, {
      scope: { account: mainAccount({ profile: 'work' }), region: 'eu-north-1' },
      action: 'StopInstances',
      service: 'ec2',
    });
    expect(mapped.details.remedy).toContain('aws sso login --profile work');
  });

  it('takes over how long to wait', async () => {
    stub.answerWith(ec2Error(400, 'Throttling', 'slow down', { 'retry-after': '1' }));
    const error = await failure(connect().compute.restart(target, newCall()));
    expect(error).toMatchObject({ code: 'provider_throttled', details: { retryable: true, retryAfterMs: 1_000 } });
  });

  it('cleans the message, and leaves it long enough for the redaction to see it whole', async () => {
    stub.answerWith(ec2Error(400, 'InvalidParameterValue', `a\u202eb\u2066c&#10;d${'x'.repeat(500)}`));
    const error = await failure(connect().compute.stop(target, newCall()));
    const message = error.details.provider?.message ?? '';
    expect(message).toBe(`abc d${'x'.repeat(500)}`);
  });

  it.each(['{"message":"no"}', '<html><body>Forbidden', 'plain words', ''])(
    'tells a 403 by its status when its body is %j',
    async (body) => {
      stub.answerWith({ status: 403, body });
      const call = newCall();
      const error = await failure(connect().compute.stop(target, call));
      expect(error).toMatchObject({ code: 'provider_denied', details: { provider: { status: 403 } } });
      expect(call.ledger.effect()).toBe('none');
    },
  );
});

describe('what may have happened', () => {
  it('repeats a throttled change and has one effect', async () => {
    stub.answerWith(ec2Error(503, 'RequestLimitExceeded'), stopped(target.id));
    const call = newCall();
    expect(await connect().compute.stop(target, call)).toEqual({ previousState: 'running', state: 'stopped' });
    expect(call.attempts).toEqual(['refused', 'applied']);
  });

  it('repeats a launch whose connection was reset with the same client token', async () => {
    stub.answerWith('reset', ran('i-0123456789abcdef0'));
    const call = newCall({ clientToken: 'token-of-this-call' });
    const result = await connect().compute.launch(account, spec, call);
    expect(result).toMatchObject({ id: 'i-0123456789abcdef0', state: 'running' });
    expect(stub.requests.map(({ action, parameters }) => [action, parameters.get('ClientToken')])).toEqual([
      ['RunInstances', 'token-of-this-call'],
      ['RunInstances', 'token-of-this-call'],
    ]);
    expect(call.attempts).toEqual(['unknown', 'applied']);
    expect(call.ledger.effect()).toBe('applied');
  });

  it('does not forget a reset when the next attempt is refused', async () => {
    stub.answerWith('reset', ec2Error(400, 'InstanceLimitExceeded'));
    const call = newCall();
    expect((await failure(connect().compute.launch(account, spec, call))).code).toBe('provider_rejected');
    expect(call.attempts).toEqual(['unknown', 'refused']);
    expect(call.ledger.effect()).toBe('unknown');
  });

  it('cannot tell what a service did that failed', async () => {
    stub.answerWith(ec2Error(500, 'InternalError'));
    const call = newCall();
    const error = await failure(connect().compute.stop(target, call));
    expect(error).toMatchObject({ code: 'provider_unavailable', details: { retryable: true } });
    expect(call.attempts).toEqual(['unknown', 'unknown', 'unknown']);
    expect(call.ledger.effect()).toBe('unknown');
  });

  it('never repeats a restart', async () => {
    stub.answerWith('reset');
    const call = newCall();
    const error = await failure(connect().compute.restart(target, call));
    expect(error.code).toBe('provider_unavailable');
    expect(stub.requests).toHaveLength(1);
    expect(call.ledger.effect()).toBe('unknown');
  });

  it('gives up on a silent service and cannot tell the effect', async () => {
    stub.answerWith('silence');
    const call = newCall();
    const error = await failure(connect({ requestTimeoutMs: 30 }).compute.restart(target, call));
    expect(error.code).toBe('timeout');
    expect(call.attempts).toEqual(['unknown']);
  });

  it('gives up at the deadline of the call', async () => {
    stub.answerWith('silence');
    const call = newCall({ deadlineAt: Date.now() + 400 });
    const error = await failure(connect().compute.stop(target, call));
    expect(error.code).toBe('timeout');
    expect(call.ledger.effect()).toBe('unknown');
  });

  it('cannot tell of a success that cannot be read', async () => {
    stub.answerWith({ status: 200, body: '<html>' });
    const call = newCall();
    await connect()
      .compute.stop(target, call)
      .catch(() => {});
    expect(call.ledger.effect()).toBe('unknown');
  });

  it.each(['<html>', '', '{}'])('does not take %j for an empty fleet, or for a change that was made', async (body) => {
    stub.answerWith({ status: 200, body });
    expect(await failure(instanceOf(connect(), { type: 'Instance', provider: 'aws', id: target.id }, newCall()))).toMatchObject({
      code: 'provider_unavailable',
    });
    const error = await failure(connect().compute.stop(target, newCall()));
    expect(error).toMatchObject({ code: 'provider_unavailable' });
    expect(error.details.effect ?? 'unknown').toBe('unknown');
  });

  it('says so when a dry run was not taken for one', async () => {
    stub.answerWith(stopped(target.id));
    const error = await failure(connect().compute.stop(target, newCall({ dryRun: true })));
    expect(error).toMatchObject({ code: 'provider_rejected', details: { effect: 'unknown' } });
    expect(stub.requests[0]?.parameters.get('DryRun')).toBe('true');
  });

  it('reports the denial that a dry run finds', async () => {
    stub.answerWith(ec2Error(403, 'UnauthorizedOperation'));
    const call = newCall({ dryRun: true });
    expect((await failure(connect().compute.stop(target, call))).code).toBe('provider_denied');
    expect(call.attempts).toEqual([]);
  });
});

describe('cancellation', () => {
  it('sends no change for a call that was cancelled before', async () => {
    stub.answerWith(stopped(target.id));
    const aws = connect();
    const call = newCall();
    call.cancel();
    expect((await failure(aws.compute.stop(target, call))).code).toBe('cancelled');
    expect(stub.requests).toEqual([]);
    expect(call.ledger.effect()).toBe('none');
  });

  it('counts nothing when it comes while the request is made', async () => {
    const call = newCall();
    const ended = Promise.withResolvers<void>();
    const middleware: ReturnType<typeof cancelOnAnswer> = () => ({
      applyToStack(stack) {
        const cancelling = { step: 'build', name: 'cancelling' } as const;
        stack.add(
          (next) => (args) => {
            call.cancel();
            return next(args).finally(ended.resolve);
          },
          cancelling,
        );
      },
    });
    expect((await failure(connect({ middleware }).compute.stop(target, call))).code).toBe('cancelled');
    await ended.promise;
    expect(call.attempts).toEqual([]);
    expect(stub.requests).toEqual([]);
  });

  it('finishes a change that was sent', async () => {
    const call = newCall();
    const aws = connect({ middleware: cancelOnAnswer(call) });
    stub.answerWith('reset', stopped(target.id));
    expect(await aws.compute.stop(target, call)).toMatchObject({ state: 'stopped' });
    expect(call.attempts).toEqual(['unknown', 'applied']);
  });

  it('does not repeat a refused change after it was cancelled', async () => {
    const call = newCall();
    const aws = connect({ middleware: cancelOnAnswer(call) });
    stub.answerWith(ec2Error(503, 'RequestLimitExceeded'), stopped(target.id));
    expect((await failure(aws.compute.stop(target, call))).code).toBe('cancelled');
    expect(call.attempts).toEqual(['refused']);
    expect(stub.requests).toHaveLength(1);
  });

  it('aborts reads and waits', async () => {
    stub.answerWith('silence');
    const reading = newCall();
    const read = failure(connect().compute.get(target, reading));
    await expect.poll(() => stub.requests.length).toBe(1);
    reading.cancel();
    expect((await read).code).toBe('cancelled');

    stub.answerWith(started(target.id), described({ id: target.id, state: 'pending' }));
    const waiting = newCall();
    const wait = failure(connect({ pollMs: 60_000 }).compute.start(target, waiting));
    await expect.poll(() => waiting.messages.length).toBe(1);
    waiting.cancel();
    expect((await wait).code).toBe('cancelled');
    expect(waiting.ledger.effect()).toBe('applied');
  });

  /** Cancels the call as soon as the first attempt has been answered. */
  function cancelOnAnswer(call: { cancel(): void }): NonNullable<Parameters<typeof newAws>[0]>['middleware'] {
    return () => ({
      applyToStack(stack) {
        stack.add((next) => (args) => next(args).finally(() => call.cancel()), { step: 'deserialize', priority: 'high', name: 'cancel' });
      },
    });
  }
});

describe('waiting', () => {
  it('outlasts a new instance that is not shown yet, and a look that fails', async () => {
    const missing = ec2Error(400, 'InvalidInstanceID.NotFound');
    stub.answerWith(
      ran(target.id, 'pending'),
      missing,
      ec2Error(400, 'Throttling'),
      ec2Error(400, 'Throttling'),
      ec2Error(400, 'Throttling'),
      described(target),
    );
    const call = newCall();
    expect(await connect().compute.launch(account, spec, call)).toMatchObject({ state: 'running' });
    expect(call.requestIds).toEqual(['req-RunInstances']);
  });

  it('gives the state reached when the time is over', async () => {
    stub.answerWith(started(target.id), described({ id: target.id, state: 'pending' }));
    const call = newCall({ waitMs: 50 });
    expect(await connect().compute.start(instanceTarget({ state: 'stopped' }), call)).toEqual({
      previousState: 'stopped',
      state: 'pending',
    });
    expect(call.messages[0]).toContain('is pending');
  });

  it('says why an accepted start came to nothing', async () => {
    const halted = { id: target.id, state: 'stopped', reason: 'Server.InsufficientInstanceCapacity' };
    stub.answerWith(
      started(target.id),
      described({ id: target.id, state: 'stopped' }),
      described({ id: target.id, state: 'pending' }),
      described(halted),
    );
    const call = newCall();
    const error = await failure(connect().compute.start(instanceTarget({ state: 'stopped' }), call));
    expect(error).toMatchObject({ code: 'provider_rejected', details: { provider: { code: 'Server.InsufficientInstanceCapacity' } } });
    expect(call.ledger.effect()).toBe('applied');
  });

  it('says why a launched instance was terminated', async () => {
    stub.answerWith(ran(target.id, 'pending'), described({ id: target.id, state: 'terminated', reason: 'Client.VolumeLimitExceeded' }));
    const error = await failure(connect().compute.launch(account, spec, newCall()));
    expect(error.details.provider).toEqual({ code: 'Client.VolumeLimitExceeded', message: 'because' });
  });
});

describe('the circuit', () => {
  it('opens after failures of the service, not after refusals, and then asks nobody', async () => {
    const aws = connect({ guard: createGuard({ resetMs: 60_000 }) });
    stub.answerWith(ec2Error(400, 'IncorrectInstanceState'));
    for (let count = 0; count < 10; count += 1) expect((await failure(aws.compute.stop(target, newCall()))).code).toBe('provider_conflict');
    stub.answerWith({ status: 500, body: 'oops' });
    const codes: string[] = [];
    while (codes.at(-1) !== 'circuit_open' && codes.length < 40) {
      codes.push((await failure(aws.compute.restart(target, newCall()))).code);
    }
    expect(codes[0]).toBe('provider_unavailable');
    expect(codes.at(-1)).toBe('circuit_open');
    const sent = stub.requests.length;
    const call = newCall();
    expect(await failure(aws.compute.stop(target, call))).toMatchObject({ code: 'circuit_open', details: { retryable: true } });
    expect(stub.requests).toHaveLength(sent);
    expect(call.ledger.effect()).toBe('none');
  });
});

describe('what is no answer of AWS', () => {
  it('says that nothing listens there', async () => {
    const error = await failure(newAws({ endpoint: 'http://127.0.0.1:9' }).compute.restart(target, newCall()));
    expect(error).toMatchObject({ code: 'provider_unavailable', details: { provider: { code: 'ECONNREFUSED' } } });
  });

  it('does not make up an account number', async () => {
    stub.answerWith({ status: 200, body: '<GetCallerIdentityResponse/>' });
    expect((await failure(connect().identity('main', newCall()))).code).toBe('provider_unavailable');
  });

  it('names the variables when there are no credentials, at first use', async () => {
    const aws = newAws({ accounts: [mainAccount({ credentials: undefined })], endpoint: stub.endpoint });
    const call = newCall();
    const error = await failure(aws.compute.stop(target, call));
    expect(error.code).toBe('provider_not_configured');
    expect(error.details.remedy).toMatch(/AWS_ACCESS_KEY_ID.*AWS_PROFILE/);
    expect(call.attempts).toEqual([]);
  });

  it('lets no error out that is not a CallError', () => {
    for (const odd of [
      new TypeError('x'),
      'text',
      undefined,
      null,
      { name: 'toString' },
      Object.assign(new Error('x'), { name: 'constructor' }),
    ]) {
      expect(
        toCallError(odd, { scope: { account: mainAccount(), region: 'eu-north-1' }, action: 'StopInstances', service: 'ec2' }),
      ).toBeInstanceOf(CallError);
    }
  });
});
