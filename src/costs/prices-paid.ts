import type { PaidMachine, PaidSubscription } from '../ports/cost-sources.ts';
import type { StateStore } from '../ports/state.ts';
import { isNobodys } from './subscription.ts';

/**
 * Hostinger's machines and what is paid for them here, as they were read last (`createReader` keeps both), however long ago that is: prices of
 * subscriptions change once a period. Undefined until both were read; nobody is asked.
 */
export function keptPayments(
  store: Pick<StateStore, 'keptCosts'>,
): { readonly machines: readonly PaidMachine[]; readonly subscriptions: readonly PaidSubscription[] } | undefined {
  // Of this server's own making, so not checked again.
  const kept = <T>(question: string): T | undefined => {
    const answer = store.keptCosts('hostinger', question)?.answer;
    return answer === undefined ? undefined : (JSON.parse(answer) as T);
  };
  const [machines, subscriptions] = [kept<PaidMachine[]>('machines'), kept<PaidSubscription[]>('subscriptions')];
  return machines && subscriptions ? { machines, subscriptions: subscriptions.filter((each) => !isNobodys(each)) } : undefined;
}
