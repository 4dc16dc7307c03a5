import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decideCall } from '../../src/call/decide.ts';
import { CallError } from '../../src/call/errors.ts';
import type { NonEmpty, Operation } from '../../src/call/operation.ts';
import type { Principal, Resolved } from '../../src/ports/domain.ts';
import type { PolicyQuestion } from '../../src/ports/policy.ts';
import { agent, createHarness, errorOf, type Harness, outputOf, stop, tagged, untagged } from './harness.ts';

/** Each guard of the road, by what happens around it. Removing one makes the test of its name fail. */

let road: Harness;
beforeEach(async () => {
  road = await createHarness();
});
afterEach(() => road.close());

const marcus = agent('agent-marcus');
const launch = { provider: 'aws', region: 'eu-north-1', name: 'x', instanceType: 't3.micro', image: 'ami-0123456789abcdef0' };

describe('the order of the road', () => {
  it('resolves, decides, records the intent, acts, records the outcome', async () => {
    const output = outputOf(await road.invoke({ principal: marcus, ...stop(tagged) }));
    expect(output).toEqual({ provider: 'aws', id: tagged, previousState: 'running', state: 'stopped' });
    expect(road.events).toEqual(['resolve', 'decide', 'intent', 'EFFECT', 'outcome']);
    expect(road.entries).toMatchObject([
      {
        phase: 'intent',
        principal: 'agent:agent-marcus',
        tool: 'instances_stop',
        decision: 'allow',
        args: { provider: 'aws', id: tagged },
      },
      { phase: 'outcome', outcome: 'success', effect: 'applied' },
    ]);
    expect(road.entries[0]?.callId).toBe(road.entries[1]?.callId);
    expect(road.entries[0]?.policyIds?.length).toBeGreaterThan(0);
    expect(road.entries[0]?.argsHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('step 1: a caller that nobody identified is refused, on record, and nothing is looked up', async () => {
    expect(errorOf(await road.invoke(stop(tagged)))).toMatchObject({ code: 'unauthenticated', effect: 'none' });
    expect(road.events).toEqual(['refused']);
    expect(road.entries[0]).toMatchObject({ principal: 'unknown', errorCode: 'unauthenticated' });
  });

  it.each([
    ['an unknown tool', { tool: 'instances_explode', input: {} }, 'unknown_operation'],
    ['an unknown key', stop(tagged, { force: true }), 'invalid_input'],
    ['a missing argument', { tool: 'instances_stop', input: { provider: 'aws' } }, 'invalid_input'],
    ['a malformed id', stop('i-123'), 'invalid_input'],
    ['an id with a path in it', stop('../i-0123456789abcdef0'), 'invalid_input'],
    ['a lone surrogate', stop('\ud800'), 'invalid_input'],
    ['a name with a path in it', { tool: 'instances_launch', input: { ...launch, name: 'web/../db' } }, 'invalid_input'],
    ['a name that hides something', { tool: 'instances_launch', input: { ...launch, name: 'web\u202e' } }, 'invalid_input'],
    ['a tag that is no text', { tool: 'instances_launch', input: { ...launch, tags: { Project: '\ud800' } } }, 'invalid_input'],
    ['a provider that does not exist', { tool: 'instances_stop', input: { provider: 'azure', id: tagged } }, 'invalid_input'],
    ['input that is no object', { tool: 'instances_stop', input: 'i-0123456789abcdef0' }, 'invalid_input'],
    ['a key on the prototype', { tool: '__proto__', input: {} }, 'unknown_operation'],
  ])('step 2: %s stops the call before anything is resolved', async (_name, request, code) => {
    const error = errorOf(await road.invoke({ principal: marcus, ...request }));
    expect(error).toMatchObject({ code, effect: 'none' });
    expect(error.remedy.length).toBeGreaterThan(10);
    expect(road.events).toEqual(['refused']);
    expect(road.entries[0]).toMatchObject({ principal: 'agent:agent-marcus', errorCode: code });
  });

  it('step 3: who could never do it is refused before any provider is asked', async () => {
    expect(errorOf(await road.invoke({ principal: agent('agent-chen'), ...stop(tagged) })).code).toBe('policy_denied');
    expect(road.events).toEqual(['refused']);
    expect(road.entries[0]).toMatchObject({ decision: 'deny', errorCode: 'policy_denied' });
  });

  it('step 4: a target that is not there stops the call before policy is asked', async () => {
    expect(errorOf(await road.invoke({ principal: marcus, ...stop('i-00000000000000000') }))).toMatchObject({
      code: 'target_unresolved',
      effect: 'none',
      provider: { code: 'InvalidInstanceID.NotFound' },
    });
    expect(road.events).toEqual(['resolve', 'refused']);
  });

  it('step 4: a launch that fits two accounts names them instead of choosing', async () => {
    const two = await createHarness({ accounts: ['main', 'other'] });
    const error = errorOf(await two.invoke({ principal: agent('agent-ziggie'), tool: 'instances_launch', input: launch }));
    expect(error).toMatchObject({ code: 'target_unresolved', effect: 'none' });
    expect(error.message).toContain('main, other');
    expect(two.changed).toEqual([]);
    await two.close();
  });

  it('step 5: a denied target is never touched, and the reply carries advice', async () => {
    const error = errorOf(await road.invoke({ principal: marcus, ...stop(untagged) }));
    expect(error).toMatchObject({ code: 'policy_denied', effect: 'none' });
    expect(error.policy?.advice.join(' ')).toMatch(/Project=Ziggie/);
    expect(road.events.slice(0, 2)).toEqual(['resolve', 'decide']);
    expect(road.events.at(-1)).toBe('refused');
    expect(road.changed).toEqual([]);
    expect(road.entries[0]).toMatchObject({ phase: 'refused', decision: 'deny', errorCode: 'policy_denied', targets: [{ id: untagged }] });
  });

  it('step 6: without a durable intent nothing happens', async () => {
    road.brokenPhases.add('intent');
    expect(errorOf(await road.invoke({ principal: marcus, ...stop(tagged) }))).toMatchObject({ code: 'audit_unavailable', effect: 'none' });
    expect(road.changed).toEqual([]);
  });

  it('step 7: the port gets the resolved target, not what the caller wrote', async () => {
    await road.invoke({ principal: marcus, ...stop(tagged, { region: 'eu-west-1' }) });
    expect(road.changed).toMatchObject([{ id: tagged, region: 'eu-north-1', accountId: '123456789012' }]);
  });

  it('step 9: undeclared fields are dropped, secrets masked, outside text cleaned and named', async () => {
    const target = road.cloud.get(tagged);
    if (!target) throw new Error('no fleet');
    road.cloud.set(tagged, { ...target, name: 'web\u202e1\u0000', tags: { ...target.tags, Note: 'AKIAIOSFODNN7EXAMPLE' } });
    road.onChange = async () => ({ internalField: 'x' });
    const result = await road.invoke({ principal: marcus, tool: 'instances_get', input: { provider: 'aws', id: tagged } });
    const output = outputOf(result);
    expect(output).toMatchObject({ name: 'web1', tags: { Note: '[redacted]' } });
    expect(output).not.toHaveProperty('internalField');
    expect(result).toMatchObject({ untrusted: ['name', 'stateReason', 'tags'] });
  });

  it('step 9: an answer that does not fit its declaration is our fault, with the effect that happened', async () => {
    road.onChange = async () => ({ state: 42 });
    expect(errorOf(await road.invoke({ principal: marcus, ...stop(tagged) }))).toMatchObject({ code: 'internal', effect: 'applied' });
    expect(road.events.at(-1)).toBe('outcome');
    expect(road.entries.at(-1)).toMatchObject({ outcome: 'failure', errorCode: 'internal', effect: 'applied' });
  });

  it('step 10: an outcome that cannot be recorded is said, with the effect as known', async () => {
    road.brokenPhases.add('outcome');
    expect(errorOf(await road.invoke({ principal: marcus, ...stop(tagged) }))).toMatchObject({
      code: 'outcome_unrecorded',
      effect: 'applied',
    });
    expect(road.changed).toHaveLength(1);
  });

  it('step 10: a failed outcome record of a failed call says both', async () => {
    road.brokenPhases.add('outcome');
    road.onChange = async () => {
      throw new CallError('timeout', 'too slow', { remedy: 'look' });
    };
    const error = errorOf(await road.invoke({ principal: marcus, ...stop(tagged) }));
    expect(error).toMatchObject({ code: 'outcome_unrecorded', effect: 'unknown' });
    expect(error.message).toContain('timeout');
  });
});

describe('failures', () => {
  it('tells a refused change from one that nobody knows of', async () => {
    road.onChange = async () => {
      throw new CallError('provider_rejected', 'no', { remedy: 'x' });
    };
    expect(errorOf(await road.invoke({ principal: marcus, ...stop(tagged) })).effect).toBe('none');
    road.onChange = async () => {
      throw new CallError('provider_unavailable', 'reset', { remedy: 'x' });
    };
    expect(errorOf(await road.invoke({ principal: marcus, ...stop(tagged) })).effect).toBe('unknown');
    expect(road.entries.filter(({ phase }) => phase === 'outcome')).toMatchObject([{ effect: 'none' }, { effect: 'unknown' }]);
  });

  it('does not invite to repeat what may have happened', async () => {
    road.onChange = async () => {
      throw new CallError('provider_unavailable', 'reset', { remedy: 'Try again.', retryable: true, retryAfterMs: 5 });
    };
    const error = errorOf(await road.invoke({ principal: marcus, ...stop(tagged) }));
    expect(error).toMatchObject({ effect: 'unknown', retryable: false, remedy: expect.stringMatching(/^Look at the target first/) });
    expect(error).not.toHaveProperty('retryAfterMs');
  });

  it('names in the record what a launch made', async () => {
    outputOf(await road.invoke({ principal: agent('agent-ziggie'), tool: 'instances_launch', input: launch }));
    expect(road.entries.at(-1)).toMatchObject({ phase: 'outcome', targets: [{ type: 'Account' }, { type: 'Instance', id: tagged }] });
  });

  it('shows nothing of what a bug threw', async () => {
    road.onChange = async () => {
      throw new Error('password=hunter2hunter2 at /srv/app');
    };
    const result = await road.invoke({ principal: marcus, ...stop(tagged) });
    expect(errorOf(result).code).toBe('internal');
    expect(JSON.stringify([result, road.entries])).not.toMatch(/hunter2|srv/);
  });

  it('masks secrets in errors and in the record alike', async () => {
    road.onChange = async () => {
      throw new CallError('provider_rejected', 'bad AKIAIOSFODNN7EXAMPLE', {
        remedy: 'x',
        provider: { code: 'X', message: 'Bearer abcdefghijkl' },
      });
    };
    const result = await road.invoke({ principal: marcus, ...stop(tagged) });
    expect(JSON.stringify([result, road.entries])).not.toMatch(/AKIA|abcdefghijkl/);
  });

  it('masks secrets in recorded arguments', async () => {
    await road.invoke({ principal: agent('agent-ziggie'), tool: 'instances_launch', input: { ...launch, name: 'AKIAIOSFODNN7EXAMPLE' } });
    expect(road.entries[0]).toMatchObject({ phase: 'intent', args: { name: '[redacted]' } });
  });

  it('refuses when the state folder cannot be written, but still says who you are', async () => {
    const admit = road.store.admit.bind(road.store);
    road.store.admit = () => {
      throw new Error('database or disk is full');
    };
    expect(errorOf(await road.invoke({ principal: marcus, ...stop(tagged) }))).toMatchObject({ code: 'audit_unavailable', effect: 'none' });
    expect(road.changed).toEqual([]);
    expect(outputOf(await road.invoke({ principal: marcus, tool: 'access_whoami' }))).toMatchObject({ agent: 'agent-marcus' });
    road.store.admit = admit;
  });

  it('does not turn a success into a failure when something beside it cannot be kept', async () => {
    const fails = () => {
      throw new Error('database or disk is full');
    };
    Object.assign(road.road, { changed: fails });
    road.store.finishIdempotency = fails;
    road.store.rememberSeen = fails;
    road.store.release = fails;
    outputOf(await road.invoke({ principal: marcus, ...stop(tagged), idempotencyKey: 'k' }));
    outputOf(await road.invoke({ principal: marcus, tool: 'instances_list' }));
    expect(road.entries.map(({ phase, outcome }) => outcome ?? phase)).toEqual(['intent', 'success', 'intent', 'success']);
  });

  it('says that the record is in the way when the grant cannot even be given back', async () => {
    const principal = agent('agent-ziggie');
    const terminate = { principal, tool: 'instances_terminate', input: { provider: 'aws', id: tagged } };
    road.approve(errorOf(await road.invoke(terminate)).approval?.id ?? '');
    road.brokenPhases.add('intent');
    road.store.giveBackApproval = () => {
      throw new Error('database or disk is full');
    };
    expect(errorOf(await road.invoke(terminate))).toMatchObject({ code: 'audit_unavailable', effect: 'none' });
  });

  it('denies for now when the policy changes in the middle', async () => {
    const { decide } = road.road.policy;
    let hash = 'before';
    road.road.policy.hash = () => hash;
    road.road.policy.decide = (question) => {
      hash = 'after';
      return decide(question);
    };
    expect(errorOf(await road.invoke({ principal: marcus, ...stop(tagged) }))).toMatchObject({ effect: 'none', retryable: true });
    expect(road.changed).toEqual([]);
  });

  it('answers who you are and how it is without a journal, and nothing else', async () => {
    for (const phase of ['intent', 'outcome', 'refused'] as const) road.brokenPhases.add(phase);
    expect(outputOf(await road.invoke({ principal: marcus, tool: 'access_whoami' }))).toMatchObject({ agent: 'agent-marcus' });
    expect(outputOf(await road.invoke({ principal: marcus, tool: 'health_check' }))).toMatchObject({ status: 'ok' });
    expect(errorOf(await road.invoke({ principal: marcus, tool: 'instances_list' })).code).toBe('audit_unavailable');
    expect(errorOf(await road.invoke({ principal: agent('agent-chen'), ...stop(tagged) })).code).toBe('policy_denied');
  });
});

describe('deciding on several targets', () => {
  const two = ['a', 'b'].map((id) => ({ type: 'System', id, tags: {} })) as unknown as NonEmpty<Resolved>;
  const policy = {
    hash: () => '',
    visibleTools: () => [],
    capabilities: () => [],
    decide: async ({ target }: PolicyQuestion) => ({ allow: target.id === 'a', policyIds: [`p-${target.id}`], advice: [] }),
  };
  const ask = (decide: 'all' | 'any') => {
    const operation = { name: 'x', decide } as Operation;
    const asked = {
      operation,
      principal: marcus,
      input: {},
      targets: two,
      secrets: [],
      dryRun: false,
      sandbox: false,
      spend: { currency: 'USD', budgetCents: 0 },
    };
    return decideCall(policy, asked, async () => []);
  };

  it('one that is denied denies the call', async () => {
    expect(await ask('all')).toMatchObject({ kind: 'deny', policyIds: ['p-b'] });
  });

  it('a list goes on with those that are allowed', async () => {
    expect(await ask('any')).toMatchObject({ kind: 'allow', targets: [{ id: 'a' }], leftOut: ['b'] });
  });
});

describe('cancellation', () => {
  it('before anything was sent: nothing happens', async () => {
    expect(errorOf(await road.invoke({ principal: marcus, ...stop(tagged), signal: AbortSignal.abort() }))).toMatchObject({
      code: 'cancelled',
      effect: 'none',
    });
    expect(road.events).toEqual(['refused']);
  });

  it('between decision and intent: no intent is written', async () => {
    const controller = new AbortController();
    const { decide } = road.road.policy;
    road.road.policy.decide = (question) => {
      controller.abort();
      return decide(question);
    };
    expect(errorOf(await road.invoke({ principal: marcus, ...stop(tagged), signal: controller.signal })).code).toBe('cancelled');
    expect(road.events).not.toContain('intent');
    expect(road.changed).toEqual([]);
  });

  it('once sent, the change is finished and its outcome recorded', async () => {
    const controller = new AbortController();
    road.onChange = async () => {
      controller.abort();
      return { previousState: 'running', state: 'stopping' };
    };
    expect(outputOf(await road.invoke({ principal: marcus, ...stop(tagged), signal: controller.signal })).state).toBe('stopping');
    expect(road.entries.at(-1)).toMatchObject({ phase: 'outcome', outcome: 'success', effect: 'applied' });
  });
});

describe('dry run', () => {
  it('takes the whole road with effect none', async () => {
    const output = outputOf(await road.invoke({ principal: marcus, ...stop(tagged, { dryRun: true }) }));
    expect(output).toMatchObject({ plan: { providerChecked: true } });
    expect(road.events).toEqual(['resolve', 'decide', 'intent', 'outcome']);
    expect(road.entries.at(-1)).toMatchObject({ effect: 'none', dryRun: true });
  });

  it('says that an approval would be needed without asking for one', async () => {
    const output = outputOf(
      await road.invoke({
        principal: agent('agent-ziggie'),
        tool: 'instances_terminate',
        input: { provider: 'aws', id: tagged, dryRun: true },
      }),
    );
    expect(output).toMatchObject({ plan: { needsApproval: true } });
    expect(road.store.listApprovals({})).toEqual([]);
    expect(road.changed).toEqual([]);
  });

  it('is denied where the call would be', async () => {
    expect(errorOf(await road.invoke({ principal: marcus, ...stop(untagged, { dryRun: true }) })).code).toBe('policy_denied');
  });
});

describe('lists', () => {
  it('are decided per account, and name what was left out', async () => {
    const two = await createHarness({ accounts: ['main', 'other'] });
    const { decide } = two.road.policy;
    two.road.policy.decide = async (question) =>
      question.target.id === 'other' ? { allow: false, policyIds: ['x'], advice: [] } : decide(question);
    const output = outputOf(await two.invoke({ principal: marcus, tool: 'instances_list' }));
    expect(output.instances).toMatchObject([{ name: 'web main' }]);
    expect(output.missing).toMatchObject([{ account: 'other', code: 'policy_denied' }]);
    await two.close();
  });

  it('remember for completions what was shown, per agent', async () => {
    await road.invoke({ principal: marcus, tool: 'instances_list' });
    expect(road.store.seen('agent-marcus', 'Instance', `aws/${tagged.slice(0, 5)}`, 10)).toMatchObject([{ id: `aws/${tagged}` }]);
    expect(road.store.seen('agent-chen', 'Instance', '', 10)).toEqual([]);
  });
});

describe('access_explain', () => {
  const explain = (principal: Principal) =>
    road.invoke({ principal, tool: 'access_explain', input: { tool: 'instances_stop', input: { provider: 'aws', id: untagged } } });

  it('says why, with the facts that were looked at', async () => {
    expect(outputOf(await explain(marcus))).toMatchObject({ decision: 'deny', targets: [{ id: untagged, state: 'running' }] });
    expect(road.changed).toEqual([]);
  });

  it('does not tell facts of what the agent may not read', async () => {
    const { decide } = road.road.policy;
    road.road.policy.decide = async (question) =>
      ['instances_get', 'instances_metrics'].includes(question.tool) ? { allow: false, policyIds: [], advice: [] } : decide(question);
    const target = road.cloud.get(untagged);
    if (target) road.cloud.set(untagged, { ...target, tags: { Owner: 'finance' } });
    const { targets } = outputOf(await explain(marcus));
    expect(targets).toEqual([{ type: 'Instance', id: untagged, tags: {} }]);
  });
});
