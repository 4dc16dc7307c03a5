/**
 * Invariant: every fact that a policy may read of a resource is mandatory. An optional fact would force `has` guards,
 * and a guard on an unknown fact lets the forbid behind it go silent.
 *
 * One entry per entity type is all that a new type needs.
 */
import type { CedarValueJson, EntityJson, EntityUidJson, Type } from '@cedar-policy/cedar-wasm/nodejs';
import type {
  AlarmTarget,
  BucketTarget,
  EntityType,
  FunctionTarget,
  ObjectTarget,
  Principal,
  SecretTarget,
  Tags,
  Target,
  TargetMap,
} from '../ports/domain.ts';

export const namespace = 'Ziggie';
const text: Type<string> = { type: 'String' };

interface EntitySpec<T extends Target> {
  /** Cedar attributes, all required; tags are Cedar tags on every type. */
  readonly attributes: Readonly<Record<string, Type<string>>>;
  readonly memberOf: readonly EntityType[];
  facts(target: T): Record<string, CedarValueJson>;
  parents(target: T): EntityUidJson[];
  /** What an approval is bound to: identity, tags, state. Not time, counters or spend: those are decided again. */
  bindingFacts(target: T): Record<string, unknown>;
  /** A believable target for policy tests, `policy diff` and the self-test, with the given facts in place. */
  sample(facts: Partial<T>): T;
}

const yesNo: Type<string> = { type: 'Boolean' };
const count: Type<string> = { type: 'Long' };

/** Of everything on AWS that is not an instance. */
const awsPlace = { provider: text, account: text, accountId: text, region: text, name: text };
type AwsTarget = BucketTarget | FunctionTarget | SecretTarget | AlarmTarget;

function awsFacts({ provider, account, accountId, region, id }: AwsTarget) {
  return { provider, account, accountId, region, name: id };
}
function awsBinding({ type, id, provider, account, accountId, region, tags }: AwsTarget | ObjectTarget) {
  return { type, id, provider, account, accountId, region, tags: { ...tags } };
}
const awsSample = { provider: 'aws', account: 'main', accountId: '123456789012', region: 'eu-north-1', tags: {} } as const;

const hostingerSample = { provider: 'hostinger', account: 'hostinger', tags: {} } as const;

