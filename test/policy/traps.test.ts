import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { describe, expect, it } from 'vitest';
import { PolicyError } from '../../src/policy/problems.ts';
import { buildSchema } from '../../src/policy/schema.ts';
import type { Target } from '../../src/ports/domain.ts';
import { instanceWith, marcus, open, operations, permitAll, policy, question } from './fixtures.ts';

/** The traps of Cedar by their number in the design (the fifth, paths, is refused before policy is asked). */

const schema = buildSchema(operations).json;
const uid = (type: string, id: string) => ({ type: `Ziggie::${type}`, id });
const noSpend = { monthToDateCents: 0, forecastCents: 0, budgetCents: 0, monthlyCostCents: 0, spendAgeMinutes: 0 };
const context = { input: { provider: 'aws', id: 'i-1' }, system: { dryRun: false, sandbox: false, auditGroup: '/audit', ...noSpend } };
const instanceAttrs = {
  provider: 'aws',
  account: 'main',
  accountId: '1',
  region: 'r',
  id: 'i-1',
  name: 'n',
  state: 'running',
  instanceType: 't',
};

/** Cedar as it comes: whatever a caller leaves out is left out. */
function raw(policies: string, call: Partial<cedar.AuthorizationCall> = {}) {
  const entities = [
    { uid: uid('Agent', 'agent-marcus'), attrs: { id: 'agent-marcus' }, parents: [] },
    { uid: uid('Instance', 'i-1'), attrs: instanceAttrs, parents: [], tags: { Protected: 'true' } },
  ];
  const answer = cedar.isAuthorized({
    principal: uid('Agent', 'agent-marcus'),
    action: uid('Action', 'instances_stop'),
    resource: uid('Instance', 'i-1'),
    context,
    policies: { staticPolicies: policies },
    entities,
    ...call,
  });
  return answer.type === 'success' ? answer.response : { decision: 'failure', diagnostics: { reason: [], errors: [] } };
}

const noWrites = policy('no-writes', 'forbid(principal, action in Ziggie::Action::"Write", resource);');
const protectedStays = policy(
  'protected-stays',
  'forbid(principal, action, resource) when { resource.hasTag("Protected") && resource.getTag("Protected") == "true" };',
);

describe('trap 1: without the schema a group matches nothing', () => {
  it('skips the forbid when Cedar is asked without', () => {
    expect(raw(permitAll + noWrites).decision).toBe('allow');
    expect(raw(permitAll + noWrites, { schema, validateRequest: true }).decision).toBe('deny');
  });

  it('never reaches ours, which always asks with it', async () => {
    const { policy } = await open(permitAll + noWrites);
    expect(await policy.decide(question())).toMatchObject({ allow: false, policyIds: ['no-writes'] });
    expect((await policy.decide(question({}, { tool: 'instances_get' }))).allow).toBe(true);
  });

  it('validates the request: a field that the schema does not know denies', async () => {
    const { policy } = await open(permitAll);
    expect((await policy.decide(question({}, { input: { provider: 'aws' } }))).allow).toBe(false);
  });
});

describe('trap 2: a forbid that errs is skipped', () => {
  const overflow = policy(
    'no-crowds',
    'forbid(principal, action == Ziggie::Action::"instances_launch", resource) when { context.input.count * 9223372036854775807 > 10 };',
  );
  const launch = question({}, { tool: 'instances_launch', input: { region: 'r', count: 2, tags: {} } });
  const account: Target = {
    type: 'Account',
    id: 'main',
    provider: 'aws',
    account: 'main',
    accountId: '1',
    regions: ['r'],
    tags: {},
  };

  it('is an allow with an error, for Cedar', () => {
    const answer = raw(permitAll + overflow, {
      action: uid('Action', 'instances_launch'),
      resource: uid('Account', 'main'),
      context: { ...context, input: { region: 'r', count: 2, tags: [] } },
      schema,
      validateRequest: true,
    });
    expect(answer.decision).toBe('allow');
    expect(answer.diagnostics.errors).toHaveLength(1);
  });

  it('is a deny for us, and is logged', async () => {
    const { policy, warnings } = await open(permitAll + overflow);
    expect((await policy.decide({ ...launch, target: account })).allow).toBe(false);
    expect(warnings).toMatchObject([{ tool: 'instances_launch', reason: expect.stringContaining('no-crowds') }]);
    expect((await policy.decide({ ...launch, target: account, input: { ...launch.input, count: 0 } })).policyIds).toEqual(['permit-all']);
  });
});

