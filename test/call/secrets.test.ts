import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CallError } from '../../src/call/errors.ts';
import { createInvoke, type Road } from '../../src/call/invoke.ts';
import type { FunctionTarget, SecretTarget } from '../../src/ports/domain.ts';
import type { Found } from '../../src/ports/resolve.ts';
import { agent, createHarness, errorOf, type Harness, outputOf } from './harness.ts';

/** Secrets on the road: by reference, behind two authorisations and the intent; and in the clear, which nothing may keep. */

const place = { provider: 'aws', account: 'main', accountId: '123456789012', region: 'eu-north-1', tags: {} } as const;
const report: FunctionTarget = { ...place, type: 'Function', id: 'ziggie-report', name: 'ziggie-report', runtime: 'nodejs24.x' };
const marcus = agent('agent-marcus');

function secret(name: string, facts: Partial<SecretTarget> = {}): SecretTarget {
  return { ...place, type: 'Secret', id: name, name, state: 'active', ...facts };
}

let road: Harness;
let known: Map<string, Found<SecretTarget>>;
/** What the function was sent. */
let sent: unknown[];
let invoke: ReturnType<typeof createInvoke>;
let override: Partial<Road['policy']>;

beforeEach(async () => {
  road = await createHarness();
  known = new Map([['ziggie/db', { targets: [secret('ziggie/db')] }]]);
  sent = [];
  override = {};
  const { ports, resolvers, policy } = road.road;
  invoke = createInvoke({
    ...road.road,
    policy: {
      hash: () => policy.hash(),
      capabilities: () => [],
      visibleTools: (principal) => (override.visibleTools ?? policy.visibleTools)(principal),
      decide: (question) => (override.decide ?? policy.decide)(question),
    },
    resolvers: {
      ...resolvers,
      Function: async () => {
        road.events.push('resolve');
        return { targets: [report] };
      },
      Secret: async ({ name, mayBeAbsent }) => known.get(name) ?? { targets: mayBeAbsent ? [secret(name, { state: 'absent' })] : [] },
    },
    ports: {
      ...ports,
      functions: {
        ...ports.functions,
        invoke: async (_target, { payload }, call) => {
          road.events.push('EFFECT');
          sent.push(payload);
          if (!call.dryRun) call.ledger.attempt()('applied');
          return { outcome: 'succeeded', result: payload };
        },
      },
      secrets: {
        ...ports.secrets,
        read: async ({ name }, field, call) => {
          road.events.push('read');
          const value = `value of ${name} ${field}`;
          call.hide(value);
          return value;
        },
        create: async (_target, _write, call) => {
          call.ledger.attempt()('applied');
          return {};
        },
      },
    },
  });
});
afterEach(() => road.close());

const use = (reference: string, more: object = {}, principal = marcus) =>
  invoke({ tool: 'functions_invoke', input: { name: 'ziggie-report', payload: { key: reference }, ...more }, principal, client: 'test' });

