import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';
import { configurationWith, temporaryFolder } from '../support/folders.ts';
import { sandboxRecords } from '../support/journal.ts';

/** On the sandbox; what arrives in Secrets Manager is in test/aws/secrets-import.moto.test.ts. */

const credentials = 'HOSTINGER_API_TOKEN=0123456789-token-of-tests\nHOSTINGER_VPS_HOST=203.0.113.7\n';

function withEnv(text: string): { state: string; config: string; file: string } {
  const config = configurationWith();
  const file = join(config, '.env');
  writeFileSync(file, text);
  return { state: temporaryFolder(), config, file };
}

describe('secrets import', () => {
  it('takes the road, says what moved where, and shows no value', async () => {
    const { state, config, file } = withEnv(credentials);
    const { code, stdout, stderr } = await runCli(state, ['secrets', 'import', '--config', config, '--sandbox']);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('HOSTINGER_API_TOKEN → secret ziggie/hostinger-api-token, field token (made)');
    expect(stdout).toContain('HOSTINGER_VPS_HOST → secret ziggie/hostinger-ssh, field host (made)');
    // Nothing of the sandbox is kept, and so nothing may be removed.
    expect(stdout).not.toContain('can be removed');
    expect(stdout).toContain(`leave ${file} as it is`);
    const records = await sandboxRecords(state, { tool: 'secrets_create' });
    expect(records.map(({ phase, principal }) => [phase, principal])).toEqual([
      ['outcome', 'agent:agent-ziggie'],
      ['intent', 'agent:agent-ziggie'],
      ['outcome', 'agent:agent-ziggie'],
      ['intent', 'agent:agent-ziggie'],
    ]);
    expect(JSON.stringify(records) + stdout + stderr).not.toContain('0123456789-token-of-tests');
    expect(readFileSync(file, 'utf8')).toBe(credentials);
  });

  it('is denied to an agent that policy does not let', async () => {
    const { state, config } = withEnv(credentials);
    const { code, stderr } = await runCli(state, ['secrets', 'import', '--agent', 'chen', '--config', config, '--sandbox']);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^policy_denied: /);
    expect(stderr).not.toContain('0123456789-token-of-tests');
  });

  it('reads another file, and says when there is nothing in it, or none', async () => {
    const { state, config } = withEnv(credentials);
    const other = join(temporaryFolder(), 'other.env');
    writeFileSync(other, 'AWS_REGION=eu-north-1\n');
    const nothing = await runCli(state, ['secrets', 'import', '--from', other, '--config', config, '--sandbox']);
    expect(nothing.code).toBe(1);
    expect(nothing.stderr).toContain(`${other} sets none of HOSTINGER_API_TOKEN`);
    const none = await runCli(state, ['secrets', 'import', '--from', '/nowhere/at/all', '--config', config, '--sandbox']);
    expect(none.code).toBe(5);
    expect(none.stderr).toContain('/nowhere/at/all');
    expect((await runCli(state, ['secrets', 'import', '--agent', 'nobody', '--config', config, '--sandbox'])).code).toBe(5);
    expect((await runCli(state, ['secrets', 'import', '--nonsense', '--config', config, '--sandbox'])).code).toBe(2);
  });
});

describe('doctor', () => {
  it('says of each value that it is not set and how to set it, which is no failure', async () => {
    const { state, config } = withEnv(credentials);
    const { code, stdout } = await runCli(state, ['doctor', '--config', config, '--sandbox']);
    expect(code, stdout).toBe(0);
    // The sandbox takes no real credentials.
    expect(stdout).toMatch(/^ok +hostinger api token +not set \(.*HOSTINGER_API_TOKEN.*ziggie\/hostinger-api-token\)$/m);
    expect(stdout).toMatch(/^ok +hostinger ssh user +from default$/m);
    expect(stdout).not.toContain('0123456789-token-of-tests');
  });
});
