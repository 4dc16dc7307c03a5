import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';
import { configurationWith, temporaryFolder } from '../support/folders.ts';
import { exampleKeys } from './harness.ts';
import { type Moto, startMoto } from './moto.ts';

/** The CLI on moto, and the AWS CLI as the second reader. */

let moto: Moto;
const state = temporaryFolder();
const config = configurationWith();
const keyFile = join(temporaryFolder(), 'key');
const token = '0123456789-token-of-tests';
beforeAll(async () => {
  moto = await startMoto();
  writeFileSync(keyFile, '-----BEGIN OPENSSH PRIVATE KEY-----\nnone of it is real\n-----END OPENSSH PRIVATE KEY-----\n');
  writeFileSync(join(config, '.env'), `HOSTINGER_API_TOKEN=${token}\nHOSTINGER_VPS_HOST=203.0.113.7\nHOSTINGER_SSH_KEY=${keyFile}\n`);
}, 40_000);
afterAll(() => moto.close());

const environment = (more: Record<string, string> = {}) => ({
  AWS_ACCESS_KEY_ID: exampleKeys.accessKeyId,
  AWS_SECRET_ACCESS_KEY: exampleKeys.secretAccessKey,
  AWS_ENDPOINT_URL: moto.endpoint,
  ...more,
});
const cli = (args: string[], more: Record<string, string> = {}) => runCli(state, [...args, '--config', config], environment(more));

async function secretValue(name: string): Promise<unknown> {
  const args = ['secretsmanager', 'get-secret-value', '--secret-id', name, '--endpoint-url', moto.endpoint, '--region', 'eu-north-1'];
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...environment() };
  const child = spawn('aws', [...args, '--output', 'json'], { env });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const [code] = await once(child, 'close');
  expect(code, 'the AWS CLI was not found or failed: pip install awscli').toBe(0);
  return JSON.parse((JSON.parse(stdout) as { SecretString: string }).SecretString);
}

describe('secrets import', () => {
  it('moves credentials from the file into Secrets Manager, where doctor then finds them', async () => {
    const before = await cli(['doctor'], { ZIGGIE_ENV: 'production' });
    expect(before.stdout).toMatch(/^ok +hostinger api token +from environment HOSTINGER_API_TOKEN$/m);

    const made = await cli(['secrets', 'import']);
    expect(made.code, made.stderr).toBe(0);
    expect(made.stdout).toContain('These lines of');
    expect(made.stdout).toMatch(/removed now: HOSTINGER_API_TOKEN, HOSTINGER_VPS_HOST, HOSTINGER_SSH_KEY$/m);
    expect(await secretValue('ziggie/hostinger-api-token')).toEqual({ token });
    expect(await secretValue('ziggie/hostinger-ssh')).toEqual({ host: '203.0.113.7', key_path: keyFile });

    const production = await cli(['doctor'], { ZIGGIE_ENV: 'production' });
    expect(production.stdout).toMatch(/^ok +hostinger api token +from secret ziggie\/hostinger-api-token$/m);
    expect(production.stdout).toMatch(/^ok +hostinger ssh host +from secret ziggie\/hostinger-ssh$/m);
    const development = await cli(['doctor']);
    expect(development.stdout).toMatch(/^ok +hostinger api token +from environment HOSTINGER_API_TOKEN$/m);
    writeFileSync(join(config, '.env'), '');
    const without = await cli(['doctor']);
    expect(without.stdout).toMatch(/^ok +hostinger api token +from secret ziggie\/hostinger-api-token$/m);
    for (const { stdout, stderr } of [before, made, production, development, without]) expect(stdout + stderr).not.toContain(token);
  });

  it('replaces what is there, and takes the key itself when asked to', async () => {
    const file = join(temporaryFolder(), 'again.env');
    writeFileSync(file, `HOSTINGER_SSH_KEY=${keyFile}\nHOSTINGER_SSH_USER=deploy\n`);
    const again = await cli(['secrets', 'import', '--from', file, '--with-key']);
    expect(again.code, again.stderr).toBe(0);
    expect(again.stdout).toContain('field private_key (replaced');
    expect(await secretValue('ziggie/hostinger-ssh')).toEqual({
      user: 'deploy',
      private_key: '-----BEGIN OPENSSH PRIVATE KEY-----\nnone of it is real\n-----END OPENSSH PRIVATE KEY-----\n',
    });
    expect(again.stdout + again.stderr).not.toContain('none of it is real');
  });

  it('falls back to the environment in production when Secrets Manager does not answer, and doctor says so', async () => {
    const env = { ZIGGIE_ENV: 'production', HOSTINGER_API_TOKEN: token, AWS_ENDPOINT_URL_SECRETS_MANAGER: 'http://127.0.0.1:9' };
    const { stdout } = await cli(['doctor'], env);
    expect(stdout).toMatch(/^warn +hostinger api token +from environment HOSTINGER_API_TOKEN; the secret .* could not be read/m);
    expect(stdout).not.toContain(token);
  });
});
