import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerSpec } from '../../src/ports/vps.ts';
import { createSandboxSsh, type SandboxSsh } from '../../src/providers/sandbox/ssh/index.ts';
import { failure, newCall } from '../aws/harness.ts';
import { commandSpec, named, overSsh, serverSpec, vpsTarget } from './harness.ts';

/** The port over the sandbox, with the client that talks to real servers too. */

const spec: ServerSpec = serverSpec({
  readFolders: ['/var/log', '/srv/ziggie-web/logs'],
  services: ['ziggie-*', 'nginx'],
  commands: {
    'show-host': commandSpec(['cat', '/etc/hostname']),
    'tail-log': commandSpec(['tail', '-n', '{lines}', '/var/log/{log}.log'], {
      lines: { type: 'integer', min: 1, max: 100, default: 5 },
      log: { type: 'choice', choices: ['web', 'jobs'] },
    }),
    say: commandSpec(['echo', 'said={words}', '{other}', '{unknown}'], {
      words: { type: 'text', pattern: '[^x]*' },
      other: { type: 'text', pattern: 'a|b', default: '{words}' },
    }),
    login: commandSpec(['cat', '-'], { user: { type: 'text', pattern: '\\w+', default: 'deploy' }, password: { type: 'secret' } }),
    rotate: commandSpec(['cat', '-'], { old: { type: 'secret' }, new: { type: 'secret' } }),
    broken: commandSpec(['echo', '{value}'], { value: { type: 'text', pattern: '(' } }),
  },
});

let sandbox: SandboxSsh;
let over: ReturnType<typeof overSsh>;
const target = vpsTarget();

beforeAll(async () => {
  sandbox = createSandboxSsh({ servers: ['vps-main'] });
  over = overSsh(spec, () => sandbox.settings('vps-main'));
  await put('/var/log', { 'web.log': 'one\ntwo\nthree\n', 'jobs.log': 'job\n' });
});
afterAll(async () => {
  await over.hosts.close();
  await sandbox.close();
});

function put(folder: string, files: Record<string, string | Buffer>) {
  const all = Object.entries(files).map(([path, content]) => {
    const bytes = Buffer.from(content);
    return { path, sizeBytes: bytes.length, mode: 0o644, open: () => Readable.from([bytes]) };
  });
  return over.hosts.upload('vps-main', folder, all, () => {}, newCall());
}

const run = (command: Parameters<typeof over.vps.run>[1], call = newCall()) => over.vps.run(target, command, call);
const sh = async (...argv: [string, ...string[]]) => {
  const { end, stderr } = await over.hosts.run('vps-main', { argv }, { timeoutMs: 5_000, maxBytes: 1_000, readOnly: true }, newCall());
  if (end.kind !== 'exit' || end.code !== 0) throw new Error(stderr);
};

