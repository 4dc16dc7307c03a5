import { z } from 'zod';
import { defineOperation, untrusted } from '../../call/operation.ts';
import { instanceRef, instanceState, provider } from '../fields.ts';

export const instancesGet = defineOperation('instances', {
  name: 'instances_get',
  title: 'Get an instance',
  description: 'Everything known of one instance: state and why, addresses, network, image, price, tags. Use before changing it.',
  effect: 'read',
  retry: 'safe',
  iam: ['ec2:DescribeInstances'],
  input: instanceRef,
  output: z.object({
    provider,
    id: z.string(),
    name: untrusted(z.string()),
    state: instanceState,
    providerState: z.string(),
    type: z.string(),
    region: z.string(),
    account: z.string(),
    monthly: z.string().optional(),
    launchedAt: z.string().optional(),
    image: z.string().optional(),
    zone: z.string().optional(),
    privateIp: z.string().optional(),
    publicIp: z.string().optional(),
    subnet: z.string().optional(),
    vpc: z.string().optional(),
    securityGroups: z.array(z.string()).optional(),
    subscription: z.string().optional(),
    stateReason: untrusted(z.string()).optional(),
    tags: untrusted(z.record(z.string(), z.string())),
  }),
  entity: 'Instance',
  targets: ({ provider, id, region }) => [{ type: 'Instance', provider, id, region }],
  run: ({ compute }, [instance], _input, call) => compute.get(instance, call),
});
