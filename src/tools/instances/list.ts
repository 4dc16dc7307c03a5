import { z } from 'zod';
import { defineOperation, freeText, untrusted } from '../../call/operation.ts';
import { account, cursor, instanceState, limit, missing, provider, region } from '../fields.ts';

export const instancesList = defineOperation('instances', {
  name: 'instances_list',
  title: 'List instances',
  description:
    'Lists virtual machines of all configured clouds, one short row each, with the monthly price where known (EC2: Linux list price). Start here to find an id; instances_get has the details.',
  effect: 'read',
  retry: 'safe',
  iam: ['ec2:DescribeInstances'],
  input: z.strictObject({
    provider: provider.optional(),
    account: account.optional(),
    region: region.optional(),
    state: instanceState.optional(),
    tag: z.strictObject({ key: z.string().min(1).max(128), value: freeText(z.string().max(256)) }).optional(),
    limit,
    cursor,
  }),
  output: z.object({
    instances: z.array(
      z.object({
        provider,
        id: z.string(),
        name: untrusted(z.string()),
        state: instanceState,
        type: z.string(),
        region: z.string(),
        account: z.string().optional(),
        monthly: z.string().optional(),
      }),
    ),
    nextCursor: z.string().optional(),
    missing,
  }),
  entity: 'Account',
  decide: 'any',
  targets: ({ provider, account, region }) => [{ type: 'Account', provider, account, region }],
  seen: ({ instances }) =>
    instances.flatMap(({ provider, id, name }) => [
      { type: 'Instance', id: `${provider}/${id}`, label: name },
      ...(provider === 'hostinger' ? [{ type: 'Server', id: `${provider}/${name}`, label: id }] : []),
    ]),
  run: ({ compute }, accounts, { limit, cursor, state, tag }, call) => compute.list(accounts, { limit, cursor, state, tag }, call),
});
