import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../src/config/problem.ts';
import { bindingFacts, sampleTarget } from '../../src/policy/entities.ts';
import { diffPolicies } from '../../src/policy/policy-diff.ts';
import { runPolicyTests } from '../../src/policy/policy-tests.ts';
import { checkPolicy, explainDecision } from '../../src/policy/workbench.ts';
import { agents, folderOf, permitAll, policy, question, world } from './fixtures.ts';

const asks = policy('ask', 'forbid(principal, action in Ziggie::Action::"Destructive", resource) unless { context.system has approval };');
const tagged = policy(
  'tagged',
  'permit(principal, action == Ziggie::Action::"instances_stop", resource) when { resource.hasTag("Project") && resource.getTag("Project") == "Ziggie" };',
);

describe('policy check', () => {
  it('finds nothing wrong with what a server would start with', async () => {
    expect(await checkPolicy(folderOf({ 'a.cedar': permitAll, 'b.cedar': asks }), world)).toEqual([]);
  });

  it('says where, counting characters and not bytes', async () => {
    const text = `// Grüße, 🦊\n@id("a") @advice("größer 🦊")\npermit(principal, action == Ziggie::Action::"instances_stop", resource)\nwhen { "ß🦊" == "ß🦊" && resource.stat == "running" };\n`;
    const folder = folderOf({ 'a.cedar': text });
    const problems = await checkPolicy(folder, world);
    expect(problems.map(formatProblem)).toEqual([
      expect.stringMatching(/a\.cedar:4:24: a: .*`stat`.* not found \(did you mean `state`\?\)$/),
    ]);
  });

  it.each<[string, string, number, number, RegExp]>([
    ['a syntax error', `${permitAll}\n@id("b")\n@advice("b")\npermit(principal, action resource);`, 7, 26, /unexpected token/],
    ['an unknown annotation', '@id("a")\n@advise("x")\npermit(principal, action, resource);', 1, 1, /@advise \(did you mean advice\?\)/],
    [
      'a word in an advice that stands for nothing',
      '@id("a")\n@advice("over {budgt}")\nforbid(principal, action, resource);',
      1,
      1,
      /\{budgt\} to fill in \(did you mean budget\?\)/,
    ],
    ['spend in the advice of a permit', '@id("a")\n@advice("{forecast}")\npermit(principal, action, resource);', 1, 1, /only a forbid/],
    ['an id that is no name', policy('A b', 'permit(principal, action, resource);'), 1, 1, /is not a name/],
    ['an unknown type', policy('a', 'permit(principal, action, resource is Ziggie::Instnce);'), 3, 39, /did you mean `Ziggie::Instance`/],
    [
      'a forgotten guard',
      policy('a', 'permit(principal, action, resource is Ziggie::Instance) when { resource.getTag("x") == "y" };'),
      3,
      64,
      /tag/,
    ],
  ])('finds %s', async (_, text, line, column, message) => {
    const [problem] = await checkPolicy(folderOf({ 'a.cedar': text }), world).then((problems) =>
      problems.filter((p) => message.test(formatProblem(p))),
    );
    expect(problem).toMatchObject({ line, column });
  });

  it('is not led astray by comments and strings that look like policies', async () => {
    const text = `// ; permit(principal, action, resource);\n${policy('a', 'permit(principal, action, resource) when { "; // \\" ;" != "x" }; // ; the end')}`;
    expect(await checkPolicy(folderOf({ 'a.cedar': text }), world)).toEqual([]);
  });
});

describe('policy explain', () => {
  it('names the deciding policies with their place, and the facts', async () => {
    const folder = folderOf({ 'a.cedar': permitAll, 'b.cedar': `\n\n${asks}` });
    const explained = await explainDecision(folder, world, question({ Project: 'Ziggie' }, { tool: 'instances_terminate' }));
    expect(explained).toMatchObject({
      verdict: 'approval_required',
      policies: [{ id: 'ask', effect: 'forbid', file: expect.stringMatching(/b\.cedar$/), line: 3 }],
      advice: ['advice of ask'],
      facts: {
        principal: 'agent:agent-marcus',
        teams: ['backend'],
        target: { tags: { Project: 'Ziggie' } },
        context: { input: { provider: 'aws' }, system: { dryRun: false } },
      },
    });
  });

  it('says the numbers that an advice speaks of, and that they are not known', async () => {
    const broke = policy(
      'broke',
      'forbid(principal, action, resource) when { context.system.forecastCents > context.system.budgetCents };',
    );
    const folder = folderOf({
      'a.cedar': permitAll,
      'b.cedar': broke.replace('advice of broke', 'This month comes to {forecast} of {budget}.'),
    });
    const spend = { currency: 'EUR', budgetCents: 5_000, forecastCents: 7_001 };
    const ask = question({}, {});
    const told = await explainDecision(folder, world, { ...ask, system: { ...ask.system, spend } });
    expect(told.advice).toEqual(['This month comes to 70.01 EUR of 50.00 EUR.']);
    expect((await explainDecision(folder, world, ask)).advice).toEqual(['This month comes to unknown of 0.00 USD.']);
  });

  it('explains what has no form in Cedar as a deny', async () => {
    const explained = await explainDecision(
      folderOf({ 'a.cedar': permitAll }),
      world,
      question({}, { input: { provider: 'aws', id: '\ud800' } }),
    );
    expect(explained).toMatchObject({ verdict: 'deny', facts: { context: undefined } });
  });
});

