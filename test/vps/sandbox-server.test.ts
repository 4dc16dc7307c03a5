import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SshSettings } from '../../src/ports/remote-host.ts';
import { quote } from '../../src/providers/hostinger/ssh/quote.ts';
import { createSandboxSsh, newKey, type SandboxSsh } from '../../src/providers/sandbox/ssh/index.ts';
import { ask, type BareClient, connectBare, textKey } from './ssh-client.ts';

/** The sandbox's SSH server over the wire, with a client that sends whatever it likes. */

let sandbox: SandboxSsh;
let settings: SshSettings;
let client: BareClient;
/** A folder of the machine that the sandbox must not reach. */
const outside = mkdtempSync(join(tmpdir(), 'ziggie-outside-'));

beforeAll(async () => {
  writeFileSync(join(outside, 'private'), 'not for the sandbox', { mode: 0o640 });
  sandbox = createSandboxSsh({ servers: ['vps-main', 'vps-spare'] });
  settings = await sandbox.settings('vps-main');
  client = await connectBare(settings);
});
afterAll(async () => {
  client.close();
  await sandbox.close();
  rmSync(outside, { recursive: true });
});

const run = (...words: string[]) => client.exec(quote(words));
const put = (path: string, text: string) => ask<void>((done) => client.sftp.writeFile(path, text, (error) => done(error, undefined)));
const get = (path: string) => ask<Buffer>((done) => client.sftp.readFile(path, done)).then(String);

describe('who is let in', () => {
  it('nobody with another key', async () => {
    const { privateText: stranger } = await newKey();
    await expect(connectBare(settings, { privateKey: stranger })).rejects.toThrow('authentication methods failed');
  });

  it('nobody who shows our public key and cannot sign with it', async () => {
    const ours = ssh2.utils.parseKey(textKey(settings));
    const { parsed: other } = await newKey();
    if (ours instanceof Error) throw new Error('no key');
    class Impostor extends ssh2.BaseAgent {
      getIdentities(give: ssh2.IdentityCallback) {
        give(null, [ours as ssh2.ParsedKey]);
      }
      sign(_key: unknown, data: Buffer, _options: unknown, give?: ssh2.SignCallback) {
        give?.(null, other.sign(data));
      }
    }
    const { host, port } = settings;
    const attempt = new Promise((resolve, reject) => {
      const client = new ssh2.Client().on('ready', () => resolve(client.end())).on('error', reject);
      client.connect({ host, port, username: 'root', agent: new Impostor(), authHandler: ['agent'] });
    });
    await expect(attempt).rejects.toThrow('authentication methods failed');
  });

  it('nobody with a password, without anything, or under another name', async () => {
    const { host, port } = settings;
    await expect(connectBare(settings, { username: 'admin' })).rejects.toThrow('authentication methods failed');
    await expect(connectBare({ host, port, user: 'root', hostKeys: [], key: settings.key }, { authHandler: ['none'] })).rejects.toThrow(
      'authentication methods failed',
    );
    await expect(connectBare(settings, { authHandler: ['password'], password: 'root' })).rejects.toThrow('authentication methods failed');
  });

  it('a server shows the host key that its settings name, and each its own', async () => {
    const spare = await sandbox.settings('vps-spare');
    const shown: string[] = [];
    for (const each of [settings, spare]) {
      const hostVerifier = (key: Buffer) => shown.push(`SHA256:${createHash('sha256').update(key).digest('base64').replace('=', '')}`) > 0;
      (await connectBare(each, { hostVerifier })).close();
    }
    expect(shown).toEqual([...settings.hostKeys, ...spare.hostKeys]);
    expect(new Set(shown).size).toBe(2);
    expect(settings.host).toBe('127.0.0.1');
  });

  it('servers that were not asked for are not there', async () => {
    await expect(sandbox.settings('web-1')).rejects.toThrow('no server web-1');
  });
});

