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

/** The server itself: access, audit, health. */
export interface SystemTarget extends TargetBase {
  readonly type: 'System';
}

export interface TargetMap {
  Account: AccountTarget;
  Instance: InstanceTarget;
  System: SystemTarget;
}
export type EntityType = keyof TargetMap;
export type Target = TargetMap[EntityType];

/** What an operation asks to act on, before anything is known of it. */
export interface TargetRef<T extends EntityType = EntityType> {
  readonly type: T;
  /** Absent for `Account`: every configured account that matches. */
  readonly id?: string;
  readonly provider?: Provider;
  readonly account?: string;
  readonly region?: string;
}

declare const resolvedBrand: unique symbol;
/** A target whose live facts were read in this call. Only step 4 of the road makes one; ports that change things take nothing else. */
export type Resolved<T extends Target = Target> = T & { readonly [resolvedBrand]: true };
