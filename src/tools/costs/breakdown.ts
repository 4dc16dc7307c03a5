import { z } from 'zod';
import { defineOperation, untrusted } from '../../call/operation.ts';
import { costAge, cursor, limit, month, namedTexts } from '../fields.ts';

export const costsBreakdown = defineOperation('costs', {
  name: 'costs_breakdown',
  title: 'Costs by …',
  description: "Where a month's costs come from; (none) has no such tag. Costs 0.01 USD an AWS account the first time.",
  effect: 'read',
  retry: 'safe',
  iam: [],
  serverIam: ['ce:GetCostAndUsage'],
  input: z.strictObject({
    by: z.enum(['provider', 'account', 'service', 'usageType', 'region', 'day', 'team', 'application', 'instance', 'entry']),
    month: month.optional(),
    service: z.string().min(1).max(200).optional(),
    limit,
    cursor,
  }),
  output: z.object({
    month: z.string(),
    incomplete: z.boolean(),
    rows: z.array(namedTexts('name', 'cost')),
    totals: z.array(z.string()),
    tag: untrusted(z.string(), 128).optional(),
    nextCursor: z.string().optional(),
    ...costAge,
  }),
  entity: 'Account',
  decide: 'any',
  targets: () => [{ type: 'Account' }],
  run: ({ costs }, accounts, query, call) => costs.breakdown(accounts, query, call),
});
