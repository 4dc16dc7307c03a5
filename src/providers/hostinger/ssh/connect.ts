/** Invariant: nothing is sent over a connection whose server has not shown, and proven that it holds, a host key that is pinned. */
import { connect as openSocket, type Socket } from 'node:net';
import type { AnyAuthMethod, Client, ClientErrorExtensions, ConnectConfig } from 'ssh2';
import type { CallError } from '../../../call/errors.ts';
import type { SshSettings } from '../../../ports/remote-host.ts';
import { agreedAlgorithms, hostKeyAlgorithms } from './algorithms.ts';
import {
  authenticationFailed,
  cancelled,
  connectionLost,
  hostKeyMismatch,
  noCommonAlgorithm,
  notConfigured,
  notSsh,
  unreachable,
} from './errors.ts';
import { fingerprintOf, type Pins, readPins } from './host-keys.ts';
import { typeInside } from './known-hosts.ts';
import { authMethodOf } from './private-key.ts';

/** How long one server may take from the first packet to being logged in. */
const handshakeMs = 15_000;

export interface Connection {
  readonly client: Client;
  readonly socket: Socket;
  /** What the server calls itself: `OpenSSH_9.2p1`. */
  readonly software: string;
  isOpen(): boolean;
  /** Resolves when it is gone, for whatever reason. */
  readonly closed: Promise<void>;
  /** Round trip of the smallest request, in milliseconds; rejects when the connection ends before its answer. */
  ping(): Promise<number>;
}

/** What a server showed before anything was sent to it. */
export interface HostKey {
  readonly fingerprint: string;
  readonly type: string;
  /** The key itself, base64, as a line of known_hosts has it. */
  readonly publicKey: string;
}

/**
 * One connection, logged in. A server with several host keys shows one; when that is not a pinned one it is asked for the others,
 * each in a handshake of its own.
 * @throws CallError
 */
export async function connect(server: string, settings: SshSettings, signal: AbortSignal): Promise<Connection> {
  const pins = await readPins(server, settings);
  const auth = await authMethodOf(settings);
  const seen: HostKey[] = [];
  for (;;) {
    const algorithms = hostKeyAlgorithms(
      pins.types,
      seen.map(({ type }) => type),
    );
    const refuse = (isRevoked: boolean) =>
      hostKeyMismatch(
        server,
        seen.map(({ fingerprint }) => fingerprint),
        pins.expected,
        isRevoked,
      );
    if (algorithms.length === 0) throw refuse(false);
    const outcome = await handshake(server, settings, signal, algorithms, { pins, auth });
    if (outcome.kind === 'connected') return outcome.connection;
    if (outcome.kind === 'no such key type') {
      if (seen.length === 0) throw noCommonAlgorithm(server, 'type of host key');
      throw refuse(false);
    }
    seen.push(outcome.key);
    if (outcome.kind === 'revoked') throw refuse(true);
  }
}

/** Asks a server for its host key, and hangs up before anybody logs in. @throws CallError */
export async function showHostKey(server: string, settings: Pick<SshSettings, 'host' | 'port'>, signal: AbortSignal): Promise<HostKey> {
  const nobody: Pins = { expected: [], types: [], judge: () => 'unknown' };
  const outcome = await handshake(server, settings, signal, hostKeyAlgorithms([], []), { pins: nobody });
  if (outcome.kind === 'unknown') return outcome.key;
  throw noCommonAlgorithm(server, 'type of host key');
}

type Outcome =
  | { readonly kind: 'connected'; readonly connection: Connection }
  | { readonly kind: 'unknown' | 'revoked'; readonly key: HostKey }
  | { readonly kind: 'no such key type' };

