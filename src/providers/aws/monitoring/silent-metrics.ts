import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { AlarmSpec } from '../../../ports/monitoring.ts';
import type { Scope } from '../accounts.ts';
import { answered } from '../errors.ts';
import type { Sender } from '../send.ts';

type Watched = Pick<AlarmSpec, 'namespace' | 'metric' | 'dimensions'>;

/**
 * Whether the metric with exactly these dimensions reported in the last two weeks, which is as far as ListMetrics remembers. Its
 * filter also finds metrics with more dimensions, which an alarm does not watch. Throws `CallError`.
 */
export async function hasReported(
  sender: Sender,
  scope: Scope,
  { namespace, metric, dimensions = {} }: Watched,
  call: CallScope,
): Promise<boolean> {
  const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
  let NextToken: string | undefined;
  do {
    const input = { Namespace: namespace, MetricName: metric, Dimensions, NextToken };
    const reply = await sender.ask('cloudwatch', scope, call, (sdk) => new sdk.ListMetricsCommand(input));
    if (answered(reply.Metrics, 'ListMetrics').some((each) => (each.Dimensions ?? []).length === Dimensions.length)) return true;
    NextToken = reply.NextToken || undefined;
  } while (NextToken);
  return false;
}

/** `AWS/EC2 CPUUtilization (InstanceId=i-…)` */
export function describeMetric({ namespace, metric, dimensions = {} }: Watched): string {
  const parts = Object.entries(dimensions).map(([name, value]) => `${name}=${value}`);
  return `${namespace} ${metric} (${parts.join(', ') || 'no dimensions'})`;
}

export function neverReported(watched: Watched): CallError {
  return new CallError(
    'target_unresolved',
    `${describeMetric(watched)} has not reported in the last two weeks: the alarm would watch nothing.`,
    {
      remedy:
        'Check namespace, metric and dimensions (monitoring_get_metrics shows what reports); a new metric is known after up to 15 minutes. To make the alarm all the same, pass allowSilent.',
      provider: { code: 'MetricNeverReported' },
    },
  );
}