describe('trap 3: a target that is not among the entities', () => {
  it('keeps a tag forbid from firing, for Cedar', () => {
    expect(raw(permitAll + protectedStays, { schema, validateRequest: true }).decision).toBe('deny');
    expect(raw(permitAll + protectedStays, { schema, validateRequest: true, entities: [] }).decision).toBe('allow');
  });

  it('does not happen to ours: the target travels with the question, and no target is a deny', async () => {
    const { policy } = await open(permitAll + protectedStays);
    expect((await policy.decide(question())).allow).toBe(true);
    expect(await policy.decide(question({ Protected: 'true' }))).toMatchObject({ allow: false, policyIds: ['protected-stays'] });
    const nothing = undefined as unknown as Target;
    expect((await policy.decide(question({}, { target: nothing }))).allow).toBe(false);
    expect((await policy.decide(question({}, { target: { type: 'System', id: 'access', tags: {} } }))).allow).toBe(false);
  });
});

describe('trap 4: values that make Cedar throw', () => {
  it.each([
    ['BigInt', 10n],
    ['a lone surrogate', '\ud800'],
  ])('%s throws from Cedar, and is a deny from us', async (_, id) => {
    const poisoned = { ...context, input: { provider: 'aws', id } } as unknown as cedar.Context;
    expect(() => raw(permitAll, { context: poisoned, schema, validateRequest: true })).toThrow();
    const { policy } = await open(permitAll);
    expect((await policy.decide(question({}, { input: { provider: 'aws', id } }))).allow).toBe(false);
  });

  it('is a deny in the target and in the principal too', async () => {
    const { policy } = await open(permitAll);
    expect((await policy.decide(question({ Name: '\udfff' }))).allow).toBe(false);
    expect((await policy.decide(question({}, { principal: { ...marcus, id: '\ud800' } }))).allow).toBe(false);
  });

  it('takes keys that look like Cedar escapes for plain tags', async () => {
    const { policy } = await open(permitAll + protectedStays);
    const tags = JSON.parse('{"__entity":"x","__extn":"y","__proto__":"z","Protected":"true"}');
    expect(await policy.decide(question(tags))).toMatchObject({ policyIds: ['protected-stays'] });
  });
});

describe('trap 6: policy ids by position', () => {
  it('are what Cedar makes of unnamed policies', () => {
    expect(raw('permit(principal, action, resource);').diagnostics.reason).toEqual(['policy0']);
  });

  it('are refused: @id is mandatory and unique over all files', async () => {
    await expect(open('@advice("a") permit(principal, action, resource);')).rejects.toThrow('has no @id');
    await expect(open('@id @advice("a") permit(principal, action, resource);')).rejects.toThrow('has no @id');
    await expect(open(permitAll + permitAll)).rejects.toThrow(/:4:1: @id\("permit-all"\) is taken \(by .*policy\.cedar:1\)/);
  });

  it('leave room for @advice, which is what a denied agent is told', async () => {
    await expect(open('@id("a") permit(principal, action, resource);')).rejects.toThrow('has no @advice');
    const { policy } = await open(permitAll + noWrites);
    expect((await policy.decide(question())).advice).toEqual(['advice of no-writes']);
  });
});