describe('policy test', () => {
  const folder = () =>
    folderOf({
      'a.cedar': tagged + asks + policy('ends', 'permit(principal, action == Ziggie::Action::"instances_terminate", resource);'),
    });
  const run = (text: string) => runPolicyTests(folder(), folderOf({ 'a.yaml': text }), world, agents);

  it('asks each question and tells right from wrong', async () => {
    const { results, problems } = await run(`
- { name: untagged, agent: agent-marcus, tool: instances_stop, input: { provider: aws, id: i-1 }, expect: deny, policies: [tagged] }
- name: tagged
  agent: agent-marcus
  tool: instances_stop
  input: { provider: aws, id: i-1 }
  target: { type: Instance, state: stopped, tags: { Project: Ziggie } }
  expect: allow
- { name: wrong, agent: agent-chen, tool: instances_terminate, input: { provider: aws, id: i-1 }, expect: allow }
- { name: right, agent: agent-chen, tool: instances_terminate, input: { provider: aws, id: i-1 }, expect: approval_required }
- { name: given, agent: agent-chen, tool: instances_terminate, input: { provider: aws, id: i-1 }, approval: { approver: alice }, expect: allow }
- { name: other, agent: agent-chen, tool: instances_terminate, input: { provider: aws, id: i-1 }, expect: approval_required, policies: [tagged] }
`);
    expect(problems).toEqual([]);
    expect(results.map(({ name, line, passed, actual }) => [name, line, passed, actual])).toEqual([
      ['untagged', 2, true, 'deny'],
      ['tagged', 3, true, 'allow'],
      ['wrong', 9, false, 'approval_required'],
      ['right', 10, true, 'approval_required'],
      ['given', 11, true, 'allow'],
      ['other', 12, false, 'approval_required'],
    ]);
  });

  it.each<[string, string, RegExp]>([
    ['an unknown agent', '{ name: x, agent: agent-marcsu, tool: instances_stop, expect: deny }', /did you mean agent-marcus/],
    ['an unknown tool', '{ name: x, agent: agent-marcus, tool: instances_stp, expect: deny }', /did you mean instances_stop/],
    [
      'an unknown policy',
      '{ name: x, agent: agent-marcus, tool: instances_stop, input: { provider: aws, id: i-1 }, expect: deny, policies: [taged] }',
      /did you mean tagged/,
    ],
    [
      'an input that the tool refuses',
      '{ name: x, agent: agent-marcus, tool: instances_stop, input: { id: i-1 }, expect: deny }',
      /would refuse this input: provider/,
    ],
    ['a key that means nothing', '{ name: x, agent: agent-marcus, tool: instances_stop, exepct: deny }', /did you mean expect/],
    [
      'a fact that the target has not',
      '{ name: x, agent: agent-marcus, tool: instances_stop, input: { provider: aws, id: i-1 }, target: { stat: x }, expect: deny }',
      /did you mean state/,
    ],
    [
      'a tag that is no text',
      '{ name: x, agent: agent-marcus, tool: instances_stop, input: { provider: aws, id: i-1 }, target: { tags: { Protected: true } }, expect: deny }',
      /wrong type/,
    ],
    [
      'a target of another type',
      '{ name: x, agent: agent-marcus, tool: instances_stop, input: { provider: aws, id: i-1 }, target: { type: Account }, expect: deny }',
      /of type Instance/,
    ],
  ])('does not pass over %s', async (_, item, message) => {
    const { results, problems } = await run(`# one\n- ${item}\n`);
    expect(results).toEqual([]);
    expect(problems.map(formatProblem)).toEqual([expect.stringMatching(message)]);
    expect(problems[0]?.line).toBe(2);
  });

  it.each(['name: x', '- [', 'just text'])('does not pass over a file that reads %j', async (text) => {
    const { results, problems } = await run(text);
    expect(results).toEqual([]);
    expect(problems.length).toBeGreaterThan(0);
  });

  it('is not green for want of questions', async () => {
    expect((await runPolicyTests(folder(), folderOf({}), world, agents)).problems).toHaveLength(1);
    expect((await runPolicyTests(folder(), '/nowhere', world, agents)).problems).toHaveLength(1);
  });
});

