import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sshd, startSshd } from '../ssh/sshd.ts';
import { runCli } from '../support/cli.ts';
import { configurationWith, temporaryFolder } from '../support/folders.ts';

/** A person trusts the host key of a real sshd, and the server is reached from then on. AWS is nowhere: none of this needs it. */

let sshd: Sshd;
const state = temporaryFolder();
const config = configurationWith();
const knownHosts = join(config, 'known_hosts');
const nowhere = 'http://127.0.0.1:9';

beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

const run = (...args: string[]) =>
  runCli(state, [...args, '--config', config], {
    AWS_ENDPOINT_URL: nowhere,
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    HOSTINGER_VPS_HOST: sshd.host,
    HOSTINGER_SSH_PORT: String(sshd.port),
    HOSTINGER_SSH_USER: sshd.user,
    HOSTINGER_SSH_KEY: sshd.keyPath,
  });
const uptime = () =>
  run(
    'execute-command',
    '--agent',
    'marcus',
    '--command',
    'cloud:vps_run_command',
    '--params',
    '{"server":"vps-1","command":"load"}',
    '--json',
  );
const trust = (...more: string[]) => run('doctor', '--trust-host', 'vps-1', ...more);

describe('doctor --trust-host', () => {
  it('trusts nothing unless a person has compared the key', async () => {
    rmSync(knownHosts, { force: true });
    const refused = await uptime();
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'provider_not_configured', effect: 'none' } });
    expect(refused.stdout).toContain('--trust-host');

    const shown = await trust();
    expect(shown.stdout).toContain(sshd.hostKeyFingerprint);
    expect(shown.code).toBe(1);
    const other = await trust('--fingerprint', `SHA256:${'A'.repeat(43)}`);
    expect(other.stderr).toMatch(/another machine/);
    expect(other.code).toBe(1);
    expect(existsSync(knownHosts)).toBe(false);
  });

  it('adds the key that was compared, once, and the server is reached', async () => {
    expect((await trust('--fingerprint', sshd.hostKeyFingerprint)).code).toBe(0);
    expect((await trust('--fingerprint', sshd.hostKeyFingerprint)).stdout).toMatch(/already/);
    const [key = ''] = sshd.publicHostKeys;
    const [type, publicKey] = key.split(' ');
    expect(readFileSync(knownHosts, 'utf8')).toBe(`[${sshd.host}]:${sshd.port} ${type} ${publicKey}\n`);
    const { code, stdout } = await uptime();
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, output: { exitCode: 0 } });
    expect(code).toBe(0);
  });

  it('says so when ziggie.yaml pins another key, and writes nothing', async () => {
    const yaml = join(config, 'ziggie.yaml');
    const starter = readFileSync(yaml, 'utf8');
    const before = readFileSync(knownHosts, 'utf8');
    const pin = `SHA256:${'B'.repeat(43)}`;
    writeFileSync(yaml, starter.replace('    - name: vps-1\n', `    - name: vps-1\n      ssh: { hostKeys: ['${pin}'] }\n`));
    const { code, stderr } = await trust('--fingerprint', sshd.hostKeyFingerprint);
    expect(stderr).toMatch(/THAT IS NOT what is pinned/);
    expect(code).toBe(1);
    expect(readFileSync(knownHosts, 'utf8')).toBe(before);
    // What was trusted before does not count beside a pin.
    expect(JSON.parse((await uptime()).stdout)).toMatchObject({ error: { provider: { code: 'HostKeyMismatch' } } });
    writeFileSync(yaml, starter);
  });

  it('does not know other servers', async () => {
    const { code, stderr } = await run('doctor', '--trust-host', 'vps-9');
    expect(code).toBe(2);
    expect(stderr).toContain('vps-1');
  });
});
