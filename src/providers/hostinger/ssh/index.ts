/**
 * Servers over SSH: the only folder that knows ssh2. Invariant: a server that does not prove a pinned host key gets nothing of ours
 * (connect.ts); words reach commands as data (quote.ts); what we give up ends on the server as well (run.ts).
 */
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { Guard } from '../../../ports/guard.ts';
import type { HostSpec, NewFile, RemoteHosts } from '../../../ports/remote-host.ts';
import { commandLine } from './command-line.ts';
import { type Connection, type HostKey, showHostKey } from './connect.ts';
import { isConnectionLost, notConfigured } from './errors.ts';
import { listFolder, readRange, realPathOf, statFile } from './files.ts';
import { createHost, type Host } from './host.ts';
import { runCommand } from './run.ts';
import { type Sftp, startSftp } from './sftp.ts';
import { uploadFiles } from './upload.ts';
import { type Waiting, within } from './waiting.ts';

export interface RemoteHostsOptions {
  readonly hosts: readonly HostSpec[];
  readonly guard: Guard;
  /** A connection that nobody uses is dropped after this; a minute by default. */
  readonly idleMs?: number;
  /** Between two signs of life of a connection that is used; two that stay out end it. 10 s by default. */
  readonly keepaliveMs?: number;
}

/** A host key, and the server as known_hosts writes it: `[203.0.113.7]:2222`. */
export interface ShownKey extends HostKey {
  readonly address: string;
  /** Fingerprints that configuration pins already. */
  readonly pinned: readonly string[];
}

export interface SshHosts extends RemoteHosts {
  /**
   * The host key that a server shows, for a person to compare: hangs up before anybody logs in, and trusts nothing.
   * @throws CallError
   */
  scan(server: string, call: Waiting): Promise<ShownKey>;
  /** Ends every connection. Calls after it are refused. */
  close(): Promise<void>;
}

export function createRemoteHosts({ hosts, guard, idleMs = 60_000, keepaliveMs = 10_000 }: RemoteHostsOptions): SshHosts {
  const byName = new Map(hosts.map((spec) => [spec.name, { spec, host: createHost(spec, guard, { idleMs, keepaliveMs }) }]));
  const find = (server: string): { spec: HostSpec; host: Host } => {
    const found = byName.get(server);
    if (found) return found;
    throw notConfigured(
      'UnknownServer',
      `No server ${server} is configured for SSH.`,
      `Add it to hostinger.servers in ziggie.yaml; there are: ${[...byName.keys()].join(', ') || 'none'}.`,
    );
  };
  /** What changes nothing may be repeated when its connection broke. */
  const reading = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!isConnectionLost(error)) throw error;
      return work();
    }
  };
  const ask = <T>(server: string, call: CallScope, work: (sftp: Sftp) => Promise<T>): Promise<T> => {
    const { host } = find(server);
    return reading(() =>
      host.session(call, async (connection, signal) => {
        const sftp = await startSftp(server, connection, false, signal);
        // An answer that nobody waits for any more is cut off with its channel.
        signal.addEventListener('abort', sftp.end, { once: true });
        try {
          return await work(sftp);
        } catch (error) {
          throw signal.aborted ? signal.reason : error;
        } finally {
          signal.removeEventListener('abort', sftp.end);
          sftp.end();
        }
      }),
    );
  };

  return {
    names: () => [...byName.keys()],
    async probe(server, call) {
      const { host } = find(server);
      return reading(() =>
        host.connected(call, async (connection) => ({
          latencyMs: Math.round((await connection.ping()) * 10) / 10,
          software: connection.software,
        })),
      );
    },
    async run(server, command, options, call) {
      const { host } = find(server);
      // What cannot be sent is refused before a connection is made for it.
      commandLine(command, 'mark');
      const another = (signal: AbortSignal) => host.another(signal);
      if (options.readOnly) {
        return reading(() =>
          host.session(call, (connection, signal) => runCommand(connection, command, options, { server, signal, another })),
        );
      }
      return host.session(call, async (connection) => {
        const settle = call.ledger.attempt();
        try {
          // It has a time limit of its own: only a cancellation ends it before.
          const result = await runCommand(connection, command, options, { server, signal: call.signal, another });
          settle(result.end.kind === 'exit' && result.end.code === 0 ? 'applied' : 'unknown');
          return result;
        } catch (error) {
          settle(isUnsent(error) ? 'refused' : 'unknown');
          throw error;
        }
      });
    },
    stat: async (server, path, call) => ask(server, call, (sftp) => statFile(sftp, path)),
    realPath: async (server, path, call) => ask(server, call, (sftp) => realPathOf(sftp, path)),
    read: async (server, path, range, call) => ask(server, call, (sftp) => readRange(sftp, path, range)),
    list: async (server, path, call) => ask(server, call, (sftp) => listFolder(sftp, path)),
    async upload(server, folder, files, onProgress, call) {
      const { host } = find(server);
      return host.session(call, (connection, signal) => upload(server, connection, signal, folder, files, onProgress, call));
    },
    async scan(server, call) {
      const { spec } = find(server);
      return within(call, `${server} did not show its host key before the deadline.`, async (signal) => {
        const settings = await spec.settings();
        const address = settings.port === 22 ? settings.host : `[${settings.host}]:${settings.port}`;
        return { address, pinned: settings.hostKeys, ...(await showHostKey(server, settings, signal)) };
      });
    },
    async close() {
      await Promise.all([...byName.values()].map(({ host }) => host.close()));
    },
  };
}

async function upload(
  server: string,
  connection: Connection,
  signal: AbortSignal,
  folder: string,
  files: readonly NewFile[],
  onProgress: (bytes: number) => void,
  call: CallScope,
): Promise<void> {
  const sftp = await startSftp(server, connection, true, signal);
  let settle: ReturnType<CallScope['ledger']['attempt']> | undefined;
  const trace = { changed: false };
  const onChange = () => {
    settle = call.ledger.attempt();
  };
  try {
    await uploadFiles(sftp, folder, files, { server, signal, onProgress, onChange }, trace);
    settle?.('applied');
  } catch (error) {
    // A server that answers has been told to remove what was not finished.
    settle?.(trace.changed || isConnectionLost(error) || !connection.isOpen() ? 'unknown' : 'refused');
    throw error;
  } finally {
    sftp.end();
  }
}

function isUnsent(error: unknown): boolean {
  return error instanceof CallError && error.details.provider?.code === 'ChannelRefused';
}
