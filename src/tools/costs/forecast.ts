import { z } from 'zod';
import { defineOperation } from '../../call/operation.ts';
import { conversion, costAge, namedTexts, provider, texts } from '../fields.ts';

export const costsForecast = defineOperation('costs', {
  name: 'costs_forecast',
  title: 'Forecast of this month',
  description:
    "What this month will come to, within AWS's 80% bounds, and renewals of the next 60 days. AWS is read (0.02 USD an account) only every 8 hours.",
  effect: 'read',
  retry: 'safe',
  iam: [],
  serverIam: ['ce:GetCostAndUsage', 'ce:GetCostForecast'],
  input: z.strictObject({ provider: provider.optional() }),
  output: z.object({
    month: z.string(),
    forecasts: z.array(texts('currency', 'soFar', 'forecast', 'low', 'high', 'basis')),
    converted: z.string().optional(),
    budget: texts('amount', 'used').optional(),
    renewals: z.array(namedTexts('name', 'date', 'cost')).optional(),
    ...costAge,
  }),
  entity: 'Account',
  decide: 'any',
  targets: ({ provider }) => [{ type: 'Account', provider }],
  run: async ({ costs }, accounts, _input, call) => {
    const { converted, ...forecast } = await costs.forecast(accounts, call);
    return { ...forecast, ...conversion(converted) };
  },
});
