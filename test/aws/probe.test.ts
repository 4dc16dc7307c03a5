import { describe, expect, it } from 'vitest';
import type { Settings } from '../../src/config/load.ts';
import { healthProbes } from '../../src/health.ts';
import type { AccountProbe } from '../../src/providers/aws/index.ts';
import { createGuard } from '../../src/resilience/guard.ts';
import { newCall, sandboxAws } from './harness.ts';

/** What health_check says of AWS. */

const settings = {
  aws: { accounts: [{ name: 'main', regions: ['eu-north-1'] }] },
  hostinger: { isSetUp: false, servers: [] },
  costs: { recipients: [] },
} as unknown as Settings;

const absent = async (): Promise<never> => {
  throw new Error('not part of this test');
};

async function health(probe: () => Promise<AccountProbe>) {
  const probes = healthProbes({
    settings,
    audit: { health: () => ({ writable: true, undelivered: 0, logGroup: '/test' }) as never },
    policy: { status: () => ({ status: 'ok', hash: 'abc', problems: [] }) },
    guard: createGuard(),
    store: { report: () => undefined },
    aws: {
      identity: async () => ({ accountId: '123456789012', ownAccountId: '123456789012', arn: 'arn:aws:iam::123456789012:user/ziggie' }),
      sessionArn: async () => undefined,
      probe,
    },
    hostinger: { probe: absent, probeHost: absent },
  });
  return probes.find(({ name }) => name === 'aws main services')?.probe(newCall());
}
const ok = (service: 'ec2' | 's3') => ({ service, region: 'eu-north-1', latencyMs: 12, result: 'ok' }) as const;

describe('the services of an account', () => {
  it('are asked one by one, and what the sandbox does not have is left out', async () => {
    const { services } = await sandboxAws().probe('main', newCall());
    expect(services.map(({ service, result }) => `${service} ${result}`)).toEqual(
      expect.arrayContaining(['ec2 ok', 's3 ok', 'lambda ok', 'secretsmanager ok']),
    );
    expect(services.every(({ result, latencyMs }) => result === 'ok' && latencyMs >= 0)).toBe(true);
    expect(services.some(({ service }) => service === 'iam')).toBe(false);
  });

  it('are told with their latency', async () => {
    expect(await health(async () => ({ services: [ok('ec2'), ok('s3')] }))).toEqual({ status: 'ok', detail: 'ec2 12 ms; s3 12 ms' });
  });

  it('one that fails degrades, and says why; all of them fail', async () => {
    const failed = { service: 's3', region: 'eu-north-1', latencyMs: 8_000, result: 'failed', problem: 'timeout: no answer' } as const;
    expect(await health(async () => ({ services: [ok('ec2'), failed] }))).toEqual({
      status: 'degraded',
      detail: 'ec2 12 ms; s3 timeout: no answer',
    });
    expect(await health(async () => ({ services: [failed] }))).toMatchObject({ status: 'failed' });
  });

  it('one that answers with a denial answers', async () => {
    const denied = { service: 's3', region: 'eu-north-1', latencyMs: 9, result: 'denied' } as const;
    expect(await health(async () => ({ services: [denied] }))).toEqual({
      status: 'ok',
      detail: 's3 9 ms (answers; not to the server itself)',
    });
  });

  it.each([
    [30_000, 'ok', /12 ms$/],
    [90_000, 'degraded', /90 s behind AWS/],
    [-90_000, 'degraded', /90 s ahead of AWS/],
    [300_000, 'failed', /300 s behind/],
  ])('a clock that is %i ms off: %s', async (clockOffsetMs, status, words) => {
    expect(await health(async () => ({ services: [ok('ec2')], clockOffsetMs }))).toEqual({ status, detail: expect.stringMatching(words) });
  });
});
