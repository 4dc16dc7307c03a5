import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addApprover } from '../../src/config/add-approver.ts';
import { createApproverList } from '../../src/config/approvers.ts';
import { isLoopback } from '../../src/config/environment.ts';
import { loadSettings, resolveAgent, type Settings } from '../../src/config/load.ts';
import { ConfigError, closest } from '../../src/config/problem.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ziggie-config-'));
  mkdirSync(join(folder, 'policy'));
  write(starter);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const starter = readFileSync(join(import.meta.dirname, '../../config/ziggie.yaml'), 'utf8');
const write = (text: string, name = 'ziggie.yaml') => writeFileSync(join(folder, name), text);
const load = (env: Record<string, string> = {}, sandbox = false): Promise<Settings> =>
  loadSettings({ folder, sandbox, toolsets: allToolsets, env: { ZIGGIE_STATE: join(folder, 'state'), ...env } });

async function problemsOf(
  work: () => Promise<unknown>,
): Promise<readonly { file: string; line?: number; column?: number; message: string; suggestion?: string }[]> {
  try {
    await work();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('no problem was found');
}

const allToolsets = ['access', 'instances', 'storage', 'functions', 'secrets', 'monitoring', 'security', 'dns', 'vps', 'deploy'];

describe('the starter configuration', () => {
  it('needs nothing but AWS variables', async () => {
    const settings = await load({ AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'x' });
    expect(settings.aws.accounts).toEqual([{ name: 'main', credentials: 'environment', regions: ['eu-west-1'] }]);
    expect(settings.aws.credentials).toEqual({ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'x' });
    expect(settings.audit).toMatchObject({ logGroup: '/ziggie/infrastructure-audit', account: 'main', region: 'eu-west-1' });
    expect(settings.agents.map(({ id }) => id)).toEqual(['agent-marcus', 'agent-chen', 'agent-ziggie']);
  });

  it('defaults to eu-north-1 and ten minutes of approval', async () => {
    expect((await load()).aws.accounts[0]?.regions).toEqual(['eu-north-1']);
    expect((await load()).approvalTtlMs).toBe(600_000);
  });

  it('in the sandbox uses nothing of the real environment', async () => {
    const settings = await load(
      { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y', AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_REGION: 'us-east-1' },
      true,
    );
    expect(settings.aws).toMatchObject({ accounts: [{ name: 'main', regions: ['eu-north-1'] }], endpoints: {} });
    expect(settings.aws.credentials).toBeUndefined();
    expect(settings.aws.endpoint).toBeUndefined();
    expect(settings.stateFolder.endsWith('/sandbox')).toBe(true);
  });

  it('resolves short agent names', async () => {
    expect(resolveAgent(await load(), 'marcus')?.id).toBe('agent-marcus');
    expect(resolveAgent(await load(), 'agent-chen')?.id).toBe('agent-chen');
    expect(resolveAgent(await load(), 'mar')).toBeUndefined();
  });
});

describe('mistakes', () => {
  it.each([
    ['a misspelt key', starter.replace('toolsets: all', 'toolset: all'), 'unknown key "toolset"', 'did you mean toolsets?', 'toolset: all'],
    ['a misspelt key at the root', starter.replace('\nagents:', '\nagnets:'), 'unknown key "agnets"', 'did you mean agents?', 'agnets:'],
    [
      'a bad region',
      starter.replace('- name: main', '- name: main\n      regions: [mars-north-1]'),
      'expected an AWS region',
      undefined,
      'mars-north-1',
    ],
    [
      'an account id that is no text',
      starter.replace('- name: main', '- name: main\n      accountId: 123456789012'),
      'expected string',
      undefined,
      '123456789012\n',
    ],
  ])('%s is named with file, line and column', async (_name, text, message, suggestion, at) => {
    write(text);
    const problems = await problemsOf(load);
    const problem = problems.find((each) => each.message.includes(message));
    expect(problem, JSON.stringify(problems)).toBeDefined();
    const before = text.slice(0, text.indexOf(at)).split('\n');
    expect(problem).toMatchObject({ file: join(folder, 'ziggie.yaml'), line: before.length, column: (before.at(-1)?.length ?? 0) + 1 });
    if (suggestion) expect(problem?.suggestion).toBe(suggestion);
  });

  it.each([
    ['broken YAML', 'agents: [', /./],
    ['no agents', 'agents: []', /agents/],
    ['two agents of a name', starter.replace('id: agent-chen', 'id: agent-marcus'), /stands twice/],
    ['an unknown toolset', starter.replace('[access, instances, storage, deploy]', '[access, instance]'), /instance/],
    ['an unknown audit account', `${starter}  account: other\n`, /other/],
    ['a key that stands twice', `${starter}\naudit: {}\n`, /unique/],
  ])('%s stops the start', async (_name, text, pattern) => {
    write(text);
    expect((await problemsOf(load))[0]?.message).toMatch(pattern);
  });

  it('a missing file, a bad region and a bad ZIGGIE_ENV stop the start', async () => {
    expect((await problemsOf(() => load({ AWS_REGION: 'mars-1' })))[0]).toMatchObject({ file: 'AWS_REGION' });
    expect((await problemsOf(() => load({ ZIGGIE_ENV: 'prod' })))[0]).toMatchObject({ file: 'ZIGGIE_ENV' });
    rmSync(join(folder, 'ziggie.yaml'));
    expect((await problemsOf(load))[0]?.message).toMatch(/ENOENT/);
  });
});

describe('.env', () => {
  it('is read from the configuration folder, below the process environment', async () => {
    write('AWS_REGION=eu-west-1\nAWS_ACCOUNT_ID=210987654321\n', '.env');
    expect((await load()).aws.accounts[0]).toMatchObject({ regions: ['eu-west-1'], accountId: '210987654321' });
    expect((await load({ AWS_REGION: 'eu-west-3' })).aws.accounts[0]?.regions).toEqual(['eu-west-3']);
  });

  it.each(['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_EC2', 'HOSTINGER_API_URL'])('cannot send %s off this machine', async (key) => {
    write(`${key}=https://evil.example\n`, '.env');
    expect((await problemsOf(load))[0]).toMatchObject({ file: join(folder, '.env') });
    write(`${key}=http://127.0.0.1:5000\n`, '.env');
    expect((await load()).folder).toBe(folder);
  });

  it('property: only loopback counts as loopback', async () => {
    fc.assert(
      fc.property(fc.webUrl(), (url) => {
        expect(isLoopback(url)).toBe(['localhost', '127.0.0.1'].includes(new URL(url).hostname));
      }),
    );
    expect(['http://localhost:1', 'http://127.9.9.9', 'http://[::1]:5'].every(isLoopback)).toBe(true);
    expect(['http://127.0.0.1.evil.example', 'http://localhost.evil.example', 'http://[::2]', 'x'].some(isLoopback)).toBe(false);
  });
});

describe('destinations', () => {
  it('keep account, endpoint and sandbox apart, and are found again without credentials', async () => {
    const keys = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
    const folders = await Promise.all([
      load(),
      load({ AWS_ACCOUNT_ID: '210987654321' }),
      load({ AWS_ENDPOINT_URL: 'http://127.0.0.1:5000' }),
      load({ AWS_PROFILE: 'p' }),
      load({ AWS_ENDPOINT_URL_EC2: 'http://127.0.0.1:5000' }),
      load({}, true),
    ]);
    expect(new Set(folders.map(({ stateFolder }) => stateFolder)).size).toBe(folders.length);
    expect((await load(keys)).stateFolder).toBe((await load()).stateFolder);
  });
});

describe('production', () => {
  it.each(['ziggie.yaml', '.env', 'policy', 'policy/a.cedar'])('refuses a %s that others may write', async (name) => {
    write('', 'policy/a.cedar');
    write('', '.env');
    for (const each of ['ziggie.yaml', '.env', 'policy', 'policy/a.cedar'])
      chmodSync(join(folder, each), each === 'policy' ? 0o755 : 0o644);
    expect((await load({ ZIGGIE_ENV: 'production' })).folder).toBe(folder);
    chmodSync(join(folder, name), 0o777);
    expect((await problemsOf(() => load({ ZIGGIE_ENV: 'production' })))[0]).toMatchObject({
      file: join(folder, name),
      suggestion: expect.stringContaining('chmod'),
    });
    expect((await load()).folder).toBe(folder);
  });
});

describe('approvers', () => {
  it('are added to ziggie.yaml without losing a comment, and count at once', async () => {
    const settings = await load();
    const known = createApproverList(settings);
    expect([...(await known()).keys()]).toEqual([]);
    addApprover(settings, { id: 'alice', publicKey: 'QUJD' });
    expect(readFileSync(settings.yamlFile, 'utf8')).toContain('# People who may approve');
    expect((await load()).approvers).toEqual([{ id: 'alice', publicKey: 'QUJD' }]);
    expect((await known()).get('alice')).toBe('QUJD');
    const again = await load();
    expect(() => addApprover(again, { id: 'alice', publicKey: 'QUJD' })).toThrow(/already/);
  });

  it('are those of ziggie.yaml, whatever the copy of it in the state folder says', async () => {
    mkdirSync(join(folder, 'state'));
    const settings = await load();
    const copy = join(settings.stateRoot, 'configuration.json');
    const cached = JSON.parse(readFileSync(copy, 'utf8'));
    cached.value.approvers.push({ id: 'mallory', publicKey: 'QUJD' });
    writeFileSync(copy, JSON.stringify(cached));
    expect([...(await createApproverList(await load())()).keys()]).toEqual([]);
  });

  it('give nobody a right while the file is broken', async () => {
    const settings = await load();
    addApprover(settings, { id: 'alice', publicKey: 'QUJD' });
    write('agents: [');
    expect([...(await createApproverList(settings)()).keys()]).toEqual([]);
  });
});

describe('suggestions', () => {
  it('are near, or nothing', async () => {
    expect(closest('instances_strat', ['instances_start', 'instances_stop'])).toBe('instances_start');
    expect(closest('zzz', ['instances_start'])).toBeUndefined();
  });
});