describe('named commands', () => {
  it('run with their parameters in their places', async () => {
    expect(await run(named('show-host'))).toEqual({ exitCode: 0, stdout: 'vps-main\n', stderr: '', cut: false });
    expect(await run(named('tail-log', { lines: '2', log: 'web' }))).toMatchObject({ stdout: 'two\nthree\n' });
    expect(await run(named('tail-log', { log: 'jobs' }))).toMatchObject({ stdout: 'job\n' });
  });

  it('do not read a value for places again', async () => {
    expect(await run(named('say', { words: '{other} $& $1 \' " $(id)' }))).toMatchObject({
      stdout: 'said={other} $& $1 \' " $(id) {words} {unknown}\n',
    });
  });

  it('answer with an exit code other than 0, and say what was said', async () => {
    await sh('rm', '-f', '/var/log/jobs.log');
    expect(await run(named('tail-log', { log: 'jobs' }))).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'tail: /var/log/jobs.log: No such file or directory\n',
      cut: false,
    });
  });

  it('tell of their output line by line', async () => {
    const call = newCall();
    await run(named('tail-log', { log: 'web' }), call);
    expect(call.messages).toEqual(['one', 'two', 'three']);
  });

  it.each([
    [named('reboot'), 'has no command "reboot"', 'show-host, tail-log, say, login, rotate, broken'],
    [named('constructor'), 'has no command "constructor"', 'show-host'],
    [named('tail-log'), 'needs log', 'one of web, jobs'],
    [named('tail-log', { log: 'web', depth: '3' }), 'no parameter "depth"', 'lines (a whole number from 1 to 100, 5 by default)'],
    [named('tail-log', { log: 'web', constructor: '3' }), 'no parameter "constructor"', 'log'],
    [named('tail-log', { log: '../web' }), '"../web" does not fit log', 'one of web, jobs'],
    [named('tail-log', { log: 'web', lines: '0' }), '"0" does not fit lines', 'from 1 to 100'],
    [named('tail-log', { log: 'web', lines: '101' }), '"101" does not fit lines', 'from 1 to 100'],
    [named('tail-log', { log: 'web', lines: '1e1' }), '"1e1" does not fit lines', 'from 1 to 100'],
    [named('tail-log', { log: 'web', lines: '5; id' }), 'does not fit lines', 'from 1 to 100'],
    [named('say', { words: 'x' }), '"x" does not fit words', 'matches [^x]*'],
    [named('say', { words: '-rf' }), '"-rf" does not fit words', 'does not begin with a hyphen'],
    [named('say', { words: 'a\nb' }), 'does not fit words', 'one line'],
    [named('say', { words: 'a\0b' }), 'does not fit words', 'one line'],
    [named('say', { words: 'a\u2028b' }), 'does not fit words', 'one line'],
    // Anchored as a whole: an alternative must not leave its anchors.
    [named('say', { words: 'w', other: 'ab' }), '"ab" does not fit other', 'a|b'],
    [named('login', { password: 'plain' }), 'password of login is a secret', 'in references as secret://name#field'],
    [named('login', {}, { user: 'x' }), 'user of login takes no secret', 'user (one line'],
    [named('login'), 'needs password', 'a secret'],
    [named('rotate', {}, { old: 'two\nlines', new: 'one' }), 'holds a line break', 'takes no other secret'],
  ])('refuse what does not fit before anything is sent: %j', async (command, message, remedy) => {
    const call = newCall();
    const error = await failure(run(command, call));
    expect(error.code).toBe('invalid_input');
    expect(error.message).toContain(message);
    expect(error.details.remedy).toContain(remedy);
    expect(call.attempts).toEqual([]);
  });

  it('name the fault when a pattern of ziggie.yaml is none', async () => {
    expect(await failure(run(named('broken', { value: 'a' })))).toMatchObject({ code: 'provider_not_configured' });
  });

  it('get secrets on their standard input, a line each', async () => {
    expect(await run(named('login', {}, { password: 'example-value-1' }))).toMatchObject({ stdout: 'example-value-1\n' });
    expect(await run(named('rotate', {}, { new: 'example-new', old: 'example-old' }))).toMatchObject({
      stdout: 'example-old\nexample-new\n',
    });
    const lines = 'first line\nsecond line\n';
    expect(await run(named('login', {}, { password: lines }))).toMatchObject({ stdout: lines });
  });

  it('are only planned in a dry run', async () => {
    const call = newCall({ dryRun: true });
    const planned = await run(named('login', { user: 'marcus' }, { password: 'secret://ziggie/db#password' }), call);
    expect(planned).toEqual({
      stdout: '',
      stderr: '',
      cut: false,
      plan: {
        current: { server: 'vps-main' },
        change: { command: "'cat' '-'", timeout: '20 s', input: 'its secrets, on standard input' },
        providerChecked: false,
      },
    });
    expect(call.attempts).toEqual([]);
    expect(JSON.stringify(planned)).not.toContain('ziggie/db');
  });
});

describe('text for the shell', () => {
  it('is sent as it is', async () => {
    expect(await run({ kind: 'shell', text: 'cat /etc/hostname' })).toMatchObject({ exitCode: 0, stdout: 'vps-main\n' });
    expect(await run({ kind: 'shell', text: 'id; uptime' })).toMatchObject({ exitCode: 127, stderr: expect.stringContaining('sandbox') });
    expect(await run({ kind: 'shell', text: 'uptime' }, newCall({ dryRun: true }))).toMatchObject({
      plan: { change: { command: 'uptime', timeout: '60 s' } },
    });
    for (const dryRun of [false, true]) {
      expect(await failure(run({ kind: 'shell', text: 'a\0b' }, newCall({ dryRun })))).toMatchObject({ code: 'invalid_input' });
    }
  });
});

describe('which server', () => {
  it('is found by its number or its name', async () => {
    for (const id of ['vps-main', '1001']) {
      expect(await over.vps.run(vpsTarget(id), named('show-host'), newCall())).toMatchObject({ stdout: 'vps-main\n' });
    }
  });

  it('must be one that SSH reaches', async () => {
    const error = await failure(
      over.vps.service(vpsTarget('2002'), { service: 'ziggie-web', action: 'status', journalLines: 0 }, newCall()),
    );
    expect(error).toMatchObject({ code: 'target_unresolved', details: { remedy: expect.stringContaining('vps-main') } });
  });
});