const specs: { readonly [K in EntityType]: EntitySpec<TargetMap[K]> } = {
  Account: {
    attributes: { provider: text, account: text, accountId: text, regions: { type: 'Set', element: text } },
    memberOf: [],
    facts: ({ provider, account, accountId, regions }) => ({ provider, account, accountId, regions: [...regions] }),
    parents: () => [],
    bindingFacts: ({ type, id, provider, account, accountId, regions, tags }) => ({
      type,
      id,
      provider,
      account,
      accountId,
      regions: [...regions].sort(),
      tags: { ...tags },
    }),
    sample: (facts) => {
      const account = facts.account ?? facts.id ?? 'main';
      const defaults = { provider: 'aws', accountId: '123456789012', regions: ['eu-north-1'], tags: {} } as const;
      return { ...defaults, ...facts, type: 'Account', id: account, account };
    },
  },
  Instance: {
    attributes: {
      provider: text,
      account: text,
      accountId: text,
      region: text,
      id: text,
      name: text,
      state: text,
      instanceType: text,
    },
    memberOf: ['Account'],
    facts: ({ provider, account, accountId, region, id, name, state, instanceType }) => ({
      provider,
      account,
      accountId,
      region,
      id,
      name,
      state,
      instanceType,
    }),
    parents: ({ account }) => [uid('Account', account)],
    bindingFacts: ({ type, id, provider, account, accountId, region, state, tags }) => ({
      type,
      id,
      provider,
      account,
      accountId,
      region,
      state,
      tags: { ...tags },
    }),
    sample: (facts) => ({
      id: 'i-0123456789abcdef0',
      provider: 'aws',
      account: 'main',
      accountId: '123456789012',
      region: 'eu-north-1',
      name: 'sample',
      state: 'running',
      instanceType: 't3.micro',
      tags: {},
      ...facts,
      type: 'Instance',
    }),
  },
  Bucket: {
    attributes: awsPlace,
    memberOf: ['Account'],
    facts: awsFacts,
    parents: ({ account }) => [uid('Account', account)],
    bindingFacts: awsBinding,
    sample: (facts) => ({ id: 'ziggie-deployments', ...awsSample, ...facts, type: 'Bucket' }),
  },
  Object: {
    attributes: {
      provider: text,
      account: text,
      accountId: text,
      region: text,
      bucket: text,
      key: text,
      exists: yesNo,
      sizeBytes: count,
      versioning: text,
    },
    memberOf: ['Bucket', 'Account'],
    facts: ({ provider, account, accountId, region, bucket, key, exists, sizeBytes, versioning }) => ({
      provider,
      account,
      accountId,
      region,
      bucket,
      key,
      exists,
      sizeBytes,
      versioning,
    }),
    parents: ({ bucket, account }) => [uid('Bucket', bucket), uid('Account', account)],
    bindingFacts: (target) => ({ ...awsBinding(target), exists: target.exists, etag: target.etag, versioning: target.versioning }),
    sample: (facts) => {
      const { bucket = 'ziggie-deployments', key = 'web/index.html' } = facts;
      const defaults = { exists: true, sizeBytes: 1_024, etag: 'sample', versioning: 'enabled' } as const;
      return { ...awsSample, ...defaults, ...facts, type: 'Object', bucket, key, id: `${bucket}/${key}` };
    },
  },
  Function: {
    attributes: { ...awsPlace, runtime: text },
    memberOf: ['Account'],
    facts: (target) => ({ ...awsFacts(target), runtime: target.runtime }),
    parents: ({ account }) => [uid('Account', account)],
    bindingFacts: awsBinding,
    sample: (facts) => {
      const name = facts.name ?? facts.id ?? 'ziggie-report';
      return { ...awsSample, runtime: 'nodejs24.x', ...facts, type: 'Function', name, id: name };
    },
  },
  Secret: {
    attributes: { ...awsPlace, state: text },
    memberOf: ['Account'],
    facts: (target) => ({ ...awsFacts(target), state: target.state }),
    parents: ({ account }) => [uid('Account', account)],
    bindingFacts: (target) => ({ ...awsBinding(target), state: target.state }),
    sample: (facts) => {
      const name = facts.name ?? facts.id ?? 'ziggie/db';
      return { ...awsSample, state: 'active', ...facts, type: 'Secret', name, id: name };
    },
  },
  Alarm: {
    attributes: { ...awsPlace, exists: yesNo },
    memberOf: ['Account'],
    facts: (target) => ({ ...awsFacts(target), exists: target.exists }),
    parents: ({ account }) => [uid('Account', account)],
    bindingFacts: (target) => ({ ...awsBinding(target), exists: target.exists }),
    sample: (facts) => {
      const name = facts.name ?? facts.id ?? 'ziggie-ec2-high-cpu';
      return { ...awsSample, exists: true, ...facts, type: 'Alarm', name, id: name };
    },
  },
  DnsZone: {
    attributes: { provider: text, account: text, name: text, removesProtected: yesNo },
    memberOf: ['Account'],
    facts: ({ provider, account, id, removesProtected }) => ({ provider, account, name: id, removesProtected }),
    parents: ({ account }) => [uid('Account', account)],
    bindingFacts: ({ type, id, provider, account, tags, removesProtected }) => ({
      type,
      id,
      provider,
      account,
      tags: { ...tags },
      removesProtected,
    }),
    sample: (facts) => ({ ...hostingerSample, id: 'example.com', region: 'global', removesProtected: false, ...facts, type: 'DnsZone' }),
  },
  Application: {
    attributes: { provider: text, account: text, region: text, name: text, team: text, kind: text, place: text },
    memberOf: ['Account'],
    facts: ({ provider, account, region, id, team, kind, place }) => ({ provider, account, region, name: id, team, kind, place }),
    parents: ({ account }) => [uid('Account', account)],
    bindingFacts: ({ type, id, provider, account, region, tags, team, kind, place, secretReferences }) => ({
      type,
      id,
      provider,
      account,
      region,
      tags: { ...tags },
      team,
      kind,
      place,
      secretReferences: [...secretReferences],
    }),
    sample: (facts) => ({
      ...hostingerSample,
      id: 'ziggie-backend',
      region: 'global',
      team: 'backend',
      kind: 'ssh',
      place: 'vps-1',
      secretReferences: [],
      ...facts,
      type: 'Application',
    }),
  },
  System: {
    attributes: { id: text },
    memberOf: [],
    facts: ({ id }) => ({ id }),
    parents: () => [],
    bindingFacts: ({ type, id, tags }) => ({ type, id, tags: { ...tags } }),
    sample: (facts) => ({ id: 'ziggie', tags: {}, ...facts, type: 'System' }),
  },
};

/** The spec with its type parameter erased: the caller picked it by the target's own `type`. */
function specOf(type: EntityType): EntitySpec<Target> {
  return specs[type] as unknown as EntitySpec<Target>;
}

/** Cedar schema of all entity types. */
export function entityTypes() {
  const id = { type: 'Record' as const, attributes: { id: text } };
  const resources = Object.entries(specs).map(([name, { attributes, memberOf }]) => [
    name,
    { shape: { type: 'Record' as const, attributes: { ...attributes } }, memberOfTypes: [...memberOf], tags: text },
  ]);
  return { Team: {}, Agent: { memberOfTypes: ['Team'], shape: id }, Human: { shape: id }, ...Object.fromEntries(resources) };
}

export function uid(type: string, id: string): { type: string; id: string } {
  return { type: `${namespace}::${type}`, id };
}

export function principalUid({ kind, id }: Pick<Principal, 'kind' | 'id'>): { type: string; id: string } {
  return uid(kind === 'agent' ? 'Agent' : 'Human', id);
}

export function principalEntity(principal: Pick<Principal, 'kind' | 'id' | 'teams'>): EntityJson {
  const parents = principal.kind === 'agent' ? principal.teams.map((team) => uid('Team', team)) : [];
  return { uid: principalUid(principal), attrs: { id: principal.id }, parents };
}

/** Parents are named, not passed: Cedar needs no attributes of theirs to answer `in`. */
export function targetEntity(target: Target): EntityJson {
  const { facts, parents } = specOf(target.type);
  return { uid: uid(target.type, target.id), attrs: facts(target), parents: parents(target), tags: cedarTags(target.tags) };
}

/** What an approval for a call on this target is bound to, ready for canonical JSON. */
export function bindingFacts(target: Target): Record<string, unknown> {
  return specOf(target.type).bindingFacts(target);
}

export function sampleTarget(type: EntityType, facts: Partial<Target> = {}): Target {
  return specOf(type).sample(facts);
}

/** Own keys only, defined one by one, so that a tag called `__proto__` is a tag. */
function cedarTags(tags: Tags): Record<string, string> {
  return Object.fromEntries(Object.entries(tags));
}
