/** Invariant: a command is sent once. What Systems Manager shows of it to others holds no secret, and addresses that have expired. */
import type { CommandInvocation } from '@aws-sdk/client-ssm';
import { CallError } from '../../../call/errors.ts';
import type { DriverScope } from '../../../ports/deploy.ts';
import type { Scope } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { answered, clean } from '../errors.ts';
import { scriptFailures } from './ec2-script.ts';
import { pauseFor } from './wait.ts';

/** Instances of one command (Systems Manager API Reference, "SendCommand", `InstanceIds`). */
export const mostAtOnce = 50;
/** After that an instance that does not answer counts as undeliverable. */
const deliverySeconds = 60;
/** Systems Manager takes a moment to tell that time is over. */
const graceSeconds = 30;

export interface InstanceCommand {
  readonly script: string;
  /** Seconds after which Systems Manager ends it on the instance. */
  readonly timeoutSeconds: number;
  /** What it is for, shown in the history. */
  readonly comment: string;
  /** Whether it is waited for even when the call is cancelled: what switches must be known to have ended. */
  readonly toTheEnd?: boolean;
}

export interface Ran {
  readonly instance: string;
  /** `Success`, or how it failed: `Failed`, `Undeliverable`, `ExecutionTimedOut`… */
  readonly status: string;
  readonly exitCode?: number;
  /** Untrusted: the standard error if there is any, else the output. */
  readonly said: string;
}

/** Runs a script on all of these, fifty at a time, and waits until each has ended. Throws `CallError` for what concerns the command itself. */
export async function runOn(
  context: AwsContext,
  scope: Scope,
  instances: readonly string[],
  command: InstanceCommand,
  call: DriverScope,
): Promise<Ran[]> {
  const ended: Ran[] = [];
  for (let from = 0; from < instances.length; from += mostAtOnce) {
    ended.push(...(await runOnce(context, scope, instances.slice(from, from + mostAtOnce), command, call)));
  }
  return ended;
}

async function runOnce(
  context: AwsContext,
  scope: Scope,
  ids: readonly string[],
  command: InstanceCommand,
  call: DriverScope,
): Promise<Ran[]> {
  const { sender, pollMs } = context;
  const input = {
    DocumentName: 'AWS-RunShellScript',
    InstanceIds: [...ids],
    Parameters: { commands: [command.script], executionTimeout: [String(command.timeoutSeconds)] },
    TimeoutSeconds: deliverySeconds,
    Comment: command.comment.slice(0, 100),
  };
  const sent = await sender.change('ssm', scope, 'never', call, (sdk) => new sdk.SendCommandCommand(input));
  const CommandId = answered(sent.Command?.CommandId, 'SendCommand', 'unknown');
  const looking = command.toTheEnd ? { ...call, signal: new AbortController().signal } : call;
  const until = Date.now() + (deliverySeconds + command.timeoutSeconds + graceSeconds) * 1_000;
  for (let round = 0; ; round += 1) {
    // Short ones are over in a second.
    await pauseFor(Math.min(pollMs, 250 * 2 ** round), looking);
    const seen = new Map((await invocationsOf(context, scope, CommandId, looking)).map((each) => [each.InstanceId ?? '', each]));
    // Right after it was sent, Systems Manager may not know of it everywhere.
    const open = ids.filter((id) => !isOver(seen.get(id)));
    call.progress(ids.length - open.length, ids.length, `${command.comment}: ${ids.length - open.length} of ${ids.length} instances`);
    if (open.length === 0 || Date.now() >= until) return ids.map((instance) => ranOf(instance, seen.get(instance)));
  }
}

async function invocationsOf({ sender }: AwsContext, scope: Scope, CommandId: string, call: DriverScope): Promise<CommandInvocation[]> {
  const found: CommandInvocation[] = [];
  let NextToken: string | undefined;
  do {
    const input = { CommandId, Details: true, MaxResults: 50, NextToken };
    const page = await sender.ask('ssm', scope, call, (sdk) => new sdk.ListCommandInvocationsCommand(input));
    found.push(...(page.CommandInvocations ?? []));
    NextToken = page.NextToken || undefined;
  } while (NextToken !== undefined);
  return found;
}

function isOver(invocation: CommandInvocation | undefined): boolean {
  return ['Success', 'Failed', 'TimedOut', 'Cancelled'].includes(invocation?.Status ?? '');
}

function ranOf(instance: string, invocation: CommandInvocation | undefined): Ran {
  if (!isOver(invocation)) return { instance, status: 'NoAnswer', said: '' };
  const [plugin] = invocation?.CommandPlugins ?? [];
  const [output = '', error = ''] = (plugin?.Output ?? '').split('----------ERROR-------');
  const code = plugin?.ResponseCode;
  return {
    instance,
    status: invocation?.StatusDetails || invocation?.Status || 'Unknown',
    ...(code === undefined || code < 0 ? {} : { exitCode: code }),
    said: clean(error.trim() || output).slice(-1_000),
  };
}

/** @throws CallError naming the first instance on which it went wrong, and how many others */
export function refuseFailures(ran: readonly Ran[], what: string): void {
  const failed = ran.filter(({ status }) => status !== 'Success');
  const [first] = failed;
  if (!first) return;
  const others = failed.length > 1 ? ` So it went on ${failed.length - 1} more of ${ran.length} instances.` : '';
  const known = first.exitCode === undefined ? undefined : scriptFailures[first.exitCode];
  const message = known
    ? `${first.instance} ${known.says}.`
    : `${what} went wrong on ${first.instance}: ${first.status}${first.exitCode === undefined ? '' : `, exit code ${first.exitCode}`}.`;
  throw new CallError('provider_rejected', `${message}${others}`, {
    remedy: known?.remedy ?? remedies[first.status] ?? 'Read what the instance said, mend it there, then deploy again.',
    provider: { code: known?.code ?? first.status, ...(first.said ? { message: first.said } : {}) },
  });
}

const agent =
  'Check that it runs, and its SSM agent and network; instances_get shows its state. Terminate it if it is broken, then deploy again.';
const remedies: Readonly<Record<string, string>> = {
  Undeliverable: agent,
  DeliveryTimedOut: agent,
  NoAnswer: agent,
  ExecutionTimedOut: 'It took longer than it may. Look for a slow disk or network on the instance, then deploy again.',
};
