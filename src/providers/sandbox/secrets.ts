import { randomBytes, randomInt } from 'node:crypto';
import type {
  CreateSecretRequest,
  DeleteSecretRequest,
  DescribeSecretResponse,
  GetRandomPasswordRequest,
  GetSecretValueResponse,
  ListSecretsRequest,
  ListSecretsResponse,
  PutSecretValueRequest,
} from '@aws-sdk/client-secrets-manager';
import { type Answers, ServiceFault } from './fault.ts';
import { sandboxAccountId } from './fleet.ts';

interface Version {
  readonly value: string;
  stages: string[];
}

interface Entry {
  readonly name: string;
  readonly region: string;
  readonly suffix: string;
  readonly description?: string;
  readonly rotates: boolean;
  readonly tags: readonly { Key?: string; Value?: string }[];
  readonly createdAt: Date;
  changedAt: Date;
  deletesAt?: Date;
  readonly versions: Map<string, Version>;
}

const dayMs = 86_400_000;
const project = [{ Key: 'Project', Value: 'Ziggie' }];

/** Secrets Manager with five secrets in the home region, whose values are made anew with every sandbox. */
export function createSecretsManager(home: string, now: () => number): Answers {
  const entries = new Map<string, Entry>();
  const keyOf = (region: string, name: string) => `${region}/${name}`;

  const add = (region: string, name: string, value: string, facts: Partial<Entry> = {}, token = newToken()): Entry => {
    const at = new Date(now());
    const entry: Entry = {
      name,
      region,
      suffix: randomBytes(3).toString('hex'),
      rotates: false,
      tags: [],
      createdAt: at,
      changedAt: at,
      versions: new Map([[token, { value, stages: ['AWSCURRENT'] }]]),
      ...facts,
    };
    entries.set(keyOf(region, name), entry);
    return entry;
  };
  const find = (region: string, id: string | undefined): Entry => {
    const entry = entries.get(keyOf(region, id ?? ''));
    if (!entry) throw new ServiceFault('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    return entry;
  };
  const findUsable = (region: string, id: string | undefined): Entry => {
    const entry = find(region, id);
    if (entry.deletesAt) throw new ServiceFault('InvalidRequestException', 'The secret was marked for deletion: it cannot be used.');
    return entry;
  };

  const dbValue = JSON.stringify({ username: `app-${randomBytes(3).toString('hex')}`, password: randomBytes(18).toString('base64url') });
  add(home, 'ziggie/db', dbValue, { description: 'Database of the project', tags: project });
  add(home, 'ziggie/api-key', randomBytes(24).toString('base64url'), { tags: project });
  add(home, 'ziggie/rotating', randomBytes(24).toString('base64url'), { tags: project, rotates: true });
  add(home, 'ziggie/old', randomBytes(24).toString('base64url'), { tags: project, deletesAt: new Date(now() + 12 * dayMs) });
  add(home, 'legacy/other', randomBytes(24).toString('base64url'));

  return {
    ListSecretsCommand: (region, input: ListSecretsRequest): ListSecretsResponse => {
      const { MaxResults = 100, NextToken, IncludePlannedDeletion = false, Filters = [] } = input;
      const prefixes = Filters.flatMap(({ Key, Values }) => (Key === 'name' ? (Values ?? []) : []));
      const all = [...entries.values()].filter(
        (entry) =>
          entry.region === region &&
          (IncludePlannedDeletion || !entry.deletesAt) &&
          (prefixes.length === 0 || prefixes.some((prefix) => entry.name.startsWith(prefix))),
      );
      const from = offsetOf(NextToken);
      return {
        SecretList: all.slice(from, from + MaxResults).map((entry) => {
          const { VersionIdsToStages: _, ...rest } = described(entry);
          return rest;
        }),
        ...(from + MaxResults < all.length ? { NextToken: `at:${from + MaxResults}` } : {}),
      };
    },
    DescribeSecretCommand: (region, { SecretId }: { SecretId?: string }): DescribeSecretResponse => described(find(region, SecretId)),
    GetSecretValueCommand: (region, { SecretId }: { SecretId?: string }): GetSecretValueResponse => {
      const entry = findUsable(region, SecretId);
      const [id, version] = current(entry);
      return { ...named(entry), VersionId: id, SecretString: version.value, VersionStages: version.stages };
    },
    GetRandomPasswordCommand: (_region, input: GetRandomPasswordRequest) => ({ RandomPassword: randomPassword(input) }),
    CreateSecretCommand: (region, input: CreateSecretRequest) => {
      const { Name = '', SecretString = '', Description, Tags, ClientRequestToken = newToken() } = input;
      const known = entries.get(keyOf(region, Name));
      if (known?.deletesAt) throw new ServiceFault('InvalidRequestException', 'A secret of this name is scheduled for deletion.');
      if (known && known.versions.get(ClientRequestToken)?.value !== SecretString) {
        throw new ServiceFault('ResourceExistsException', `The operation failed because the secret ${Name} already exists.`);
      }
      const facts = { tags: Tags ?? [], ...(Description === undefined ? {} : { description: Description }) };
      return { ...named(known ?? add(region, Name, SecretString, facts, ClientRequestToken)), VersionId: ClientRequestToken };
    },
    PutSecretValueCommand: (region, { SecretId, SecretString = '', ClientRequestToken = newToken() }: PutSecretValueRequest) => {
      const entry = findUsable(region, SecretId);
      const known = entry.versions.get(ClientRequestToken);
      if (known && known.value !== SecretString) {
        throw new ServiceFault('ResourceExistsException', 'A version of this token exists, with another value.');
      }
      if (!known) {
        for (const version of entry.versions.values()) {
          version.stages = version.stages.includes('AWSCURRENT') ? ['AWSPREVIOUS'] : [];
        }
        entry.versions.set(ClientRequestToken, { value: SecretString, stages: ['AWSCURRENT'] });
        entry.changedAt = new Date(now());
      }
      return { ...named(entry), VersionId: ClientRequestToken, VersionStages: ['AWSCURRENT'] };
    },
    DeleteSecretCommand: (region, { SecretId, RecoveryWindowInDays = 30 }: DeleteSecretRequest) => {
      const entry = findUsable(region, SecretId);
      entry.deletesAt = new Date(now() + RecoveryWindowInDays * dayMs);
      return { ...named(entry), DeletionDate: entry.deletesAt };
    },
    RestoreSecretCommand: (region, { SecretId }: { SecretId?: string }) => {
      const entry = find(region, SecretId);
      entry.deletesAt = undefined;
      return named(entry);
    },
  };
}

function named({ name, region, suffix }: Entry) {
  return { ARN: `arn:aws:secretsmanager:${region}:${sandboxAccountId}:secret:${name}-${suffix}`, Name: name };
}

function described(entry: Entry): DescribeSecretResponse {
  const kept = [...entry.versions].filter(([, { stages }]) => stages.length > 0);
  return {
    ...named(entry),
    ...(entry.description === undefined ? {} : { Description: entry.description }),
    CreatedDate: entry.createdAt,
    LastChangedDate: entry.changedAt,
    ...(entry.deletesAt ? { DeletedDate: entry.deletesAt } : {}),
    RotationEnabled: entry.rotates,
    ...(entry.rotates ? { NextRotationDate: new Date(entry.changedAt.getTime() + 30 * dayMs) } : {}),
    Tags: [...entry.tags] as NonNullable<DescribeSecretResponse['Tags']>,
    VersionIdsToStages: Object.fromEntries(kept.map(([id, { stages }]) => [id, [...stages]])),
  };
}

function current({ versions }: Entry): [string, Version] {
  const found = [...versions].find(([, { stages }]) => stages.includes('AWSCURRENT'));
  if (!found) throw new ServiceFault('ResourceNotFoundException', "Secrets Manager can't find the specified secret value.");
  return found;
}

function randomPassword({ PasswordLength = 32, ExcludePunctuation = false }: GetRandomPasswordRequest): string {
  const kinds = [
    'abcdefghijklmnopqrstuvwxyz',
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
    '0123456789',
    ...(ExcludePunctuation ? [] : ['!#$%&()*+,-./:;<=>?@[]^_{|}~']),
  ];
  const all = kinds.join('');
  const pick = (from: string) => from[randomInt(from.length)] ?? '';
  // One of each kind, as AWS does by default.
  return [...kinds.map(pick), ...Array.from({ length: Number(PasswordLength) - kinds.length }, () => pick(all))].join('');
}

function offsetOf(token: string | undefined): number {
  if (token === undefined) return 0;
  const [, offset] = /^at:(\d{1,6})$/.exec(token) ?? [];
  if (offset === undefined) throw new ServiceFault('InvalidNextTokenException', 'The token is not one of mine.');
  return Number(offset);
}

function newToken(): string {
  return randomBytes(16).toString('hex');
}
