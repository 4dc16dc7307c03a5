import { defineOperation } from '../../call/operation.ts';
import { instanceRef, stateChange } from '../fields.ts';

export const instancesRestart = defineOperation('instances', {
  name: 'instances_restart',
  title: 'Restart an instance',
  description: 'Reboots a running instance; addresses and disks stay. Sent once, never retried. Users notice a minute or two of downtime.',
  effect: 'write',
  retry: 'never',
  iam: ['ec2:RebootInstances', 'ec2:DescribeInstances'],
  input: instanceRef,
  output: stateChange,
  entity: 'Instance',
  targets: ({ provider, id, region }) => [{ type: 'Instance', provider, id, region }],
  run: async ({ compute }, [instance], { provider, id }, call) => ({ provider, id, ...(await compute.restart(instance, call)) }),
});
