import type { InstanceTarget, Resolved } from '../../src/ports/domain.ts';
import type { SshSettings } from '../../src/ports/remote-host.ts';
import type { CommandSpec, ServerSpec, VpsCommand } from '../../src/ports/vps.ts';
import { createRemoteHosts, type SshHosts } from '../../src/providers/hostinger/ssh/index.ts';
import { createVps, type DeployFolder } from '../../src/providers/hostinger/vps/index.ts';
import { createGuard } from '../../src/resilience/guard.ts';
import { instanceTarget } from '../aws/harness.ts';
import type { Sshd } from '../ssh/sshd.ts';

export function serverSpec(facts: Partial<ServerSpec> = {}): ServerSpec {
  return { name: 'vps-main', id: 1001, tags: {}, readFolders: ['/var/log'], services: ['ziggie-*'], commands: {}, ...facts };
}

/** @param run the program and its arguments, with places for parameters */
export function commandSpec(run: CommandSpec['run'], parameters: CommandSpec['parameters'] = {}, timeoutSeconds = 20): CommandSpec {
  return { run, parameters, timeoutSeconds };
}

export function named(name: string, params: Record<string, string> = {}, secrets: Record<string, string> = {}): VpsCommand {
  return { kind: 'named', name, params, secrets };
}

/** The server as the road resolves it. */
export function vpsTarget(id = 'vps-main'): Resolved<InstanceTarget> {
  return instanceTarget({ provider: 'hostinger', id, name: id, account: 'hostinger', region: 'global', instanceType: 'KVM 2' });
}

export function settingsOf({ host, port, user, fingerprints, keyPath }: Sshd): SshSettings {
  return { host, port, user, hostKeys: fingerprints, key: { kind: 'file', path: keyPath } };
}

/** The real client and what is built on it. */
export function overSsh(
  spec: ServerSpec,
  settings: () => Promise<SshSettings>,
  deployFolders: readonly DeployFolder[] = [],
): { hosts: SshHosts; vps: ReturnType<typeof createVps> } {
  const hosts = createRemoteHosts({ hosts: [{ name: spec.name, sessions: 8, settings }], guard: createGuard() });
  return { hosts, vps: createVps({ hosts, servers: [spec], deployFolders }) };
}
