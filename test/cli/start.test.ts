import { appendFileSync, chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cliFile, runCli, startNode } from '../support/cli.ts';
import { configurationWith, isolatedEnvironment, temporaryFolder } from '../support/folders.ts';

/** A server that cannot be safe does not start: exit 5 and one clear message, on stderr only. */

const start = (config: string, extra: Record<string, string> = {}, args: string[] = []) =>
  runCli(temporaryFolder(), ['stdio', '--agent', 'marcus', '--config', config, '--sandbox', ...args], extra);

async function refused(config: string, pattern: RegExp, extra: Record<string, string> = {}, args: string[] = []): Promise<void> {
  const { code, stdout, stderr } = await start(config, extra, args);
  expect(stderr).toMatch(pattern);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(code, stderr).toBe(5);
  expect(stdout).toBe('');
}

describe('stdio does not start', () => {
  it('with a misspelt key in ziggie.yaml', async () => {
    const config = configurationWith();
    const file = join(config, 'ziggie.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('approvers:', 'aprovers:'));
    await refused(config, /ziggie\.yaml:\d+:\d+: unknown key "aprovers" \(did you mean approvers\?\)/);
  });

  it('with a typo in a policy', async () => {
    await refused(
      configurationWith('\n@id("x")\n@advice("x")\npermit (principal, action == Ziggie::Action::"instances_stpo", resource);\n'),
      /guardrails\.cedar:\d+:\d+: .*did you mean instances_stop/,
    );
  });

  it('with a policy that does not parse', async () => {
    await refused(configurationWith('\npermit (principal'), /guardrails\.cedar:\d+:\d+/);
  });

  it('without any policy', async () => {
    const config = configurationWith();
    rmSync(join(config, 'policy'), { recursive: true });
    await refused(config, /policy/);
    mkdirSync(join(config, 'policy'));
    await refused(config, /policy/);
  });

  it('for an agent that is not configured', async () => {
    const { code, stderr } = await runCli(temporaryFolder(), ['stdio', '--agent', 'marcsu', '--config', configurationWith(), '--sandbox']);
    expect(stderr).toMatch(/no agent "marcsu".*did you mean marcus/);
    expect(code).toBe(5);
  });

  it('with an agent whose session policy AWS would not take', async () => {
    const config = configurationWith();
    const file = join(config, 'ziggie.yaml');
    const buckets = Array.from({ length: 60 }, (_, index) => `a-bucket-with-a-long-name-${index}`);
    const text = readFileSync(file, 'utf8')
      .replace('- name: main', '- name: main\n      role: arn:aws:iam::123456789012:role/ZiggieAgentRole')
      .replace('description: Frontend', `description: Frontend\n    boundary: { buckets: [${buckets.join(', ')}] }`);
    writeFileSync(file, text);
    const environment = { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y', AWS_ENDPOINT_URL: 'http://127.0.0.1:9' };
    const { code, stdout, stderr } = await runCli(temporaryFolder(), ['stdio', '--agent', 'marcus', '--config', config], environment);
    expect(stderr).toMatch(/session policy of agent-chen is longer than the 2048 characters/);
    expect({ code, stdout }).toEqual({ code: 5, stdout: '' });
  });

  it.each([
    ['role: admin', /expected the ARN of a role/],
    ['role: arn:aws:iam::123456789012:user/x', /expected the ARN of a role/],
    ['role: arn:aws-cn:iam::123456789012:role/x', /expected the ARN of a role/],
  ])('with the account setting %s', async (line, problem) => {
    const config = configurationWith();
    const file = join(config, 'ziggie.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('- name: main', `- name: main\n      ${line}`));
    await refused(config, problem);
  });

  it.each([
    ['storage: { maxShareMinutes: 0 }', /maxShareMinutes/],
    ['storage: { workspaces: x }', /unknown key "workspaces"/],
    ['storage: { workspace: nowhere }', /storage\.workspace: .*nowhere is no folder/],
    ['storage: { workspace: ziggie.yaml }', /is no folder/],
    ['storage: { workspace: policy }', /lie in one another/],
    ['storage: { workspace: / }', /lie in one another/],
    ["security: { sshRanges: ['0.0.0.0/0'] }", /narrower than/],
    ["security: { sshRanges: ['203.0.113.0'] }", /expected ranges like 203\.0\.113\.0\/24/],
  ])('with the setting %s', async (line, problem) => {
    const config = configurationWith();
    appendFileSync(join(config, 'ziggie.yaml'), `\n${line}\n`);
    await refused(config, problem);
  });

  it.each([
    ['{ tags: {} }', /at least one tag/],
    ["{ tags: { Project: '*' } }", /expected text without/],
    ["{ prefixes: ['web/../*'] }", /expected the start of a key and a star/],
    ["{ prefixes: ['$x/*'] }", /expected the start of a key and a star/],
    ['{ kmsKeys: [mine] }', /expected the ARN of a KMS key/],
  ])('with the boundary %s', async (boundary, problem) => {
    const config = configurationWith();
    const file = join(config, 'ziggie.yaml');
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace('description: Frontend', () => `description: Frontend\n    boundary: ${boundary}`),
    );
    await refused(config, problem);
  });

  it('with a state folder that is a file', async () => {
    const file = join(temporaryFolder(), 'state');
    appendFileSync(file, 'x');
    await refused(configurationWith(), /state|journal|folder/i, { ZIGGIE_STATE: file });
  });

  it('without a configuration folder', async () => {
    await refused(join(temporaryFolder(), 'nothing'), /ziggie\.yaml: cannot be read/);
  });

  it('in production with a policy that others may write', async () => {
    const config = configurationWith();
    chmodSync(join(config, 'policy', 'guardrails.cedar'), 0o666);
    await refused(config, /may be written by others/, { ZIGGIE_ENV: 'production' });
  });

  it('with an .env that sends traffic elsewhere', async () => {
    const config = configurationWith();
    writeFileSync(join(config, '.env'), 'AWS_ENDPOINT_URL=https://evil.example\n');
    await refused(config, /AWS_ENDPOINT_URL points to evil\.example/);
  });
});

describe('a Node that is too old', () => {
  it('gets one line in words and exit 5', async () => {
    const running = startNode(
      ['--require', join(import.meta.dirname, 'fixtures', 'old-node.cjs'), cliFile, '--version'],
      isolatedEnvironment(temporaryFolder()),
    );
    expect(await running.exited).toBe(5);
    expect(running.stderr()).toMatch(/^ziggie-cloud needs Node 24\.15 or newer; this is 22\.11\.0\..*\n$/);
    expect(running.lines).toEqual([]);
  });
});

describe('the command line', () => {
  it.each([
    [['fly'], /unknown command/],
    [['stdio', '--agnet', 'marcus'], /unknown option/],
    [['execute-command', '--agent', 'marcus'], /required option/],
    [['execute-command', '--agent', 'marcus', '--command', 'instances_list', '--sandbox'], /expected cloud:/],
    [['execute-command', '--agent', 'marcus', '--command', 'cloud:instances_list', '--params', '[]', '--sandbox'], /not a JSON object/],
    [['serve', '--port', 'x'], /whole number/],
  ])('%j is a usage error', async (args, pattern) => {
    const { code, stderr } = await runCli(temporaryFolder(), args);
    expect(stderr).toMatch(pattern);
    expect(code, stderr).toBe(2);
  });

  it('says its version and its help, and that is no error', async () => {
    expect(await runCli(temporaryFolder(), ['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
    expect((await runCli(temporaryFolder(), ['--help'])).stdout).toContain('execute-command');
  });
});
