import { afterAll } from 'vitest';
import type { HostSpec, RunOptions, SshSettings } from '../../src/ports/remote-host.ts';
import { createRemoteHosts, type SshHosts } from '../../src/providers/hostinger/ssh/index.ts';
import { createGuard } from '../../src/resilience/guard.ts';
import { type Sshd, type SshdOptions, startSshd } from './sshd.ts';

/** Registered while the file loads: a hook that a running test adds is never called. */
const endings: (() => unknown)[] = [];
afterAll(async () => {
  for (const end of endings.reverse()) await end();
});

/** What is done when the test file is, last things first. */
export function atEnd(end: () => unknown): void {
  endings.push(end);
}

/** A server that ends with the test file. */
export async function sshdForTests(options: SshdOptions = {}): Promise<Sshd> {
  const sshd = await startSshd(options);
  atEnd(() => sshd.stop());
  return sshd;
}

export function settingsFor(sshd: Sshd, settings: Partial<SshSettings> = {}): SshSettings {
  return {
    host: sshd.host,
    port: sshd.port,
    user: sshd.user,
    hostKeys: [sshd.hostKeyFingerprint],
    key: { kind: 'file', path: sshd.keyPath },
    ...settings,
  };
}

/** Hosts with the one server `vps`, closed with the test file. */
export function hostsFor(
  settings: SshSettings | (() => Promise<SshSettings>),
  options: { sessions?: number; idleMs?: number; keepaliveMs?: number } = {},
): SshHosts {
  const { sessions = 8, ...times } = options;
  const spec: HostSpec = { name: 'vps', sessions, settings: typeof settings === 'function' ? settings : async () => settings };
  const hosts = createRemoteHosts({ hosts: [spec], guard: createGuard(), ...times });
  atEnd(() => hosts.close());
  return hosts;
}

export const reads: RunOptions = { timeoutMs: 15_000, maxBytes: 64 * 1_024, readOnly: true };
export const changes: RunOptions = { ...reads, readOnly: false };
