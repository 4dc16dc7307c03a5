/**
 * Invariant: an alarm made here notifies and does nothing else. CloudWatch alarms can also stop, terminate or reboot machines and
 * run functions, which policy would have decided on; so no such action is set, and an alarm that has one is not touched.
 */
import type { ComparisonOperator, MetricAlarm, PutMetricAlarmInput } from '@aws-sdk/client-cloudwatch';
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { AlarmTarget, Resolved } from '../../../ports/domain.ts';
import type { AlarmChange, AlarmSpec } from '../../../ports/monitoring.ts';
import { scopeOf } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { type Alarm, isMetricAlarm, ruleOf } from './alarm-facts.ts';
import { findAlarm } from './alarms-read.ts';
import { describeMetric, hasReported, neverReported } from './silent-metrics.ts';

const operators: Readonly<Record<AlarmSpec['comparison'], ComparisonOperator>> = {
  '>': 'GreaterThanThreshold',
  '>=': 'GreaterThanOrEqualToThreshold',
  '<': 'LessThanThreshold',
  '<=': 'LessThanOrEqualToThreshold',
};

/** Makes or replaces the alarm; what it notifies, says and does with missing data stays, unless the spec says otherwise. Throws `CallError`. */
export async function putAlarm(
  { accounts, sender }: AwsContext,
  target: Resolved<AlarmTarget>,
  spec: AlarmSpec,
  call: CallScope,
): Promise<AlarmChange> {
  const scope = scopeOf(accounts, target);
  const found = target.exists ? await findAlarm(sender, scope, target.name, call) : undefined;
  const existing = found && replaceable(found);
  const input = toInput(target.name, spec, existing);
  const silent = !(await hasReported(sender, scope, spec, call));
  if (silent && !spec.allowSilent) throw neverReported(spec);
  const told = [
    ...(silent ? [`${describeMetric(spec)} has not reported in the last two weeks: the alarm has nothing to watch.`] : []),
    ...(input.ActionsEnabled === false && input.AlarmActions?.length
      ? ['The actions of this alarm were switched off and stay so: it notifies nobody until a person enables them again.']
      : []),
  ];
  const warnings = told.length > 0 ? { warnings: told } : {};
  const rule = ruleOf(input);
  if (call.dryRun) {
    return { rule, ...warnings, plan: { current: existing ? shown(existing) : {}, change: shown(input), providerChecked: false } };
  }
  // CloudWatch ignores the tags of an alarm that exists, and asks for the permission to tag all the same.
  const tags = found ? {} : { Tags: [{ Key: 'Project', Value: 'Ziggie' }] };
  await sender.change('cloudwatch', scope, 'natural', call, (sdk) => new sdk.PutMetricAlarmCommand({ ...input, ...tags }));
  return { rule, ...warnings };
}

/** The existing alarm, if it may be replaced. Throws `provider_conflict`. */
function replaceable(alarm: Alarm): MetricAlarm {
  if (!isMetricAlarm(alarm)) {
    throw new CallError('provider_conflict', `The name ${alarm.AlarmName} is taken by an alarm of another kind.`, {
      remedy: 'Use another name. Names are shared by metric, composite and log alarms of a region.',
      provider: { code: 'AlarmNameTaken' },
    });
  }
  const foreign = actionsOf(alarm).filter((action) => !/^arn:[a-z-]+:sns:/.test(action));
  if (foreign.length === 0) return alarm;
  throw new CallError('provider_conflict', `The alarm ${alarm.AlarmName} does more than notify: ${foreign.join(', ')}.`, {
    remedy: 'Use another name for yours. Only a person should change when this alarm acts on machines or functions.',
    provider: { code: 'AlarmHasActions' },
  });
}

function actionsOf({ AlarmActions = [], OKActions = [], InsufficientDataActions = [] }: MetricAlarm): string[] {
  return [...AlarmActions, ...OKActions, ...InsufficientDataActions];
}

function toInput(name: string, spec: AlarmSpec, existing: MetricAlarm | undefined): PutMetricAlarmInput {
  const { AlarmDescription, ActionsEnabled, OKActions, InsufficientDataActions, TreatMissingData, ActionConfiguration } = existing ?? {};
  const { namespace, metric, statistic, periodSeconds, dimensions = {} } = spec;
  const kept = { AlarmDescription, ActionsEnabled, OKActions, InsufficientDataActions, TreatMissingData, ActionConfiguration };
  return {
    AlarmName: name,
    ...Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined)),
    AlarmActions: spec.notify ?? existing?.AlarmActions ?? [],
    Namespace: namespace,
    MetricName: metric,
    Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
    Statistic: statistic,
    Period: periodSeconds,
    EvaluationPeriods: spec.periods,
    ComparisonOperator: operators[spec.comparison],
    Threshold: spec.threshold,
  };
}

function shown(alarm: MetricAlarm): Record<string, string> {
  return { rule: ruleOf(alarm), notify: alarm.AlarmActions?.join(', ') || 'nobody' };
}
