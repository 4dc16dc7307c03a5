import { z } from 'zod';
import type { HostingerBilling } from '../../../ports/costs.ts';
import type { HostingerApi } from '../api/index.ts';
import { readAll } from '../api/lists.ts';

const subscription = z.looseObject({
  /** What a virtual machine has as its `subscription_id`. */
  id: z.string(),
  name: z.string(),
  /** `active`, `paused`, `cancelled`, `not_renewing`, `transferred`, `in_trial` or `future`. */
  status: z.string(),
  billing_period: z.int().positive(),
  billing_period_unit: z.string(),
  currency_code: z.string().length(3),
  total_price: z.int().nonnegative(),
  renewal_price: z.int().nonnegative(),
  is_auto_renewed: z.boolean(),
  created_at: z.string().nullish(),
  expires_at: z.string().nullish(),
  next_billing_at: z.string().nullish(),
});

/** What is paid to Hostinger. Reads only. */
export function createBilling({ api }: { readonly api: HostingerApi }): HostingerBilling {
  return {
    async subscriptions(call) {
      const rows = await readAll(api, { tool: 'billing_getSubscriptionListV1' }, subscription, ({ id }) => id, call);
      return rows.map((row) => ({
        id: row.id,
        name: row.name,
        status: row.status,
        period: { count: row.billing_period, unit: row.billing_period_unit },
        currency: row.currency_code,
        totalCents: row.total_price,
        renewalCents: row.renewal_price,
        autoRenews: row.is_auto_renewed,
        ...(row.created_at ? { createdAt: row.created_at } : {}),
        ...(row.expires_at ? { expiresAt: row.expires_at } : {}),
        ...(row.next_billing_at ? { nextBillingAt: row.next_billing_at } : {}),
      }));
    },
  };
}
