import { CallError } from '../../../call/errors.ts';
import type { DeployedApp, DriverScope, Ec2TargetSpec } from '../../../ports/deploy.ts';
import { scopeOf } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { mostAtOnce } from './ec2-commands.ts';

export type Ec2App = DeployedApp<Ec2TargetSpec>;

/** EC2's filters take `*` and `?` for others: a tag is meant as it is written. */
const literally = (value: string) => value.replace(/[*?\\]/g, String.raw`\$&`);

/** Instances that carry all tags, by id, so that every deployment begins with the same one. @throws CallError when none of them runs */
export async function fleetOf(
  context: AwsContext,
  { name, target }: Ec2App,
  call: DriverScope,
): Promise<{ running: string[]; stopped: string[] }> {
  const scope = scopeOf(context.accounts, target);
  const Filters = [
    ...Object.entries(target.tags).map(([key, value]) => ({ Name: `tag:${key}`, Values: [literally(value)] })),
    { Name: 'instance-state-name', Values: ['running', 'stopping', 'stopped'] },
  ];
  const running: string[] = [];
  const stopped: string[] = [];
  let NextToken: string | undefined;
  do {
    const input = { Filters, MaxResults: 200, NextToken };
    const page = await context.sender.ask('ec2', scope, call, (sdk) => new sdk.DescribeInstancesCommand(input));
    for (const { InstanceId = '', State } of (page.Reservations ?? []).flatMap(({ Instances }) => Instances ?? [])) {
      (State?.Name === 'running' ? running : stopped).push(InstanceId);
    }
    NextToken = page.NextToken || undefined;
  } while (NextToken !== undefined);
  if (running.length > 0) return { running: running.sort(), stopped };
  const tags = Object.entries(target.tags).map(([key, value]) => `${key}=${value}`);
  throw new CallError('provider_not_found', `No running instance in ${target.region} carries ${tags.join(' and ')}, the tags of ${name}.`, {
    remedy:
      stopped.length > 0
        ? `Start one with instances_start (stopped: ${stopped.slice(0, 3).join(', ')}), then deploy again.`
        : 'Tag the instances that should run it, or correct `tags` of its target in ziggie.yaml.',
    provider: { code: 'NoInstances' },
  });
}

/** @throws CallError for an instance that Systems Manager cannot reach now */
export async function refuseUnmanaged(
  context: AwsContext,
  { target }: Ec2App,
  instances: readonly string[],
  call: DriverScope,
): Promise<void> {
  const scope = scopeOf(context.accounts, target);
  const online = new Set<string>();
  for (let from = 0; from < instances.length; from += mostAtOnce) {
    const Values = instances.slice(from, from + mostAtOnce);
    let NextToken: string | undefined;
    do {
      const input = { Filters: [{ Key: 'InstanceIds', Values }], MaxResults: 50, NextToken };
      const page = await context.sender.ask('ssm', scope, call, (sdk) => new sdk.DescribeInstanceInformationCommand(input));
      for (const { InstanceId = '', PingStatus } of page.InstanceInformationList ?? []) if (PingStatus === 'Online') online.add(InstanceId);
      NextToken = page.NextToken || undefined;
    } while (NextToken !== undefined);
  }
  const [first, ...others] = instances.filter((id) => !online.has(id));
  if (first === undefined) return;
  throw new CallError(
    'provider_rejected',
    `Systems Manager does not reach ${first}${others.length > 0 ? ` and ${others.length} more` : ''}.`,
    {
      remedy:
        'An instance needs the SSM agent, a role with AmazonSSMManagedInstanceCore and a way to Systems Manager; restart it if it has all of them.',
      provider: { code: 'NotManaged' },
    },
  );
}
