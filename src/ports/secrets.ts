import type { CallScope } from './call-scope.ts';
import type { AccountTarget, MissingPart, Resolved, SecretTarget, Tags } from './domain.ts';
import type { Plan } from './plan.ts';

export interface SecretRow {
  name: string;
  region: string;
  /** Day (`2026-01-31`) of the last change. */
  changedAt?: string;
  /** Day on which it was last read. */
  accessedAt?: string;
  rotates: boolean;
  /** Day of AWS's `DeletedDate`: there only while it is scheduled for deletion. */
  deletedAt?: string;
  /** Only when more than one account is configured. */
  account?: string;
}

export interface SecretPage {
  secrets: SecretRow[];
  nextCursor?: string;
  missing?: MissingPart[];
}

/** Times are ISO strings. */
export interface SecretDetail extends Omit<SecretRow, 'account'> {
  account: string;
  state: 'active' | 'deleted';
  description?: string;
  createdAt?: string;
  rotatedAt?: string;
  nextRotationAt?: string;
  kmsKey?: string;
  /** Of a replica, which can only be changed there. */
  primaryRegion?: string;
  /** Regions that have a replica. */
  replicas?: string[];
  /** Version id → its stages. */
  versions?: Record<string, string[]>;
  tags: Record<string, string>;
}

/** Where a new value comes from: made by AWS, or given (a literal, or what a reference resolved to). */
export type NewValue =
  | { readonly from: 'generated'; readonly length: number; readonly punctuation: boolean }
  | { readonly from: 'given'; readonly value: string };

export interface SecretWrite {
  readonly value: NewValue;
  /** Sets this member of a JSON secret and leaves the others; absent: the whole value. */
  readonly field?: string;
}

export interface NewSecret extends SecretWrite {
  readonly description?: string;
  readonly tags: Tags;
}

export interface SecretChange {
  /** Of the value that was written. */
  versionId?: string;
  /** ISO time from which on it cannot be restored. */
  deletesAt?: string;
  plan?: Plan;
}

/**
 * Secrets Manager. All methods throw `CallError` and nothing else, and no answer holds a value but that of `read`, which is
 * the road's own. Every value goes to `call.hide` before it is used, so that no answer, log or record can show it. A dry run
 * neither makes nor reads a value.
 */
export interface SecretsPort {
  list(
    accounts: readonly Resolved<AccountTarget>[],
    query: { limit: number; cursor?: string; prefix?: string },
    call: CallScope,
  ): Promise<SecretPage>;
  describe(secret: Resolved<SecretTarget>, call: CallScope): Promise<SecretDetail>;
  /** `provider_conflict` when the name is taken. */
  create(secret: Resolved<SecretTarget>, write: NewSecret, call: CallScope): Promise<SecretChange>;
  /**
   * `provider_conflict` when it is scheduled for deletion, or, with `field`, when its value is no JSON object or somebody else
   * wrote a version between reading and writing: Secrets Manager has no condition, so that this is noticed and not prevented.
   */
  update(secret: Resolved<SecretTarget>, write: SecretWrite, call: CallScope): Promise<SecretChange>;
  /** Always with a recovery window: nothing here deletes at once. */
  delete(secret: Resolved<SecretTarget>, query: { recoveryDays: number }, call: CallScope): Promise<SecretChange>;
  restore(secret: Resolved<SecretTarget>, call: CallScope): Promise<SecretChange>;
  /**
   * The current value, or one member of it when it is a JSON object. For the road only: no tool calls it. It is hidden, unless it is a
   * member that says where or as whom; one that is too short to be hidden is refused.
   */
  read(secret: Resolved<SecretTarget>, field: string | undefined, call: CallScope): Promise<string>;
}