describe('its root', () => {
  const escapes = () => [
    `..${outside}/private`,
    `/../../../..${outside}/private`,
    `/tmp/..//../..${outside}/private`,
    `${outside}/private`,
    `/tmp/./../${outside}/private`,
  ];

  it('is not left by any path', async () => {
    for (const path of escapes()) {
      await expect(get(path)).rejects.toThrow('ENOENT');
      expect(await run('cat', path)).toMatchObject({ code: 1, stdout: '' });
    }
  });

  it('is not left by links, whatever follows them', async () => {
    await run('mkdir', '-p', '/escape');
    const up = '../'.repeat(12);
    await run('ln', '-s', '--', outside, '/escape/absolute');
    await run('ln', '-s', '--', `${up}${outside}`, '/escape/relative');
    await run('ln', '-s', '--', `${outside}/private`, '/escape/file');
    await run('ln', '-s', '--', `${outside}/new`, '/escape/new');
    await run('ln', '-s', '--', 'absolute', '/escape/again');
    for (const path of ['absolute/private', 'relative/private', 'file', 'again/private'].map((name) => `/escape/${name}`)) {
      await expect(get(path)).rejects.toThrow();
      await expect(put(path, 'overwritten')).rejects.toThrow();
      for (const words of [
        ['cat', path],
        ['tail', path],
        ['sha256sum', path],
        ['chmod', '777', path],
      ]) {
        expect(await run(...words)).toMatchObject({ code: 1, stdout: '' });
      }
    }
    await expect(put('/escape/new', 'created')).rejects.toThrow();
    for (const name of ['absolute', 'relative', 'again']) {
      await expect(put(`/escape/${name}/new`, 'created')).rejects.toThrow();
      await expect(ask((done) => client.sftp.readdir(`/escape/${name}`, done))).rejects.toThrow();
      await expect(ask<void>((done) => client.sftp.unlink(`/escape/${name}/private`, (error) => done(error, undefined)))).rejects.toThrow();
      expect(await run('rm', '-rf', '--', `/escape/${name}/private`)).toMatchObject({ code: 1 });
      expect(await run('mkdir', '-p', '--', `/escape/${name}/made`)).toMatchObject({ code: 1 });
      expect(await run('mv', '-T', '--', '/etc/hostname', `/escape/${name}/moved`)).toMatchObject({ code: 1 });
    }
    await run('chmod', '-R', '777', '/escape');
    expect(statSync(join(outside, 'private')).mode & 0o777).toBe(0o640);
    expect(statSync(outside).mode & 0o777).toBe(0o700);
    expect(await run('rm', '-rf', '--', '/escape')).toMatchObject({ code: 0 });
    expect(readFileSync(join(outside, 'private'), 'utf8')).toBe('not for the sandbox');
    expect(existsSync(join(outside, 'new')) || existsSync(join(outside, 'made')) || existsSync(join(outside, 'moved'))).toBe(false);
  });

  it('is what absolute links begin at', async () => {
    await run('mkdir', '-p', '/srv/site/v1');
    await put('/srv/site/v1/index.html', 'v1');
    await run('ln', '-s', '--', '/srv/site/v1', '/srv/site/current');
    expect(await get('/srv/site/current/index.html')).toBe('v1');
    expect(await run('readlink', '-f', '--', '/srv/site/current/index.html')).toMatchObject({ stdout: '/srv/site/v1/index.html\n' });
    expect(await ask<string>((done) => client.sftp.realpath('/srv/site/current', done))).toBe('/srv/site/v1');
  });

  it('cannot be removed, and links in circles end', async () => {
    expect(await run('rm', '-rf', '--', '/')).toMatchObject({ code: 1 });
    expect(await run('rmdir', '/')).toMatchObject({ code: 1 });
    expect(await run('cat', '/etc/hostname/../hostname')).toMatchObject({ code: 1, stderr: expect.stringContaining('Not a directory') });
    await run('ln', '-s', 'round', '/tmp/round');
    expect(await run('cat', '/tmp/round')).toMatchObject({ code: 1, stderr: expect.stringContaining('Too many levels') });
    await expect(get('/tmp/round')).rejects.toThrow();
  });

  it('holds whatever names files have', async () => {
    const name = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 40 })
      .filter((text) => !/[/\0]/.test(text) && !/^\.{1,2}$/.test(text) && text.isWellFormed());
    await fc.assert(
      fc.asyncProperty(name, fc.string({ maxLength: 50 }), async (file, text) => {
        await put(`/tmp/${file}`, text);
        expect((await run('cat', '--', `/tmp/${file}`)).stdout).toBe(text);
        expect(await run('rm', '--', `/tmp/${file}`)).toMatchObject({ code: 0, stderr: '' });
      }),
      { numRuns: 40 },
    );
  });
});

