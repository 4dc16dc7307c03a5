import type { MetricAlarm } from '@aws-sdk/client-cloudwatch';
import type { Instance } from '@aws-sdk/client-ec2';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { Scope } from '../accounts.ts';
import { answered } from '../errors.ts';
import type { Sender } from '../send.ts';
import { instanceOf, isMetricAlarm } from './alarm-facts.ts';
import { describeAlarms } from './alarms-read.ts';
import type { DashboardInstance } from './dashboard-body.ts';

interface Fleet {
  readonly instances: readonly DashboardInstance[];
  /** ARNs of alarms on all instances together, sorted by region. */
  readonly fleetAlarms: readonly string[];
}

/** Terminated instances are shown for an hour, and report nothing any more. */
const alive = ['pending', 'running', 'stopping', 'stopped'];

/** The project's instances with the alarms on each, in the order of their regions and ids. Throws `CallError`. */
export async function readFleet(sender: Sender, scopes: readonly Scope[], call: CallScope): Promise<Fleet> {
  const instances: DashboardInstance[] = [];
  const fleetAlarms: string[] = [];
  for (const scope of scopes) {
    const [machines, { byInstance, overAll }] = await Promise.all([readInstances(sender, scope, call), readAlarms(sender, scope, call)]);
    fleetAlarms.push(...overAll);
    for (const { InstanceId: id = '', Tags = [] } of machines) {
      const name = Tags.find(({ Key }) => Key === 'Name')?.Value ?? '';
      instances.push({ id, name, region: scope.region, alarms: byInstance.get(id) ?? [] });
    }
  }
  return { instances, fleetAlarms };
}

async function readInstances(sender: Sender, scope: Scope, call: CallScope): Promise<Instance[]> {
  const Filters = [
    { Name: 'tag:Project', Values: ['Ziggie'] },
    { Name: 'instance-state-name', Values: alive },
  ];
  const found: Instance[] = [];
  let NextToken: string | undefined;
  do {
    const input = { Filters, MaxResults: 1_000, NextToken };
    const reply = await sender.ask('ec2', scope, call, (sdk) => new sdk.DescribeInstancesCommand(input));
    found.push(...answered(reply.Reservations, 'DescribeInstances').flatMap(({ Instances = [] }) => Instances));
    NextToken = reply.NextToken || undefined;
  } while (NextToken);
  return found.sort((a, b) => ((a.InstanceId ?? '') < (b.InstanceId ?? '') ? -1 : 1));
}

async function readAlarms(sender: Sender, scope: Scope, call: CallScope) {
  const byInstance = new Map<string, string[]>();
  const overAll: string[] = [];
  let NextToken: string | undefined;
  do {
    const page = await describeAlarms(sender, scope, call, { MaxRecords: 100, NextToken });
    for (const alarm of page.items.filter(isMetricAlarm)) {
      const instance = instanceOf(alarm);
      if (alarm.AlarmArn === undefined) continue;
      if (instance !== undefined) byInstance.set(instance, [...(byInstance.get(instance) ?? []), alarm.AlarmArn]);
      else if (isOverAll(alarm)) overAll.push(alarm.AlarmArn);
    }
    NextToken = page.nextToken;
  } while (NextToken);
  return { byInstance, overAll };
}

/** On EC2's sum over all instances, or on a Metrics Insights query over them, which a person may have made. */
function isOverAll({ Namespace, Dimensions = [], Metrics = [] }: MetricAlarm): boolean {
  return (
    (Namespace === 'AWS/EC2' && Dimensions.length === 0) || Metrics.some(({ Expression = '' }) => Expression.includes('SCHEMA("AWS/EC2"'))
  );
}