describe('files', () => {
  const read = (path: string, offset = 0, maxBytes = 16_384) => over.vps.readFile(target, { path, offset, maxBytes }, newCall());

  it('are read below the folders that are open', async () => {
    expect(await read('/var/log/web.log')).toEqual({ path: '/var/log/web.log', sizeBytes: 14, text: 'one\ntwo\nthree\n' });
  });

  it('come in parts that end with whole characters', async () => {
    const text = 'añ€𝄞'.repeat(6);
    await put('/var/log', { 'parts.log': text });
    for (const size of [4, 5, 7]) {
      let all = '';
      let offset: number | undefined = 0;
      while (offset !== undefined) {
        const part: Awaited<ReturnType<typeof read>> = await read('/var/log/parts.log', offset, size);
        expect(part.text).not.toContain('\ufffd');
        all += part.text;
        offset = part.nextOffset;
      }
      expect(all).toBe(text);
    }
    // An offset of the caller's own may fall inside a character.
    expect((await read('/var/log/parts.log', 2, 20)).text).toBe('€𝄞añ€𝄞a');
  });

  it('are followed from where they ended', async () => {
    expect(await read('/var/log/web.log', 14)).toEqual({ path: '/var/log/web.log', sizeBytes: 14, text: '' });
    expect(await failure(read('/var/log/web.log', 15))).toMatchObject({
      code: 'invalid_input',
      details: { remedy: expect.stringContaining('rotated') },
    });
  });

  it.each([
    '/etc/hostname',
    '/var/log',
    '/var/logs/web.log',
    '/var/log/../../etc/hostname',
    '/var/log/./web.log',
    '/var/log//web.log',
    'var/log/web.log',
    '/',
    '',
  ])('are not read outside of them: %j', async (path) => {
    const error = await failure(read(path));
    expect(error).toMatchObject({ code: 'invalid_input', details: { remedy: expect.stringContaining('/var/log, /srv/ziggie-web/logs') } });
  });

  it('are not read through links that lead out, and are through links that stay in', async () => {
    await sh('mkdir', '-p', '--', '/srv/ziggie-web/releases/v1/logs', '/var/log/app');
    await sh('ln', '-s', '--', 'releases/v1/logs', '/srv/ziggie-web/logs');
    await put('/srv/ziggie-web/releases/v1/logs', { 'app.log': 'app\n' });
    await sh('ln', '-s', '--', '/etc/hostname', '/var/log/host');
    await sh('ln', '-s', '--', '/etc', '/var/log/app/etc');
    await sh('ln', '-s', '--', '/srv/ziggie-web/releases', '/var/log/releases');
    await sh('ln', '-s', '--', '../../srv/ziggie-web/logs/app.log', '/var/log/app.log');
    expect(await failure(read('/var/log/host'))).toMatchObject({ code: 'invalid_input' });
    expect(await failure(read('/var/log/app/etc/hostname'))).toMatchObject({ code: 'invalid_input' });
    expect(await read('/srv/ziggie-web/logs/app.log')).toMatchObject({ text: 'app\n' });
    expect(await read('/var/log/app.log')).toMatchObject({ text: 'app\n' });
    expect(await read('/var/log/releases/v1/logs/app.log')).toMatchObject({ text: 'app\n' });
  });

  it('are not read where applications are deployed, nor where they keep their environment', async () => {
    await sh('mkdir', '-p', '--', '/var/log/shop/releases/v1', '/var/log/mnt');
    await put('/var/log/shop/releases/v1', { '.env': 'TOKEN=example-value\n', 'app.log': 'app\n' });
    await put('/var/log', { '.env': 'TOKEN=example-value\n', '.env.local': 'TOKEN=example-value\n', 'shop.log': 'shop\n', 'a.env': 'a\n' });
    await sh('ln', '-s', '--', 'releases/v1', '/var/log/shop/current');
    await sh('ln', '-s', '--', '/var/log/shop/releases/v1/app.log', '/var/log/plain.log');
    await sh('ln', '-s', '--', '/var/log/.env', '/var/log/innocent.log');
    // An application whose folder in ziggie.yaml is a link.
    await sh('ln', '-s', '--', '/var/log/mnt', '/srv/behind');
    await put('/var/log/mnt', { 'release.log': 'app\n' });
    const folders = ['/var/log/shop', '/srv/behind'].map((folder) => ({ server: 'vps-main', folder }));
    const closed = overSsh(spec, () => sandbox.settings('vps-main'), [...folders, { server: 'vps-other', folder: '/var/log' }]);
    const from = (path: string) => closed.vps.readFile(target, { path, offset: 0, maxBytes: 1_000 }, newCall());
    const secret = [
      '/var/log/shop/current/.env',
      '/var/log/shop/releases/v1/app.log',
      '/var/log/shop/nothing',
      '/var/log/plain.log',
      '/var/log/.env',
      '/var/log/.env.local',
      '/var/log/innocent.log',
      '/var/log/mnt/release.log',
    ];
    for (const path of secret) {
      const error = await failure(from(path));
      expect([path, error.code, error.message]).toEqual([path, 'invalid_input', expect.stringContaining('hold secrets')]);
    }
    for (const path of ['/var/log/shop.log', '/var/log/a.env']) expect((await from(path)).path).toBe(path);
    await closed.hosts.close();
  });

  it('are text, and files', async () => {
    await put('/var/log', {
      'a.bin': Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0]),
      'b.bin': Buffer.alloc(64, 0xff),
      'latin.log': Buffer.from('caf\xe9 was here today', 'latin1'),
    });
    expect(await failure(read('/var/log/a.bin'))).toMatchObject({ code: 'provider_rejected', message: expect.stringContaining('no text') });
    expect(await failure(read('/var/log/b.bin'))).toMatchObject({ code: 'provider_rejected' });
    expect(await read('/var/log/latin.log')).toMatchObject({ text: 'caf\ufffd was here today' });
    expect(await failure(read('/var/log/app'))).toMatchObject({
      code: 'provider_rejected',
      message: expect.stringContaining('no regular file'),
    });
    expect(await failure(read('/var/log/none.log'))).toMatchObject({ code: 'provider_not_found' });
  });
});

