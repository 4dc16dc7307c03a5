import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleTarget } from '../../src/policy/entities.ts';
import { buildSchema } from '../../src/policy/schema.ts';
import type { Principal } from '../../src/ports/domain.ts';
import { agents, alice, chen, known, marcus, open, operations, permitAll, policy, ziggie } from './fixtures.ts';

const asks = policy('ask', 'forbid(principal, action in Ziggie::Action::"Destructive", resource) unless { context.system has approval };');

describe('what a principal is shown', () => {
  it('is nothing that no permit covers', async () => {
    const { policy: opened } = await open(
      policy('reads', 'permit(principal == Ziggie::Agent::"agent-chen", action in Ziggie::Action::"Read", resource);'),
    );
    expect(opened.visibleTools(chen)).toEqual(['instances_get', 'instances_list', 'audit_search']);
    expect(opened.visibleTools(marcus)).toEqual([]);
  });

  it('is nothing that a forbid stops whatever the facts are', async () => {
    const stop =
      'forbid(principal == Ziggie::Agent::"agent-chen", action in Ziggie::Action::"instances", resource) unless { action in Ziggie::Action::"Read" };';
    const { policy: opened } = await open(permitAll + policy('chen', stop));
    expect(opened.visibleTools(chen)).toEqual(['instances_get', 'instances_list', 'audit_search']);
    expect(opened.visibleTools(ziggie)).toHaveLength(operations.length);
  });

  it('is what an approval, a tag or an argument may open', async () => {
    const tagged = policy(
      'tagged',
      'permit(principal in Ziggie::Team::"backend", action, resource is Ziggie::Instance) when { resource.hasTag("a") };',
    );
    const { policy: opened } = await open(tagged + asks);
    expect(opened.visibleTools(marcus)).toEqual(['instances_get', 'instances_stop', 'instances_terminate']);
    expect(opened.visibleTools(chen)).toEqual([]);
  });

  it('knows the type of the target', async () => {
    const stop = policy('no-instances', 'forbid(principal, action, resource is Ziggie::Instance);');
    const { policy: opened } = await open(permitAll + stop);
    expect(opened.visibleTools(marcus)).toEqual(['instances_launch', 'instances_list', 'audit_search']);
  });

  it('is for people what policy may allow people, named or not', async () => {
    const text =
      policy('alice', 'permit(principal == Ziggie::Human::"alice", action == Ziggie::Action::"instances_stop", resource);') +
      policy('people', 'permit(principal is Ziggie::Human, action == Ziggie::Action::"audit_search", resource);') +
      policy('by-id', 'permit(principal, action == Ziggie::Action::"instances_get", resource) when { principal.id == "bob" };');
    const { policy: opened } = await open(text);
    expect(opened.visibleTools(alice)).toEqual(['instances_stop', 'audit_search']);
    expect(opened.visibleTools({ ...alice, id: 'bob' })).toEqual(['instances_get', 'audit_search']);
    expect(opened.visibleTools(marcus)).toEqual([]);
  });

  it('is nothing for an agent that is not configured', async () => {
    const { policy: opened } = await open(permitAll);
    expect(opened.visibleTools({ ...marcus, id: 'agent-nobody' })).toEqual([]);
  });

  const scopes = {
    principal: [
      'principal',
      'principal == Ziggie::Agent::"agent-chen"',
      'principal in Ziggie::Team::"backend"',
      'principal is Ziggie::Human',
    ],
    action: [
      'action',
      'action in Ziggie::Action::"instances"',
      'action in Ziggie::Action::"Read"',
      'action == Ziggie::Action::"instances_stop"',
    ],
    resource: ['resource', 'resource is Ziggie::Instance', 'resource in Ziggie::Account::"main"'],
    condition: [
      '',
      'when { context.system.dryRun }',
      'unless { context.system has approval }',
      'when { resource.hasTag("Project") }',
      'unless { principal in Ziggie::Team::"backend" }',
    ],
  };
  const anyPolicy = fc.record({
    effect: fc.constantFrom('permit', 'permit', 'forbid'),
    principal: fc.constantFrom(...scopes.principal),
    action: fc.constantFrom(...scopes.action),
    resource: fc.constantFrom(...scopes.resource),
    condition: fc.constantFrom(...scopes.condition),
  });

  it('never lacks what a decision allows', async () => {
    const { actions } = buildSchema(operations);
    await fc.assert(
      fc.asyncProperty(fc.array(anyPolicy, { minLength: 1, maxLength: 4 }), async (rules) => {
        const text = rules.map(({ effect, principal, action, resource, condition }, i) =>
          policy(`p${i}`, `${effect}(${principal}, ${action}, ${resource}) ${condition};`),
        );
        const opened = await open(text.join('')).catch(() => undefined);
        fc.pre(opened !== undefined);
        for (const principal of [...agents, alice, { ...alice, id: 'somebody' }] satisfies Principal[]) {
          const visible = opened.policy.visibleTools(principal);
          for (const { tool, entity, input } of actions.values()) {
            for (const dryRun of [false, true]) {
              const target = sampleTarget(entity, { tags: dryRun ? {} : { Project: 'Ziggie' } });
              const system = { dryRun, sandbox: false, approval: { approver: 'alice' } };
              const answer = await opened.policy.decide({
                principal,
                tool,
                target,
                input: input.sample(false) as Record<string, unknown>,
                system,
              });
              if (answer.allow) expect(visible, `${principal.id} ${tool}\n${text.join('')}`).toContain(tool);
            }
          }
        }
        opened.policy.close();
      }),
      { numRuns: 12 },
    );
  });
});