describe('what it runs', () => {
  it('is nothing that needs a shell, or that it does not know', async () => {
    for (const line of [
      'cat /etc/hostname; id',
      'ls | cat',
      'echo $HOME',
      'echo `id`',
      'echo "$(id)"',
      'cat < /etc/hostname',
      'ls *',
      "echo 'open",
      'sh -c id',
      'cat /etc/hostname\nid',
      '',
    ]) {
      expect(await client.exec(line)).toMatchObject({ code: 127, stdout: '', stderr: expect.stringContaining("ziggie-cloud's sandbox") });
    }
  });

  it('is one plain command, however it is quoted', async () => {
    expect(await client.exec(`echo 'a b' "c \\"d\\"" e\\ f`)).toMatchObject({ code: 0, stdout: 'a b c "d" e f\n' });
    expect(await run('uname', '-a')).toMatchObject({ stdout: expect.stringContaining('Linux vps-main') });
    expect(await run('uptime')).toMatchObject({ code: 0, stdout: expect.stringContaining('load average') });
    expect(await run('free', '-m')).toMatchObject({ code: 0, stdout: expect.stringContaining('Mem:') });
  });

  it('refuses options that it does not know rather than do something else', async () => {
    expect(await run('rm', '-i', '/etc/hostname')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('does not know the option -i'),
    });
    expect(await get('/etc/hostname')).toBe('vps-main\n');
  });

  it('says how much room there is in the form that scripts read', async () => {
    const [, row = ''] = (await run('df', '-Pk', '/srv')).stdout.split('\n');
    const [, total, used, available] = row.split(/\s+/).map(Number);
    expect(total).toBe((used ?? 0) + (available ?? 0));
    expect(available).toBeGreaterThan(0);
    expect(await run('df', '-Pk', '/nowhere')).toMatchObject({ code: 1, stderr: expect.stringContaining('No such file') });
  });

  it('checks lists of checksums', async () => {
    await run('mkdir', '-p', '/srv/sums');
    await put('/srv/sums/good', 'good');
    await put('/srv/sums/odd\\na\nme', 'odd');
    const sum = (text: string) => createHash('sha256').update(text).digest('hex');
    const check = (list: string) => client.exec('sha256sum --check --strict --quiet -', list);
    const escaped = '/srv/sums/odd\\\\na\\nme';
    expect(await check(`${sum('good')}  /srv/sums/good\n\\${sum('odd')}  ${escaped}\n`)).toMatchObject({ code: 0, stdout: '' });
    expect(await run('sha256sum', '--', '/srv/sums/odd\\na\nme')).toMatchObject({ stdout: `\\${sum('odd')}  ${escaped}\n` });
    expect(await check(`${sum('bad')}  /srv/sums/good\n`)).toMatchObject({ code: 1, stdout: '/srv/sums/good: FAILED\n' });
    expect(await check(`${sum('good')}  /srv/sums/none\n`)).toMatchObject({ code: 1, stdout: '/srv/sums/none: FAILED open or read\n' });
    expect(await check(`${sum('good')}  /srv/sums/good\nwhat\n`)).toMatchObject({ code: 1 });
    expect(await check('')).toMatchObject({ code: 1 });
  });

  it('switches a link in one step', async () => {
    await run('mkdir', '-p', '/srv/app/releases/v1', '/srv/app/releases/v2');
    for (const version of ['v1', 'v2']) {
      expect(await run('ln', '-s', '--', `releases/${version}`, '/srv/app/.current.new')).toMatchObject({ code: 0 });
      expect(await run('mv', '-T', '--', '/srv/app/.current.new', '/srv/app/current')).toMatchObject({ code: 0 });
      expect(await run('readlink', '--', '/srv/app/current')).toMatchObject({ stdout: `releases/${version}\n` });
    }
    expect(await run('ln', '-s', '--', 'releases/v1', '/srv/app/current')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('File exists'),
    });
    expect(await run('mkdir', '/srv/app')).toMatchObject({ code: 1 });
    expect(await run('rm', '--', '/srv/app/releases')).toMatchObject({ code: 1, stderr: expect.stringContaining('Is a directory') });
    expect(await run('ls', '/srv/app/releases')).toMatchObject({ stdout: 'v1\nv2\n' });
    expect((await run('ls', '-la', '/srv/app')).stdout).toMatch(/^lrwx\S+ 1 root root +\d+ \S+ \S+ current -> releases\/v2$/m);
    expect(await run('test', '-d', '/srv/app/current')).toMatchObject({ code: 0 });
    expect(await run('test', '-f', '/srv/app/current')).toMatchObject({ code: 1 });
    expect(await run('stat', '-c', '%n %F', '/srv/app')).toMatchObject({ stdout: '/srv/app directory\n' });
  });
});

