import type {
  DescribeInstancesCommandInput,
  DescribeInstancesCommandOutput,
  Filter,
  InstanceStateChange,
  InstanceStateName,
  StartInstancesCommandOutput,
  StopInstancesCommandOutput,
  TerminateInstancesCommandOutput,
} from '@aws-sdk/client-ec2';
import { notInSandbox, ServiceFault } from './fault.ts';
import { sandboxAccountId } from './fleet.ts';
import { type Machine, toInstance, type World } from './world.ts';

type Answer<O> = Omit<O, '$metadata'>;
interface ChangeInput {
  readonly InstanceIds: string[] | undefined;
  readonly DryRun?: boolean;
}

/** @throws ServiceFault as EC2 would answer */
export function describeInstances(
  world: World,
  region: string,
  input: DescribeInstancesCommandInput,
): Answer<DescribeInstancesCommandOutput> {
  if (input.InstanceIds && input.MaxResults !== undefined) {
    throw new ServiceFault('InvalidParameterCombination', 'InstanceIds and MaxResults exclude each other.');
  }
  const chosen = input.InstanceIds ? machines(world, region, input.InstanceIds) : world.all(region);
  const matching = chosen.filter((machine) => (input.Filters ?? []).every((filter) => matches(machine, filter)));
  const size = input.MaxResults ?? 1_000;
  if (size < 5 || size > 1_000) throw new ServiceFault('InvalidParameterValue', 'MaxResults must lie between 5 and 1000.');
  const from = offsetOf(input.NextToken);
  const page = matching.slice(from, from + size);
  return {
    Reservations: page.map((machine) => ({
      OwnerId: sandboxAccountId,
      ReservationId: machine.id.replace('i-', 'r-'),
      Instances: [toInstance(machine)],
    })),
    NextToken: from + size < matching.length ? Buffer.from(`at:${from + size}`).toString('base64') : undefined,
  };
}

function offsetOf(token: string | undefined): number {
  if (token === undefined) return 0;
  const [, offset] = /^at:(\d{1,6})$/.exec(Buffer.from(token, 'base64').toString()) ?? [];
  if (offset === undefined) throw new ServiceFault('InvalidNextToken', 'The token is not one of mine.');
  return Number(offset);
}

export function startInstances(world: World, region: string, input: ChangeInput): Answer<StartInstancesCommandOutput> {
  const StartingInstances = change(world, region, input, ['stopped', 'running', 'pending'], (machine) => {
    if (machine.state === 'stopped') world.move(machine, 'pending', 'running');
  });
  return { StartingInstances };
}

export function stopInstances(world: World, region: string, input: ChangeInput): Answer<StopInstancesCommandOutput> {
  const StoppingInstances = change(world, region, input, ['running', 'stopping', 'stopped'], (machine) => {
    if (machine.state === 'running') world.move(machine, 'stopping', 'stopped', byUser);
  });
  return { StoppingInstances };
}

export function rebootInstances(world: World, region: string, input: ChangeInput): object {
  change(world, region, input, ['running'], () => {});
  return {};
}

export function terminateInstances(world: World, region: string, input: ChangeInput): Answer<TerminateInstancesCommandOutput> {
  const anyState: InstanceStateName[] = ['pending', 'running', 'stopping', 'stopped', 'shutting-down', 'terminated'];
  const guarded = machines(world, region, input.InstanceIds).find(({ isProtected }) => isProtected);
  if (guarded) throw new ServiceFault('OperationNotPermitted', `Termination protection is on for ${guarded.id} (disableApiTermination).`);
  const TerminatingInstances = change(world, region, input, anyState, (machine) => {
    if (machine.state !== 'shutting-down' && machine.state !== 'terminated') world.move(machine, 'shutting-down', 'terminated', byUser);
  });
  return { TerminatingInstances };
}

const byUser = { Code: 'Client.UserInitiatedShutdown', Message: 'Client.UserInitiatedShutdown: a person asked for it' };

/** All or nothing, like EC2: ids first, then the dry run, then the states, and only then the change. */
function change(
  world: World,
  region: string,
  { InstanceIds, DryRun }: ChangeInput,
  from: readonly InstanceStateName[],
  apply: (machine: Machine) => void,
): InstanceStateChange[] {
  const chosen = machines(world, region, InstanceIds);
  endDryRun(DryRun);
  const wrong = chosen.find(({ state }) => !from.includes(state));
  if (wrong) throw new ServiceFault('IncorrectInstanceState', `${wrong.id} is ${wrong.state}; this needs it to be ${from.join(' or ')}.`);
  return chosen.map((machine) => {
    const previous = machine.state;
    apply(machine);
    return { InstanceId: machine.id, PreviousState: { Name: previous }, CurrentState: { Name: machine.state } };
  });
}

export function endDryRun(dryRun: boolean | undefined): void {
  if (dryRun) throw new ServiceFault('DryRunOperation', 'The request would have succeeded; DryRun is set.', 412);
}

function machines(world: World, region: string, ids: readonly string[] | undefined): Machine[] {
  if (!ids || ids.length === 0) throw new ServiceFault('MissingParameter', 'InstanceIds is empty.');
  return ids.map((id) => {
    if (!/^i-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id)) throw new ServiceFault('InvalidInstanceID.Malformed', `The id "${id}" is malformed.`);
    const machine = world.find(region, id);
    if (!machine) throw new ServiceFault('InvalidInstanceID.NotFound', `The id "${id}" does not exist in ${region}.`);
    return machine;
  });
}

function matches(machine: Machine, { Name = '', Values = [] }: Filter): boolean {
  const wanted = Values.map(wildcard);
  if (Name === 'instance-state-name') return wanted.some((pattern) => pattern.test(machine.state));
  if (!Name.startsWith('tag:')) throw notInSandbox(`the filter ${Name}`);
  const tag = machine.tags.find(({ Key }) => Key === Name.slice('tag:'.length));
  return wanted.some((pattern) => tag !== undefined && pattern.test(tag.Value ?? ''));
}

/** EC2's filter values: `*` any text, `?` any character, `\` takes the next one as it is. */
function wildcard(value: string): RegExp {
  const pattern = value.replace(/\\(.)|[*?]|[^\\*?]+|\\$/gsu, (part, escaped?: string) => {
    if (escaped === undefined && part === '*') return '.*';
    if (escaped === undefined && part === '?') return '.';
    return (escaped ?? part).replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
  });
  return new RegExp(`^(?:${pattern})$`, 'su');
}
