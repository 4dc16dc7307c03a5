import type { CallScope } from './call-scope.ts';
import type { AccountTarget, InstanceState, InstanceTarget, MissingPart, Provider, Resolved, Tags } from './domain.ts';
import type { Plan } from './plan.ts';

/** One line of a list: short enough that 25 cost under 2,000 tokens. */
export interface InstanceRow {
  provider: Provider;
  id: string;
  name: string;
  state: InstanceState;
  type: string;
  region: string;
  /** Only when more than one account is configured. */
  account?: string;
  /** What it costs a month, where that is known: `7.88 USD`. Of EC2 only while it is billed for running. */
  monthly?: string;
}

export interface InstancePage {
  instances: InstanceRow[];
  nextCursor?: string;
  missing?: MissingPart[];
}

export interface InstanceQuery {
  limit: number;
  cursor?: string;
  state?: InstanceState;
  /** Only instances that carry this tag with this value. */
  tag?: { key: string; value: string };
}

export interface InstanceDetail extends Omit<InstanceRow, 'account'> {
  account: string;
  /** The provider's own word for the state. */
  providerState: string;
  launchedAt?: string;
  image?: string;
  zone?: string;
  privateIp?: string;
  publicIp?: string;
  subnet?: string;
  vpc?: string;
  securityGroups?: string[];
  /** At Hostinger: id of the subscription that pays for it. */
  subscription?: string;
  /** Why the provider last changed the state, e.g. `Server.InsufficientInstanceCapacity`. Untrusted text. */
  stateReason?: string;
  tags: Record<string, string>;
}

export interface StateChange {
  previousState: InstanceState;
  state: InstanceState;
  plan?: Plan;
}

export interface LaunchSpec {
  name: string;
  instanceType: string;
  image: string;
  region: string;
  subnet?: string;
  securityGroups?: string[];
  keyName?: string;
  instanceProfile?: string;
  tags: Tags;
}

export interface LaunchResult {
  /** Empty only in a dry run. */
  id?: string;
  region: string;
  state: InstanceState;
  plan?: Plan;
}

export interface MetricSeries {
  metric: string;
  unit: string;
  statistic: string;
  /** One a period, at most 60; null: nothing was reported. Empty: nothing at all was. */
  values: (number | null)[];
  latest?: number;
  min?: number;
  max?: number;
}

export interface InstanceMetrics {
  /** ISO time to the minute of everybody's first value; absent when nothing reported. */
  start?: string;
  periodSeconds: number;
  series: MetricSeries[];
  /** `CPUUtilization (InternalError)`: CloudWatch did not give all of it. */
  incomplete?: string[];
}

export interface MetricQuery {
  hours: number;
}

/**
 * Virtual machines of every provider. All methods throw `CallError` and nothing else.
 * Methods that change something take resolved targets only, count what they send in `call.ledger`,
 * use the provider's own dry run when `call.dryRun` is set, and wait for the target state at most `call.waitMs`.
 */
export interface ComputePort {
  /** All accounts in one page; a part that fails is named in `missing`, and only if every part fails is the first error thrown. */
  list(accounts: readonly Resolved<AccountTarget>[], query: InstanceQuery, call: CallScope): Promise<InstancePage>;
  get(instance: Resolved<InstanceTarget>, call: CallScope): Promise<InstanceDetail>;
  start(instance: Resolved<InstanceTarget>, call: CallScope): Promise<StateChange>;
  stop(instance: Resolved<InstanceTarget>, call: CallScope): Promise<StateChange>;
  restart(instance: Resolved<InstanceTarget>, call: CallScope): Promise<StateChange>;
  terminate(instance: Resolved<InstanceTarget>, call: CallScope): Promise<StateChange>;
  launch(account: Resolved<AccountTarget>, spec: LaunchSpec, call: CallScope): Promise<LaunchResult>;
  /** Reads only, so that a target need not have been resolved for it. */
  metrics(instance: InstanceTarget, query: MetricQuery, call: CallScope): Promise<InstanceMetrics>;
}
