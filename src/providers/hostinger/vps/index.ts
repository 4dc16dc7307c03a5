import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { InstanceTarget } from '../../../ports/domain.ts';
import type { CommandResult, RemoteCommand, RemoteHosts } from '../../../ports/remote-host.ts';
import type { ServerSpec, VpsCommandResult, VpsPort } from '../../../ports/vps.ts';
import { quote } from '../ssh/quote.ts';
import { type PreparedCommand, prepareCommand } from './command.ts';
import { readFilePart } from './read-file.ts';
import { changeService } from './service.ts';

export interface VpsOptions {
  readonly hosts: RemoteHosts;
  readonly servers: readonly ServerSpec[];
  /** Where applications are deployed to; nothing is read there. */
  readonly deployFolders: readonly DeployFolder[];
}

export interface DeployFolder {
  /** Name in ziggie.yaml. */
  readonly server: string;
  readonly folder: string;
}

/** Of each stream; what an agent reads of output is its end. */
const shownBytes = 8_192;

/** What agents do on a server over SSH. Throws `CallError` and nothing else. */
export function createVps({ hosts, servers, deployFolders }: VpsOptions): Pick<VpsPort, 'run' | 'readFile' | 'service'> {
  const serverOf = ({ id, name }: InstanceTarget): ServerSpec => {
    const server = servers.find((each) => String(each.id) === id || each.name === id);
    if (server && hosts.names().includes(server.name)) return server;
    throw new CallError('target_unresolved', `${name} is no server that ziggie.yaml lets SSH reach.`, {
      remedy: `Use one of ${hosts.names().join(', ') || 'hostinger.servers, of which ziggie.yaml has none'}.`,
    });
  };
  return {
    async run(target, asked, call) {
      const server = serverOf(target);
      const prepared = prepareCommand(server, asked);
      if (call.dryRun) return plannedRun(server, prepared);
      const { command, timeoutMs, stdin } = prepared;
      const onOutput = streamTo(call);
      const options = { timeoutMs, maxBytes: shownBytes, readOnly: false, onOutput, ...(stdin === undefined ? {} : { stdin }) };
      return resultOf(await hosts.run(server.name, command, options, call));
    },
    async readFile(target, query, call) {
      const server = serverOf(target);
      const deployed = deployFolders.filter((each) => each.server === server.name).map(({ folder }) => folder);
      return readFilePart(hosts, server, deployed, query, call);
    },
    service: (target, query, call) => Promise.resolve().then(() => changeService(hosts, serverOf(target), query, call)),
  };
}

function resultOf({ end, stdout, stderr, cut }: CommandResult): VpsCommandResult {
  return {
    ...(end.kind === 'exit' ? { exitCode: end.code } : end.kind === 'signal' ? { signal: end.signal } : { timedOut: true }),
    stdout,
    stderr,
    cut,
  };
}

/** Nothing is sent: not even whether the server answers is found out. */
function plannedRun({ name }: ServerSpec, { command, timeoutMs, stdin }: PreparedCommand): VpsCommandResult {
  const change = {
    command: lineOf(command),
    timeout: `${timeoutMs / 1_000} s`,
    ...(stdin === undefined ? {} : { input: 'its secrets, on standard input' }),
  };
  return { stdout: '', stderr: '', cut: false, plan: { current: { server: name }, change, providerChecked: false } };
}

function lineOf(command: RemoteCommand): string {
  return 'argv' in command ? quote(command.argv) : command.shell;
}

function streamTo(call: CallScope): (line: string) => void {
  let lines = 0;
  return (line) => {
    lines += 1;
    call.progress(lines, undefined, line);
  };
}