async function handshake(
  server: string,
  { host, port }: Pick<SshSettings, 'host' | 'port'>,
  signal: AbortSignal,
  serverHostKey: ReturnType<typeof hostKeyAlgorithms>,
  { pins, auth }: { pins: Pins; auth?: AnyAuthMethod },
): Promise<Outcome> {
  const { default: ssh2 } = await import('ssh2');
  if (signal.aborted) throw cancelled();
  const client = new ssh2.Client();
  const socket = openSocket({ host, port, noDelay: true });
  return new Promise((resolve, reject) => {
    let judged: { readonly kind: 'accepted' | 'unknown' | 'revoked'; readonly key: HostKey } | undefined;
    let isDone = false;
    const end = (settle: () => void) => {
      if (isDone) return;
      isDone = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      settle();
    };
    const fail = (error: CallError) =>
      end(() => {
        socket.destroy();
        reject(error);
      });
    const abort = () => fail(cancelled());
    const timer = setTimeout(() => fail(unreachable(server, 'ETIMEDOUT')), handshakeMs);
    signal.addEventListener('abort', abort, { once: true });
    client.on('error', (error: Error & ClientErrorExtensions) => {
      if (judged && judged.kind !== 'accepted') {
        const { kind, key } = judged;
        return end(() => {
          socket.destroy();
          resolve({ kind, key });
        });
      }
      if (/no matching host key/.test(error.message)) {
        return end(() => {
          socket.destroy();
          resolve({ kind: 'no such key type' });
        });
      }
      fail(failureOf(server, error, judged !== undefined, auth));
    });
    client.on('close', () => fail(connectionLost(server, false)));
    client.on('ready', () => end(() => resolve({ kind: 'connected', connection: toConnection(client, socket, server) })));
    const config: ConnectConfig = {
      sock: socket,
      username: auth?.username ?? '',
      // Nothing but the one method: no password, no agent forwarding, not even the question which methods there are.
      authHandler: auth ? [auth] : [],
      algorithms: { ...agreedAlgorithms, serverHostKey },
      readyTimeout: 0,
      // The callback form: ssh2 takes whatever a verifier returns, a promise of `false` too, for consent unless it is exactly `false`.
      hostVerifier: (blob: Buffer, verify: (isValid: boolean) => void) => {
        judged = {
          kind: pins.judge(blob),
          key: { fingerprint: fingerprintOf(blob), type: typeInside(blob) ?? 'unknown', publicKey: blob.toString('base64') },
        };
        verify(judged.kind === 'accepted');
      },
    };
    try {
      client.connect(config);
    } catch (error) {
      fail(notSsh(server, error));
    }
  });
}

/** @param isTrusted whether the host key was accepted, so that what follows is about logging in */
function failureOf(server: string, error: Error & ClientErrorExtensions, isTrusted: boolean, auth: AnyAuthMethod | undefined): CallError {
  const { level, message } = error;
  const noMatch = /no matching (.*)$/.exec(message)?.[1];
  if (noMatch) return noCommonAlgorithm(server, noMatch);
  if (level === 'client-socket') return unreachable(server, (error as NodeJS.ErrnoException).code ?? 'no connection', error);
  if (level === 'agent') {
    return notConfigured(
      'NoAgent',
      'The SSH agent does not answer.',
      'Start ssh-agent, load the key with ssh-add, and check SSH_AUTH_SOCK.',
      error,
    );
  }
  // OpenSSH hangs up on whoever has tried too many keys: reason 2.
  const isHungUp = isTrusted && typeof (error as { code?: unknown }).code === 'number';
  if (level === 'client-authentication' || isHungUp) return authenticationFailed(server, auth?.username ?? '');
  if (/before handshake|ECONNRESET/.test(message)) return connectionLost(server, false, error);
  return notSsh(server, error);
}

function toConnection(client: Client, socket: Socket, server: string): Connection {
  const closed = new Promise<void>((resolve) => client.on('close', resolve));
  let isOpen = true;
  closed.then(() => {
    isOpen = false;
  });
  return {
    client,
    socket,
    software: softwareOf(client),
    isOpen: () => isOpen && !socket.destroyed && socket.writable,
    closed,
    ping: () =>
      new Promise((resolve, reject) => {
        const begun = performance.now();
        const lost = () => reject(connectionLost(server, false));
        try {
          // Taking back a forwarding that nobody asked for: any server answers at once, most of them no, and nothing changes.
          client.unforwardIn('localhost', 0, () => (isOpen ? resolve(performance.now() - begun) : lost()));
        } catch {
          lost();
        }
      }),
  };
}

/** ssh2 keeps the server's name for itself. */
function softwareOf(client: Client): string {
  return String((client as unknown as { _remoteVer?: unknown })._remoteVer ?? 'unknown');
}
