import { z } from 'zod';
import { defineOperation } from '../../call/operation.ts';
import { account, instanceState, provider, region, tags } from '../fields.ts';

export const instancesLaunch = defineOperation('instances', {
  name: 'instances_launch',
  title: 'Launch an instance',
  description:
    'Creates one new instance and waits until it runs. Billed from then on. Try dryRun first. A retried call with the same ziggie/idempotencyKey makes no second instance.',
  effect: 'write',
  retry: 'token',
  iam: ['ec2:RunInstances', 'ec2:CreateTags', 'ec2:DescribeInstances', 'iam:PassRole'],
  input: z.strictObject({
    provider,
    account: account.optional(),
    region,
    name: z.string().min(1).max(256),
    instanceType: z
      .string()
      .max(40)
      .regex(/^[a-z0-9-]+\.[a-z0-9-]+$/, 'expected a type like t3.micro'),
    image: z
      .string()
      .max(40)
      .regex(/^ami-([0-9a-f]{8}|[0-9a-f]{17})$/, 'expected an image id like ami-0123456789abcdef0'),
    subnet: z
      .string()
      .max(40)
      .regex(/^subnet-[0-9a-f]{8,17}$/, 'expected subnet-…')
      .optional(),
    securityGroups: z
      .array(
        z
          .string()
          .max(40)
          .regex(/^sg-[0-9a-f]{8,17}$/, 'expected sg-…'),
      )
      .max(5)
      .optional(),
    keyName: z.string().min(1).max(255).optional(),
    instanceProfile: z
      .string()
      .max(128)
      .regex(/^[\w+=,.@-]+$/, 'expected the name of an instance profile')
      .optional(),
    tags: tags.default({ Project: 'Ziggie' }),
  }),
  check: ({ provider }) =>
    provider === 'hostinger' ? 'virtual machines at Hostinger are bought by people, in its panel: only provider aws launches.' : undefined,
  output: z.object({ provider, id: z.string().optional(), region: z.string(), state: instanceState }),
  entity: 'Account',
  targets: ({ provider, account, region }) => [{ type: 'Account', provider, account, region }],
  adds: ({ provider, region, instanceType }) => ({ provider, region, instanceType }),
  made: ({ id }) => (id === undefined ? [] : [{ type: 'Instance', id }]),
  run: async ({ compute }, [target], { provider, account: _, ...spec }, call) => ({
    provider,
    ...(await compute.launch(target, spec, call)),
  }),
});