describe('trap 7: misspelt ids', () => {
  const misspelt = policy('typo', 'forbid(principal == Ziggie::Agent::"agent-marcsu", action, resource);');

  it('are fine with Cedar', () => {
    const answer = cedar.validate({ schema, policies: { staticPolicies: misspelt } });
    expect(answer).toMatchObject({ validationErrors: [], validationWarnings: [] });
  });

  it.each([
    ['an agent', 'principal == Ziggie::Agent::"agent-marcsu", action, resource', 'agent-marcus'],
    ['a team', 'principal in Ziggie::Team::"backed", action, resource', 'backend'],
    ['a person', 'principal == Ziggie::Human::"alise", action, resource', 'alice'],
    ['a tool', 'principal, action == Ziggie::Action::"instances_stpo", resource', 'instances_stop'],
    ['a group', 'principal, action in Ziggie::Action::"Writes", resource', 'Write'],
    ['an account', 'principal, action in Ziggie::Action::"instances", resource in Ziggie::Account::"stagign"', 'staging'],
  ])('of %s stop the start', async (_, scope, meant) => {
    await expect(open(permitAll + policy('typo', `forbid(${scope});`))).rejects.toThrow(`did you mean ${meant}?`);
  });

  it('are found in conditions and in sets', async () => {
    const inSet =
      'forbid(principal, action, resource) when { [Ziggie::Agent::"agent-chen", Ziggie::Agent::"agnt-marcus"].contains(principal) };';
    await expect(open(permitAll + policy('typo', inSet))).rejects.toThrow(/:6:\d+: no agent is called "agnt-marcus"/);
  });

  it('make a warning an error', async () => {
    const impossible = 'forbid(principal is Ziggie::Human, action, resource) when { principal is Ziggie::Agent };';
    await expect(open(permitAll + policy('never', impossible))).rejects.toThrow('impossible');
  });
});

describe('trap 9: approval as an annotated permit', () => {
  it('allows at once, for Cedar', () => {
    expect(raw('@approval("needed") permit(principal, action, resource);').decision).toBe('allow');
  });

  it('is not a policy here', async () => {
    const annotated = `@approval("needed")\n${permitAll}`;
    await expect(open(annotated)).rejects.toThrow('unknown annotation @approval');
  });

  it('is a forbid that an approval lifts', async () => {
    const asks = policy('ask', 'forbid(principal, action in Ziggie::Action::"Write", resource) unless { context.system has approval };');
    const { policy: decider } = await open(permitAll + asks);
    expect(await decider.decide(question())).toMatchObject({ allow: false, policyIds: ['ask'] });
    const system = { dryRun: false, sandbox: false, auditGroup: '/audit', ...noSpend, approval: { approver: 'alice' } };
    expect((await decider.decide(question({}, { system }))).allow).toBe(true);
  });
});

describe('trap 10: optional facts', () => {
  it('let an unknown fact past a forbid, for Cedar', () => {
    const optional = structuredClone(schema) as unknown as {
      Ziggie: { entityTypes: { Instance: { shape: { attributes: Record<string, object> } } } };
    };
    optional.Ziggie.entityTypes.Instance.shape.attributes.state = { type: 'String', required: false };
    const { state: _, ...attrs } = instanceAttrs;
    const entities = [{ uid: uid('Instance', 'i-1'), attrs, parents: [], tags: {} }];
    const guarded = policy(
      'keep-running',
      'forbid(principal, action, resource is Ziggie::Instance) when { resource has state && resource.state == "running" };',
    );
    const call = { schema: optional as unknown as cedar.Schema, validateRequest: true, entities };
    expect(raw(permitAll + guarded, call).decision).toBe('allow');
  });

  it('do not exist here: every resource attribute is mandatory, and a target that lacks one is denied', async () => {
    const types = schema.Ziggie?.entityTypes ?? {};
    const resources = ['Account', 'Instance', 'System'].map(
      (name) => types[name] as { shape: { attributes: Record<string, { required?: boolean }> } },
    );
    for (const { shape } of resources) {
      expect(Object.keys(shape.attributes).length).toBeGreaterThan(0);
      for (const attribute of Object.values(shape.attributes)) expect(attribute.required).not.toBe(false);
    }
    const { policy } = await open(permitAll);
    const { state: _, ...without } = instanceWith({}) as unknown as Record<string, unknown>;
    expect((await policy.decide(question({}, { target: without as unknown as Target }))).allow).toBe(false);
  });
});

describe('all problems at once', () => {
  it('names every one with its place', async () => {
    const text = `${policy('a', 'permit(principal == Ziggie::Agent::"agent-chne", action, resource);')}\npermit(principal, action, resource);`;
    const error = await open(text).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(PolicyError);
    expect((error as PolicyError).problems.map(({ line, column }) => [line, column])).toEqual([
      [3, 21],
      [5, 1],
      [5, 1],
    ]);
  });
});
