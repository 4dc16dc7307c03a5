import { z } from 'zod';
import { defineOperation, untrusted } from '../../call/operation.ts';
import { missing, provider } from '../fields.ts';

/** Rows of texts: described as such they cost agents half of what named members do, and read the same. */
const text = untrusted(z.string(), 120);

export const costsCurrent = defineOperation('costs', {
  name: 'costs_current',
  title: 'Costs this month',
  description: 'Costs of both clouds this month so far (UTC), before credits. Ask freely: AWS is read (0.01 USD) only every 8 hours.',
  effect: 'read',
  retry: 'safe',
  iam: ['ce:GetCostAndUsage'],
  input: z.strictObject({ provider: provider.optional() }),
  output: z.object({
    month: z.string(),
    asOf: z.string(),
    ageMinutes: z.int(),
    incomplete: z.boolean(),
    totals: z.array(
      z.partialRecord(z.enum(['currency', 'total', 'aws', 'hostinger', 'hostingerMonth', 'credits', 'due', 'other']), z.string()),
    ),
    byService: z.array(z.record(z.enum(['service', 'cost']), text)),
    renewals: z.array(z.record(z.enum(['name', 'date', 'cost']), text)).optional(),
    asked: z.object({ requests: z.int(), usd: z.string() }),
    missing,
  }),
  entity: 'Account',
  decide: 'any',
  targets: ({ provider }) => [{ type: 'Account', provider }],
  run: ({ costs }, accounts, _input, call) => costs.current(accounts, call),
});
