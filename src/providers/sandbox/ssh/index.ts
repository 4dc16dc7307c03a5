import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ParsedKey } from 'ssh2';
import { once } from '../../../lazily.ts';
import type { SshSettings } from '../../../ports/remote-host.ts';
import type { Machine } from './program.ts';
import { listen, type SandboxServer, sandboxUser } from './server.ts';
import { createTree } from './tree.ts';
import { createUnits } from './units.ts';

export interface SandboxSsh {
  /** Starts the server if it does not run yet. Throws for a name that was not given. */
  settings(server: string): Promise<SshSettings>;
  /** Ends what was started and removes its files; nothing is started any more. */
  close(): Promise<void>;
}

export interface SandboxSshOptions {
  /** Names, as in ziggie.yaml. */
  readonly servers: readonly string[];
  /** Keeps the files of the servers below it, for whoever comes next; absent: they are gone in the end. */
  readonly folder?: string;
}

interface Running {
  readonly server: SandboxServer;
  readonly folder: string;
  readonly settings: SshSettings;
}

/**
 * SSH and SFTP servers of the sandbox: in this process, each on a port of loopback, with host keys and a client key of their own that no
 * file holds, over a temporary folder. See `machine.ts` for what they run.
 */
export function createSandboxSsh({ servers, folder }: SandboxSshOptions): SandboxSsh {
  const clientKey = once(() => newKey());
  const started = new Map<string, Promise<Running>>();
  let isClosed = false;
  return {
    async settings(name) {
      if (isClosed || !servers.includes(name)) throw new Error(`the sandbox has no server ${name}`);
      const known = started.get(name);
      if (known) return (await known).settings;
      const starting = clientKey().then((key) => startServer(name, key, folder));
      started.set(name, starting);
      return (await starting).settings;
    },
    async close() {
      isClosed = true;
      for (const running of await Promise.allSettled(started.values())) {
        if (running.status !== 'fulfilled') continue;
        await running.value.server.close();
        if (folder === undefined) rmSync(running.value.folder, { recursive: true, force: true });
      }
      started.clear();
    },
  };
}

interface Key {
  readonly privateText: string;
  readonly parsed: ParsedKey;
}

async function startServer(name: string, client: Key, kept: string | undefined): Promise<Running> {
  const host = await newKey();
  const folder = kept === undefined ? mkdtempSync(join(tmpdir(), 'ziggie-sandbox-')) : join(kept, name);
  const server = await listen(newMachine(name, folder), host.privateText, client.parsed);
  const fingerprint = createHash('sha256').update(host.parsed.getPublicSSH()).digest('base64').replace(/=+$/, '');
  return {
    server,
    folder,
    settings: {
      host: '127.0.0.1',
      port: server.port,
      user: sandboxUser,
      hostKeys: [`SHA256:${fingerprint}`],
      key: { kind: 'text', text: client.privateText },
    },
  };
}

export async function newKey(): Promise<Key> {
  const { default: ssh2 } = await import('ssh2');
  // One in some two hundred keys that ssh2 makes is one that it cannot read.
  for (;;) {
    const { private: privateText } = ssh2.utils.generateKeyPairSync('ed25519');
    const parsed = ssh2.utils.parseKey(privateText);
    if (!(parsed instanceof Error)) return { privateText, parsed };
  }
}

function newMachine(name: string, folder: string): Machine {
  const startedAt = Date.now();
  for (const path of ['etc', 'root', 'srv', 'tmp', 'var/log']) mkdirSync(join(folder, path), { recursive: true });
  writeFileSync(join(folder, 'etc/hostname'), `${name}\n`);
  writeFileSync(join(folder, 'var/log/syslog'), `${new Date(startedAt).toISOString()} ${name} kernel: Linux version 6.8.0-sandbox\n`);
  const tree = createTree(folder);
  return { name, tree, startedAt, units: createUnits(name, tree) };
}
