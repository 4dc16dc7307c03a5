import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SshSettings } from '../../src/ports/remote-host.ts';
import { failure, newCall } from '../aws/harness.ts';
import { until } from '../support/until.ts';
import { atEnd, hostsFor, settingsFor, sshdForTests } from './fixture.ts';
import { freePort, newKey } from './sshd.ts';

/** Which keys log us in at a real sshd, and what is said of those that do not. */

const sshd = await sshdForTests();
const text = readFileSync(sshd.keyPath, 'utf8');
const probe = (settings: Partial<SshSettings>, server = sshd) => hostsFor(settingsFor(server, settings)).probe('vps', newCall());
const withKey = (key: SshSettings['key']) => probe({ key });

/** Nothing of a key may be told. */
function expectSecretless(error: Error): void {
  const told = JSON.stringify([error.message, error, error.cause instanceof Error ? error.cause.message : '']);
  for (const line of text.split('\n').slice(1, -2)) expect(told).not.toContain(line);
}

describe('a key', () => {
  it.each(['ed25519', 'ecdsa', 'rsa'] as const)('of type %s logs in, from a file', async (clientKey) => {
    await probe({}, clientKey === 'ed25519' ? sshd : await sshdForTests({ clientKey }));
  });

  it('logs in as text, and encrypted with its passphrase', async () => {
    await withKey({ kind: 'text', text });
    const path = newKey(join(sshd.folder, 'encrypted'), 'ed25519', 'open sesame');
    writeFileSync(
      join(sshd.folder, 'etc', 'authorized_keys'),
      readFileSync(`${sshd.keyPath}.pub`, 'utf8') + readFileSync(`${path}.pub`, 'utf8'),
    );
    await withKey({ kind: 'file', path, passphrase: 'open sesame' });
    const wrong = await failure(withKey({ kind: 'file', path, passphrase: 'abracadabra' }));
    expect(wrong).toMatchObject({ code: 'provider_not_configured', details: { provider: { code: 'PassphraseWrong' } } });
    expect(JSON.stringify([wrong.message, wrong])).not.toContain('abracadabra');
    expect(await failure(withKey({ kind: 'file', path }))).toMatchObject({
      code: 'provider_not_configured',
      details: { provider: { code: 'PassphraseMissing' } },
    });
  });

  it('logs in from an agent', async () => {
    const socket = join(sshd.folder, 'agent');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    atEnd(() => agent.kill());
    await until('the agent', () => spawnQuietly('ssh-add', [sshd.keyPath], socket));
    await withKey({ kind: 'agent', socket });
    const bare = join(sshd.folder, 'bare-agent');
    const empty = spawn('ssh-agent', ['-D', '-a', bare], { stdio: 'ignore' });
    atEnd(() => empty.kill());
    await until('the agent', () => spawnQuietly('ssh-add', ['-D'], bare));
    expect(await failure(withKey({ kind: 'agent', socket: bare }))).toMatchObject({ code: 'provider_denied' });
  });

  it('that the server does not know is refused once, by name of the user only', async () => {
    const before = sshd.log().split('Failed publickey').length;
    const error = await failure(withKey({ kind: 'file', path: sshd.strangerKeyPath }));
    expect(error).toMatchObject({ code: 'provider_denied', details: { provider: { code: 'AuthenticationFailed' } } });
    expect(sshd.log().split('Failed publickey').length - before).toBeLessThanOrEqual(1);
    expect(sshd.log()).not.toMatch(/method (none|password|keyboard-interactive)/);
  });

  it('file that others may read is not used', async () => {
    const path = join(sshd.folder, 'loose');
    copyFileSync(sshd.keyPath, path);
    for (const mode of [0o640, 0o604, 0o644]) {
      chmodSync(path, mode);
      const error = await failure(withKey({ kind: 'file', path }));
      expect(error).toMatchObject({
        code: 'provider_not_configured',
        details: { provider: { code: 'KeyFileTooOpen' }, remedy: `chmod 600 ${path}` },
      });
      expectSecretless(error);
    }
  });

  it.each([
    ['that is missing', () => ({ kind: 'file', path: '/no/such/key' }) as const, 'KeyFileUnreadable'],
    ['that is a folder', () => ({ kind: 'file', path: sshd.folder }) as const, 'NotAKey'],
    ['that is the public half', () => ({ kind: 'text', text: readFileSync(`${sshd.keyPath}.pub`, 'utf8') }) as const, 'PublicKey'],
    ['that is no key', () => ({ kind: 'text', text: 'hello' }) as const, 'NotAKey'],
    ['that is cut', () => ({ kind: 'text', text: text.slice(0, 150) }) as const, 'NotAKey'],
    ['of an agent that is not there', () => ({ kind: 'agent', socket: '/no/such/socket' }) as const, 'NoAgent'],
  ])('%s says so', async (_, key, code) => {
    const error = await failure(withKey(key()));
    expect(error).toMatchObject({ code: 'provider_not_configured', details: { provider: { code } } });
    expectSecretless(error);
  });
});

describe('a server', () => {
  it.each([
    ['key exchange', { kexAlgorithms: 'diffie-hellman-group14-sha1' }],
    ['cipher', { ciphers: 'aes128-cbc' }],
    ['MAC', { ciphers: 'aes128-ctr', settings: ['MACs hmac-sha1'] }],
  ])('that offers no %s of ours is told apart, and asked once', async (_, options) => {
    const old = await sshdForTests(options);
    const error = await failure(probe({}, old));
    expect(error).toMatchObject({ code: 'provider_unavailable', details: { provider: { code: 'NoCommonAlgorithm' } } });
    expect(old.log().split('Connection from').length - 1).toBe(1);
  });

  it('with only SHA-1 signatures of its RSA key is not talked to', async () => {
    const old = await sshdForTests({ hostKeys: ['rsa'], settings: ['HostKeyAlgorithms ssh-rsa'] });
    expect(await failure(probe({}, old))).toMatchObject({ details: { provider: { code: 'NoCommonAlgorithm' } } });
  });

  it('that is not there is unreachable', async () => {
    const error = await failure(probe({ port: await freePort() }));
    expect(error).toMatchObject({ code: 'provider_unavailable', details: { provider: { code: 'ECONNREFUSED' }, retryable: true } });
  });

  it('that has no such name says so', async () => {
    expect(await failure(probe({ host: 'no-such-host.invalid' }))).toMatchObject({ code: 'provider_unavailable' });
  });

  it('that is not configured says which are', async () => {
    expect((await failure(hostsFor(settingsFor(sshd)).probe('other', newCall()))).details.remedy).toContain('there are: vps');
  });
});

function spawnQuietly(command: string, args: readonly string[], socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    spawn(command, args, { stdio: 'ignore', env: { PATH: process.env.PATH, SSH_AUTH_SOCK: socket } }).on('exit', (code) =>
      resolve(code === 0),
    );
  });
}