describe('services', () => {
  const service = (name: string, action: 'status' | 'start' | 'stop' | 'restart' = 'status', call = newCall()) =>
    over.vps.service(target, { service: name, action, journalLines: 3 }, call);

  it('are looked at and changed', async () => {
    const call = newCall();
    expect(await service('ziggie-jobs', 'status', call)).toEqual({
      service: 'ziggie-jobs',
      state: 'inactive',
      subState: 'dead',
      enabled: 'enabled',
      since: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/),
      journal: [],
    });
    expect(call.attempts).toEqual([]);
    const changing = newCall();
    expect(await service('ziggie-jobs', 'start', changing)).toMatchObject({
      state: 'active',
      pid: expect.any(Number),
      journal: [expect.stringContaining('Started'), expect.any(String)],
    });
    expect(changing.attempts).toEqual(['applied']);
    expect(await service('ziggie-jobs', 'stop')).toMatchObject({ state: 'inactive' });
  });

  it('are only planned in a dry run', async () => {
    const call = newCall({ dryRun: true });
    expect(await service('ziggie-jobs', 'restart', call)).toMatchObject({
      state: 'inactive',
      plan: {
        current: { state: 'inactive', subState: 'dead' },
        change: { command: 'systemctl restart ziggie-jobs' },
        providerChecked: false,
      },
    });
    expect(call.attempts).toEqual([]);
  });

  it('that start and fall over say so', async () => {
    await put('/srv/ziggie-bad/current', { 'health.json': '{"status":"broken"}' });
    expect(await service('ziggie-bad', 'restart')).toMatchObject({
      state: 'failed',
      journal: expect.arrayContaining([expect.stringContaining('broken')]),
    });
  });

  it.each(['postgresql', 'ssh.service', 'ziggie', '-H', '--help', 'ziggie-*', 'ziggie-web ssh', 'ziggie-web\nssh', 'ziggie-web;id', ''])(
    'that are not open are not touched: %j',
    async (name) => {
      const call = newCall();
      expect(await failure(service(name, 'restart', call))).toMatchObject({
        code: 'invalid_input',
        details: { remedy: expect.stringContaining('ziggie-*, nginx') },
      });
      expect(call.attempts).toEqual([]);
    },
  );

  it('are known by their full names too', async () => {
    expect(await failure(service('nginx.service'))).toMatchObject({ code: 'target_unresolved' });
    expect(await failure(service('nginx.socket'))).toMatchObject({ code: 'invalid_input' });
  });

  it('that do not exist are named as missing', async () => {
    const call = newCall();
    const error = await failure(service('nginx', 'restart', call));
    expect(error).toMatchObject({ code: 'target_unresolved', details: { remedy: expect.stringContaining('ziggie-*, nginx') } });
    expect(call.attempts).toEqual([]);
  });
});
