/** Invariant: nothing is run. What the scripts of a deployment would do is told apart by their first line, and remembered. */
import { createHash } from 'node:crypto';
import type {
  CommandInvocation,
  DescribeInstanceInformationCommandInput,
  DescribeInstanceInformationCommandOutput,
  ListCommandInvocationsCommandInput,
  ListCommandInvocationsCommandOutput,
  SendCommandCommandInput,
  SendCommandCommandOutput,
} from '@aws-sdk/client-ssm';
import { type ScriptName, scriptMark } from '../aws/deploy/ec2-script.ts';
import { fileOfTarball, isHealthyRelease } from './archives.ts';
import { type Answers, ServiceFault } from './fault.ts';
import type { SandboxBucket } from './s3-buckets.ts';
import type { World } from './world.ts';

/** What a machine has of applications, by their folder. */
interface Deployed {
  /** Whether each release is healthy, as its own `health.json` says. */
  readonly releases: Map<string, boolean>;
  current?: string;
}
type Result = { readonly code: number; readonly error?: string };

/** Run Command on the running machines of the sandbox; every command is over when somebody looks. */
export function createRunCommand(world: World, buckets: ReadonlyMap<string, SandboxBucket>): Answers {
  const machines = new Map<string, Map<string, Deployed>>();
  const commands = new Map<string, CommandInvocation[]>();
  const isManaged = (region: string, id: string) => world.find(region, id)?.state === 'running';

  return {
    DescribeInstanceInformationCommand: (
      region,
      { Filters }: DescribeInstanceInformationCommandInput,
    ): Omit<DescribeInstanceInformationCommandOutput, '$metadata'> => {
      const wanted = Filters?.find(({ Key }) => Key === 'InstanceIds')?.Values;
      const managed = world.all(region).filter(({ id }) => isManaged(region, id) && (wanted?.includes(id) ?? true));
      return { InstanceInformationList: managed.map(({ id }) => ({ InstanceId: id, PingStatus: 'Online' })) };
    },
    SendCommandCommand: (region, input: SendCommandCommandInput): Omit<SendCommandCommandOutput, '$metadata'> => {
      const ids = input.InstanceIds ?? [];
      if (ids.length === 0 || ids.some((id) => !isManaged(region, id))) {
        throw new ServiceFault('InvalidInstanceId', 'Instances not in a valid state for account');
      }
      const script = (input.Parameters?.commands ?? []).join('\n');
      const CommandId = `5a4d0b0c-0000-4000-9000-${String(commands.size + 1).padStart(12, '0')}`;
      const rows = ids.map((InstanceId): CommandInvocation => {
        const apps = machines.get(InstanceId) ?? new Map<string, Deployed>();
        machines.set(InstanceId, apps);
        const { code, error = '' } = emulate(apps, script, buckets);
        const status = code === 0 ? 'Success' : 'Failed';
        const Output = error ? `\n----------ERROR-------\n${error}` : '';
        return { CommandId, InstanceId, Status: status, StatusDetails: status, CommandPlugins: [{ ResponseCode: code, Output }] };
      });
      commands.set(CommandId, rows);
      return { Command: { CommandId, Status: 'Pending', InstanceIds: ids } };
    },
    ListCommandInvocationsCommand: (
      _,
      { CommandId = '' }: ListCommandInvocationsCommandInput,
    ): Omit<ListCommandInvocationsCommandOutput, '$metadata'> => ({ CommandInvocations: commands.get(CommandId) ?? [] }),
  };
}

function emulate(apps: Map<string, Deployed>, script: string, buckets: ReadonlyMap<string, SandboxBucket>): Result {
  const is = (name: ScriptName) => script.startsWith(`${scriptMark(name)}\n`);
  const variable = (name: string) => new RegExp(`^${name}='([^']*)'$`, 'm').exec(script)?.[1] ?? '';
  const app = apps.get(variable('folder')) ?? { releases: new Map<string, boolean>() };
  if (is('deliver')) {
    const archive = archiveOf(script, buckets);
    if (!archive) return { code: 65, error: 'curl ended with 22' };
    const [, expected] = /^printf '%s {2}%s\\n' '([0-9a-f]{64})' /m.exec(script) ?? [];
    if (createHash('sha256').update(archive).digest('hex') !== expected) return { code: 64, error: 'wrong checksum' };
    try {
      const health = fileOfTarball(archive, 'health.json');
      apps.set(variable('folder'), app);
      app.releases.set(variable('version'), isHealthyRelease(health));
    } catch {
      return { code: 63, error: 'tar ended with 2' };
    }
    return { code: 0 };
  }
  if (is('switch')) {
    if (!app.releases.has(variable('version'))) return { code: 62 };
    app.current = variable('version');
    return { code: 0 };
  }
  if (is('stop')) {
    delete app.current;
    return { code: 0 };
  }
  if (is('clean')) return { code: 0 };
  // Anything else asks for health: of whatever serves here.
  const serving = [...apps.values()].filter(({ current }) => current !== undefined);
  const sick = serving.find(({ releases, current = '' }) => !releases.get(current));
  return serving.length > 0 && !sick ? { code: 0 } : { code: 3, error: sick ? `${sick.current} is failed` : 'nothing is active' };
}

/** The archive that a delivery fetches. */
function archiveOf(script: string, buckets: ReadonlyMap<string, SandboxBucket>): Buffer | undefined {
  const [, address] = /^fetch '([^']+)' "\$incoming\/\.archive"$/m.exec(script) ?? [];
  if (address === undefined) return undefined;
  const { hostname, pathname } = new URL(address);
  return buckets.get(hostname.split('.')[0] ?? '')?.current(decodeURIComponent(pathname.slice(1)))?.content;
}
