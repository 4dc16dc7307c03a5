import { CallError } from '../call/errors.ts';
import type { AwsCosts, CostLine, CostScope } from '../ports/costs.ts';
import type { AccountTarget } from '../ports/domain.ts';
import type { StateStore } from '../ports/state.ts';
import { dateOf, dayOf, type Month } from './calendar.ts';
import { centsOfDecimal } from './cents.ts';
import { createSharedWork } from './shared-work.ts';

/** AWS works a bill over up to three times a day (Cost Management User Guide, "Analyzing your costs with Cost Explorer"). */
const freshMs = 8 * 3_600_000;

/** US cents a request (AWS Cost Management pricing, "Cost Explorer API"). */
export const centsARequest = 1n;

export type CostStore = Pick<StateStore, 'keptCosts' | 'keepCosts' | 'countCostRequest' | 'costRequests'>;

export interface AwsMonth {
  readonly lines: readonly CostLine[];
  readonly fetchedAt: number;
  /** Why it is older than it should be. */
  readonly failure?: CallError;
}

export type ReadAwsMonth = (account: AccountTarget, month: Month, call: CostScope) => Promise<AwsMonth>;

/**
 * An account's month from the store while it is fresh, else from AWS, once for all who ask at the same moment; where AWS fails, the
 * old one with the reason. Throws `CallError` when there is none.
 */
export function createAwsMonth(aws: AwsCosts, store: CostStore, now: () => number): ReadAwsMonth {
  const together = createSharedWork<AwsMonth>();

  const fetch = async (account: AccountTarget, month: Month, call: CostScope): Promise<AwsMonth> => {
    const period = { from: dateOf(month.first), until: dateOf(month.today + 1) };
    const lines = await aws.lines(account, period, call, () => store.countCostRequest(dateOf(dayOf(now()))));
    const odd = lines.find(({ amount }) => centsOfDecimal(amount) === undefined);
    if (odd) throw unreadable(odd);
    const fetchedAt = now();
    store.keepCosts(account.accountId, month.name, { fetchedAt, costs: JSON.stringify(lines) });
    return { lines, fetchedAt };
  };

  return async (account, month, call) => {
    const kept = store.keptCosts(account.accountId, month.name);
    // Of this server's own making, so not checked again.
    const old = kept && { lines: JSON.parse(kept.costs) as CostLine[], fetchedAt: kept.fetchedAt };
    const ageMs = old ? now() - old.fetchedAt : Number.NaN;
    if (old && ageMs >= 0 && ageMs < freshMs) return old;
    try {
      const key = `${account.accountId} ${month.name}`;
      return await together(key, call.signal, (signal) => fetch(account, month, { ...call, signal }));
    } catch (error) {
      if (!old || !(error instanceof CallError) || error.code === 'cancelled') throw error;
      return { ...old, failure: error };
    }
  };
}

function unreadable({ service, amount }: CostLine): CallError {
  return new CallError('provider_unavailable', `Cost Explorer gave an amount for ${service} that is no number: ${amount}.`, {
    remedy: 'Check AWS_ENDPOINT_URL and any proxy on the way: this does not look like AWS.',
    provider: { code: 'UnreadableReply' },
  });
}
