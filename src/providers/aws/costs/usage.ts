import type { Expression, GetCostAndUsageCommandInput, GroupDefinition, MetricValue, ResultByTime } from '@aws-sdk/client-cost-explorer';
import type { CostAnswer, CostGroup, CostQuestion, CostRow } from '../../../ports/cost-sources.ts';
import type { AccountTarget } from '../../../ports/domain.ts';
import { answered } from '../errors.ts';
import { isZero, moneyOf } from './amounts.ts';

const action = 'GetCostAndUsage';

const dimensions = {
  service: 'SERVICE',
  usageType: 'USAGE_TYPE',
  kind: 'RECORD_TYPE',
  region: 'REGION',
} as const satisfies Record<string, GroupDefinition['Key']>;

/** What gives money back. It is reported beside what things cost, and is no part of it. */
const givenBack = ['Credit', 'Refund'];

export function usageRequest(account: AccountTarget, question: CostQuestion, token: string | undefined): GetCostAndUsageCommandInput {
  const { period, granularity, groups } = question;
  return {
    TimePeriod: { Start: period.from, End: period.until },
    Granularity: granularity === 'day' ? 'DAILY' : 'MONTHLY',
    Metrics: ['UnblendedCost'],
    Filter: filterOf(account, question),
    ...(groups.length > 0 ? { GroupBy: groups.map(groupBy) } : {}),
    ...(token === undefined ? {} : { NextPageToken: token }),
  };
}

/** Of a management account AWS would add the members of the organisation; they are accounts of their own, here and in policy. */
export function filterOf({ accountId }: AccountTarget, { withoutCredits }: Pick<CostQuestion, 'withoutCredits'>): Expression {
  const ofAccount: Expression = { Dimensions: { Key: 'LINKED_ACCOUNT', Values: [accountId] } };
  return withoutCredits ? { And: [ofAccount, { Not: { Dimensions: { Key: 'RECORD_TYPE', Values: givenBack } } }] } : ofAccount;
}

function groupBy(group: CostGroup): GroupDefinition {
  return typeof group === 'string' ? { Type: 'DIMENSION', Key: dimensions[group] } : { Type: 'TAG', Key: group.tag };
}

/** An answer of no periods at all is no bill that is closed, and what is final is kept for good; nor does a period of other days tell anything. */
export function finalityOf(results: readonly ResultByTime[], { period }: CostQuestion): Pick<CostAnswer, 'isFinal' | 'openFrom'> {
  const open = results.filter(({ Estimated }) => Estimated !== false).map(({ TimePeriod }) => TimePeriod?.Start?.slice(0, 10) ?? '');
  if (open.length === 0) return { isFinal: results.length > 0 };
  const [openFrom = ''] = open.toSorted();
  return { isFinal: false, ...(openFrom > period.from && open.every((day) => day < period.until) ? { openFrom } : {}) };
}

/** Throws `CallError` at what AWS does not send. Groups that cost nothing are left out. */
export function rowsOf({ TimePeriod, Groups = [], Total }: ResultByTime, { period, granularity, groups }: CostQuestion): CostRow[] {
  const start = /^\d{4}-\d{2}-\d{2}/.exec(TimePeriod ? (TimePeriod.Start ?? '') : period.from)?.[0];
  const day = answered(start, action);
  const from = granularity === 'day' ? day : `${day.slice(0, 7)}-01`;
  // A period without groups has its total instead.
  const found =
    Groups.length > 0
      ? Groups.map(({ Keys = [], Metrics }) => ({ keys: groups.map((group, at) => keyOf(group, Keys[at])), value: costOf(Metrics) }))
      : costOf(Total)
        ? [{ keys: groups.map(keyOfTotal), value: costOf(Total) }]
        : [];
  return found.map(({ keys, value }) => ({ from, keys, ...moneyOf(value, action) })).filter(({ amount }) => !isZero(amount));
}

/** AWS answers with the metric that it was asked for; an emulator with what was put down for it. */
function costOf(metrics: ResultByTime['Total'] = {}): MetricValue | undefined {
  return metrics.UnblendedCost ?? Object.entries(metrics).find(([name]) => name.endsWith('Cost'))?.[1];
}

/** The same goes for groups: one without a key of this kind is told apart by the others alone. */
function keyOf(group: CostGroup, key: string | undefined): string {
  if (key === undefined) return keyOfTotal(group);
  // `Team$backend`; a key of a tag has no `$`.
  if (typeof group !== 'string') return key.slice(key.indexOf('$') + 1);
  if (group !== 'kind') return key;
  // All other types of record, discounts and taxes too, belong to what a service costs.
  return givenBack.includes(key) ? key.toLowerCase() : 'cost';
}

function keyOfTotal(group: CostGroup): string {
  if (group === 'service') return 'All services';
  return group === 'kind' ? 'cost' : '';
}
