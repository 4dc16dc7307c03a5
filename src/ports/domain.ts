/** Words every part shares. Types only: nothing here runs, nothing of ours is imported. */

export type Provider = 'aws' | 'hostinger';

/** What happened to the world: nothing, the change, or nobody can tell. */
export type Effect = 'none' | 'applied' | 'unknown';

export type ToolEffect = 'read' | 'write' | 'destructive';

/** How a repeated request may be sent: `safe` reads, `token` carries a client token, `natural` is idempotent by itself. */
export type RetryClass = 'safe' | 'token' | 'natural' | 'never';

export type Tags = Readonly<Record<string, string>>;

/** Who asks. The face (stdio, HTTP, CLI) identifies it; nothing later changes it. */
export interface Principal {
  readonly kind: 'agent' | 'human';
  /** `agent-marcus`, or an approver's id. */
  readonly id: string;
  readonly teams: readonly string[];
  /** Toolsets that the principal is offered. Comfort only: policy is the gate. */
  readonly toolsets: readonly string[];
}

/** Facts of a target as policy, approvals and audit see them. */
interface TargetBase {
  /** Cedar entity id: unique within the type. */
  readonly id: string;
  readonly tags: Tags;
}

/** An account and region of a provider; lists and launches are decided on it. */
export interface AccountTarget extends TargetBase {
  readonly type: 'Account';
  readonly provider: Provider;
  /** The account's name in ziggie.yaml; `id` is the same. */
  readonly account: string;
  /** Twelve digits on AWS, as STS said; never a guess. */
  readonly accountId: string;
  /** Regions that the call covers. */
  readonly regions: readonly string[];
}

export type InstanceState = 'pending' | 'running' | 'stopping' | 'stopped' | 'restarting' | 'terminating' | 'terminated' | 'unknown';

export interface InstanceTarget extends TargetBase {
  readonly type: 'Instance';
  readonly provider: Provider;
  readonly account: string;
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
  readonly state: InstanceState;
  readonly instanceType: string;
}

interface AwsPlace {
  readonly provider: 'aws';
  readonly account: string;
  readonly accountId: string;
  readonly region: string;
}

/** An S3 bucket; `id` is its name. */
export interface BucketTarget extends TargetBase, AwsPlace {
  readonly type: 'Bucket';
}

/** An S3 object, there or about to be; `id` is `bucket/key`, and its tags are those of its bucket. */
export interface ObjectTarget extends TargetBase, AwsPlace {
  readonly type: 'Object';
  readonly bucket: string;
  readonly key: string;
  readonly exists: boolean;
  /** Zero when there is none. */
  readonly sizeBytes: number;
  /** Empty when there is none. */
  readonly etag: string;
  readonly versioning: 'enabled' | 'suspended' | 'off';
}

/** A Lambda function; `id` is its name. */
export interface FunctionTarget extends TargetBase, AwsPlace {
  readonly type: 'Function';
  readonly name: string;
  readonly runtime: string;
}

/** A secret of Secrets Manager, there or about to be; `id` is its name. Never holds a value. */
export interface SecretTarget extends TargetBase, AwsPlace {
  readonly type: 'Secret';
  readonly name: string;
  /** `deleted`: scheduled for deletion, and still restorable. */
  readonly state: 'active' | 'deleted' | 'absent';
}

/** A CloudWatch alarm, there or about to be; `id` is its name. */
export interface AlarmTarget extends TargetBase, AwsPlace {
  readonly type: 'Alarm';
  readonly name: string;
  readonly exists: boolean;
}

/** A DNS zone at Hostinger; `id` is its name. */
export interface DnsZoneTarget extends TargetBase {
  readonly type: 'DnsZone';
  readonly provider: 'hostinger';
  readonly account: string;
  readonly region: 'global';
  /** Whether the change that the reference describes would take records away from NS or from the apex (`@`). False for what changes nothing. */
  readonly removesProtected: boolean;
}

export type AppKind = 'ssh' | 'ec2' | 'static-site' | 'lambda';

/** An application of ziggie.yaml on one of its targets; `id` is its name. */
export interface ApplicationTarget extends TargetBase {
  readonly type: 'Application';
  readonly provider: Provider;
  /** Of AWS, its account; else `hostinger`. */
  readonly account: string;
  readonly region: string;
  readonly team: string;
  readonly kind: AppKind;
  /** Where it runs: the server, the bucket, the function, or the tag of the instances. */
  readonly place: string;
  /** References to secrets in its environment, as written in ziggie.yaml. */
  readonly secretReferences: readonly string[];
}

/** The server itself: access, audit, health. */
export interface SystemTarget extends TargetBase {
  readonly type: 'System';
}

export interface TargetMap {
  Account: AccountTarget;
  Instance: InstanceTarget;
  Bucket: BucketTarget;
  Object: ObjectTarget;
  Function: FunctionTarget;
  Secret: SecretTarget;
  Alarm: AlarmTarget;
  DnsZone: DnsZoneTarget;
  Application: ApplicationTarget;
  System: SystemTarget;
}
export type EntityType = keyof TargetMap;
export type Target = TargetMap[EntityType];

/** Where to look; what is absent is searched everywhere that is configured. */
interface Place {
  readonly provider?: Provider;
  readonly account?: string;
  readonly region?: string;
}
interface Named extends Place {
  readonly name: string;
  /** For what makes it: its absence is a fact, not a failure. A region is then needed where several are configured. */
  readonly mayBeAbsent?: boolean;
}
interface RefMap {
  /** Every configured account that matches. */
  Account: Place;
  /**
   * At Hostinger the number of a virtual machine, or the name of a server in ziggie.yaml.
   * `offline`: by what ziggie.yaml says of it, for what SSH does while the API may be down.
   */
  Instance: Place & { readonly id: string; readonly offline?: boolean };
  Bucket: { readonly account?: string; readonly bucket: string };
  Object: { readonly account?: string; readonly bucket: string; readonly key: string; readonly mayBeAbsent?: boolean };
  Function: Named;
  Secret: Named;
  Alarm: Named;
  DnsZone: { readonly zone: string; readonly removal?: ZoneRemoval };
  /** Without a provider an application with two targets fits more than one place. */
  Application: { readonly app: string; readonly provider?: Provider };
  System: { readonly id?: string };
}

/** What a change takes away from a zone, as far as it can be said before the zone is read. */
export type ZoneRemoval =
  /** All records of these names and types; with `but`, all except these values. */
  | {
      readonly kind: 'records';
      readonly records: readonly { readonly name: string; readonly type: string; readonly but?: readonly string[] }[];
    }
  /** All that the snapshot does not have. */
  | { readonly kind: 'snapshot'; readonly id: number };

/** What an operation asks to act on, before anything is known of it. */
export type TargetRef<T extends EntityType = EntityType> = { [K in T]: { readonly type: K } & RefMap[K] }[T];

/** A part of an answer that could not be read, so that its absence is not taken for emptiness. */
export interface MissingPart {
  provider: Provider;
  account: string;
  region?: string;
  code: string;
  message: string;
}

declare const resolvedBrand: unique symbol;
/** A target whose live facts were read in this call. Only step 4 of the road makes one; ports that change things take nothing else. */
export type Resolved<T extends Target = Target> = T & { readonly [resolvedBrand]: true };
