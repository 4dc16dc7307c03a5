import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

type KeyType = 'ed25519' | 'ecdsa' | 'rsa';

export interface SshdOptions {
  /** Commands and transfers at once on one connection; 10 by default, as sshd has it. */
  readonly maxSessions?: number;
  /** Types of its host keys; `['ed25519']` by default. */
  readonly hostKeys?: readonly KeyType[];
  /** Patterns of sshd_config(5): `aes256-ctr`, `diffie-hellman-group14-sha256`. */
  readonly ciphers?: string;
  readonly kexAlgorithms?: string;
  /** Type of the client's key; ed25519 by default. */
  readonly clientKey?: KeyType;
  /** More lines of sshd_config(5); the first of a keyword counts, so these win. */
  readonly settings?: readonly string[];
  /** Largest file in bytes that its sessions may write (`ulimit -f`). */
  readonly largestFileBytes?: number;
}

/** A real OpenSSH server on loopback with keys of its own. It runs as whoever runs the tests, and lets only them in. */
export interface Sshd {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly user: string;
  /** `SHA256:…` of the first host key. */
  readonly hostKeyFingerprint: string;
  /** In the order of `hostKeys`. */
  readonly fingerprints: readonly string[];
  /** Public host keys, in the order of `hostKeys`: `ssh-ed25519 AAAA…`. */
  readonly publicHostKeys: readonly string[];
  /** A private key that it accepts, mode 0600. */
  readonly keyPath: string;
  /** A private key that it does not know. */
  readonly strangerKeyPath: string;
  /** Scratch that goes with it; its own files are in `etc` below. */
  readonly folder: string;
  /** What it logged so far, at DEBUG2. */
  log(): string;
  /** How many connections got as far as a session so far. */
  accepted(): number;
  /** Cuts every open connection; it goes on listening. What sessions run is left alone, as when a network fails. */
  dropConnections(): void;
  /** Stops listening and cuts every connection; keys and port stay for `start`. */
  halt(): Promise<void>;
  start(): Promise<void>;
  /** Halts, and removes the folder. */
  stop(): Promise<void>;
}

const sshdPaths = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/opt/homebrew/sbin/sshd'];

/** @throws saying how to install OpenSSH where it is missing */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const binary = sshdPaths.find((path) => existsSync(path));
  if (!binary) throw new Error('OpenSSH is missing. Install it with: apt-get install openssh-server openssh-client');
  // The privilege separation of an sshd that root starts needs this folder, which the init script makes elsewhere.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });

  const folder = mkdtempSync(join(tmpdir(), 'ziggie-sshd-'));
  const etc = join(folder, 'etc');
  mkdirSync(etc, { mode: 0o700 });
  const hostKeys = (options.hostKeys ?? ['ed25519']).map((type) => newKey(join(etc, `host_${type}`), type));
  const keyPath = newKey(join(etc, 'client'), options.clientKey ?? 'ed25519');
  const strangerKeyPath = newKey(join(etc, 'stranger'), 'ed25519');
  writeFileSync(join(etc, 'authorized_keys'), readFileSync(`${keyPath}.pub`), { mode: 0o600 });
  const port = await freePort();
  writeFileSync(
    join(etc, 'sshd_config'),
    [
      ...(options.settings ?? []),
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      ...hostKeys.map((path) => `HostKey ${path}`),
      `AuthorizedKeysFile ${join(etc, 'authorized_keys')}`,
      `PidFile ${join(etc, 'pid')}`,
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
      'UseDNS no',
      // Start-up files of the shell are not the test's.
      `SetEnv HOME=${folder}`,
      'LogLevel DEBUG2',
      'Subsystem sftp internal-sftp',
      `MaxSessions ${options.maxSessions ?? 10}`,
      'MaxStartups 100',
      ...(options.ciphers ? [`Ciphers ${options.ciphers}`] : []),
      ...(options.kexAlgorithms ? [`KexAlgorithms ${options.kexAlgorithms}`] : []),
      '',
    ].join('\n'),
  );

  // A file: on standard error, what the server says while it starts a command would reach the client as the command's.
  const logFile = join(etc, 'log');
  const log = () => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '');
  let daemon: ChildProcess | undefined;
  const start = async () => {
    const begun = log().length;
    const limit = options.largestFileBytes === undefined ? '' : `ulimit -f ${Math.ceil(options.largestFileBytes / 512)}; `;
    // Ignored, the signal of a file that grows too large becomes an error of the write.
    const script = `${limit ? "trap '' XFSZ; " : ''}${limit}exec "$0" "$@"`;
    const child = spawn('/bin/sh', ['-c', script, binary, '-D', '-E', logFile, '-f', join(etc, 'sshd_config')], { stdio: 'ignore' });
    daemon = child;
    while (!log().includes('Server listening on', begun)) {
      if (child.exitCode !== null) throw new Error(`sshd ended with code ${child.exitCode}: ${log().slice(begun)}`);
      await pause(10);
    }
  };
  const dropConnections = () => {
    for (const pid of childrenOf(daemon?.pid)) for (const each of [...sshdChildrenOf(pid), pid]) kill(each);
  };
  const halt = async () => {
    const child = daemon;
    daemon = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const sessions = childrenOf(child.pid).flatMap((pid) => [...sshdChildrenOf(pid), pid]);
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    for (const pid of sessions) kill(pid);
    await exited;
  };
  await start();

  const publicHostKeys = hostKeys.map((path) => readFileSync(`${path}.pub`, 'utf8').trim().split(' ').slice(0, 2).join(' '));
  const fingerprints = hostKeys.map(fingerprintOf);
  return {
    host: '127.0.0.1',
    port,
    user: userInfo().username,
    hostKeyFingerprint: fingerprints[0] ?? '',
    fingerprints,
    publicHostKeys,
    keyPath,
    strangerKeyPath,
    folder,
    log,
    accepted: () => log().split('Accepted publickey for').length - 1,
    dropConnections,
    halt,
    start,
    async stop() {
      await halt();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Makes a key pair with ssh-keygen. @returns path of the private key, mode 0600 */
export function newKey(path: string, type: KeyType, passphrase = ''): string {
  execFileSync('ssh-keygen', ['-q', '-t', type, ...(type === 'rsa' ? ['-b', '2048'] : []), '-N', passphrase, '-C', 'test', '-f', path]);
  chmodSync(path, 0o600);
  return path;
}

/** What ssh-keygen says of it: `SHA256:…`. */
export function fingerprintOf(path: string): string {
  return execFileSync('ssh-keygen', ['-lf', path], { encoding: 'utf8' }).split(' ')[1] ?? '';
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It had ended by itself.
  }
}

/** The server's own processes below one of its own: not what they run. */
function sshdChildrenOf(pid: number): number[] {
  return childrenOf(pid)
    .filter((child) => statOf(child)?.name.startsWith('sshd'))
    .flatMap((child) => [...sshdChildrenOf(child), child]);
}

function childrenOf(pid: number | undefined): number[] {
  if (pid === undefined) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => statOf(child)?.parent === pid);
}

/** See proc(5); the name is in parentheses and may hold anything. */
function statOf(pid: number): { name: string; parent: number } | undefined {
  try {
    const [, name = '', parent] = /^\d+ \((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return { name, parent: Number(parent) };
  } catch {
    return undefined;
  }
}
