import type { ComputePort, InstanceRow } from '../ports/compute.ts';
import type { PaidMachine, PaidSubscription } from '../ports/cost-sources.ts';
import type { InstanceState, InstanceTarget } from '../ports/domain.ts';
import type { Plan } from '../ports/plan.ts';
import type { PriceList } from '../ports/spend.ts';

/** What Hostinger said last of its machines and of what pays for them; no subscriptions that have not begun or are somebody else's. */
export interface PaidMachines {
  readonly machines: readonly PaidMachine[];
  readonly subscriptions: readonly PaidSubscription[];
}

export interface ComputeCosts {
  readonly prices: PriceList;
  /** From what is stored; undefined where nothing is. Must ask nobody: a list is not to wait for bills. */
  readonly paid: () => PaidMachines | undefined;
}

/** EC2 bills an instance in these states (EC2 User Guide, "Instance lifecycle"); one that stops to hibernate is let pass. */
const billed: readonly InstanceState[] = ['pending', 'running', 'restarting'];
const atRest: readonly InstanceState[] = ['stopping', 'stopped'];

/**
 * Says of instances what they cost by the month, and of plans what they would change, without any request more. EC2 by the list price of
 * Linux, Hostinger by its subscription; what is not known is left out of lists, and called so in plans.
 */
export function withCosts(compute: ComputePort, { prices, paid }: ComputeCosts): ComputePort {
  const ec2Cents = (region: string, instanceType: string) => prices.monthlyCents({ provider: 'aws', region, instanceType });
  const rowCost = ({ provider, state, type, region }: InstanceRow, pays: () => PaidSubscription | undefined): { monthly?: string } => {
    if (provider === 'hostinger') return shown(monthlyOf(pays()));
    const cents = billed.includes(state) ? ec2Cents(region, type) : undefined;
    return shown(cents === undefined ? undefined : { cents, currency: 'USD' });
  };
  /** A plan to set running what is not, or to stop what is; the others cost as much as before. */
  const differing = <T extends { plan?: Plan }>(
    result: T,
    sign: '+' | '-',
    { provider, region, state, instanceType }: Pick<InstanceTarget, 'provider' | 'region' | 'state' | 'instanceType'>,
  ): T => {
    const from = sign === '+' ? atRest : billed;
    if (!result.plan || provider !== 'aws' || !from.includes(state)) return result;
    return { ...result, plan: priced(result.plan, sign, ec2Cents(region, instanceType)) };
  };

  return {
    async list(accounts, query, call) {
      const page = await compute.list(accounts, query, call);
      const known = page.instances.some(({ provider }) => provider === 'hostinger') ? paid() : undefined;
      return { ...page, instances: page.instances.map((row) => ({ ...row, ...rowCost(row, () => payerOf(row.id, known)) })) };
    },
    async get(instance, call) {
      const detail = await compute.get(instance, call);
      const pays = () => paid()?.subscriptions.find(({ id }) => id === detail.subscription);
      return { ...detail, ...rowCost(detail, pays) };
    },
    restart: (instance, call) => compute.restart(instance, call),
    metrics: (instance, query, call) => compute.metrics(instance, query, call),
    start: async (instance, call) => differing(await compute.start(instance, call), '+', instance),
    stop: async (instance, call) => differing(await compute.stop(instance, call), '-', instance),
    terminate: async (instance, call) => differing(await compute.terminate(instance, call), '-', instance),
    async launch(account, spec, call) {
      const result = await compute.launch(account, spec, call);
      const { provider } = account;
      return differing(result, '+', { provider, region: spec.region, state: 'stopped', instanceType: spec.instanceType });
    },
  };
}

function priced(plan: Plan, sign: '+' | '-', cents: number | undefined): Plan {
  const monthlyCost = cents === undefined ? 'unknown' : `${sign}${words(cents, 'USD')}`;
  return { ...plan, change: { ...plan.change, monthlyCost } };
}

function payerOf(machine: string, known: PaidMachines | undefined): PaidSubscription | undefined {
  const pays = known?.machines.find(({ id }) => id === machine)?.subscription;
  return pays === undefined ? undefined : known?.subscriptions.find(({ id }) => id === pays);
}

/** A month of what is paid for by the period: as it renews, or as it was paid where it will not. */
function monthlyOf(subscription: PaidSubscription | undefined): { cents: number; currency: string } | undefined {
  if (!subscription) return undefined;
  const { period, currency, autoRenews, renewalCents, totalCents } = subscription;
  const months = period.unit === 'year' ? 12 : 1;
  if (!['month', 'year'].includes(period.unit) || period.count < 1) return undefined;
  return { cents: Math.round((autoRenews ? renewalCents : totalCents) / (months * period.count)), currency };
}

function shown(cost: { cents: number; currency: string } | undefined): { monthly?: string } {
  return cost ? { monthly: words(cost.cents, cost.currency) } : {};
}

/** `7.88 USD` of integer cents. */
function words(cents: number, currency: string): string {
  const digits = String(cents).padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)} ${currency}`;
}
