import { z } from 'zod';
import { defineOperation, untrusted } from '../../call/operation.ts';
import { account, cursor, limit, missing } from '../fields.ts';

export const costsListAlerts = defineOperation('costs', {
  name: 'costs_list_alerts',
  title: 'List budget alerts',
  description:
    'Monthly budgets over both clouds and over whole AWS accounts: whom they tell, how far they are used, and what was told of this month. Free.',
  effect: 'read',
  retry: 'safe',
  iam: [],
  serverIam: ['budgets:ViewBudget'],
  // Whom they tell makes rows longer than those of other lists.
  input: z.strictObject({ account: account.optional(), limit: limit.unwrap().default(15), cursor }),
  output: z.object({
    alerts: z.array(
      z.object({
        name: untrusted(z.string(), 100),
        scope: z.string(),
        amount: z.string(),
        thresholds: z.array(z.string()),
        to: z.array(untrusted(z.string(), 300)).optional(),
        spent: z.string().optional(),
        forecast: z.string().optional(),
        notified: z.array(z.string()).optional(),
        account: z.string().optional(),
      }),
    ),
    nextCursor: z.string().optional(),
    missing,
  }),
  entity: 'Account',
  decide: 'any',
  targets: ({ account }) => [{ type: 'Account', account }],
  run: ({ alerts }, accounts, { limit, cursor }, call) => alerts.list(accounts, { limit, cursor }, call),
});
