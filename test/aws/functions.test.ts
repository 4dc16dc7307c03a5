import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AccountTarget } from '../../src/ports/domain.ts';
import type { AwsProvider } from '../../src/providers/aws/index.ts';
import { describeFunctions, functionsDifferences } from './functions-contract.ts';
import { failed, functionOf, functionTarget, type JsonStub, logged, returned, serviceError, startJsonStub } from './functions-support.ts';
import { failure, newAws, newCall, resolved, sandboxAws } from './harness.ts';

describeFunctions('the sandbox', async () => sandboxAws(), functionsDifferences.sandbox);

describe('a function of the sandbox that fails', () => {
  it('is an answer, not an error, and was invoked', async () => {
    const aws = sandboxAws();
    const call = newCall();
    const result = await aws.functions.invoke(await functionOf(aws, { name: 'ziggie-always-fails' }), { mode: 'sync' }, call);
    expect(result).toMatchObject({
      outcome: 'failed',
      error: { type: 'OrderNotFound', message: 'There is no such order.', kind: 'unhandled' },
      logTail: expect.stringContaining('ERROR OrderNotFound'),
    });
    expect(result).not.toHaveProperty('result');
    expect(call.attempts).toEqual(['applied']);
  });
});

describe('an unknown qualifier', () => {
  it('is not found, and nothing ran', async () => {
    const aws = sandboxAws();
    const call = newCall();
    const target = await functionOf(aws, { name: 'ziggie-report' });
    const error = await failure(aws.functions.invoke(target, { mode: 'sync', qualifier: 'nosuch' }, call));
    expect(error).toMatchObject({ code: 'provider_not_found', details: { remedy: expect.stringContaining('qualifier') } });
    expect(call.ledger.effect()).toBe('none');
  });
});

