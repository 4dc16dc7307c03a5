import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { verifyAudit } from '../../src/audit/verify.ts';
import { runCli } from '../support/cli.ts';
import { configurationWith, temporaryFolder } from '../support/folders.ts';

/** The CLI as an operator uses it, on the sandbox. */

const state = temporaryFolder();
const config = configurationWith();
const run = (...args: string[]) => runCli(state, [...args, '--config', config, '--sandbox']);
const command = (agent: string, name: string, params: object = {}) =>
  run('execute-command', '--agent', agent, '--command', name, '--params', JSON.stringify(params), '--json');
const web = 'i-0a1b2c3d4e5f60001';
const untagged = 'i-0a1b2c3d4e5f60012';

describe('execute-command', () => {
  it('takes short agent names and the checklist’s words', async () => {
    const stopped = await command('marcus', 'cloud:stop-instance', { instance_id: web });
    expect(stopped.code, stopped.stderr).toBe(0);
    expect(JSON.parse(stopped.stdout)).toMatchObject({ ok: true, output: { id: web, previousState: 'running', state: 'stopped' } });
    expect((await command('agent-marcus', 'cloud:status', { instance_id: web })).code).toBe(0);
    expect(JSON.parse((await command('marcus', 'cloud:status')).stdout).output.instances.length).toBe(14);
  });

  it.each([
    ['denied by policy', 'marcus', 'cloud:stop-instance', { instance_id: untagged }, 3],
    ['never allowed', 'chen', 'cloud:stop-instance', { instance_id: web }, 3],
    ['approval required', 'ziggie', 'cloud:instances_terminate', { provider: 'aws', id: web }, 4],
    ['bad arguments', 'marcus', 'cloud:instances_list', { nonsense: 1 }, 2],
    ['unknown tool', 'marcus', 'cloud:nonsense', {}, 2],
    ['no such instance', 'marcus', 'cloud:instances_get', { provider: 'aws', id: 'i-0a1b2c3d4e5f69999' }, 1],
  ])('%s has an exit code of its own', async (_name, agent, name, params, code) => {
    const finished = await command(agent, name, params);
    expect(finished.code, finished.stderr).toBe(code);
    expect(JSON.parse(finished.stdout).error.remedy).toBeTruthy();
  });

  it('speaks to people without --json', async () => {
    const finished = await run(
      'execute-command',
      '--agent',
      'marcus',
      '--command',
      'cloud:stop-instance',
      '--params',
      `{"instance_id":"${untagged}"}`,
    );
    expect(finished.stderr).toMatch(/policy_denied: .*\n.*\neffect: none/);
    expect(finished.stdout).toBe('');
  });
});

describe('audit', () => {
  it('shows what was done and what was refused', async () => {
    await command('chen', 'cloud:stop-instance', { instance_id: web });
    const found = await run('audit', 'search', '--agent', 'chen', '--error', 'policy_denied', '--json');
    expect(JSON.parse(found.stdout.split('\n')[0] ?? '')).toMatchObject({
      principal: 'agent:agent-chen',
      tool: 'instances_stop',
      phase: 'refused',
    });
    expect((await run('audit', 'tail', '-n', '1')).stdout).toContain('agent:agent-chen');
    const verdict = await run('audit', 'verify');
    expect(verdict.code, verdict.stdout).toBe(0);
  });
});

