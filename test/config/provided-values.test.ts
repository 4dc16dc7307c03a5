import { writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createProvidedValues, type ProvidedOptions, providedVariables } from '../../src/config/provided-values.ts';
import { importsFrom } from '../../src/config/secret-imports.ts';
import { temporaryFolder } from '../support/folders.ts';

const token = 'ziggie/hostinger-api-token';
const ssh = 'ziggie/hostinger-ssh';

/** Secrets Manager of the tests: what it holds may be changed, and it may be broken. */
function secretsManager(secrets: Record<string, string> = {}) {
  const reads: string[] = [];
  const world = { secrets, broken: false, reads };
  return {
    world,
    read: async (name: string) => {
      reads.push(name);
      if (world.broken) throw new Error('it does not answer');
      return world.secrets[name];
    },
  };
}

function valuesOf(options: Partial<ProvidedOptions> & { secrets?: Record<string, string> } = {}) {
  const { secrets, ...rest } = options;
  const { world, read } = secretsManager(secrets);
  const hidden: string[] = [];
  const clock = { now: 1_000_000 };
  const values = createProvidedValues({
    production: true,
    env: {},
    read,
    hide: (value) => hidden.push(value),
    now: () => clock.now,
    ...rest,
  });
  return { world, hidden, clock, values };
}

const inSecret = { [token]: '{"token":"token-of-the-secret"}' };
const inEnv = { HOSTINGER_API_TOKEN: 'token-of-the-environment' };

describe('where a value comes from', () => {
  it('is Secrets Manager first in production, the environment first in development', async () => {
    const name = 'hostinger-api-token';
    expect(await valuesOf({ secrets: inSecret, env: inEnv }).values.get(name)).toEqual({
      value: 'token-of-the-secret',
      source: `secret ${token}`,
    });
    const development = valuesOf({ secrets: inSecret, env: inEnv, production: false });
    expect(await development.values.get(name)).toEqual({ value: 'token-of-the-environment', source: 'environment HOSTINGER_API_TOKEN' });
    expect(development.world.reads).toEqual([]);
  });

  it('is the other where the first has nothing, then the default, then nowhere', async () => {
    expect((await valuesOf({ env: inEnv }).values.get('hostinger-api-token'))?.source).toBe('environment HOSTINGER_API_TOKEN');
    expect((await valuesOf({ secrets: inSecret, production: false }).values.get('hostinger-api-token'))?.source).toBe(`secret ${token}`);
    const { values } = valuesOf({ secrets: { [ssh]: '{"host":"203.0.113.7","port":2222,"user":""}' } });
    expect(await values.get('hostinger-ssh-host')).toEqual({ value: '203.0.113.7', source: `secret ${ssh}` });
    expect(await values.get('hostinger-ssh-port')).toEqual({ value: '2222', source: `secret ${ssh}` });
    expect(await values.get('hostinger-ssh-user')).toEqual({ value: 'root', source: 'default' });
    expect(await values.get('hostinger-ssh-key-path')).toEqual({ value: join(homedir(), '.ssh/ziggie_hostinger'), source: 'default' });
    expect(await values.get('hostinger-ssh-private-key')).toBeUndefined();
    expect(await values.get('hostinger-api-token')).toBeUndefined();
  });

  it.each(['no JSON', '["token"]', '{"toString":"x"}', '{"token":{"token":"x"}}'])('is not a secret like %s', async (text) => {
    const { values } = valuesOf({ secrets: { [token]: text }, env: inEnv });
    expect((await values.get('hostinger-api-token'))?.source).toBe('environment HOSTINGER_API_TOKEN');
  });

  it('is the environment when Secrets Manager never answered, and asked again after half a minute', async () => {
    const { world, clock, values } = valuesOf({ secrets: inSecret, env: inEnv });
    world.broken = true;
    expect((await values.get('hostinger-api-token'))?.value).toBe('token-of-the-environment');
    const report = await values.report();
    expect(report[0]).toMatchObject({ source: 'environment HOSTINGER_API_TOKEN', problem: expect.stringContaining('does not answer') });
    world.broken = false;
    clock.now += 29_999;
    expect((await values.get('hostinger-api-token'))?.value).toBe('token-of-the-environment');
    expect(world.reads.filter((name) => name === token)).toHaveLength(1);
    clock.now += 1;
    expect((await values.get('hostinger-api-token'))?.value).toBe('token-of-the-secret');
    expect((await values.report())[0]).not.toHaveProperty('problem');
  });

  it('stays what was read last when Secrets Manager fails later, with the reason in the report', async () => {
    const { world, clock, values } = valuesOf({ secrets: { ...inSecret, [ssh]: '{"user":"deploy"}' }, env: inEnv });
    const all = async () => [(await values.get('hostinger-api-token'))?.value, (await values.get('hostinger-ssh-user'))?.value];
    expect(await all()).toEqual(['token-of-the-secret', 'deploy']);
    world.broken = true;
    clock.now += 300_000;
    expect(await all()).toEqual(['token-of-the-secret', 'deploy']);
    expect((await values.report())[0]).toMatchObject({ source: `secret ${token}`, problem: expect.stringContaining('does not answer') });
    expect(world.reads).toHaveLength(5);
    expect(await values.refresh('hostinger-api-token', 'token-of-the-secret')).toBe(false);
    expect((await values.get('hostinger-api-token'))?.value).toBe('token-of-the-secret');
    // An answer that it is gone is an answer.
    world.broken = false;
    world.secrets = {};
    clock.now += 30_000;
    expect(await all()).toEqual(['token-of-the-environment', 'root']);
    world.broken = true;
    clock.now += 300_000;
    expect(await all()).toEqual(['token-of-the-environment', 'root']);
    world.broken = false;
    clock.now += 30_000;
    expect((await values.report())[0]).not.toHaveProperty('problem');
  });

  it('may be a reader that throws at once', async () => {
    const read = () => {
      throw new Error('at once');
    };
    const { values } = valuesOf({ env: inEnv, read });
    expect((await values.get('hostinger-api-token'))?.value).toBe('token-of-the-environment');
    expect((await values.report())[0]?.problem).toContain('at once');
  });
});