describe('its units', () => {
  const health = async (unit: string, status: string) => {
    await run('mkdir', '-p', `/srv/${unit}/current`);
    await put(`/srv/${unit}/current/health.json`, JSON.stringify({ status }));
  };

  it('are as healthy as the release that they run', async () => {
    await health('ziggie-web', 'ok');
    expect(await run('systemctl', 'restart', '--', 'ziggie-web')).toMatchObject({ code: 0 });
    expect(await run('systemctl', 'is-active', '--', 'ziggie-web')).toMatchObject({ code: 0, stdout: 'active\n' });
    await health('ziggie-web', 'broken');
    expect(await run('systemctl', 'restart', '--', 'ziggie-web.service')).toMatchObject({ code: 0 });
    expect(await run('systemctl', 'is-active', '--', 'ziggie-web')).toMatchObject({ code: 3, stdout: 'failed\n' });
    const { stdout } = await run('journalctl', '-u', 'ziggie-web', '-n', '3', '--no-pager', '-o', 'short-iso');
    expect(stdout.trim().split('\n')).toEqual([
      expect.stringMatching(/^\d{4}-\d\d-\d\dT\S+ vps-main systemd\[1\]: Started ziggie-web\.service\.$/),
      expect.stringContaining('health.json says broken'),
      expect.stringContaining("Failed with result 'exit-code'"),
    ]);
  });

  it('exist if they are called ziggie-something, and have the states of systemd', async () => {
    expect((await run('systemctl', 'show', '--property=LoadState,ActiveState', '--', 'ziggie-new')).stdout).toBe(
      'LoadState=loaded\nActiveState=inactive\n',
    );
    expect((await run('systemctl', 'show', '--property=LoadState', '--', 'nginx')).stdout).toBe('LoadState=not-found\n');
    expect(await run('systemctl', 'restart', 'nginx')).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('nginx.service not found'),
    });
    expect(await run('systemctl', 'is-active', 'nginx')).toMatchObject({ code: 4 });
    expect(await run('systemctl', 'is-active', 'ziggie-new')).toMatchObject({ code: 3, stdout: 'inactive\n' });
    expect(await run('systemctl', 'daemon-reload')).toMatchObject({ code: 0 });
    expect(await run('systemctl', 'poweroff')).toMatchObject({ code: 1 });
  });
});

describe('SFTP', () => {
  it('keeps modes and sizes, lists, renames over what is there, and says what is missing', async () => {
    await run('mkdir', '-p', '/srv/files');
    await ask<void>((done) =>
      client.sftp.writeFile('/srv/files/run', 'x'.repeat(100_000), { mode: 0o755 }, (error) => done(error, undefined)),
    );
    const stats = await ask<ssh2.Stats>((done) => client.sftp.stat('/srv/files/run', done));
    expect({ mode: stats.mode & 0o777, size: stats.size }).toEqual({ mode: 0o755, size: 100_000 });
    await ask<void>((done) => client.sftp.chmod('/srv/files/run', 0o600, (error) => done(error, undefined)));
    await put('/srv/files/old', 'old');
    await ask<void>((done) => client.sftp.rename('/srv/files/run', '/srv/files/old', (error) => done(error, undefined)));
    const listed = await ask<ssh2.FileEntryWithStats[]>((done) => client.sftp.readdir('/srv/files', done));
    expect(listed.map(({ filename, attrs }) => [filename, attrs.mode & 0o777])).toEqual([['old', 0o600]]);
    await expect(ask((done) => client.sftp.stat('/srv/files/run', done))).rejects.toMatchObject({ code: 2 });
    await expect(ask((done) => client.sftp.open('/srv/files', 'r', done))).rejects.toMatchObject({ code: 4 });
  });
});

describe('its end', () => {
  it('takes the files with it, and cuts who is still there', async () => {
    const temporary = process.env.TMPDIR;
    const place = mkdtempSync(join(tmpdir(), 'ziggie-place-'));
    process.env.TMPDIR = place;
    try {
      const other = createSandboxSsh({ servers: ['one'] });
      expect(readdirSync(place)).toEqual([]);
      const bare = await connectBare(await other.settings('one'));
      expect(readdirSync(place)).toHaveLength(1);
      const closed = new Promise((resolve) => bare.sftp.on('close', resolve));
      await other.close();
      await closed;
      expect(readdirSync(place)).toEqual([]);
      await expect(other.settings('one')).rejects.toThrow();
    } finally {
      if (temporary === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = temporary;
      rmSync(place, { recursive: true });
    }
  });
});
