import type { AccountTarget } from '../../../ports/domain.ts';
import type { MonitoringPort } from '../../../ports/monitoring.ts';
import type { TargetResolvers } from '../../../ports/resolve.ts';
import { scopeOf } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { resolveAlarm } from './alarm-resolver.ts';
import { putDashboard } from './dashboard.ts';
import { deleteAlarm } from './delete-alarm.ts';
import { listAlarms } from './list-alarms.ts';
import { filterLogs } from './logs-filter.ts';
import { runInsights } from './logs-insights.ts';
import { readMetrics } from './metrics.ts';
import { putAlarm } from './put-alarm.ts';

/** CloudWatch and CloudWatch Logs as the monitoring port. */
export function createMonitoring(context: AwsContext): { port: MonitoringPort; resolvers: Pick<TargetResolvers, 'Alarm'> } {
  const { accounts, sender } = context;
  const firstOf = ({ account, regions }: AccountTarget) => scopeOf(accounts, { account, region: regions[0] ?? '' });
  return {
    resolvers: { Alarm: (ref, call) => resolveAlarm(context, ref, call) },
    port: {
      alarms: (targets, query, call) => listAlarms(context, targets, query, call),
      putAlarm: (target, spec, call) => putAlarm(context, target, spec, call),
      deleteAlarm: (target, call) => deleteAlarm(context, target, call),
      putDashboard: (target, name, call) => putDashboard(context, target, name, call),
      metrics: (target, query, call) => readMetrics(sender, firstOf(target), query, call),
      logs: (target, query, call) =>
        query.pattern === undefined ? runInsights(context, firstOf(target), query, call) : filterLogs(sender, firstOf(target), query, call),
    },
  };
}
