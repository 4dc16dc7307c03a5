import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectStdio, makes, type TestClient } from '../support/clients.ts';
import { configurationWith, temporaryFolder } from '../support/folders.ts';
import { recordOf } from '../support/journal.ts';

/** The tools of functions and secrets as agents use them: the whole server, on the sandbox, under the starter policies. */

const state = temporaryFolder();
let marcus: TestClient;
let ziggie: TestClient;
beforeAll(async () => {
  const config = configurationWith();
  const connect = (agent: string) => connectStdio(makes[0], state, ['--agent', agent, '--config', config, '--sandbox']);
  [marcus, ziggie] = await Promise.all([connect('marcus'), connect('ziggie')]);
});
afterAll(async () => {
  await Promise.all([marcus?.close(), ziggie?.close()]);
});

interface Reply {
  readonly callId: string;
  readonly output?: Record<string, unknown>;
  readonly error?: { code: string; effect: string; message: string; remedy: string; policy?: { ids: string[] } };
}
async function call(agent: TestClient, tool: string, args: Record<string, unknown> = {}): Promise<Reply> {
  const reply = await agent.call(tool, args);
  const callId = String(reply._meta?.['ziggie/callId']);
  if (!reply.isError) return { callId, output: reply.structuredContent as Record<string, unknown> };
  const { error } = JSON.parse(reply.content[0]?.text ?? '{}') as { error: NonNullable<Reply['error']> };
  return { callId, error };
}

describe('functions', () => {
  it('are listed and described, and only those of the project are invoked', async () => {
    const { output } = await call(marcus, 'functions_list', { prefix: 'ziggie-' });
    expect(output?.functions).toEqual([
      expect.objectContaining({ name: 'ziggie-report', memoryMb: 256, region: 'eu-north-1', modifiedAt: '2026-01-15' }),
      expect.objectContaining({ name: 'ziggie-resize-images' }),
      expect.objectContaining({ name: 'ziggie-always-fails' }),
    ]);
    expect((await call(marcus, 'functions_get', { name: 'ziggie-report' })).output).toMatchObject({
      aliases: { live: '3' },
      environmentVariables: ['REPORT_BUCKET'],
      state: 'Active',
    });
    expect((await call(marcus, 'functions_invoke', { name: 'ziggie-report', payload: { a: 1 } })).output).toMatchObject({
      outcome: 'succeeded',
      result: { ok: true, fields: 1 },
    });
    const denied = await call(marcus, 'functions_invoke', { name: 'legacy-import' });
    expect(denied.error).toMatchObject({ code: 'policy_denied', effect: 'none' });
  });

  it('that fail are answers whose outcome says so', async () => {
    const { callId, output } = await call(marcus, 'functions_invoke', { name: 'ziggie-always-fails' });
    expect(output).toMatchObject({ outcome: 'failed', error: { type: 'OrderNotFound', kind: 'unhandled' } });
    expect(await recordOf(state, { callId, phase: 'outcome' })).toMatchObject({ outcome: 'success', effect: 'applied' });
  });

  it('can be tried without effect', async () => {
    const args = { name: 'ziggie-report', payload: { key: 'secret://ziggie/api-key' }, dryRun: true };
    const { callId, output } = await call(marcus, 'functions_invoke', args);
    expect(output).toEqual({ plan: expect.objectContaining({ providerChecked: true }) });
    expect(await recordOf(state, { callId, phase: 'outcome' })).toMatchObject({ effect: 'none' });
  });

  it('take secrets by reference, those that the agent may use', async () => {
    const payload = { key: 'secret://ziggie/db#password' };
    const used = await call(marcus, 'functions_invoke', { name: 'ziggie-report', payload });
    expect(used.output).toMatchObject({ outcome: 'succeeded', result: { fields: 1 } });
    const { targets } = await recordOf(state, { callId: used.callId, phase: 'intent' });
    expect(targets?.map(({ type, id }) => `${type} ${id}`)).toEqual(['Function ziggie-report', 'Secret ziggie/db']);
    const foreign = await call(marcus, 'functions_invoke', { name: 'ziggie-report', payload: { key: 'secret://legacy/other' } });
    expect(foreign.error?.code).toBe('policy_denied');
    for (const [reference, code, message] of [
      ['secret://ziggie/db#nosuch', 'target_unresolved', '"nosuch"'],
      ['secret://ziggie/old', 'target_unresolved', 'scheduled for deletion'],
      ['secret://ziggie/nothing', 'target_unresolved', 'ziggie/nothing'],
      ['secret://', 'invalid_input', 'no reference'],
    ] as const) {
      const { error } = await call(marcus, 'functions_invoke', { name: 'ziggie-report', payload: { key: reference } });
      expect(error).toMatchObject({ code, effect: 'none', message: expect.stringContaining(message) });
    }
  });

  it('that do not exist, or a qualifier that does not, have a remedy', async () => {
    const missing = await call(marcus, 'functions_invoke', { name: 'ziggie-nothing' });
    expect(missing.error).toMatchObject({ code: 'target_unresolved', remedy: expect.stringContaining('functions_list') });
    const qualifier = await call(marcus, 'functions_invoke', { name: 'ziggie-report', qualifier: 'nosuch' });
    expect(qualifier.error).toMatchObject({ code: 'provider_not_found', effect: 'none', remedy: expect.stringContaining('qualifier') });
    expect((await call(marcus, 'functions_get', { name: 'arn:aws:lambda:x' })).error?.code).toBe('invalid_input');
  });
});

