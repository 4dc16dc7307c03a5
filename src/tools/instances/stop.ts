import { defineOperation } from '../../call/operation.ts';
import { instanceRef, stateChange } from '../fields.ts';

export const instancesStop = defineOperation('instances', {
  name: 'instances_stop',
  title: 'Stop an instance',
  description: 'Stops a running instance; disks stay and are still billed. Undo with instances_start.',
  effect: 'write',
  retry: 'natural',
  iam: ['ec2:StopInstances', 'ec2:DescribeInstances'],
  input: instanceRef,
  output: stateChange,
  entity: 'Instance',
  targets: ({ provider, id, region }) => [{ type: 'Instance', provider, id, region }],
  run: async ({ compute }, [instance], { provider, id }, call) => ({ provider, id, ...(await compute.stop(instance, call)) }),
});
