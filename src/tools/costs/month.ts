import { z } from 'zod';
import { defineOperation } from '../../call/operation.ts';
import { conversion, costAge, month, namedTexts, texts } from '../fields.ts';

export const costsMonth = defineOperation('costs', {
  name: 'costs_month',
  title: "A month's bill",
  description:
    'The bill of a month (UTC) of both clouds and the ledger: budget, the month before, what changed and why. Costs up to 0.04 USD an AWS account, once a closed month.',
  effect: 'read',
  retry: 'safe',
  iam: [],
  serverIam: ['ce:GetCostAndUsage', 'ce:GetAnomalies'],
  input: z.strictObject({ month }),
  output: z.object({
    month: z.string(),
    incomplete: z.boolean(),
    totals: z.array(
      texts('currency', 'total', 'aws', 'hostinger', 'recorded', 'hostingerMonth', 'credits', 'refunds', 'cash', 'due', 'other'),
    ),
    converted: z.string().optional(),
    budget: texts('amount', 'used').optional(),
    previous: texts('month', 'total', 'change', 'days').optional(),
    byService: z.array(namedTexts('service', 'cost')),
    movers: z.array(namedTexts('service', 'change', 'was', 'usage', 'day', 'anomaly')).optional(),
    ...costAge,
  }),
  entity: 'Account',
  decide: 'any',
  targets: () => [{ type: 'Account' }],
  run: async ({ costs }, accounts, { month }, call) => {
    const { converted, ...bill } = await costs.month(accounts, month, call);
    return { ...bill, ...conversion(converted) };
  },
});
