import { found, type Routes } from './routes.ts';

interface BillingRoutesOptions {
  /** Virtual machines, each of which has a subscription. */
  readonly servers: readonly { readonly id: number; readonly name: string }[];
  readonly zones: readonly string[];
  readonly now: () => number;
}

const dayMs = 86_400_000;

/** What a small fleet costs: a subscription for each machine and domain. Nothing can be bought. */
export function createBillingRoutes({ servers, zones, now }: BillingRoutesOptions): Routes {
  const bornAt = now();
  const day = (days: number) => `${new Date(bornAt + days * dayMs).toISOString().slice(0, 19)}Z`;
  const subscription = (id: string, name: string, period: string, cents: number) => ({
    id,
    name,
    status: 'active',
    billing_period: 1,
    billing_period_unit: period,
    currency_code: 'USD',
    total_price: cents,
    renewal_price: cents,
    is_auto_renewed: true,
    created_at: day(-90),
    expires_at: null,
    next_billing_at: day(12),
  });

  return {
    billing_getSubscriptionListV1: () =>
      found([
        ...servers.map(({ id }, index) =>
          subscription(`AzZXkT${id}`, index === 0 ? 'KVM 4' : 'KVM 2', 'month', index === 0 ? 1_999 : 1_399),
        ),
        ...zones.map((zone, index) =>
          subscription(`BzYWlU${index + 1}`, `.${zone.split('.').at(-1)?.toUpperCase()} domain`, 'year', 1_599),
        ),
      ]),
    domains_getDomainListV1: () =>
      found(
        zones.map((domain, index) => ({
          id: 13_632 + index,
          domain,
          type: 'domain',
          status: 'active',
          created_at: day(-90),
          expires_at: day(275),
        })),
      ),
  };
}
