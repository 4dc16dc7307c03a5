import type { Readable } from 'node:stream';
import type { CallScope } from './call-scope.ts';
import type { AppKind, ApplicationTarget, Provider, Resolved, Tags } from './domain.ts';
import type { Plan } from './plan.ts';
import type { DeploymentRow, DeploymentStatus } from './state.ts';

/** Where the files of a version are. `{version}` in a path or key stands for it. */
export type SourceSpec =
  | { readonly kind: 'folder'; readonly path: string }
  /** .tar, .tar.gz or .tgz */
  | { readonly kind: 'tarball'; readonly path: string }
  /** An object that is such a tarball. */
  | { readonly kind: 's3'; readonly bucket: string; readonly key: string; readonly account: string; readonly region: string };

/** Healthy is what answers so within the time; asked again and again until then. */
export interface HealthSpec {
  /** Asked from where ziggie-cloud runs. */
  readonly url?: string;
  readonly expectStatus: number;
  /** Must be in the first 64 KiB of the answer; `{version}` stands for it. */
  readonly expectText?: string;
  /** Run where the application runs; healthy is exit code 0, twice in a row. `{version}` stands for the version. Of a static site `exists <file>`, of a Lambda `invoke <payload>`. */
  readonly command?: readonly [string, ...string[]];
  readonly withinSeconds: number;
  readonly everySeconds: number;
}

export interface SshTargetSpec {
  readonly kind: 'ssh';
  readonly server: string;
  /** Of the server: what policy says of it holds for what is deployed to it. */
  readonly serverTags?: Tags;
  /** Holds `releases/` and the link `current`. */
  readonly folder: string;
  /** systemd unit that is restarted; absent: nothing is. */
  readonly service?: string;
}

export interface Ec2TargetSpec {
  readonly kind: 'ec2';
  readonly account: string;
  readonly region: string;
  /** Instances that carry all of these run it. */
  readonly tags: Readonly<Record<string, string>>;
  /** Where artifacts are put for the instances to fetch. */
  readonly bucket: string;
  readonly folder: string;
  readonly service?: string;
}

export interface StaticSiteTargetSpec {
  readonly kind: 'static-site';
  readonly account: string;
  readonly region: string;
  readonly bucket: string;
  /** Ends in `/`, or empty. */
  readonly prefix: string;
  /** CloudFront distribution to invalidate. */
  readonly distribution?: string;
  /** Switched last. What is not fingerprinted by name is not kept by caches. */
  readonly entryDocuments: readonly string[];
}

export interface LambdaTargetSpec {
  readonly kind: 'lambda';
  readonly account: string;
  readonly region: string;
  readonly function: string;
  readonly alias: string;
  /** Part of the traffic that the new version gets first, and for how long. */
  readonly shift?: { readonly percent: number; readonly seconds: number };
}

export type TargetSpec = SshTargetSpec | Ec2TargetSpec | StaticSiteTargetSpec | LambdaTargetSpec;

/** An application as ziggie.yaml says. */
export interface AppSpec {
  readonly name: string;
  readonly team: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly source: SourceSpec;
  readonly health: HealthSpec;
  readonly keepReleases: number;
  /** Values may be references to secrets. */
  readonly environment: Readonly<Record<string, string>>;
  readonly targets: { readonly aws?: Ec2TargetSpec | StaticSiteTargetSpec | LambdaTargetSpec; readonly hostinger?: SshTargetSpec };
}

/** An application on one target: what a driver works on. */
export interface DeployedApp<T extends TargetSpec = TargetSpec> extends Omit<AppSpec, 'targets'> {
  readonly provider: Provider;
  readonly target: T;
}

export interface ArtifactFile {
  /** Relative, canonical, `/` between the parts. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** 0o755 for what may be run, else 0o644. */
  readonly mode: number;
}

/** The files of a version, read and hashed. Opened again they are the same bytes, or the stream fails. */
export interface Artifact {
  readonly version: string;
  /** SHA-256 in hex over paths, modes and hashes: the same for the same files, wherever they come from. */
  readonly digest: string;
  readonly files: readonly ArtifactFile[];
  readonly totalBytes: number;
  open(file: ArtifactFile): Promise<Readable>;
  /** Removes what was unpacked for it. */
  dispose(): Promise<void>;
}

export interface ReleaseState {
  /** Version that serves; absent when nothing was deployed yet, or what serves was put there by somebody else. */
  readonly serving?: string;
  /** Versions that can be switched to, newest first. */
  readonly kept: readonly string[];
}

/** What a driver may use of the deployment that it serves. */
export interface DriverScope extends CallScope {
  /** For what an operator should see while it takes long. */
  note(message: string): void;
  /** Whether the deployment is being taken back: `activate` then takes back the environment that `upload` brought, too. */
  readonly isGoingBack?: boolean;
}