describe('policy', () => {
  it('checks, tests and explains', async () => {
    expect((await run('policy', 'check')).code).toBe(0);
    expect((await run('policy', 'test')).stdout).toMatch(/^\d+ passed, 0 failed$/m);
    const explained = await run(
      'policy',
      'explain',
      '--agent',
      'marcus',
      '--tool',
      'instances_stop',
      '--input',
      `{"provider":"aws","id":"${untagged}"}`,
      '--json',
    );
    expect(JSON.parse(explained.stdout)[0]).toMatchObject({
      verdict: 'deny',
      facts: { principal: 'agent:agent-marcus', target: { id: untagged, tags: {} } },
    });
    const given = await run(
      'policy',
      'explain',
      '--agent',
      'marcus',
      '--tool',
      'instances_stop',
      '--input',
      `{"provider":"aws","id":"${untagged}"}`,
      '--target',
      '{"tags":{"Project":"Ziggie"}}',
      '--json',
    );
    expect(JSON.parse(given.stdout)[0]).toMatchObject({ verdict: 'allow' });
  });

  it('check names file, line and column and exits 5; test fails on a wrong answer', async () => {
    const broken = configurationWith('\n@id("x")\n@advice("x")\npermit (principal == Ziggie::Agent::"agent-marcsu", action, resource);\n');
    const checked = await runCli(state, ['policy', 'check', '--config', broken]);
    expect(checked.stdout).toMatch(/guardrails\.cedar:\d+:\d+: .*agent-marcsu.*did you mean agent-marcus/);
    expect(checked.code).toBe(5);
    const wrong = configurationWith();
    const file = join(wrong, 'policy', 'tests', 'instances.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('expect: allow', 'expect: deny'));
    const tested = await runCli(state, ['policy', 'test', '--config', wrong]);
    expect(tested.stdout).toMatch(/instances\.yaml:\d+: .*expected deny, got allow/);
    expect(tested.code).toBe(1);
  });

  it('diff shows which decisions change', async () => {
    const after = join(temporaryFolder(), 'policy');
    cpSync(join(config, 'policy'), after, { recursive: true });
    writeFileSync(
      join(after, 'new.cedar'),
      '@id("no-marcus")\n@advice("No.")\nforbid (principal == Ziggie::Agent::"agent-marcus", action == Ziggie::Action::"instances_stop", resource);\n',
    );
    const { stdout } = await run('policy', 'diff', join(config, 'policy'), after);
    expect(stdout).toMatch(/agent-marcus\s+instances_stop.*allow\s+deny\s+no-marcus/);
    expect((await run('policy', 'diff', join(config, 'policy'), join(config, 'policy'))).stdout).toMatch(/No decision changes/);
  });
});

describe('agents and their tokens', () => {
  it('are made, listed and revoked', async () => {
    const made = JSON.parse((await run('agents', 'token', 'create', 'chen', '--json')).stdout);
    expect(made).toMatchObject({ agent: 'agent-chen', token: expect.stringMatching(/^zgt_[\w-]{43}$/) });
    expect((await run('agents', 'list')).stdout).toContain(made.id);
    expect((await run('agents', 'token', 'revoke', made.id)).code).toBe(0);
    expect((await run('agents', 'token', 'revoke', made.id)).code).toBe(1);
    expect((await run('agents', 'list')).stdout).not.toContain(made.id);
    expect(readFileSync(join(state, 'sandbox', 'state.sqlite')).includes(made.token)).toBe(false);
  });
});

describe('approvals', () => {
  it('in the sandbox are given by its own approver', async () => {
    const asked = JSON.parse((await command('ziggie', 'cloud:instances_terminate', { provider: 'aws', id: untagged })).stdout);
    const { id } = asked.error.approval;
    expect((await run('approvals', 'show', id)).stdout).toContain(untagged);
    const approved = await run('approvals', 'approve', id);
    expect(approved.code, approved.stderr).toBe(0);
    expect((await command('ziggie', 'cloud:instances_terminate', { provider: 'aws', id: untagged })).code).toBe(0);
    expect((await command('ziggie', 'cloud:instances_terminate', { provider: 'aws', id: untagged })).code).toBe(4);
    expect((await run('approvals', 'approve', id)).code).toBe(1);
    expect((await run('approvals', 'show', 'apr_none')).stderr).toContain('There is no approval');
  });

  it('are not given for a stored call that was changed', async () => {
    const asked = JSON.parse((await command('ziggie', 'cloud:instances_terminate', { provider: 'aws', id: 'i-0a1b2c3d4e5f60003' })).stdout);
    const { id } = asked.error.approval;
    const db = new DatabaseSync(join(state, 'sandbox', 'state.sqlite'));
    db.prepare(`UPDATE approvals SET binding = replace(binding, 'i-0a1b2c3d4e5f60003', 'i-0a1b2c3d4e5f60010') WHERE id = ?`).run(id);
    db.close();
    const decided = await run('approvals', 'approve', id);
    expect(decided.stderr).toContain('was changed in the database');
    expect(decided.code).toBe(1);
  });

  it('can be rejected', async () => {
    const asked = JSON.parse((await command('ziggie', 'cloud:instances_terminate', { provider: 'aws', id: 'i-0a1b2c3d4e5f60002' })).stdout);
    expect((await run('approvals', 'reject', asked.error.approval.id)).code).toBe(0);
    expect((await command('ziggie', 'cloud:instances_terminate', { provider: 'aws', id: 'i-0a1b2c3d4e5f60002' })).code).toBe(3);
  });
});

describe('doctor', () => {
  it('has one verdict a line', async () => {
    const { code, stdout } = await run('doctor');
    expect(code, stdout).toBe(0);
    for (const check of ['node', 'configuration', 'endpoints', 'policy', 'state folder', 'aws main', 'audit delivery', 'clock']) {
      expect(stdout).toMatch(new RegExp(`^(ok|warn) +${check}`, 'm'));
    }
  });

  it('names what to fix without credentials', async () => {
    const { code, stdout } = await runCli(state, ['doctor', '--config', config], { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' });
    expect(code).toBe(1);
    expect(stdout).toMatch(/fail +aws main/);
    expect(stdout).toMatch(/fix: .*AWS_ACCESS_KEY_ID/);
  });
});

describe('the record against a host that was tidied up', () => {
  it('says that records were delivered when the file that says where is gone', async () => {
    const folder = temporaryFolder();
    await runCli(folder, ['execute-command', '--agent', 'marcus', '--command', 'cloud:access_whoami', '--config', config, '--sandbox']);
    const audit = join(folder, 'sandbox', 'audit');
    rmSync(join(audit, 'destination.json'));
    const logSink = {
      group: '/ziggie/infrastructure-audit',
      accountId: async () => '123456789012',
      put: async () => ({}),
      async *read() {},
    };
    const verdict = await verifyAudit({ folder: audit, logSink, settleMs: 0 });
    expect(verdict.ok).toBe(false);
    expect(verdict.problems[0]?.problem).toContain('destination.json is gone');
  });
});

describe('a state folder that cannot be made', () => {
  it('is said in words, at once', async () => {
    const { code, stderr } = await runCli(state, ['agents', 'list', '--config', config, '--sandbox'], { ZIGGIE_STATE: '/proc/nowhere' });
    expect(stderr).toMatch(/state folder/);
    expect(code).toBe(5);
  });
});

describe('text from outside', () => {
  it('is cleaned and redacted before a person reads it', async () => {
    const facts = '{"tags":{"note":"x\\u202ey","DB":"DB_PASSWORD=hunter2secret"}}';
    const input = `{"provider":"aws","id":"${untagged}"}`;
    const explained = await run('policy', 'explain', '--agent', 'marcus', '--tool', 'instances_stop', '--input', input, '--target', facts);
    expect(explained.stdout).not.toMatch(/\u202e|hunter2secret/);
    expect(explained.stdout).toContain('note: xy');
  });
});
