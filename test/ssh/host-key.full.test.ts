import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SshSettings } from '../../src/ports/remote-host.ts';
import { failure, newCall } from '../aws/harness.ts';
import { changes, hostsFor, settingsFor, sshdForTests } from './fixture.ts';
import { fingerprintOf } from './sshd.ts';

/** Who is let near us: real servers, a real impostor, and known_hosts files as OpenSSH's own tools write them. */

const sshd = await sshdForTests({ hostKeys: ['ecdsa', 'ed25519', 'rsa'] });
/** Answers in the place of the first, with a key of its own. */
const impostor = await sshdForTests();
const [ecdsa = '', ed25519 = '', rsa = ''] = sshd.fingerprints;
const probe = (settings: Partial<SshSettings>, server = sshd) => hostsFor(settingsFor(server, settings)).probe('vps', newCall());

describe('a host key', () => {
  it.each([
    ['ed25519', ed25519],
    ['ecdsa', ecdsa],
    ['rsa', rsa],
  ])('is accepted by its fingerprint, whichever the server has: %s', async (_, fingerprint) => {
    const { software, latencyMs } = await probe({ hostKeys: [fingerprint] });
    expect(software).toMatch(/^OpenSSH_/);
    expect(latencyMs).toBeGreaterThan(0);
  });

  it('may be one of several', async () => {
    await probe({ hostKeys: [impostor.hostKeyFingerprint, ed25519] });
  });

  it('that is not pinned is never trusted, not even on first use', async () => {
    const error = await failure(probe({ hostKeys: [] }));
    expect(error).toMatchObject({ code: 'provider_not_configured', details: { provider: { code: 'HostKeyUnknown' } } });
    expect(error.details.remedy).toContain('ziggie-cloud doctor --trust-host vps');
  });
});

describe('an impostor', () => {
  it('with another key gets no byte of ours beyond the key exchange', async () => {
    const call = newCall();
    const hosts = hostsFor(settingsFor(impostor, { hostKeys: [ed25519], user: 'somebody' }));
    const error = await failure(hosts.run('vps', { argv: ['touch', '/tmp/owned'] }, changes, call));
    expect(error).toMatchObject({ code: 'provider_denied', details: { provider: { code: 'HostKeyMismatch' } } });
    expect(error.message).toContain(impostor.hostKeyFingerprint);
    expect(error.message).toContain(ed25519);
    expect(error.details.remedy).toContain('ziggie-cloud doctor --trust-host vps');
    const log = impostor.log();
    expect(log).toContain('SSH2_MSG_KEXINIT received');
    expect(log).not.toMatch(/userauth|service request|ssh-connection|somebody|Failed|Accepted/i);
    expect(log).not.toContain('SSH2_MSG_NEWKEYS received');
    expect(impostor.accepted()).toBe(0);
    expect(call.attempts.filter((outcome) => outcome !== 'refused')).toEqual([]);
    expect(call.ledger.effect()).toBe('none');
  });

  it('that moves in while we are connected is found out with the next connection', async () => {
    const first = await sshdForTests();
    const hosts = hostsFor(settingsFor(first));
    await hosts.probe('vps', newCall());
    await first.halt();
    for (const suffix of ['', '.pub'])
      copyFileSync(`${impostor.folder}/etc/host_ed25519${suffix}`, `${first.folder}/etc/host_ed25519${suffix}`);
    await first.start();
    expect(await failure(hosts.probe('vps', newCall()))).toMatchObject({ details: { provider: { code: 'HostKeyMismatch' } } });
  });
});

describe('known_hosts', () => {
  const name = `[127.0.0.1]:${sshd.port}`;
  const [ecdsaKey, ed25519Key, rsaKey] = sshd.publicHostKeys;
  const impostorKey = impostor.publicHostKeys[0];
  const withFile = (text: string, hostKeys: string[] = []) => {
    const knownHostsFile = join(sshd.folder, 'known_hosts');
    writeFileSync(knownHostsFile, text);
    return probe({ hostKeys, knownHostsFile });
  };

  it('lets a server in by its name and port, whichever of its keys is listed', async () => {
    await withFile(`# comment\n\nnot a line\nother.example ${impostorKey}\n${name} ${rsaKey} comment\n`);
    await withFile(`*.example,${name} ${ed25519Key}`);
    await withFile(`[127.0.0.?]:* ${ecdsaKey}`);
  });

  it('hashed by ssh-keygen is read too', async () => {
    const file = join(sshd.folder, 'hashed');
    writeFileSync(file, `${name} ${ed25519Key}\n`);
    execFileSync('ssh-keygen', ['-H', '-f', file], { stdio: 'ignore' });
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(/^\|1\|/);
    await withFile(text);
  });

  it.each([
    ['names another port', `[127.0.0.1]:1 ${ed25519Key}`],
    ['names no port', `127.0.0.1 ${ed25519Key}`],
    ['makes an exception of the host', `[127.0.0.*]:*,!${name} ${ed25519Key}`],
    ['trusts an authority', `@cert-authority ${name} ${ed25519Key}`],
    ['says another type than the key', `${name} ssh-rsa ${ed25519Key?.split(' ')[1]}`],
  ])('that %s does not let it in', async (_, text) => {
    expect(await failure(withFile(text))).toMatchObject({
      code: 'provider_not_configured',
      details: { provider: { code: 'HostKeyUnknown' } },
    });
  });

  it('with another key for the host refuses it', async () => {
    expect(await failure(withFile(`${name} ${impostorKey}`))).toMatchObject({ details: { provider: { code: 'HostKeyMismatch' } } });
  });

  it('that revokes a key outweighs every pin', async () => {
    const only = await sshdForTests();
    const knownHostsFile = join(only.folder, 'known_hosts');
    writeFileSync(
      knownHostsFile,
      `[127.0.0.1]:${only.port} ${only.publicHostKeys[0]}\n@revoked * ${only.publicHostKeys[0]}\n@revoked [127.0.0.1]:* ${only.publicHostKeys[0]}\n`,
    );
    const error = await failure(probe({ knownHostsFile }, only));
    expect(error).toMatchObject({ code: 'provider_denied', details: { provider: { code: 'HostKeyMismatch' } } });
    expect(error.message).toContain('revoked');
  });

  it('that cannot be read is no trust', async () => {
    expect(await failure(probe({ hostKeys: [ed25519], knownHostsFile: '/no/such/file' }))).toMatchObject({
      code: 'provider_not_configured',
    });
  });
});

describe('scan', () => {
  it('shows what ssh-keygen says of the key, and hangs up before logging in', async () => {
    const lone = await sshdForTests();
    const hosts = hostsFor(settingsFor(lone, { hostKeys: [] }));
    const shown = await hosts.scan('vps', newCall());
    expect(shown).toEqual({
      fingerprint: fingerprintOf(join(lone.folder, 'etc', 'host_ed25519.pub')),
      type: 'ssh-ed25519',
      publicKey: lone.publicHostKeys[0]?.split(' ')[1],
      address: `[127.0.0.1]:${lone.port}`,
      pinned: [],
    });
    expect(lone.log()).not.toMatch(/userauth|service request/i);
  });
});
