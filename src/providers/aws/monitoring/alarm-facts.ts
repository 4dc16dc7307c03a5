import type { CompositeAlarm, LogAlarm, MetricAlarm } from '@aws-sdk/client-cloudwatch';
import type { AlarmRow } from '../../../ports/monitoring.ts';
import type { Scope } from '../accounts.ts';

/** Every kind of alarm that shares the names. */
export type Alarm = MetricAlarm | CompositeAlarm | LogAlarm;

const states: Readonly<Record<string, AlarmRow['state']>> = { OK: 'ok', ALARM: 'alarm', INSUFFICIENT_DATA: 'insufficient_data' };

/** CloudWatch's word for a state of ours. */
export function stateValue(state: AlarmRow['state']): 'OK' | 'ALARM' | 'INSUFFICIENT_DATA' {
  return state === 'ok' ? 'OK' : state === 'alarm' ? 'ALARM' : 'INSUFFICIENT_DATA';
}

const operators: Readonly<Record<string, string>> = {
  GreaterThanThreshold: '>',
  GreaterThanOrEqualToThreshold: '>=',
  LessThanThreshold: '<',
  LessThanOrEqualToThreshold: '<=',
  GreaterThanUpperThreshold: 'above',
  LessThanLowerThreshold: 'below',
  LessThanLowerOrGreaterThanUpperThreshold: 'outside',
};

export function isMetricAlarm(alarm: Alarm): alarm is MetricAlarm {
  return !('AlarmRule' in alarm) && !('ScheduledQueryConfiguration' in alarm);
}

/** @param nameAccount whether rows say their account: only where there are several */
export function toRow(alarm: Alarm, { account, region }: Scope, nameAccount: boolean): AlarmRow {
  const since = alarm.StateTransitionedTimestamp ?? alarm.StateUpdatedTimestamp;
  const instance = isMetricAlarm(alarm) ? instanceOf(alarm) : undefined;
  return {
    name: alarm.AlarmName ?? '',
    state: states[alarm.StateValue ?? ''] ?? 'insufficient_data',
    ...(since ? { since: `${since.toISOString().slice(0, 19)}Z` } : {}),
    rule: ruleOf(alarm),
    ...(instance ? { instance } : {}),
    region,
    ...(nameAccount ? { account: account.name } : {}),
  };
}

/** The instance that a metric alarm watches, if it watches one. */
export function instanceOf({ Dimensions = [] }: MetricAlarm): string | undefined {
  return Dimensions.find(({ Name }) => Name === 'InstanceId')?.Value;
}

/** What an alarm watches, in one line: `CPUUtilization Average > 80 for 2 × 300 s`. */
export function ruleOf(alarm: Alarm): string {
  if ('AlarmRule' in alarm) return alarm.AlarmRule ?? '';
  if ('ScheduledQueryConfiguration' in alarm) {
    const { AggregationExpression = '' } = alarm.ScheduledQueryConfiguration ?? {};
    return `log query ${AggregationExpression} ${limitOf(alarm)}`;
  }
  if (!isMetricAlarm(alarm)) return '';
  if (alarm.EvaluationCriteria) return `PromQL ${alarm.EvaluationCriteria.PromQLCriteria?.Query ?? ''}`;
  const { EvaluationPeriods: periods = 1, DatapointsToAlarm: enough = periods } = alarm;
  const watched = alarm.Metrics?.find(({ ReturnData }) => ReturnData) ?? alarm.Metrics?.[0];
  const stat = watched?.MetricStat;
  const metric = stat?.Metric ?? alarm;
  const what = watched?.Expression ?? `${metric.MetricName} ${stat?.Stat ?? alarm.Statistic ?? alarm.ExtendedStatistic ?? ''}`;
  const seconds = watched?.Period ?? stat?.Period ?? alarm.Period;
  const window = `${enough === periods ? '' : `${enough} of `}${periods}${seconds === undefined ? '' : ` × ${seconds} s`}`;
  return `${what} ${limitOf(alarm)} for ${window}${watched?.Expression ? '' : whereOf(metric)}`;
}

function limitOf({ ComparisonOperator, Threshold }: Pick<MetricAlarm, 'ComparisonOperator' | 'Threshold'>): string {
  return `${operators[ComparisonOperator ?? ''] ?? ComparisonOperator} ${Threshold ?? 'the expected band'}`;
}

/** Namespace and dimensions, but for those that most alarms have. */
function whereOf({ Namespace, Dimensions = [] }: Pick<MetricAlarm, 'Namespace' | 'Dimensions'>): string {
  const others = Dimensions.filter(({ Name }) => Name !== 'InstanceId').map(({ Name, Value }) => `${Name}=${Value}`);
  const parts = [...(Namespace === undefined || Namespace === 'AWS/EC2' ? [] : [Namespace]), ...others];
  return parts.length > 0 ? ` (${parts.join(', ')})` : '';
}
