import { describe, expect, it } from 'vitest';
import type { InstanceTarget } from '../../src/ports/domain.ts';
import { operations } from '../../src/tools/index.ts';
import { instanceTarget, resolved } from '../aws/harness.ts';

const operation = (name: string) => operations.find((each) => each.name === name);
const added = (name: string, input: unknown, facts: Partial<InstanceTarget>) =>
  operation(name)?.adds?.(input, resolved(instanceTarget(facts)));

describe('what a call adds to a month', () => {
  it('is what a launch makes, new each time', () => {
    const input = { provider: 'aws', region: 'eu-west-1', instanceType: 't3.small', name: 'web', image: 'ami-12345678' };
    expect(added('instances_launch', input, {})).toEqual({ provider: 'aws', region: 'eu-west-1', instanceType: 't3.small' });
  });

  it.each(['stopped', 'stopping'] as const)('is an instance of EC2 that is %s, once however often it is started', (state) => {
    const facts = { state, region: 'eu-west-1', instanceType: 'm5.large', account: 'staging', id: 'i-0a1b2c3d' };
    const addition = { provider: 'aws', region: 'eu-west-1', instanceType: 'm5.large' };
    expect(added('instances_start', {}, facts)).toEqual(addition);
  });

  it.each(['pending', 'running', 'restarting', 'terminating', 'terminated', 'unknown'] as const)(
    'is nothing of one that is %s',
    (state) => {
      expect(added('instances_start', {}, { state })).toBeUndefined();
    },
  );

  it('is nothing at Hostinger, which is paid for either way', () => {
    expect(added('instances_start', {}, { provider: 'hostinger', state: 'stopped' })).toBeUndefined();
  });

  it('is declared by no call that makes nothing', () => {
    expect(operations.filter(({ adds }) => adds).map(({ name }) => name)).toEqual(['instances_start', 'instances_launch']);
  });
});
