import { defineOperation } from '../../call/operation.ts';
import { instanceRef, stateChange } from '../fields.ts';

export const instancesStart = defineOperation('instances', {
  name: 'instances_start',
  title: 'Start an instance',
  description: 'Starts a stopped instance and waits until it runs. Running time is billed. Undo with instances_stop.',
  effect: 'write',
  retry: 'natural',
  iam: ['ec2:StartInstances', 'ec2:DescribeInstances'],
  input: instanceRef,
  output: stateChange,
  entity: 'Instance',
  targets: ({ provider, id, region }) => [{ type: 'Instance', provider, id, region }],
  // At Hostinger it is paid for either way.
  adds: (_input, { provider, region, state, instanceType }) =>
    provider === 'aws' && (state === 'stopped' || state === 'stopping') ? { provider, region, instanceType } : undefined,
  run: async ({ compute }, [instance], { provider, id }, call) => ({ provider, id, ...(await compute.start(instance, call)) }),
});