describe('hiding', () => {
  it('comes before anybody gets the value, and spares what may be shown', async () => {
    const secrets = { ...inSecret, [ssh]: '{"host":"203.0.113.7","private_key":"a private key"}' };
    const { values, hidden } = valuesOf({ secrets });
    await values.get('hostinger-ssh-host');
    expect(hidden).toEqual(['a private key']);
    await values.get('hostinger-api-token');
    expect(hidden).toContain('token-of-the-secret');
    const fromEnvironment = valuesOf({ env: { ...inEnv, HOSTINGER_VPS_HOST: '203.0.113.7' } });
    expect(fromEnvironment.hidden).toEqual(['token-of-the-environment']);
  });

  it('holds for reports', async () => {
    const { values } = valuesOf({ secrets: { ...inSecret, [ssh]: '{"host":"203.0.113.7","private_key":"a private key"}' } });
    const report = await values.report();
    expect(report.map(({ label, source }) => [label, source])).toEqual([
      ['hostinger api token', `secret ${token}`],
      ['hostinger ssh host', `secret ${ssh}`],
      ['hostinger ssh user', 'default'],
      ['hostinger ssh private key', `secret ${ssh}`],
      ['hostinger ssh key file', 'default'],
      ['hostinger ssh passphrase', undefined],
      ['hostinger ssh port', 'default'],
      ['hostinger ssh host key', undefined],
      ['smtp password', undefined],
    ]);
    expect(JSON.stringify(report)).not.toMatch(/token-of-the-secret|a private key|203\.0\.113\.7/);
  });
});

describe('reading', () => {
  it('happens once for all that ask together, and again after five minutes', async () => {
    const { world, clock, values } = valuesOf({ secrets: { [ssh]: '{"host":"first"}' } });
    await Promise.all([values.get('hostinger-ssh-host'), values.get('hostinger-ssh-user'), values.get('hostinger-ssh-host')]);
    expect(world.reads).toEqual([ssh]);
    world.secrets[ssh] = '{"host":"second"}';
    clock.now += 299_999;
    expect((await values.get('hostinger-ssh-host'))?.value).toBe('first');
    clock.now += 1;
    expect((await values.get('hostinger-ssh-host'))?.value).toBe('second');
  });

  it('is repeated at once when a value was refused, once for all who were', async () => {
    const { world, values } = valuesOf({ secrets: inSecret });
    const name = 'hostinger-api-token';
    const refused = (await values.get(name))?.value ?? '';
    expect(await values.refresh(name, refused)).toBe(false);
    expect(world.reads.length).toBe(2);
    world.secrets[token] = '{"token":"token-after-rotation"}';
    expect(await Promise.all([values.refresh(name, refused), values.refresh(name, refused), values.refresh(name, refused)])).toEqual([
      true,
      true,
      true,
    ]);
    expect(world.reads.length).toBe(3);
    // Somebody else has read it since: no need to read again.
    expect(await values.refresh(name, refused)).toBe(true);
    expect(world.reads.length).toBe(3);
    expect((await values.get(name))?.value).toBe('token-after-rotation');
  });

  it('cannot change what comes from the environment', async () => {
    const { values } = valuesOf({ env: inEnv, production: false });
    expect(await values.refresh('hostinger-api-token', 'token-of-the-environment')).toBe(false);
  });
});

describe('what is imported from a file', () => {
  const fileWith = (text: string) => {
    const file = join(temporaryFolder(), 'some.env');
    writeFileSync(file, text);
    return file;
  };

  it('goes by the secrets that it belongs into', () => {
    const file = fileWith('AWS_REGION=eu-north-1\nHOSTINGER_API_TOKEN="a-token"\nHOSTINGER_VPS_HOST=203.0.113.7\nHOSTINGER_SSH_USER=\n');
    expect(importsFrom(file, false)).toEqual([
      { secret: token, members: { token: 'a-token' }, origins: { token: 'HOSTINGER_API_TOKEN' } },
      { secret: ssh, members: { host: '203.0.113.7' }, origins: { host: 'HOSTINGER_VPS_HOST' } },
    ]);
    expect(importsFrom(fileWith('AWS_REGION=eu-north-1'), false)).toEqual([]);
  });

  it('takes the path of the key, or the key itself', () => {
    const key = fileWith('-----BEGIN KEY-----\nmaterial\n-----END KEY-----\n');
    const file = fileWith(`HOSTINGER_SSH_KEY=${key}\n`);
    expect(importsFrom(file, false)[0]?.members).toEqual({ key_path: key });
    expect(importsFrom(file, true)[0]?.members).toEqual({ private_key: '-----BEGIN KEY-----\nmaterial\n-----END KEY-----\n' });
    expect(() => importsFrom(fileWith('HOSTINGER_SSH_KEY=/nowhere/at/all\n'), true)).toThrow(/nowhere.*ENOENT/);
    expect(() => importsFrom('/nowhere/at/all', false)).toThrow(/ENOENT/);
  });
});

it('takes no other variables', () => {
  expect(providedVariables({ HOSTINGER_API_TOKEN: 't', AWS_SECRET_ACCESS_KEY: 'k', HOSTINGER_SSH_KEY: '', PATH: '/bin' })).toEqual({
    HOSTINGER_API_TOKEN: 't',
  });
});
