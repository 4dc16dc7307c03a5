import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ParameterSpec } from '../../src/ports/vps.ts';
import { failure, newCall } from '../aws/harness.ts';
import { type Sshd, startSshd } from '../ssh/sshd.ts';
import { until } from '../support/until.ts';
import { commandSpec, named, overSsh, serverSpec, settingsOf, vpsTarget } from './harness.ts';

/**
 * The port over OpenSSH's own server: commands, shells and files are real. systemctl and journalctl are stubs on the PATH of its
 * sessions, because there is no systemd where tests run; they answer in systemd's words.
 */

const folder = mkdtempSync(join(tmpdir(), 'ziggie-vps-'));
const bin = join(folder, 'bin');
const logs = join(folder, 'logs');
const anything: ParameterSpec = { type: 'text', pattern: '[^]*' };
const spec = serverSpec({
  readFolders: [logs, join(folder, 'missing')],
  services: ['ziggie-*'],
  commands: {
    print: commandSpec(['printf', '%s', '{value}'], { value: anything }),
    inside: commandSpec(['printf', '%s', '--flag={value}/{value}'], { value: anything }),
    touch: commandSpec(['touch', '--', `${folder}/{name}`], { name: { type: 'text', pattern: '[^/]*' } }),
    count: commandSpec(['printf', '%s\\n', '{a}', '{b}', 'end'], { a: anything, b: anything }),
    login: commandSpec(['sh', '-c', 'IFS= read -r line; printf "%s|" "$line"; cat /proc/self/cmdline'], { password: { type: 'secret' } }),
    'end-by-signal': commandSpec(['sh', '-c', 'echo before; kill -s TERM $$']),
    slow: commandSpec(['sh', '-c', `echo started; echo $$ > ${folder}/slow.pid; exec sleep 120`], {}, 1),
    slower: commandSpec(['sh', '-c', `echo $$ > ${folder}/slower.pid; exec sleep 120`]),
    long: commandSpec(['seq', '1', '100000']),
    none: commandSpec(['no-such-program-here']),
  },
});

let sshd: Sshd;
let over: ReturnType<typeof overSsh>;
const target = vpsTarget();

beforeAll(async () => {
  for (const path of [bin, logs]) mkdirSync(path);
  script('systemctl', 'exit 1');
  sshd = await startSshd({ settings: [`SetEnv PATH=${bin}:/usr/bin:/bin`] });
  over = overSsh(spec, async () => settingsOf(sshd));
});
afterAll(async () => {
  await over.hosts.close();
  await sshd.stop();
  rmSync(folder, { recursive: true });
});

