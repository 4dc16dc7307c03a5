import { z } from 'zod';
import { defineOperation, untrusted } from '../../call/operation.ts';
import { missing } from '../fields.ts';

export const costsNotify = defineOperation('costs', {
  name: 'costs_notify',
  title: 'Tell of crossed budgets',
  description:
    'Compares the costs of both clouds with the alerts of scope both, and mails or publishes each crossed threshold once a month. The server does this by itself; safe to repeat.',
  effect: 'write',
  retry: 'natural',
  iam: [],
  serverIam: ['ce:GetCostAndUsage', 'ce:GetCostForecast', 'sns:Publish', 'ses:SendRawEmail'],
  listed: false,
  input: z.strictObject({}),
  output: z.object({
    told: z.array(z.object({ name: untrusted(z.string(), 100), threshold: z.string(), to: z.array(z.string()) })),
    missing,
  }),
  entity: 'Account',
  decide: 'any',
  targets: () => [{ type: 'Account' }],
  run: ({ alerts }, accounts, _input, call) => alerts.notify(accounts, call),
});
