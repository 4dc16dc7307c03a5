import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failure, newCall } from '../aws/harness.ts';
import { until } from '../support/until.ts';
import { changes, hostsFor, reads, settingsFor, sshdForTests } from './fixture.ts';

/** Commands over a real sshd. */

const sshd = await sshdForTests();
const hosts = hostsFor(settingsFor(sshd));
const run = (command: string, options = reads, call = newCall()) => hosts.run('vps', { shell: command }, options, call);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie is over; its parent has not asked yet.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** A command with children and grandchildren, whose process ids it writes to a file. */
function tree(name: string): { command: string; pids(): number[] } {
  const file = join(sshd.folder, name);
  return {
    command: `(sleep 300 & echo $! >> ${file}; sleep 300) & echo $! >> ${file}; sh -c 'echo $$ >> ${file}; trap "" TERM; while :; do sleep 1; done'; echo never`,
    pids() {
      try {
        return readFileSync(file, 'utf8').trim().split('\n').map(Number);
      } catch {
        return [];
      }
    },
  };
}

describe('a command', () => {
  it('answers with its output, exit code and time', async () => {
    const result = await run('echo out; echo err >&2; exit 3');
    expect(result).toMatchObject({ end: { kind: 'exit', code: 3 }, stdout: 'out\n', stderr: 'err\n', cut: false });
    expect(result.durationMs).toBeGreaterThan(0);
  });

  it('that ends by a signal says so', async () => {
    expect((await run('kill -s KILL $$')).end).toEqual({ kind: 'signal', signal: 'KILL' });
  });

  it('that does not exist exits with 127', async () => {
    expect((await hosts.run('vps', { argv: ['/no/such/program'] }, reads, newCall())).end).toEqual({ kind: 'exit', code: 127 });
  });

  it('gets its arguments byte for byte, whatever is in them', async () => {
    const word = fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => text.isWellFormed() && !text.includes('\0'));
    const nasty = fc.constantFrom(
      "'",
      "'\\''",
      '$(touch /tmp/no)',
      '`id`',
      '; exit 9',
      '-n',
      '--',
      '\n',
      '\\',
      '"',
      '*',
      '~',
      '%s',
      '!x',
      '',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(word, nasty), { maxLength: 6 }), async (words) => {
        const { stdout, end } = await hosts.run('vps', { argv: ['printf', '%s\\0', ...words] }, reads, newCall());
        expect(end).toEqual({ kind: 'exit', code: 0 });
        expect(stdout).toBe(words.length === 0 ? '\0' : words.map((each) => `${each}\0`).join(''));
      }),
      { numRuns: 25 },
    );
  });

  it('is refused for NUL and for a name like an option, before anything is sent', async () => {
    const call = newCall();
    expect(await failure(hosts.run('vps', { argv: ['echo', 'a\0b'] }, changes, call))).toMatchObject({ code: 'invalid_input' });
    expect(await failure(hosts.run('vps', { argv: ['-rf'] }, changes, call))).toMatchObject({ code: 'invalid_input' });
    expect(call.attempts).toEqual([]);
  });

  it('reads its input from text and from a stream, with back-pressure', async () => {
    expect((await run('cat', { ...reads, stdin: 'from text' })).stdout).toBe('from text');
    let made = 0;
    const stdin = Readable.from(
      (function* () {
        for (; made < 400; made += 1) yield Buffer.alloc(64 * 1_024, 'x');
      })(),
      { objectMode: false },
    );
    expect((await run('wc -c', { ...reads, stdin })).stdout.trim()).toBe(String(400 * 64 * 1_024));
  });

  it('that does not read its input ends all the same, and the source is let go', async () => {
    const stdin = new Readable({
      read() {
        this.push(Buffer.alloc(64 * 1_024));
      },
    });
    expect((await run('exit 0', { ...reads, stdin })).end).toEqual({ kind: 'exit', code: 0 });
    expect(stdin.destroyed).toBe(true);
  });

  it('whose input fails is ended, and the reason is told', async () => {
    const stdin = new Readable({
      read() {
        this.destroy(new Error('disk gone'));
      },
    });
    expect(await failure(run('cat', { ...changes, stdin }))).toMatchObject({ code: 'internal' });
  });

  it('keeps the last bytes of a long output, whole characters only', async () => {
    const { stdout, cut } = await run('for i in $(seq 1 2000); do printf "é%04d" $i; done; printf "é"', { ...reads, maxBytes: 19 });
    expect(cut).toBe(true);
    expect(Buffer.byteLength(stdout)).toBeLessThanOrEqual(19);
    expect(stdout).toBe('1998é1999é2000é');
  });

  it('tells of lines as they come', async () => {
    const lines: string[] = [];
    await run('printf "one\\ntwo\\033[31m\\r\\n"; printf rest', { ...reads, onOutput: (line) => lines.push(line) });
    expect(lines).toEqual(['one', 'two[31m', 'rest']);
  });

  it('is over with its exit, even when what it left behind holds its output open', async () => {
    const { stdout, end } = await run('sleep 30 & echo $!; exit 0');
    expect(end).toEqual({ kind: 'exit', code: 0 });
    process.kill(Number(stdout));
  });
});

