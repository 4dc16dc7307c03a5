import { z } from 'zod';
import { defineOperation } from '../../call/operation.ts';
import { instanceRef, provider } from '../fields.ts';

export const instancesMetrics = defineOperation('instances', {
  name: 'instances_metrics',
  title: 'Get instance metrics',
  description:
    'CPU, network and status checks of one instance over the last hours, at most 60 points each. Costs a fraction of a cent a call.',
  effect: 'read',
  retry: 'safe',
  iam: ['cloudwatch:GetMetricData', 'ec2:DescribeInstances'],
  input: instanceRef.extend({ hours: z.int().min(1).max(168).default(3) }),
  output: z.object({
    provider,
    id: z.string(),
    start: z.string().optional(),
    periodSeconds: z.int(),
    series: z.array(
      z.object({
        metric: z.string(),
        unit: z.string(),
        statistic: z.string(),
        values: z.array(z.number().nullable()),
        latest: z.number().optional(),
        min: z.number().optional(),
        max: z.number().optional(),
      }),
    ),
    incomplete: z.array(z.string()).optional(),
  }),
  entity: 'Instance',
  targets: ({ provider, id, region }) => [{ type: 'Instance', provider, id, region }],
  run: async ({ compute }, [instance], { provider, id, hours }, call) => ({
    provider,
    id,
    ...(await compute.metrics(instance, { hours }, call)),
  }),
});
