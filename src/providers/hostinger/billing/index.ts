import { z } from 'zod';
import type { HostingerBilling } from '../../../ports/cost-sources.ts';
import type { ServerSpec } from '../../../ports/vps.ts';
import type { HostingerApi } from '../api/index.ts';
import { readAll } from '../api/lists.ts';
import { specOf, toRow } from '../machines/facts.ts';
import { readMachines } from '../machines/read.ts';

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

export interface BillingOptions {
  readonly api: HostingerApi;
  /** Of ziggie.yaml. */
  readonly servers: readonly ServerSpec[];
}

/** What is paid to Hostinger, and for which machines. Reads only. */
export function createBilling({ api, servers }: BillingOptions): HostingerBilling {
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
    async machines(call) {
      const machines = await readMachines(api, call);
      return machines.map((machine) => ({
        id: String(machine.id),
        name: toRow(machine, servers).name,
        ...(machine.subscription_id ? { subscription: machine.subscription_id } : {}),
        tags: specOf(servers, machine.id)?.tags ?? {},
      }));
    },
  };
}