describe('a command that takes too long', () => {
  it('is ended on the server with all its children', async () => {
    const { command, pids } = tree('slow');
    const call = newCall();
    const result = await run(`echo begun; ${command}`, { ...changes, timeoutMs: 1_500 }, call);
    expect(result).toMatchObject({ end: { kind: 'timeout', afterMs: 1_500 }, stdout: 'begun\n' });
    expect(pids()).toHaveLength(3);
    await until('the process tree to be gone', () => !pids().some(isAlive));
    expect(call.attempts).toEqual(['unknown']);
  });

  it('is ended too when it is cancelled', async () => {
    const { command, pids } = tree('cancelled');
    const call = newCall();
    const error = failure(run(command, changes, call));
    await until('the process tree', () => pids().length === 3);
    call.cancel();
    expect(await error).toMatchObject({ code: 'cancelled' });
    expect(pids().filter(isAlive)).toEqual([]);
    expect(call.ledger.effect()).toBe('unknown');
  });

  it('is ended over a connection of its own where the server has no session left', async () => {
    const narrow = await sshdForTests({ maxSessions: 1 });
    const one = hostsFor(settingsFor(narrow), { sessions: 1 });
    const file = join(narrow.folder, 'pid');
    const result = await one.run('vps', { shell: `echo $$ > ${file}; sleep 300` }, { ...changes, timeoutMs: 1_000 }, newCall());
    expect(result.end.kind).toBe('timeout');
    expect(isAlive(Number(readFileSync(file, 'utf8')))).toBe(false);
    expect(narrow.accepted()).toBe(2);
  });

  it('is not started when the call was cancelled before', async () => {
    const call = newCall();
    call.cancel();
    expect(await failure(run('true', changes, call))).toMatchObject({ code: 'cancelled' });
    expect(call.attempts).toEqual([]);
  });
});

describe('a login shell', () => {
  it('may print what it likes before the command', async () => {
    const chatty = await sshdForTests();
    const talk = hostsFor(settingsFor(chatty));
    // What bash reads when sshd starts it, and other shells in their own ways.
    for (const name of ['.bashrc', '.zshenv']) writeFileSync(join(chatty.folder, name), 'echo Welcome\n');
    expect((await talk.run('vps', { argv: ['echo', 'hello'] }, reads, newCall())).stdout).toBe('hello\n');
  });

  it('that runs nothing is told apart from a command that did', async () => {
    const forced = await sshdForTests({ settings: ['ForceCommand echo not here; exit 1'] });
    const error = await failure(hostsFor(settingsFor(forced)).run('vps', { argv: ['true'] }, changes, newCall()));
    expect(error).toMatchObject({ code: 'provider_rejected', details: { provider: { code: 'NoShell', message: 'not here' } } });
  });
});
