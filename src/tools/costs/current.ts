import { z } from 'zod';
import { defineOperation } from '../../call/operation.ts';
import { conversion, costAge, namedTexts, provider, texts } from '../fields.ts';

export const costsCurrent = defineOperation('costs', {
  name: 'costs_current',
  title: 'Costs this month',
  description:
    'Both clouds and the ledger this month so far (UTC), before credits. Ask freely: AWS is read (0.01 USD an account) only every 8 hours.',
  effect: 'read',
  retry: 'safe',
  iam: [],
  serverIam: ['ce:GetCostAndUsage'],
  input: z.strictObject({ provider: provider.optional() }),
  output: z.object({
    month: z.string(),
    asOf: z.string(),
    incomplete: z.boolean(),
    totals: z.array(
      texts('currency', 'total', 'aws', 'hostinger', 'recorded', 'hostingerMonth', 'credits', 'refunds', 'cash', 'due', 'other'),
    ),
    converted: z.string().optional(),
    budget: texts('amount', 'used').optional(),
    byService: z.array(namedTexts('service', 'cost')),
    renewals: z.array(namedTexts('name', 'date', 'cost')).optional(),
    asked: z.object({ requests: z.int(), usd: z.string() }),
    ...costAge,
  }),
  entity: 'Account',
  decide: 'any',
  targets: ({ provider }) => [{ type: 'Account', provider }],
  run: async ({ costs }, accounts, _input, call) => {
    const { converted, ...bill } = await costs.current(accounts, call);
    return { ...bill, ...conversion(converted) };
  },
});
