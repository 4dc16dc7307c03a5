import type { AlarmType, DescribeAlarmsInput } from '@aws-sdk/client-cloudwatch';
import { CallError } from '../../../call/errors.ts';
import type { Scope } from '../accounts.ts';
import { answered } from '../errors.ts';
import type { Sender, SendScope } from '../send.ts';
import type { Alarm } from './alarm-facts.ts';

/** Without them CloudWatch leaves out all but metric alarms, as if there were none (DescribeAlarms, "AlarmTypes"). */
const AlarmTypes: AlarmType[] = ['MetricAlarm', 'CompositeAlarm', 'LogAlarm'];

/** One page of alarms of all kinds. Throws `CallError`. */
export async function describeAlarms(
  sender: Sender,
  scope: Scope,
  call: SendScope,
  input: DescribeAlarmsInput,
): Promise<{ items: Alarm[]; nextToken?: string }> {
  const reply = await sender.ask('cloudwatch', scope, call, (sdk) => new sdk.DescribeAlarmsCommand({ AlarmTypes, ...input }));
  const metricAlarms = answered(reply.MetricAlarms, 'DescribeAlarms');
  return {
    items: [...metricAlarms, ...(reply.CompositeAlarms ?? []), ...(reply.LogAlarms ?? [])],
    nextToken: reply.NextToken || undefined,
  };
}

/** The alarm of exactly this name; undefined when there is none. Throws `CallError`. */
export async function findAlarm(sender: Sender, scope: Scope, name: string, call: SendScope): Promise<Alarm | undefined> {
  const { items } = await describeAlarms(sender, scope, call, { AlarmNames: [name] });
  return items.find(({ AlarmName }) => AlarmName === name);
}

/** @param code the error of a place where the alarm should have been */
export function noSuchAlarm(name: string, where: string, code: 'target_unresolved' | 'provider_not_found'): CallError {
  return new CallError(code, `There is no alarm ${name} in ${where}.`, {
    remedy: 'Look for its name and region with monitoring_list_alarms; names are case-sensitive.',
    provider: { code: 'ResourceNotFound' },
  });
}
