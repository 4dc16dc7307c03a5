import type { DescribeSecretCommandOutput, SecretListEntry, Tag } from '@aws-sdk/client-secrets-manager';
import type { SecretTarget } from '../../../ports/domain.ts';
import type { SecretDetail, SecretRow } from '../../../ports/secrets.ts';
import type { Scope } from '../accounts.ts';

/** What lists and descriptions have in common. */
type Entry = Pick<
  SecretListEntry,
  'ARN' | 'Name' | 'Description' | 'LastChangedDate' | 'LastAccessedDate' | 'DeletedDate' | 'RotationEnabled' | 'Tags'
>;

function tagsOf(tags: readonly Tag[] | undefined): Record<string, string> {
  return Object.fromEntries((tags ?? []).flatMap(({ Key, Value }) => (Key === undefined ? [] : [[Key, Value ?? '']])));
}

/** `arn:aws:secretsmanager:eu-north-1:123456789012:secret:ziggie/db-a1b2c3` says whose it is. */
export function ownerOf({ ARN }: Entry): string {
  return ARN?.split(':')[4] ?? '';
}

export function toTarget(entry: Entry, { account, region }: Scope): SecretTarget {
  const name = entry.Name ?? '';
  return {
    type: 'Secret',
    id: name,
    provider: 'aws',
    account: account.name,
    accountId: ownerOf(entry),
    region,
    name,
    state: entry.DeletedDate ? 'deleted' : 'active',
    tags: tagsOf(entry.Tags),
  };
}

/** @param nameAccount whether rows say their account: only where there are several */
export function toRow(entry: Entry, { account, region }: Scope, nameAccount: boolean): SecretRow {
  return {
    name: entry.Name ?? '',
    region,
    ...present({ changedAt: day(entry.LastChangedDate), accessedAt: day(entry.LastAccessedDate) }),
    rotates: entry.RotationEnabled ?? false,
    ...present({ deletedAt: day(entry.DeletedDate) }),
    ...(nameAccount ? { account: account.name } : {}),
  };
}

export function toDetail(secret: DescribeSecretCommandOutput, scope: Scope): SecretDetail {
  const { VersionIdsToStages: versions, PrimaryRegion: primary } = secret;
  const replicas = (secret.ReplicationStatus ?? []).flatMap(({ Region }) => (Region && Region !== scope.region ? [Region] : []));
  return {
    ...toRow(secret, scope, false),
    account: scope.account.name,
    state: secret.DeletedDate ? 'deleted' : 'active',
    ...present({
      description: secret.Description,
      createdAt: secret.CreatedDate?.toISOString(),
      changedAt: secret.LastChangedDate?.toISOString(),
      rotatedAt: secret.LastRotatedDate?.toISOString(),
      nextRotationAt: secret.NextRotationDate?.toISOString(),
      deletedAt: secret.DeletedDate?.toISOString(),
      kmsKey: secret.KmsKeyId,
      primaryRegion: primary === scope.region ? undefined : primary,
    }),
    ...(replicas.length > 0 ? { replicas } : {}),
    ...(versions ? { versions } : {}),
    tags: tagsOf(secret.Tags),
  };
}

function day(date: Date | undefined): string | undefined {
  return date?.toISOString().slice(0, 10);
}

function present(fields: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).flatMap(([key, value]) => (value ? [[key, value]] : [])));
}