describe('the cache of what is shown', () => {
  it('is written once, for nobody else to read', async () => {
    const { cacheFile } = await open(permitAll);
    expect(statSync(cacheFile).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(cacheFile, 'utf8')).visible['agent:agent-chen'].tools).toHaveLength(operations.length);
  });

  it.each<[string, object]>([
    ['the policies', {}],
    ['the agents', { principals: [marcus] }],
    ['the known ids', { known: { ...known, humans: ['alice', 'bob'] } }],
    ['the registry', { operations: operations.slice(1) }],
  ])('does not outlive a change of %s', async (what, change) => {
    const first = await open(permitAll);
    const before = readFileSync(first.cacheFile, 'utf8');
    if (what === 'the policies') writeFileSync(`${first.folder}/more.cedar`, asks);
    await open('', { folder: first.folder, cacheFile: first.cacheFile, ...change });
    expect(readFileSync(first.cacheFile, 'utf8')).not.toBe(before);
  });

  it.each(['', '{', '{"key":"x","visible":{}}', '{"visible":[]}', 'null'])('is made anew when it reads %j', async (junk) => {
    const first = await open(permitAll);
    writeFileSync(first.cacheFile, junk);
    const second = await open('', { folder: first.folder, cacheFile: first.cacheFile });
    expect(second.policy.visibleTools(chen)).toHaveLength(operations.length);
  });

  it('cannot make a decision: a forged list is a list', async () => {
    const first = await open(policy('reads', 'permit(principal, action in Ziggie::Action::"Read", resource);'));
    const cached = JSON.parse(readFileSync(first.cacheFile, 'utf8'));
    cached.visible['agent:agent-marcus'] = { tools: ['instances_stop'], may: [] };
    writeFileSync(first.cacheFile, JSON.stringify(cached));
    const second = await open('', { folder: first.folder, cacheFile: first.cacheFile });
    expect(second.policy.visibleTools(marcus)).toEqual(['instances_stop']);
    const target = sampleTarget('Instance');
    const input = { provider: 'aws', id: target.id };
    const answer = await second.policy.decide({
      principal: marcus,
      tool: 'instances_stop',
      target,
      input,
      system: { dryRun: false, sandbox: false },
    });
    expect(answer.allow).toBe(false);
  });

  it('may be unwritable: that is logged and nothing else', async () => {
    const { cacheFile: file } = await open(permitAll);
    const { policy: opened, warnings } = await open(permitAll, { cacheFile: `${file}/below-a-file` });
    expect(existsSync(`${file}/below-a-file`)).toBe(false);
    expect(opened.visibleTools(chen)).toHaveLength(operations.length);
    expect(warnings).toHaveLength(1);
  });
});