describe('a reference', () => {
  it('is put in behind the intent, which names the secret, and nothing shows the value', async () => {
    const { result } = outputOf(await use('secret://ziggie/db#password'));
    expect(sent).toEqual([{ key: 'value of ziggie/db password' }]);
    expect(result).toEqual({ key: '[redacted]' });
    expect(road.events).toEqual(['resolve', 'decide', 'decide', 'intent', 'read', 'EFFECT', 'outcome']);
    expect(road.entries[0]?.targets?.map(({ type, id }) => `${type} ${id}`)).toEqual(['Function ziggie-report', 'Secret ziggie/db']);
    expect(JSON.stringify(road.entries)).not.toContain('value of');
    expect(road.entries[0]?.args).toMatchObject({ payload: { key: 'secret://ziggie/db#password' } });
  });

  it('needs a second yes: one that may make the call may not use every secret', async () => {
    known.set('payroll/db', { targets: [secret('payroll/db')] });
    const error = errorOf(await use('secret://payroll/db'));
    expect(error).toMatchObject({ code: 'policy_denied', effect: 'none', message: expect.stringContaining('the use of payroll/db') });
    expect(road.events).toEqual(['resolve', 'decide', 'decide', 'decide', 'decide', 'refused']);
  });

  it('by somebody who may use no secret at all stops before AWS is asked', async () => {
    override.visibleTools = () => ['functions_invoke'];
    expect(errorOf(await use('secret://ziggie/db'))).toMatchObject({
      code: 'policy_denied',
      message: expect.stringContaining('secrets_use'),
    });
    expect(road.events).toEqual(['refused']);
  });

  it('is checked and not read in a dry run', async () => {
    outputOf(await use('secret://ziggie/db#password', { dryRun: true }));
    expect(road.events).not.toContain('read');
    expect(sent).toEqual([{ key: 'secret://ziggie/db#password' }]);
  });

  it.each([
    ['does not exist', 'ziggie/none', { targets: [] }, /does not exist/],
    ['is scheduled for deletion', 'ziggie/gone', { targets: [secret('ziggie/gone', { state: 'deleted' })] }, /scheduled for deletion/],
    [
      'lies in two places',
      'ziggie/two',
      { targets: [secret('ziggie/two'), secret('ziggie/two', { region: 'eu-west-1' })] },
      /more than one place/,
    ],
  ] as [string, string, Found<SecretTarget>, RegExp][])('to a secret that %s stops the call', async (_what, name, found, message) => {
    known.set(name, found);
    expect(errorOf(await use(`secret://${name}`))).toMatchObject({ code: 'target_unresolved', message: expect.stringMatching(message) });
    expect(road.events).not.toContain('intent');
  });

  it('to a secret that may also be where nobody could look stops the call', async () => {
    const error = new CallError('provider_throttled', 'slow down', { remedy: 'Wait.' });
    const part = { provider: 'aws', account: 'main', region: 'eu-west-1', code: 'provider_throttled', message: 'slow down' } as const;
    known.set('ziggie/db', { targets: [secret('ziggie/db')], unasked: [{ part, error }] });
    expect(errorOf(await use('secret://ziggie/db'))).toMatchObject({ code: 'provider_throttled', effect: 'none' });
  });

  it('binds an approval to the secret as it was', async () => {
    override.decide = async ({ system }) => ({ allow: system.approval !== undefined, policyIds: ['ask'], advice: [] });
    const { approval } = errorOf(await use('secret://ziggie/db'));
    road.approve(approval?.id ?? '');
    known.set('ziggie/db', { targets: [secret('ziggie/db', { tags: { Environment: 'production' } })] });
    expect(errorOf(await use('secret://ziggie/db')).code).toBe('approval_required');
    known.set('ziggie/db', { targets: [secret('ziggie/db')] });
    outputOf(await use('secret://ziggie/db'));
  });
});

describe('a secret in the clear', () => {
  const literal = 'correct horse battery staple';
  const create = (input: object, principal = agent('agent-ziggie')) =>
    invoke({ tool: 'secrets_create', input: { name: 'ziggie/new', ...input }, principal, client: 'test' });

  it('is in no record, on whatever way out', async () => {
    outputOf(await create({ secretValue: literal, description: `is ${literal}` }));
    errorOf(await create({ secretValue: literal }, marcus));
    errorOf(await create({ secretValue: literal, unknown: 1 }));
    errorOf(await create({ secretValue: literal.repeat(200), unknown: 1 }));
    errorOf(await create({ value: literal }));
    errorOf(await create({ secretValue: { inside: literal } }));
    expect(road.entries).toHaveLength(7);
    expect(JSON.stringify(road.entries)).not.toContain('correct horse');
  });

  it('masks nothing for others before policy has said yes', async () => {
    errorOf(await create({ secretValue: 'running!' }, agent('agent-chen')));
    errorOf(await create({ secretValue: 'running!', unknown: 1 }));
    expect(road.road.redactor.text('is running!')).toBe('is running!');
    outputOf(await create({ secretValue: 'running!' }));
    expect(road.road.redactor.text('is running!')).toBe('is [redacted]');
  });

  it('is bound to an approval by its keyed hash, and so is what looks like one', async () => {
    override.decide = async ({ system }) => ({ allow: system.approval !== undefined, policyIds: ['ask'], advice: [] });
    const input = {
      secretValue: literal,
      description: `token=${literal} is ${literal}`,
      tags: { Project: 'Ziggie', password: 'hunter22' },
    };
    const { approval } = errorOf(await create(input));
    const { binding = '' } = road.store.getApproval(approval?.id ?? '') ?? {};
    expect(binding).toContain('hmac-sha256:');
    expect(binding).not.toMatch(/correct horse|hunter22/);
    expect(JSON.parse(binding).input).toMatchObject({ name: 'ziggie/new', tags: { Project: 'Ziggie' } });
    road.approve(approval?.id ?? '');
    expect(errorOf(await create({ ...input, secretValue: `${literal}!` })).code).toBe('approval_required');
    outputOf(await create(input));
  });
});
