import { describe, expect, it } from 'vitest';
import { createSandbox } from '../../src/providers/sandbox/index.ts';
import { startEc2Stub } from './ec2-stub.ts';
import { failure, mainAccount, newAws, sandboxParts } from './harness.ts';
import { describeLogSink } from './log-sink-contract.ts';

const audit = { account: 'main', region: 'eu-north-1' };

describeLogSink('the sandbox', async () => {
  const parts = sandboxParts(createSandbox({ region: 'eu-north-1' }));
  return (logGroup) => newAws({ accounts: [mainAccount()], audit: { ...audit, logGroup }, ...parts }).logSink;
});

describe('limits of CloudWatch Logs, as the sandbox keeps them', () => {
  const parts = sandboxParts(createSandbox({ region: 'eu-north-1' }));
  const { logSink } = newAws({ accounts: [mainAccount()], audit: { ...audit, logGroup: '/ziggie/limits' }, ...parts });
  const timestamp = Date.now();
  const many = (count: number, message: string) => Array.from({ length: count }, () => ({ timestamp, message }));

  it.each([
    ['10,000 events', many(10_000, 'x'), true],
    ['10,001 events', many(10_001, 'x'), false],
    ['1,048,576 bytes', many(1, 'x'.repeat(1_048_576 - 26)), true],
    ['one byte more', many(1, 'x'.repeat(1_048_576 - 25)), false],
    [
      '24 hours',
      [
        { timestamp: timestamp - 86_400_000, message: 'x' },
        { timestamp, message: 'x' },
      ],
      true,
    ],
    [
      'a millisecond more',
      [
        { timestamp: timestamp - 86_400_001, message: 'x' },
        { timestamp, message: 'x' },
      ],
      false,
    ],
    ['nothing', [], false],
  ])('%s', async (_, events, taken) => {
    if (taken) return void expect(await logSink.put('writer', events)).toEqual({});
    expect(await failure(logSink.put('writer', events))).toMatchObject({
      code: 'provider_rejected',
      details: { provider: { code: 'InvalidParameterException' } },
    });
  });
});

describe('a reply in the wrong format', () => {
  // moto and some proxies deny a JSON service in XML: the SDK fails to parse it and throws a SyntaxError with nothing but a status.
  it('is told by its status', async () => {
    const stub = await startEc2Stub();
    try {
      stub.answerWith({ status: 403, body: '<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>' });
      const { logSink } = newAws({ endpoint: stub.endpoint });
      const error = await failure(logSink.put('writer', [{ timestamp: Date.now(), message: 'x' }]));
      expect(error).toMatchObject({ code: 'provider_denied', details: { provider: { code: 'HTTP 403', status: 403 } } });
    } finally {
      await stub.close();
    }
  });
});