describe('policy diff', () => {
  const diff = (before: string, after: string) =>
    diffPolicies(folderOf({ 'a.cedar': before }), folderOf({ 'a.cedar': after }), world, agents);

  it('is empty when only the wording changed', async () => {
    expect(await diff(permitAll + asks, `// other words\n${asks}${permitAll}`)).toEqual([]);
  });

  it('shows what an added rule takes away, and from whom', async () => {
    const changes = await diff(permitAll, permitAll + asks);
    expect(new Set(changes.map(({ tool, before, after }) => `${tool} ${before} ${after}`))).toEqual(
      new Set(['instances_terminate allow approval_required']),
    );
    expect(new Set(changes.map(({ agent }) => agent)).size).toBe(3);
    expect(changes[0]?.policies).toEqual(['ask']);
  });

  const limit = (condition: string) =>
    permitAll + policy('money', `forbid(principal, action == Ziggie::Action::"instances_stop", resource) when { ${condition} };`);
  it.each([
    ['that is as good as gone', 'context.system.forecastCents > context.system.budgetCents', 'context.system.forecastCents > 999999999999'],
    [
      'that is ten times as high',
      'context.system.forecastCents > context.system.budgetCents',
      'context.system.forecastCents > context.system.budgetCents * 10',
    ],
    ['that looks at age alone', 'context.system.forecastCents > context.system.budgetCents', 'context.system.spendAgeMinutes > 1440'],
    ['of another number', 'context.system.monthlyCostCents > 5000', 'context.system.monthlyCostCents > 500000'],
    ['one cent off', 'context.system.monthToDateCents > 5000', 'context.system.monthToDateCents >= 5000'],
  ])('shows a limit on money %s', async (_, before, after) => {
    expect((await diff(limit(before), limit(after))).length).toBeGreaterThan(0);
  });

  it.each<[string, string]>([
    ['tags', 'when { resource.hasTag("Tier") && resource.getTag("Tier") == "gold" }'],
    ['the mere presence of a tag', 'when { resource.hasTag("Tier") }'],
    ['states', 'when { resource.state == "stopped" }'],
    ['lists of states', 'when { ["stopped", "pending"].contains(resource.state) }'],
    ['inputs', 'when { context.input has region && context.input.region == "us-east-1" }'],
    ['optional inputs', 'when { context.input has region }'],
    ['accounts', 'when { resource in Ziggie::Account::"staging" }'],
  ])('finds samples for conditions on %s', async (_, condition) => {
    const changes = await diff(
      permitAll,
      permitAll + policy('new', `forbid(principal, action == Ziggie::Action::"instances_stop", resource) ${condition};`),
    );
    expect(changes.length).toBeGreaterThan(0);
    expect(new Set(changes.map(({ tool, before, after }) => `${tool} ${before} ${after}`))).toEqual(new Set(['instances_stop allow deny']));
  });

  it('sees a tag value change from both sides', async () => {
    const other = tagged.replaceAll('"Ziggie"', '"Apollo"');
    const changes = await diff(tagged, other);
    expect(new Set(changes.map(({ target, after }) => `${target.tags.Project} ${after}`))).toEqual(
      new Set(['Ziggie deny', 'Apollo allow']),
    );
  });

  it('refuses a folder that a server would refuse', async () => {
    await expect(diff(permitAll, 'permit(')).rejects.toThrow('a.cedar');
  });
});

describe('what an approval is bound to', () => {
  it('is identity, tags and state', () => {
    const target = sampleTarget('Instance', { tags: { Project: 'Ziggie' } });
    expect(bindingFacts(target)).toEqual({
      type: 'Instance',
      id: 'i-0123456789abcdef0',
      provider: 'aws',
      account: 'main',
      accountId: '123456789012',
      region: 'eu-north-1',
      state: 'running',
      tags: { Project: 'Ziggie' },
    });
    expect(bindingFacts({ ...target, instanceType: 'm5.large' } as typeof target)).toEqual(bindingFacts(target));
    expect(bindingFacts(sampleTarget('System'))).toEqual({ type: 'System', id: 'ziggie', tags: {} });
  });

  it('does not depend on the order of regions', () => {
    const regions = (list: string[]) => bindingFacts(sampleTarget('Account', { regions: list } as object));
    expect(regions(['b', 'a'])).toEqual(regions(['a', 'b']));
  });
});
