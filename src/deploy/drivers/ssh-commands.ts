import type { DriverScope } from '../../ports/deploy.ts';
import type { CommandResult, RemoteHosts } from '../../ports/remote-host.ts';
import { refused } from '../failures.ts';

type Argv = readonly [string, ...string[]];

export interface Shown {
  readonly stdin?: string;
  readonly timeoutMs?: number;
}

/** Commands on one server, each by its argument vector: nothing here is read by a shell. */
export interface Server {
  /** Of what changes nothing. @returns how it ended */
  ask(argv: Argv, how?: Shown): Promise<CommandResult>;
  /** Of what changes something. @throws CallError `provider_rejected` when it does not end well */
  change(argv: Argv, timeoutMs?: number): Promise<void>;
  /** Of what changes something, and may not be possible here: however it ends. */
  attempt(argv: Argv): Promise<void>;
}

const timeoutMs = 60_000;
const mostBytes = 64 * 1024;

export function serverOf(hosts: RemoteHosts, name: string, scope: DriverScope): Server {
  const run = (argv: Argv, within: number) => hosts.run(name, { argv }, { timeoutMs: within, maxBytes: mostBytes, readOnly: false }, scope);
  return {
    ask: (argv, { stdin, timeoutMs: within = timeoutMs } = {}) =>
      hosts.run(
        name,
        { argv },
        { timeoutMs: within, maxBytes: mostBytes, readOnly: true, ...(stdin === undefined ? {} : { stdin }) },
        scope,
      ),
    async change(argv, within = timeoutMs) {
      const result = await run(argv, within);
      if (!isDone(result)) throw failed(name, argv, result);
    },
    async attempt(argv) {
      await run(argv, timeoutMs);
    },
  };
}

export function isDone({ end }: CommandResult): boolean {
  return end.kind === 'exit' && end.code === 0;
}

/** Whether it answered at all: 0 is yes and 1 is no; 127, a signal or the end of its time are neither. */
export function saysYesOrNo({ end }: CommandResult): boolean {
  return end.kind === 'exit' && (end.code === 0 || end.code === 1);
}

export function failed(server: string, argv: Argv, result: CommandResult) {
  return refused(
    'provider_rejected',
    'CommandFailed',
    `${argv.slice(0, 2).join(' ')} on ${server} ${howItEnded(result)}: ${lastLines(result)}`,
    'Mend what it says on the server (permissions, disk, the unit of the service), and deploy again.',
  );
}

export function howItEnded({ end }: CommandResult): string {
  if (end.kind === 'exit') return `ended with code ${end.code}`;
  return end.kind === 'signal' ? `was ended by ${end.signal}` : `did not end within ${Math.round(end.afterMs / 1_000)} s`;
}

/** What it said last, errors first. */
export function lastLines({ stderr, stdout }: CommandResult): string {
  return (stderr.trim() || stdout.trim()).slice(-400) || 'it said nothing';
}
