import { defineOperation } from '../../call/operation.ts';
import { instanceRef, stateChange } from '../fields.ts';

export const instancesTerminate = defineOperation('instances', {
  name: 'instances_terminate',
  title: 'Terminate an instance',
  description:
    'Deletes an instance for good; disks marked for deletion go with it. Cannot be undone and needs a person to approve it. Prefer instances_stop.',
  effect: 'destructive',
  retry: 'natural',
  iam: ['ec2:TerminateInstances', 'ec2:DescribeInstances'],
  input: instanceRef,
  output: stateChange,
  entity: 'Instance',
  check: ({ provider }) =>
    provider === 'hostinger'
      ? 'virtual machines at Hostinger are deleted by people, in its panel: only provider aws terminates.'
      : undefined,
  targets: ({ provider, id, region }) => [{ type: 'Instance', provider, id, region }],
  run: async ({ compute }, [instance], { provider, id }, call) => ({ provider, id, ...(await compute.terminate(instance, call)) }),
});
