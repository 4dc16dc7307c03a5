import type { FlowLog, NetworkInterface, SecurityGroup, Vpc } from '@aws-sdk/client-ec2';
import { once } from '../../../lazily.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { Scope } from '../accounts.ts';
import { answered } from '../errors.ts';
import type { Sender } from '../send.ts';
import { readAll, type Seen } from './read-all.ts';

/** EC2 gives up to 1,000 in a page of each of these. */
const MaxResults = 1_000;
const mostPages = 10;

/** What a network looks like; each part is asked for once, by whichever check needs it first. */
export interface NetworkFacts {
  groups(): Promise<Seen<SecurityGroup>>;
  interfaces(): Promise<Seen<NetworkInterface>>;
  vpcs(): Promise<Seen<Vpc>>;
  flowLogs(): Promise<Seen<FlowLog>>;
}

export function networkFacts(sender: Sender, scope: Scope, call: CallScope): NetworkFacts {
  return {
    groups: once(() =>
      readAll(mostPages, async (NextToken) => {
        const reply = await sender.ask('ec2', scope, call, (sdk) => new sdk.DescribeSecurityGroupsCommand({ MaxResults, NextToken }));
        return { items: answered(reply.SecurityGroups, 'DescribeSecurityGroups'), next: reply.NextToken };
      }),
    ),
    interfaces: once(() =>
      readAll(mostPages, async (NextToken) => {
        const reply = await sender.ask('ec2', scope, call, (sdk) => new sdk.DescribeNetworkInterfacesCommand({ MaxResults, NextToken }));
        return { items: answered(reply.NetworkInterfaces, 'DescribeNetworkInterfaces'), next: reply.NextToken };
      }),
    ),
    vpcs: once(() =>
      readAll(mostPages, async (NextToken) => {
        const reply = await sender.ask('ec2', scope, call, (sdk) => new sdk.DescribeVpcsCommand({ MaxResults, NextToken }));
        return { items: answered(reply.Vpcs, 'DescribeVpcs'), next: reply.NextToken };
      }),
    ),
    flowLogs: once(() => readFlowLogs(sender, scope, call)),
  };
}

/** @param vpc only of this one */
export function readFlowLogs(sender: Sender, scope: Scope, call: CallScope, vpc?: string): Promise<Seen<FlowLog>> {
  const Filter = vpc === undefined ? undefined : [{ Name: 'resource-id', Values: [vpc] }];
  return readAll(mostPages, async (NextToken) => {
    const reply = await sender.ask('ec2', scope, call, (sdk) => new sdk.DescribeFlowLogsCommand({ MaxResults, NextToken, Filter }));
    return { items: answered(reply.FlowLogs, 'DescribeFlowLogs'), next: reply.NextToken };
  });
}

/** Whether a flow log is one of this VPC as a whole, and on. */
export function watches({ ResourceId, FlowLogStatus }: FlowLog, vpc: string): boolean {
  return ResourceId === vpc && FlowLogStatus === 'ACTIVE';
}