function script(name: string, body: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`);
  chmodSync(join(bin, name), 0o755);
}

const run = (name: string, params: Record<string, string> = {}, call = newCall()) => over.vps.run(target, named(name, params), call);

/** What shells, terminals and option parsers act on, more often than chance would bring it. */
const nasty = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '$(touch pwned)',
        '`touch pwned`',
        ';touch pwned;',
        '&& touch pwned',
        '|tee pwned',
        "'",
        '"',
        '\\',
        '\n',
        '\r',
        '\0',
        '\t',
        '-',
        '--',
        '{value}',
        '{b}',
        '$HOME',
        '*',
        '~',
        '%s',
        '!',
        '#',
        ' ',
        '$',
        '>pwned',
        '\u0085',
        '\u2028',
        '𝄞',
        'é',
      ),
      fc.string({ unit: 'binary', maxLength: 6 }),
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((parts) => parts.join(''));

describe('parameters', () => {
  it('reach the program byte for byte, or are refused before anything is sent', async () => {
    let sent = 0;
    await fc.assert(
      fc.asyncProperty(nasty, async (value) => {
        const call = newCall();
        const refused = value.startsWith('-') || /[\p{Cc}\u2028\u2029]/u.test(value) || !value.isWellFormed();
        if (refused) {
          expect(await failure(run('print', { value }, call))).toMatchObject({ code: 'invalid_input' });
          expect(call.attempts).toEqual([]);
        } else {
          sent += 1;
          expect(await run('print', { value }, call)).toEqual({ exitCode: 0, stdout: value, stderr: '', cut: false });
          expect((await run('inside', { value })).stdout).toBe(`--flag=${value}/${value}`);
        }
      }),
      { numRuns: 80 },
    );
    expect(sent).toBeGreaterThan(10);
  });

  it('stay as many arguments as ziggie.yaml says', async () => {
    const clean = nasty.map((value) => `a${value.replace(/[\p{Cc}\u2028\u2029]/gu, '')}`).filter((value) => value.isWellFormed());
    await fc.assert(
      fc.asyncProperty(clean, clean, async (a, b) => {
        expect((await run('count', { a, b })).stdout).toBe(`${a}\n${b}\nend\n`);
      }),
      { numRuns: 40 },
    );
  });

  it('name files that are called so, and nothing else', async () => {
    for (const name of ["it's $(touch pwned)", '; touch pwned', '`touch pwned`', '*', '"quoted"', ' ', '~', '!x', '\\', 'a\\nb']) {
      expect(await run('touch', { name })).toMatchObject({ exitCode: 0, stderr: '' });
      expect(existsSync(join(folder, name))).toBe(true);
      unlinkSync(join(folder, name));
    }
    expect(existsSync(join(folder, 'pwned'))).toBe(false);
  });
});

describe('secrets', () => {
  it('are read on standard input and stand in no argument', async () => {
    const { stdout } = await over.vps.run(target, named('login', {}, { password: "ex'ample $(value)" }), newCall());
    expect(stdout).toBe("ex'ample $(value)|cat\0/proc/self/cmdline\0");
    expect(sshd.log()).not.toContain("ex'ample");
  });
});

describe('how a command ends', () => {
  it('by itself, by a signal, or by us: each is told apart', async () => {
    expect(await run('none')).toMatchObject({ exitCode: 127, stderr: expect.stringContaining('not found') });
    expect(await run('end-by-signal')).toEqual({ signal: 'TERM', stdout: 'before\n', stderr: '', cut: false });
    expect(await run('slow')).toEqual({ timedOut: true, stdout: 'started\n', stderr: '', cut: false });
    expect(isAlive('slow.pid')).toBe(false);
  });

  it('with the call that was cancelled', async () => {
    const call = newCall();
    const running = failure(run('slower', {}, call));
    await until(
      'the command to start',
      () => existsSync(join(folder, 'slower.pid')) && readFileSync(join(folder, 'slower.pid'), 'utf8').endsWith('\n'),
    );
    call.cancel();
    expect(await running).toMatchObject({ code: 'cancelled' });
    expect(isAlive('slower.pid')).toBe(false);
  });

  it('with the end of its output, streamed on the way', async () => {
    const call = newCall();
    const { stdout, cut, exitCode } = await run('long', {}, call);
    expect({ cut, exitCode, last: stdout.slice(-7) }).toEqual({ cut: true, exitCode: 0, last: '100000\n' });
    expect(Buffer.byteLength(stdout)).toBeLessThanOrEqual(8_192);
    expect(call.messages).toHaveLength(100_000);
  });

  it('free text is read by the shell of the server', async () => {
    const text = 'for i in 1 2; do echo "$i"; done; exit 3';
    expect(await over.vps.run(target, { kind: 'shell', text }, newCall())).toEqual({
      exitCode: 3,
      stdout: '1\n2\n',
      stderr: '',
      cut: false,
    });
  });
});

function isAlive(pidFile: string): boolean {
  try {
    process.kill(Number(readFileSync(join(folder, pidFile), 'utf8')), 0);
    return true;
  } catch {
    return false;
  }
}

describe('files', () => {
  const read = (path: string, offset = 0) => over.vps.readFile(target, { path, offset, maxBytes: 16_384 }, newCall());

  it('are read whatever their names are, below the open folder', async () => {
    const names = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 30 })
      .filter((name) => !/[/\0]/.test(name) && !/^\.\.?$/.test(name) && name.isWellFormed());
    await fc.assert(
      fc.asyncProperty(names, async (name) => {
        const path = join(logs, name);
        writeFileSync(path, `text of ${JSON.stringify(name)}`);
        expect((await read(path)).text).toBe(`text of ${JSON.stringify(name)}`);
        unlinkSync(path);
      }),
      { numRuns: 40 },
    );
  });

  it('are not read through links that lead out, nor when they are no files', async () => {
    writeFileSync(join(folder, 'outside.txt'), 'outside');
    symlinkSync(join(folder, 'outside.txt'), join(logs, 'out'));
    symlinkSync(folder, join(logs, 'up'));
    symlinkSync('/dev/zero', join(logs, 'zero'));
    for (const path of ['out', 'up/outside.txt', 'zero', '../outside.txt', '../logs/../outside.txt']) {
      expect(await failure(read(`${logs}/${path}`))).toMatchObject({ code: 'invalid_input' });
    }
    expect(await failure(read(join(logs, 'up/logs')))).toMatchObject({ code: 'invalid_input' });
    expect(await failure(read(join(logs, 'nothing')))).toMatchObject({ code: 'provider_not_found' });
  });

  it('of any size come in parts', async () => {
    const text = 'line of a log, with an é\n'.repeat(4_000);
    writeFileSync(join(logs, 'big.log'), text);
    let all = '';
    for (let offset: number | undefined = 0; offset !== undefined; ) {
      const part: Awaited<ReturnType<typeof read>> = await read(join(logs, 'big.log'), offset);
      all += part.text;
      offset = part.nextOffset;
    }
    expect(all).toBe(text);
  });
});

describe('services', () => {
  const service = (name: string, action: 'status' | 'restart', call = newCall()) =>
    over.vps.service(target, { service: name, action, journalLines: 2 }, call);
  const active =
    'printf "Id=ziggie-web.service\\nLoadState=loaded\\nActiveState=active\\nSubState=running\\nUnitFileState=enabled\\nStateChangeTimestamp=Sun 2026-11-22 10:00:00 UTC\\nMainPID=4242\\n"';

  it('are asked for by their names alone', async () => {
    script('systemctl', `printf '%s\\n' "$@" >> ${folder}/args; ${active}`);
    script('journalctl', `printf '%s\\n' "$@" >> ${folder}/args; printf 'one\\ntwo\\n'`);
    expect(await service('ziggie-web', 'restart')).toEqual({
      service: 'ziggie-web',
      state: 'active',
      subState: 'running',
      enabled: 'enabled',
      since: 'Sun 2026-11-22 10:00:00 UTC',
      pid: 4242,
      journal: ['one', 'two'],
    });
    const show = ['show', '--property=Id,LoadState,ActiveState,SubState,UnitFileState,StateChangeTimestamp,MainPID', '--', 'ziggie-web'];
    expect(readFileSync(join(folder, 'args'), 'utf8').trim().split('\n')).toEqual([
      ...show,
      ...['restart', '--', 'ziggie-web'],
      ...show,
      ...['--quiet', '--unit=ziggie-web', '--lines=2', '--no-pager', '--output=short-iso'],
    ]);
  });

  it.each(['active', 'failed'])('that the user may not change are denied in words that help, while they are %s', async (state) => {
    const show = active.replace('ActiveState=active', `ActiveState=${state}`);
    script(
      'systemctl',
      `case "$1" in show) ${show};; *) echo "Failed to restart ziggie-web.service: Interactive authentication required." >&2; exit 1;; esac`,
    );
    const error = await failure(service('ziggie-web', 'restart'));
    expect(error).toMatchObject({
      code: 'provider_denied',
      details: {
        effect: 'none',
        remedy: expect.stringContaining('polkit'),
        provider: { message: expect.stringContaining('Interactive authentication required') },
      },
    });
  });

  it('whose change systemd refuses say why', async () => {
    script(
      'systemctl',
      `case "$1" in show) ${active};; *) echo "Failed to restart ziggie-web.service: Unit ziggie-web.service is masked." >&2; exit 1;; esac`,
    );
    expect(await failure(service('ziggie-web', 'restart'))).toMatchObject({
      code: 'provider_rejected',
      details: { provider: { message: expect.stringContaining('masked') } },
    });
  });

  it('need a systemd, and do without a journal', async () => {
    script('systemctl', 'echo "System has not been booted with systemd as init system (PID 1). Can\'t operate." >&2; exit 1');
    expect(await failure(service('ziggie-web', 'status'))).toMatchObject({
      code: 'provider_rejected',
      details: { provider: { message: expect.stringContaining('not been booted') } },
    });
    script('systemctl', active);
    script('journalctl', 'echo "No journal files were opened due to insufficient permissions." >&2; exit 1');
    expect(await service('ziggie-web', 'status')).toMatchObject({
      state: 'active',
      journal: [expect.stringContaining('insufficient permissions')],
    });
    unlinkSync(join(bin, 'systemctl'));
  });
});
