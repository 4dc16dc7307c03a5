import type { CallScope } from './call-scope.ts';
import type { AccountTarget, AlarmTarget, MissingPart, Resolved } from './domain.ts';
import type { Plan } from './plan.ts';

export interface AlarmRow {
  /** Untrusted text, like the rule. */
  name: string;
  state: 'ok' | 'alarm' | 'insufficient_data';
  /** When it came into this state. */
  since?: string;
  /** `CPUUtilization Average > 80 for 2 × 300 s`; that of a composite alarm in CloudWatch's own words. */
  rule: string;
  instance?: string;
  region: string;
  /** Only when more than one account is configured. */
  account?: string;
}

export interface AlarmPage {
  alarms: AlarmRow[];
  nextCursor?: string;
  missing?: MissingPart[];
}

export type Statistic = 'Average' | 'Sum' | 'Minimum' | 'Maximum' | 'SampleCount';

export interface AlarmSpec {
  namespace: string;
  metric: string;
  /** Name → value: exactly those that the metric reports with. */
  dimensions?: Record<string, string>;
  statistic: Statistic;
  comparison: '>' | '>=' | '<' | '<=';
  threshold: number;
  periodSeconds: number;
  /** Periods that must breach in a row. */
  periods: number;
  /** SNS topics, at most five. Left out: those of the existing alarm stay. */
  notify?: string[];
  /** Make it although the metric has never reported. */
  allowSilent?: boolean;
}

export interface AlarmChange {
  /** What it watches now; of a deleted alarm, what it watched. Untrusted text. */
  rule: string;
  /** Things to know, such as that the metric has never reported. */
  warnings?: string[];
  plan?: Plan;
}

export interface DashboardChange {
  /** False when the dashboard already was what it would be; nothing was sent then. */
  changed: boolean;
  instances: number;
  widgets: number;
  /** Instances that did not fit. */
  omitted?: number;
  /** What CloudWatch says of widgets that it took, but may not draw. Untrusted text. */
  warnings?: string[];
  plan?: Plan;
}

export interface MetricsQuery {
  namespace: string;
  metrics: string[];
  statistic: Statistic;
  /** Dimension of which each value is a series: `InstanceId`. */
  dimension: string;
  values: string[];
  hours: number;
  /** Most points of a series. */
  points: number;
}

export interface ValueSeries {
  metric: string;
  /** The dimension's value. */
  of: string;
  latest: number;
  min: number;
  max: number;
  /** One a period; null: nothing was reported. */
  values: (number | null)[];
}

export interface MetricsResult {
  region: string;
  /** ISO time to the minute of everybody's first value; absent when nothing reported. */
  start?: string;
  periodSeconds: number;
  series: ValueSeries[];
  /** `CPUUtilization i-…`: reported nothing in that time. */
  silent?: string[];
  /** `CPUUtilization i-… (InternalError)`: CloudWatch did not give all of it. */
  incomplete?: string[];
}

export interface LogsQuery {
  group: string;
  /** CloudWatch Logs Insights query; or `pattern` for a simple filter. */
  query?: string;
  pattern?: string;
  minutes: number;
  limit: number;
}

export interface LogsResult {
  region: string;
  /** `timeout`: not all was looked at in time; these are the rows so far. */
  status: 'complete' | 'timeout';
  /** One object a row. Untrusted text, names too. */
  rows: Record<string, string>[];
  /** What else a reader should know, such as that rows were left out. */
  note?: string;
  matched?: number;
  scannedBytes?: number;
}

/**
 * CloudWatch and CloudWatch Logs. All methods throw `CallError` and nothing else. What is given an account looks at the first of its
 * regions, but for lists and dashboards, which cover all.
 */
export interface MonitoringPort {
  alarms(
    accounts: readonly Resolved<AccountTarget>[],
    query: { limit: number; cursor?: string; prefix?: string; state?: AlarmRow['state'] },
    call: CallScope,
  ): Promise<AlarmPage>;
  /** Makes or replaces the alarm. `target_unresolved` when the metric has never reported. */
  putAlarm(alarm: Resolved<AlarmTarget>, spec: AlarmSpec, call: CallScope): Promise<AlarmChange>;
  deleteAlarm(alarm: Resolved<AlarmTarget>, call: CallScope): Promise<AlarmChange>;
  /** Writes the dashboard of the tagged instances as they are now. Idempotent: an unchanged fleet changes nothing. */
  putDashboard(account: Resolved<AccountTarget>, query: { name: string; ifExists?: boolean }, call: CallScope): Promise<DashboardChange>;
  metrics(account: Resolved<AccountTarget>, query: MetricsQuery, call: CallScope): Promise<MetricsResult>;
  /** Waits for a query at most `call.waitMs`, then stops it. */
  logs(account: Resolved<AccountTarget>, query: LogsQuery, call: CallScope): Promise<LogsResult>;
}
