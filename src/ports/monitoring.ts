import type { CallScope } from './call-scope.ts';
import type { AccountTarget, AlarmTarget, MissingPart, Resolved } from './domain.ts';
import type { Plan } from './plan.ts';

export interface AlarmRow {
  name: string;
  state: 'ok' | 'alarm' | 'insufficient_data';
  /** When it came into this state. */
  since?: string;
  /** `CPUUtilization Average > 80 for 2 × 300 s`. */
  rule: string;
  instance?: string;
  region: string;
  account?: string;
}

export interface AlarmPage {
  alarms: AlarmRow[];
  nextCursor?: string;
  missing?: MissingPart[];
}

export interface AlarmSpec {
  namespace: string;
  metric: string;
  /** Name → value. */
  dimensions?: Record<string, string>;
  statistic: 'Average' | 'Sum' | 'Minimum' | 'Maximum' | 'SampleCount';
  comparison: '>' | '>=' | '<' | '<=';
  threshold: number;
  periodSeconds: number;
  /** Periods that must breach in a row. */
  periods: number;
  /** SNS topics, at most five. */
  notify?: string[];
  description?: string;
}

export interface AlarmChange {
  state?: string;
  /** Things to know, such as that the metric has never reported. */
  warnings?: string[];
  plan?: Plan;
}

export interface DashboardChange {
  widgets?: number;
  instances?: number;
  url?: string;
  /** False when the dashboard already was what it would be. */
  changed?: boolean;
  plan?: Plan;
}

export interface MetricsQuery {
  namespace: string;
  metrics: { metric: string; statistic: string }[];
  /** Dimension values to draw one series each of: `InstanceId` → ids. */
  dimension: string;
  values: string[];
  hours: number;
  points: number;
}

export interface MetricSeriesOf {
  metric: string;
  statistic: string;
  of: string;
  points: [string, number][];
  latest?: number;
  min?: number;
  max?: number;
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
  /** One object a row. Untrusted text. */
  rows: Record<string, string>[];
  status: 'complete' | 'timeout';
  scannedBytes?: number;
  matched?: number;
}

/** CloudWatch and CloudWatch Logs. All methods throw `CallError` and nothing else. */
export interface MonitoringPort {
  alarms(
    accounts: readonly Resolved<AccountTarget>[],
    query: { limit: number; cursor?: string; prefix?: string; state?: AlarmRow['state'] },
    call: CallScope,
  ): Promise<AlarmPage>;
  putAlarm(alarm: Resolved<AlarmTarget>, spec: AlarmSpec, call: CallScope): Promise<AlarmChange>;
  deleteAlarm(alarm: Resolved<AlarmTarget>, call: CallScope): Promise<AlarmChange>;
  putDashboard(account: Resolved<AccountTarget>, name: string, call: CallScope): Promise<DashboardChange>;
  metrics(
    account: Resolved<AccountTarget>,
    query: MetricsQuery,
    call: CallScope,
  ): Promise<{ series: MetricSeriesOf[]; missing?: string[] }>;
  logs(account: Resolved<AccountTarget>, query: LogsQuery, call: CallScope): Promise<LogsResult>;
}