describe('secrets', () => {
  it('are listed and described without values', async () => {
    const { output } = await call(marcus, 'secrets_list');
    const rows = output?.secrets as Record<string, unknown>[];
    expect(rows.map(({ name }) => name)).toEqual(expect.arrayContaining(['ziggie/db', 'ziggie/old', 'legacy/other']));
    expect(rows.find(({ name }) => name === 'ziggie/db')).toEqual({
      name: 'ziggie/db',
      region: 'eu-north-1',
      changedAt: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
      rotates: false,
    });
    const each = encode(JSON.stringify(rows)).length / rows.length;
    expect(25 * each).toBeLessThan(2_000);
    expect((await call(marcus, 'secrets_describe', { name: 'ziggie/db' })).output).toMatchObject({
      state: 'active',
      description: 'Database of the project',
      tags: { Project: 'Ziggie' },
    });
  });

  it('are made, changed and used, and made only once', async () => {
    const name = 'ziggie/from-a-tool';
    const made = await call(marcus, 'secrets_create', { name, generate: {}, field: 'password' });
    expect(made.output).toEqual({ name, region: 'eu-north-1', versionId: expect.any(String) });
    expect((await call(marcus, 'secrets_describe', { name })).output).toMatchObject({ tags: { Project: 'Ziggie' } });
    const again = await call(marcus, 'secrets_create', { name, generate: {} });
    expect(again.error).toMatchObject({ code: 'provider_conflict', effect: 'none', remedy: expect.stringContaining('secrets_update') });
    const updated = await call(marcus, 'secrets_update', { name, fromSecret: 'secret://ziggie/api-key', field: 'other' });
    expect(updated.output).toEqual({ name, versionId: expect.any(String) });
    const payload = { one: `secret://${name}#password`, two: `secret://${name}#other` };
    expect((await call(marcus, 'functions_invoke', { name: 'ziggie-report', payload })).output).toMatchObject({ result: { fields: 2 } });
  });

  it.each([
    ['none', {}],
    ['two', { generate: {}, fromSecret: 'secret://ziggie/db' }],
  ])('take exactly one source of a value, not %s', async (_name, source) => {
    for (const tool of ['secrets_create', 'secrets_update']) {
      const { error } = await call(ziggie, tool, { name: 'ziggie/db', ...source });
      expect(error).toMatchObject({ code: 'invalid_input', message: expect.stringContaining('exactly one') });
    }
  });

  it.each(['ziggie/db', 'see secret://ziggie/db', 'secret://ziggie/db and more', '{{resolve:secretsmanager:ziggie/db}} x', 'secret://'])(
    'are copied from a reference and nothing else, such as %j',
    async (fromSecret) => {
      expect((await call(ziggie, 'secrets_create', { name: 'ziggie/copy', fromSecret })).error?.code).toBe('invalid_input');
    },
  );

  it('are not given in the clear by those who may not, and shown to nobody', async () => {
    const secretValue = 'a-literal-of-the-tests';
    const denied = await call(marcus, 'secrets_create', { name: 'ziggie/literal', secretValue });
    expect(denied.error).toMatchObject({ code: 'policy_denied', policy: { ids: ['no-literal-secrets'] } });
    const made = await call(ziggie, 'secrets_create', { name: 'ziggie/literal', secretValue });
    expect(made.output).toMatchObject({ name: 'ziggie/literal' });
    const record = await recordOf(state, { callId: made.callId, phase: 'intent' });
    expect(record.args).toMatchObject({ secretValue: '[redacted]' });
  });

  it('are copied only by those who may use the source', async () => {
    const { error } = await call(marcus, 'secrets_create', { name: 'ziggie/stolen', fromSecret: 'secret://legacy/other' });
    expect(error).toMatchObject({ code: 'policy_denied', effect: 'none' });
  });

  it('are deleted with approval, and restored; what is deleted cannot be changed', async () => {
    expect((await call(marcus, 'secrets_delete', { name: 'ziggie/db' })).error?.code).toBe('policy_denied');
    expect((await call(ziggie, 'secrets_delete', { name: 'ziggie/db' })).error?.code).toBe('approval_required');
    const plan = await call(ziggie, 'secrets_delete', { name: 'ziggie/db', recoveryDays: 7, dryRun: true });
    expect(plan.output).toMatchObject({ plan: { current: { state: 'active' }, change: { state: 'deleted' }, needsApproval: true } });
    expect((await call(ziggie, 'secrets_delete', { name: 'ziggie/db', recoveryDays: 6 })).error?.code).toBe('invalid_input');
    const changed = await call(ziggie, 'secrets_update', { name: 'ziggie/old', generate: {} });
    expect(changed.error).toMatchObject({ code: 'provider_conflict', remedy: expect.stringContaining('secrets_restore') });
    expect((await call(ziggie, 'secrets_restore', { name: 'ziggie/old' })).output).toEqual({ name: 'ziggie/old' });
    expect((await call(ziggie, 'secrets_update', { name: 'ziggie/old', generate: {} })).output).toMatchObject({ name: 'ziggie/old' });
  });
});