/**
 * One way of bringing a version somewhere. Every step may be repeated after a crash in the middle of it: it then finishes what was begun.
 * Throws `CallError` and nothing else. `preflight` and `inspect` change nothing.
 */
export interface DeployDriver<T extends TargetSpec = TargetSpec> {
  inspect(app: DeployedApp<T>, call: DriverScope): Promise<ReleaseState>;
  /** Refuses what would fail later: no space, no such service, bucket, function or instance. @returns what was found, one line each */
  preflight(app: DeployedApp<T>, artifact: Artifact, call: DriverScope): Promise<string[]>;
  /** Brings everything that the version needs to its place, checksums compared, without touching what serves. */
  upload(app: DeployedApp<T>, artifact: Artifact, environment: Readonly<Record<string, string>>, call: DriverScope): Promise<void>;
  /**
   * Makes the version the one that serves; of one that is there (uploaded, or kept).
   * @param healthy asks whether the application is healthy now, for drivers that go in stages; throws `provider_rejected` `HealthCheckFailed`
   */
  activate(app: DeployedApp<T>, version: string, healthy: (version: string) => Promise<void>, call: DriverScope): Promise<void>;
  /** Runs `health.command` where the application runs, once; undefined: healthy, else what was wrong (untrusted text). */
  check(app: DeployedApp<T>, command: readonly [string, ...string[]], call: DriverScope): Promise<string | undefined>;
  /** Takes the first version that is gone wrong out of service where there is none to go back to. */
  deactivate(app: DeployedApp<T>, call: DriverScope): Promise<void>;
  /** Removes releases but these, and what a broken upload left. Never what serves. */
  clean(app: DeployedApp<T>, keep: readonly string[], call: DriverScope): Promise<void>;
  /** In words: the steps that `activate` and `upload` will take, for the plan. */
  steps(app: DeployedApp<T>): string[];
  /** In words: what a deployment costs at the provider. */
  cost(app: DeployedApp<T>): string;
}

/** Objects that a source of kind `s3` reads. */
export interface ArtifactStore {
  /** Throws `target_unresolved` when there is none. */
  open(
    source: Extract<SourceSpec, { kind: 's3' }>,
    key: string,
    call: CallScope,
  ): Promise<{ readonly sizeBytes: number; readonly body: Readable }>;
}

export interface DeployPlan {
  app: string;
  provider: Provider;
  kind: AppKind;
  place: string;
  version: string;
  digest: string;
  files: number;
  totalBytes: number;
  /** At most five. */
  largest: { path: string; sizeBytes: number }[];
  serving?: string;
  kept: string[];
  preflight: string[];
  steps: string[];
  cost: string;
}

export interface DeployReport {
  /** Absent, like the status, of a dry run. */
  deployment?: string;
  app: string;
  provider: Provider;
  version: string;
  status?: DeploymentStatus;
  /** Version that serves now; absent when nothing does, or nobody can tell. */
  serving?: string;
  previous?: string;
  plan?: Plan;
}

export interface DeployStatusReport extends DeployReport {
  deployment: string;
  status: DeploymentStatus;
  kind: 'deploy' | 'rollback';
  by: string;
  startedAt: string;
  endedAt?: string;
  message?: string;
  steps: { step: string; outcome: string; seconds?: number; detail?: string }[];
}

export interface DeployPage {
  deployments: {
    deployment: string;
    app: string;
    provider: Provider;
    version: string;
    status: DeploymentStatus;
    by: string;
    startedAt: string;
  }[];
  nextCursor?: string;
}

export interface DeployCall extends CallScope {
  /** Value of a text that may refer to secrets which the road has resolved and policy has allowed. */
  secretValue(text: string): Promise<string>;
}

/**
 * Deployments of the applications of ziggie.yaml. Throws `CallError` and nothing else. A deployment that went wrong and was put back is an error,
 * `provider_rejected`, whose message says which version serves now.
 */
export interface DeployPort {
  plan(app: Resolved<ApplicationTarget>, query: { version: string }, call: CallScope): Promise<DeployPlan>;
  /** Waits at most `call.waitMs`, then answers `running`: the deployment goes on. @param query digest of the plan, if the artifact must be the same */
  deploy(app: Resolved<ApplicationTarget>, query: { version: string; digest?: string }, call: DeployCall): Promise<DeployReport>;
  /** @param query version; absent: the one that served before */
  rollback(app: Resolved<ApplicationTarget>, query: { version?: string }, call: CallScope): Promise<DeployReport>;
  /** @param id absent: the newest of the application */
  status(app: Resolved<ApplicationTarget>, id: string | undefined, call: CallScope): Promise<DeployStatusReport>;
  list(query: { app?: string; provider?: Provider; limit: number; cursor?: string }, call: CallScope): Promise<DeployPage>;
}

/** A deployment whose record goes on beyond the call that began it: its process ended, or its client left. */
export interface InterruptedDeployment {
  readonly row: DeploymentRow;
  readonly target: ApplicationTarget;
}
