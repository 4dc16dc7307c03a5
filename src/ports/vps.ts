import type { CallScope } from './call-scope.ts';
import type { InstanceTarget, Resolved, Tags } from './domain.ts';
import type { Plan } from './plan.ts';

/** A parameter of a named command (ziggie.yaml). Secrets reach the command on its standard input, a line each in the order of ziggie.yaml. */
export type ParameterSpec =
  | { readonly type: 'text'; readonly pattern: string; readonly default?: string | undefined }
  | { readonly type: 'choice'; readonly choices: readonly string[]; readonly default?: string | undefined }
  | { readonly type: 'integer'; readonly min: number; readonly max: number; readonly default?: number | undefined }
  | { readonly type: 'secret' };

export interface CommandSpec {
  readonly description?: string | undefined;
  /** `{name}` stands for a parameter, as a whole argument or inside of one. */
  readonly run: readonly [string, ...string[]];
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
  readonly timeoutSeconds: number;
}

/** A server as ziggie.yaml says. */
export interface ServerSpec {
  readonly name: string;
  /** Number of the virtual machine at Hostinger; absent: only SSH knows it. */
  readonly id?: number | undefined;
  readonly tags: Tags;
  readonly readFolders: readonly string[];
  /** Units that may be touched; names may end in a star. */
  readonly services: readonly string[];
  readonly commands: Readonly<Record<string, CommandSpec>>;
}

/** A command of ziggie.yaml with its parameters, or text for the server's shell. */
export type VpsCommand =
  | {
      readonly kind: 'named';
      readonly name: string;
      readonly params: Readonly<Record<string, string>>;
      /** Values of its secret parameters; in a dry run what refers to them. */
      readonly secrets: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'shell'; readonly text: string };

export interface VpsCommandResult {
  /** Exactly one of `exitCode`, `signal` and `timedOut` unless it is a dry run. */
  exitCode?: number;
  signal?: string;
  timedOut?: boolean;
  stdout: string;
  stderr: string;
  /** Whether the beginning of the output was dropped. */
  cut: boolean;
  plan?: Plan;
}

export interface VpsFilePart {
  path: string;
  sizeBytes: number;
  text: string;
  /** Where the next part begins; absent at the end. */
  nextOffset?: number;
}

export type ServiceAction = 'status' | 'start' | 'stop' | 'restart';

export interface ServiceReport {
  service: string;
  /** systemd's ActiveState and SubState: `active`, `running`. */
  state: string;
  subState: string;
  enabled: string;
  since?: string;
  pid?: number;
  /** Newest last. Untrusted text. */
  journal: string[];
  plan?: Plan;
}

export interface VpsSnapshots {
  /** Hostinger keeps one; absent: none. */
  snapshot?: { createdAt: string; expiresAt?: string };
  backups: { id: number; createdAt: string; location?: string }[];
}

export interface SnapshotChange {
  /** What was overwritten or restored. */
  previous?: string;
  state: string;
  plan?: Plan;
}

/** Virtual servers beyond what all instances have in common. Throws `CallError` and nothing else. */
export interface VpsPort {
  run(server: Resolved<InstanceTarget>, command: VpsCommand, call: CallScope): Promise<VpsCommandResult>;
  /** Only below the folders that ziggie.yaml names, with links resolved on the server. */
  readFile(
    server: Resolved<InstanceTarget>,
    query: { path: string; offset: number; maxBytes: number },
    call: CallScope,
  ): Promise<VpsFilePart>;
  service(
    server: Resolved<InstanceTarget>,
    query: { service: string; action: ServiceAction; journalLines: number },
    call: CallScope,
  ): Promise<ServiceReport>;
  snapshots(server: Resolved<InstanceTarget>, call: CallScope): Promise<VpsSnapshots>;
  /** Overwrites the one snapshot that there may be. */
  createSnapshot(server: Resolved<InstanceTarget>, call: CallScope): Promise<SnapshotChange>;
  /** @param backup number of a backup; absent: the snapshot */
  restoreSnapshot(server: Resolved<InstanceTarget>, backup: number | undefined, call: CallScope): Promise<SnapshotChange>;
}
