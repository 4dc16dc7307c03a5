import { z } from 'zod';
import type { AskScope, HostingerApi } from '../api/index.ts';
import { readPages } from '../api/lists.ts';
import { type Domain, readDomains } from './domains.ts';

export type { Domain } from './domains.ts';

export interface Subscription {
  /** What a virtual machine has as its `subscription_id`. */
  readonly id: string;
  readonly name: string;
  /** `active`, `paused`, `cancelled`, `not_renewing`, `transferred`, `in_trial` or `future`; Hostinger's words. */
  readonly status: string;
  /** What is paid for: `{ count: 1, unit: 'month' }`. */
  readonly period: { readonly count: number; readonly unit: string };
  /** ISO 4217. */
  readonly currency: string;
  /** Integer cents a period. */
  readonly totalCents: number;
  /** Integer cents a period from the next renewal on. */
  readonly renewalCents: number;
  readonly autoRenews: boolean;
  /** ISO; absent where Hostinger has none. */
  readonly createdAt?: string;
  readonly expiresAt?: string;
  readonly nextBillingAt?: string;
}

export interface CatalogueItem {
  readonly id: string;
  readonly name: string;
  readonly category: string;
  readonly prices: readonly {
    readonly id: string;
    readonly name: string;
    readonly currency: string;
    /** Integer cents a period. */
    readonly cents: number;
    /** Integer cents of the first period, which is often cheaper. */
    readonly firstPeriodCents: number;
    readonly period: { readonly count: number; readonly unit: string };
  }[];
}

/** What is paid to Hostinger and what may be bought there. Reads only. All throw `CallError`. */
export interface Billing {
  subscriptions(call: AskScope): Promise<Subscription[]>;
  catalogue(category: 'DOMAIN' | 'VPS' | 'EMAIL', call: AskScope): Promise<CatalogueItem[]>;
  domains(call: AskScope): Promise<Domain[]>;
}

const subscription = z.looseObject({
  id: z.string(),
  name: z.string(),
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

const item = z.looseObject({
  id: z.string(),
  name: z.string(),
  category: z.string(),
  prices: z.array(
    z.looseObject({
      id: z.string(),
      name: z.string(),
      currency: z.string().length(3),
      price: z.int().nonnegative(),
      first_period_price: z.int().nonnegative(),
      period: z.int().positive(),
      period_unit: z.string(),
    }),
  ),
});

export function createBilling({ api }: { readonly api: HostingerApi }): Billing {
  return {
    async subscriptions(call) {
      const { rows } = await readPages(api, { tool: 'billing_getSubscriptionListV1' }, subscription, call);
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
    async catalogue(category, call) {
      const { rows } = await readPages(api, { tool: 'billing_getCatalogItemListV1', query: { category } }, item, call);
      return rows.map(({ id, name, category: kind, prices }) => ({
        id,
        name,
        category: kind,
        prices: prices.map((price) => ({
          id: price.id,
          name: price.name,
          currency: price.currency,
          cents: price.price,
          firstPeriodCents: price.first_period_price,
          period: { count: price.period, unit: price.period_unit },
        })),
      }));
    },
    domains: (call) => readDomains(api, call),
  };
}
