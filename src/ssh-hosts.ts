import { existsSync } from 'node:fs';
import { CallError } from './call/errors.ts';
import type { HostingerSettings, ServerSettings } from './config/hostinger.ts';
import type { ProvidedValues } from './config/provided-values.ts';
import type { HostSpec, SshSettings } from './ports/remote-host.ts';

/**
 * How each server of ziggie.yaml is reached. What it leaves out comes from HOSTINGER_SSH_* or the secret ziggie/hostinger-ssh; host and
 * host key that are given there belong to one machine, and so to the first server that names no host.
 */
export function sshHosts({ servers, agentSocket, knownHosts }: HostingerSettings, provided: () => Promise<ProvidedValues>): HostSpec[] {
  const unnamed = servers.find(({ ssh }) => ssh.host === undefined);
  return servers.map((server) => ({
    name: server.name,
    sessions: server.ssh.sessions,
    settings: async () => {
      const values = await provided();
      const given = async (name: Parameters<ProvidedValues['get']>[0]) => (await values.get(name))?.value;
      const isUnnamed = server === unnamed;
      const { ssh } = server;
      const host = ssh.host ?? (isUnnamed ? await given('hostinger-ssh-host') : undefined);
      if (host === undefined) throw missing(server, 'no address', 'ssh.host', isUnnamed ? 'HOSTINGER_VPS_HOST' : undefined);
      const hostKey = isUnnamed && ssh.hostKeys === undefined ? await given('hostinger-ssh-host-key') : undefined;
      const pinned = ssh.hostKeys ?? (hostKey === undefined ? [] : [hostKey]);
      return {
        host,
        port: ssh.port ?? (isUnnamed ? portOf(await given('hostinger-ssh-port')) : 22),
        user: ssh.user ?? (await given('hostinger-ssh-user')) ?? 'root',
        hostKeys: pinned,
        // What ziggie.yaml pins is all that counts.
        ...knownHostsOf(ssh.knownHosts ?? (pinned.length === 0 && existsSync(knownHosts) ? knownHosts : undefined)),
        key: await keyOf(server, agentSocket, given),
      };
    },
  }));
}

/** Nothing for no file: what is not there yet names nobody. */
function knownHostsOf(file: string | undefined): Pick<SshSettings, 'knownHostsFile'> {
  return file === undefined ? {} : { knownHostsFile: file };
}

async function keyOf(
  server: ServerSettings,
  agentSocket: string | undefined,
  given: (name: Parameters<ProvidedValues['get']>[0]) => Promise<string | undefined>,
): Promise<SshSettings['key']> {
  const { key } = server.ssh;
  if (key === 'agent') {
    if (agentSocket === undefined) throw missing(server, 'no SSH agent', 'ssh.key', 'SSH_AUTH_SOCK');
    return { kind: 'agent', socket: agentSocket };
  }
  const passphrase = await given('hostinger-ssh-passphrase');
  const opened = passphrase === undefined ? {} : { passphrase };
  const text = key === undefined ? await given('hostinger-ssh-private-key') : undefined;
  if (text !== undefined) return { kind: 'text', text, ...opened };
  return { kind: 'file', path: key ?? (await given('hostinger-ssh-key-path')) ?? '', ...opened };
}

function portOf(text = '22'): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new CallError('provider_not_configured', 'The SSH port that is configured is no port.', {
    remedy: 'Set HOSTINGER_SSH_PORT, or port of the secret ziggie/hostinger-ssh, to a number like 22.',
    effect: 'none',
  });
}

function missing({ name }: ServerSettings, what: string, setting: string, variable: string | undefined): CallError {
  return new CallError('provider_not_configured', `There is ${what} for the server ${name}.`, {
    remedy: `Set ${setting} of ${name} in ziggie.yaml${variable === undefined ? '' : `, or ${variable}`}.`,
    effect: 'none',
  });
}
