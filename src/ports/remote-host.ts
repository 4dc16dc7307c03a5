import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { CallScope } from './call-scope.ts';

/** A server of ziggie.yaml, by its name. */
export type ServerName = string;

/** How a server is reached, as configuration says now. */
export interface SshSettings {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** `SHA256:…`; any of them will do. Empty with no file: the server is not connected to. */
  readonly hostKeys: readonly string[];
  /** In the format of sshd(8), hashed hosts too. */
  readonly knownHostsFile?: string;
  readonly key:
    | { readonly kind: 'text'; readonly text: string; readonly passphrase?: string }
    | { readonly kind: 'file'; readonly path: string; readonly passphrase?: string }
    | { readonly kind: 'agent'; readonly socket: string };
}

export interface HostSpec {
  readonly name: ServerName;
  /** Commands and transfers at once. */
  readonly sessions: number;
  /** Read for each new connection; throws `CallError` `provider_not_configured` for what is not given. */
  settings(): Promise<SshSettings>;
}

/** How a command ended; exactly one of the three. */
export type CommandEnd =
  | { readonly kind: 'exit'; readonly code: number }
  /** `KILL`, `TERM`, as the server says it. */
  | { readonly kind: 'signal'; readonly signal: string }
  /** We ended it on the server. */
  | { readonly kind: 'timeout'; readonly afterMs: number };

export interface CommandResult {
  readonly end: CommandEnd;
  /** Untrusted text, the last `maxBytes` of each stream. */
  readonly stdout: string;
  readonly stderr: string;
  /** Whether bytes in front were dropped. */
  readonly cut: boolean;
  readonly durationMs: number;
}

/** What is run: an argument vector, quoted in one place, or text for the server's shell. */
export type RemoteCommand = { readonly argv: readonly [string, ...string[]] } | { readonly shell: string };

export interface RunOptions {
  readonly timeoutMs: number;
  /** Kept of each stream; what is beyond is read and dropped. */
  readonly maxBytes: number;
  /** Whether it changes nothing: then it is not counted in the ledger, may be repeated after a lost connection, and ends with the call. */
  readonly readOnly: boolean;
  readonly stdin?: Readable | string;
  /** Told of output as it comes, in whole lines, cleaned. */
  readonly onOutput?: (line: string) => void;
}

export interface RemoteFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  /** Permission bits. */
  readonly mode: number;
  readonly modifiedAt: number;
}

export interface NewFile {
  /** Relative to the folder; no `..`, no leading `/`, no NUL. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Permission bits: 0o644, 0o755, 0o600. */
  readonly mode: number;
  /** Called once, and closed here. A file handle is read into one buffer again and again: large files go fastest that way. */
  readonly open: () => Readable | Promise<Readable | FileHandle>;
}

/**
 * Servers reached over SSH. Host keys are checked strictly before anything of ours is sent. All methods throw `CallError` and nothing
 * else: `provider_not_configured` (no host, key or host key given), `provider_denied` (key not accepted, host key wrong: `HostKeyMismatch`),
 * `provider_unavailable` (no connection, connection lost), `timeout`, `provider_rejected`, `provider_not_found` (no such file).
 * What changes something counts in `call.ledger`; a command that was cancelled or timed out is ended on the server too.
 */
export interface RemoteHosts {
  /** The name of every server that SSH is configured for. */
  names(): readonly ServerName[];
  /** Connects, runs nothing. */
  probe(server: ServerName, call: CallScope): Promise<{ readonly latencyMs: number; readonly software: string }>;
  run(server: ServerName, command: RemoteCommand, options: RunOptions, call: CallScope): Promise<CommandResult>;
  /** Follows links; undefined when there is nothing. */
  stat(server: ServerName, path: string, call: CallScope): Promise<RemoteFile | undefined>;
  /** With all links resolved, as the server sees it (SFTP realpath); throws `provider_not_found`. */
  realPath(server: ServerName, path: string, call: CallScope): Promise<string>;
  /** Bytes from `offset` on, at most `maxBytes`. */
  read(server: ServerName, path: string, range: { offset: number; maxBytes: number }, call: CallScope): Promise<Buffer>;
  list(server: ServerName, path: string, call: CallScope): Promise<RemoteFile[]>;
  /**
   * Writes files below a folder by SFTP, several at once, making folders as needed; each is written whole or not at all (temporary name,
   * then rename). `onProgress` is told of bytes written in all. Memory stays flat whatever the sizes.
   */
  upload(
    server: ServerName,
    folder: string,
    files: readonly NewFile[],
    onProgress: (bytes: number) => void,
    call: CallScope,
  ): Promise<void>;
}
