import type { ComputePort, InstanceDetail } from '../src/ports/compute.ts';
import type { InstanceTarget } from '../src/ports/domain.ts';
import type { TargetResolvers } from '../src/ports/resolve.ts';

/** The call that the governed and the bare road are compared by, and what the cloud would answer to it. */
export const toolName = 'instances_get';
export const toolInput = { provider: 'aws', id: 'i-0a1b2c3d4e5f60001' };

export const instance: InstanceDetail = {
  provider: 'aws',
  id: toolInput.id,
  name: 'ziggie-web-1',
  state: 'running',
  providerState: 'running',
  type: 't3.small',
  region: 'eu-north-1',
  account: 'main',
  launchedAt: '2026-07-01T08:00:00.000Z',
  image: 'ami-0a1b2c3d4e5f60001',
  zone: 'eu-north-1a',
  privateIp: '10.0.1.10',
  publicIp: '203.0.113.10',
  subnet: 'subnet-0a1b2c3d4e5f60001',
  vpc: 'vpc-0a1b2c3d4e5f60001',
  securityGroups: ['sg-0a1b2c3d4e5f60001'],
  tags: { Name: 'ziggie-web-1', Project: 'Ziggie', Environment: 'production', Team: 'frontend', Role: 'web' },
};

const target: InstanceTarget = {
  type: 'Instance',
  id: toolInput.id,
  provider: 'aws',
  account: 'main',
  accountId: '123456789012',
  region: 'eu-north-1',
  name: 'ziggie-web-1',
  state: 'running',
  instanceType: 't3.small',
  tags: instance.tags,
};

const absent = async (): Promise<never> => {
  throw new Error('not part of this benchmark');
};

/** A cloud that costs nothing, so that what is left is ours. */
export const fakeCompute: ComputePort = {
  get: async () => instance,
  list: absent,
  start: absent,
  stop: absent,
  restart: absent,
  terminate: absent,
  launch: absent,
  metrics: absent,
};

export const fakeResolvers: TargetResolvers = {
  Instance: async () => ({ targets: [target] }),
  Account: absent,
  Bucket: absent,
  Object: absent,
  Function: absent,
  Secret: absent,
  Alarm: absent,
  DnsZone: absent,
  Application: absent,
};