/** moto's Lambda has none of this: see `functions-support.ts`. */
describe('what Lambda says, over a stub', () => {
  let stub: JsonStub;
  let aws: AwsProvider;
  beforeAll(async () => {
    stub = await startJsonStub();
  });
  afterAll(() => stub.close());
  beforeEach(() => {
    stub.requests.length = 0;
    aws = newAws({ endpoint: stub.endpoint, requestTimeoutMs: 100 });
  });
  it('lists for a rare prefix with 20 requests beside the first, none of them twice, and goes on from there', async () => {
    const markers: number[] = [];
    stub.answerWith(({ path }) => {
      const page = Number(new URL(path, stub.endpoint).searchParams.get('Marker') ?? 0);
      markers.push(page);
      const Functions = Array.from({ length: 50 }, (_, index) => ({
        FunctionName: page === 30 && index === 49 ? 'rare' : `other-${index}`,
      }));
      return { body: JSON.stringify({ Functions, NextMarker: page === 30 ? undefined : String(page + 1) }) };
    });
    const place = { account: 'main', accountId: '123456789012', regions: ['eu-north-1'] };
    const account = resolved<AccountTarget>({ type: 'Account', id: 'main', provider: 'aws', tags: {}, ...place });
    const first = await aws.functions.list([account], { limit: 25, prefix: 'rare' }, newCall());
    expect(first).toEqual({ functions: [], nextCursor: expect.any(String) });
    const rest = await aws.functions.list([account], { limit: 25, prefix: 'rare', cursor: first.nextCursor ?? '' }, newCall());
    expect(rest.functions.map(({ name }) => name)).toEqual(['rare']);
    expect(rest).not.toHaveProperty('nextCursor');
    expect(markers).toEqual(Array.from({ length: 31 }, (_, index) => index));
  });

  const invoke = (call = newCall(), payload: unknown = {}) => aws.functions.invoke(functionTarget(), { payload, mode: 'sync' }, call);

  it.each([
    ['handled', failed('Handled', 'OrderNotFound', 'no order 7'), { type: 'OrderNotFound', message: 'no order 7', kind: 'handled' }],
    [
      'unhandled',
      failed('Unhandled', 'Runtime.ExitError', 'exit status 1'),
      { type: 'Runtime.ExitError', message: 'exit status 1', kind: 'unhandled' },
    ],
    [
      'a timeout by its message',
      failed('Unhandled', 'Error', '2026-01-31T10:00:00Z 5d1f Task timed out after 3.00 seconds'),
      { type: 'Error', message: expect.stringContaining('timed out'), kind: 'timeout' },
    ],
    [
      'a timeout by its type',
      failed('Unhandled', 'Sandbox.Timedout', 'gone'),
      { type: 'Sandbox.Timedout', message: 'gone', kind: 'timeout' },
    ],
    [
      'an error that is no JSON',
      { body: 'boom', headers: { 'x-amz-function-error': 'Unhandled' } },
      { type: 'Unknown', message: 'boom', kind: 'unhandled' },
    ],
  ])('tells %s apart', async (_name, answer, error) => {
    stub.answerWith(answer);
    expect(await invoke()).toMatchObject({ outcome: 'failed', error });
  });

  it('asks for the tail of the log and decodes it', async () => {
    const log = 'START RequestId: a\n2026 INFO größer\nREPORT RequestId: a Billed Duration: 312 ms Memory Size: 128 MB\n';
    stub.answerWith(returned({ ok: true }, logged(log)));
    expect(await invoke()).toEqual({ outcome: 'succeeded', version: '7', result: { ok: true }, logTail: log, billedMs: 312 });
    expect(stub.requests[0]?.headers).toMatchObject({ 'x-amz-log-type': 'Tail', 'x-amz-invocation-type': 'RequestResponse' });
    stub.answerWith(returned({}, logged('{"type":"platform.report","record":{"metrics":{"billedDurationMs":77}}}\n')));
    expect((await invoke()).billedMs).toBe(77);
  });

  it('asks for a dry run as a dry run, and to queue as to queue', async () => {
    const types = () => stub.requests.map(({ headers }) => [headers['x-amz-invocation-type'], headers['x-amz-log-type']]);
    stub.answerWith({ status: 204, body: '' });
    await invoke(newCall({ dryRun: true }));
    stub.answerWith({ status: 202, body: '' });
    expect(await aws.functions.invoke(functionTarget(), { mode: 'async' }, newCall())).toEqual({ outcome: 'queued' });
    expect(types()).toEqual([
      ['DryRun', undefined],
      ['Event', undefined],
    ]);
    stub.answerWith(serviceError(403, 'AccessDeniedException'));
    expect((await failure(invoke(newCall({ dryRun: true })))).code).toBe('provider_denied');
  });

  it('leaves out the cut first line of a tail, which may be half a secret', async () => {
    const rest = `${'x'.repeat(99)}\n`.repeat(40);
    stub.answerWith(returned({}, logged(`half-of-something-secret${'y'.repeat(4_096 - rest.length - 25)}\n${rest}`)));
    expect((await invoke()).logTail).toBe(rest);
    stub.answerWith(returned({}, logged('z'.repeat(4_096))));
    expect(await invoke()).not.toHaveProperty('logTail');
  });

  it('hands on a long result as text, and says so', async () => {
    stub.answerWith(returned({ list: 'x'.repeat(32_768) }));
    const { result, truncated } = await invoke();
    expect(truncated).toBe(true);
    expect(result).toBe(JSON.stringify({ list: 'x'.repeat(32_768) }));
  });

  it('refuses what is too large before it is sent: 6 MB, and 1 MB to queue', async () => {
    const megabyte = 1024 * 1024;
    const textOf = (bytes: number) => ({ text: 'x'.repeat(bytes - '{"text":""}'.length) });
    stub.answerWith(returned({}));
    for (const [mode, limit, other] of [
      ['sync', 6 * megabyte, 'bucket'],
      ['async', megabyte, 'mode sync'],
    ] as const) {
      const call = newCall();
      const error = await failure(aws.functions.invoke(functionTarget(), { payload: textOf(limit + 1), mode }, call));
      expect(error).toMatchObject({ code: 'invalid_input', details: { effect: 'none', remedy: expect.stringContaining(other) } });
      expect(call.attempts).toEqual([]);
      expect(stub.requests).toEqual([]);
      await aws.functions.invoke(functionTarget(), { payload: textOf(limit), mode }, newCall());
      expect(stub.requests.pop()?.body.length).toBe(limit);
    }
  });

  it('counts the bytes of a payload, not its characters', async () => {
    const call = newCall();
    const error = await failure(aws.functions.invoke(functionTarget(), { payload: { text: 'é'.repeat(600_000) }, mode: 'async' }, call));
    expect(error.code).toBe('invalid_input');
  });

  it('waits for a function that is silent for longer than other requests may be', async () => {
    const impatient = newAws({ endpoint: stub.endpoint, requestTimeoutMs: 10 });
    // The stub's own delay: the function takes ten times what other requests are given.
    stub.answerWith({ body: '1', after: pause(100) });
    expect(await impatient.functions.invoke(functionTarget(), { mode: 'sync' }, newCall())).toMatchObject({
      outcome: 'succeeded',
      result: 1,
    });
  });

  it('is sent once, whatever comes back', async () => {
    for (const [answer, code, effect] of [
      ['reset', 'provider_unavailable', 'unknown'],
      [serviceError(500, 'ServiceException'), 'provider_unavailable', 'unknown'],
      [serviceError(429, 'TooManyRequestsException', { 'retry-after': '3' }), 'provider_throttled', 'none'],
    ] as const) {
      stub.requests.length = 0;
      stub.answerWith(answer);
      const call = newCall();
      const error = await failure(invoke(call));
      expect([error.code, call.ledger.effect(), stub.requests.length]).toEqual([code, effect, 1]);
    }
  });

  it('does not know what a function did that did not answer in time, and says where to look', async () => {
    stub.answerWith('silence');
    const call = newCall({ deadlineAt: Date.now() + 300 });
    const error = await failure(invoke(call));
    expect(error).toMatchObject({ code: 'timeout', details: { retryable: false, remedy: expect.stringMatching(/log group.*async/) } });
    expect(call.ledger.effect()).toBe('unknown');
  });

  it.each([
    ['ResourceConflictException', 409, 'provider_conflict', 'functions_get'],
    ['SnapStartNotReadyException', 409, 'provider_conflict', 'functions_get'],
    ['ResourceNotReadyException', 502, 'provider_unavailable', 'functions_get'],
    ['KMSAccessDeniedException', 502, 'provider_rejected', 'KMS'],
    ['EC2AccessDeniedException', 502, 'provider_rejected', 'AWSLambdaVPCAccessExecutionRole'],
    ['EC2ThrottledException', 502, 'provider_throttled', 'EC2'],
    ['SubnetIPAddressLimitReachedException', 502, 'provider_rejected', 'subnets'],
    ['InvalidRuntimeException', 502, 'provider_rejected', 'runtime'],
    ['InvalidZipFileException', 502, 'provider_rejected', 'publish'],
    ['EFSMountTimeoutException', 408, 'provider_rejected', 'file system'],
    ['SnapStartTimeoutException', 408, 'provider_rejected', 'snapshot'],
    ['RequestTooLargeException', 413, 'invalid_input', '6 MB'],
    ['InvalidRequestContentException', 400, 'invalid_input', 'JSON object'],
    ['RecursiveInvocationException', 400, 'provider_rejected', 'loop'],
    ['ModeNotSupportedException', 400, 'invalid_input', 'mode'],
  ])('%s with status %i means that it did not run', async (code, status, ours, remedy) => {
    stub.answerWith(serviceError(status, code));
    const call = newCall();
    const error = await failure(invoke(call));
    expect(error).toMatchObject({ code: ours, details: { provider: { code }, remedy: expect.stringContaining(remedy) } });
    expect(call.attempts).toEqual(['refused']);
  });

  it('does not take something else that answers for Lambda', async () => {
    stub.answerWith({ body: '"welcome"', headers: { 'x-amzn-requestid': '' } });
    expect((await failure(invoke())).details).toMatchObject({ effect: 'unknown', provider: { code: 'UnreadableReply' } });
  });

  it('does not take tags that it may not read for no tags', async () => {
    const arn = 'arn:aws:lambda:eu-north-1:123456789012:function:ziggie-report';
    stub.answerWith(({ path }) =>
      path.includes('/tags/')
        ? serviceError(403, 'AccessDeniedException')
        : { body: JSON.stringify({ FunctionName: 'ziggie-report', FunctionArn: arn }) },
    );
    expect((await failure(functionOf(aws, { name: 'ziggie-report' }))).code).toBe('provider_denied');
  });

  it('does not take another account or another name for the one that is meant', async () => {
    const found = (name: string, owner: string) => ({
      body: JSON.stringify({ FunctionName: name, FunctionArn: `arn:aws:lambda:eu-north-1:${owner}:function:${name}`, Tags: {} }),
    });
    stub.answerWith(found('other', '123456789012'));
    expect((await failure(functionOf(aws, { name: 'ziggie-report' }))).code).toBe('target_unresolved');
    stub.answerWith(found('ziggie-report', '999999999999'));
    const accounts = [
      { name: 'main', accountId: '123456789012', credentials: { accessKeyId: 'a', secretAccessKey: 'b' }, regions: ['eu-north-1'] },
    ];
    const strict = newAws({ endpoint: stub.endpoint, accounts });
    expect((await failure(functionOf(strict, { name: 'ziggie-report' }))).code).toBe('provider_not_configured');
  });

  it('reads every page of aliases', async () => {
    const arn = 'arn:aws:lambda:eu-north-1:123456789012:function:ziggie-report';
    stub.answerWith(({ path }) => {
      if (!path.includes('/aliases')) return { body: JSON.stringify({ FunctionName: 'ziggie-report', FunctionArn: arn }) };
      const second = path.includes('Marker=2');
      return {
        body: JSON.stringify({ Aliases: [{ Name: second ? 'b' : 'a', FunctionVersion: '1' }], ...(second ? {} : { NextMarker: '2' }) }),
      };
    });
    expect((await aws.functions.get(functionTarget(), newCall())).aliases).toEqual({ a: '1', b: '1' });
  });
});
