import { execFileSync, spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandLine } from '../../src/providers/hostinger/ssh/command-line.ts';
import { quote } from '../../src/providers/hostinger/ssh/quote.ts';

/** What real shells make of our words. */

const shells = ['sh', 'bash', 'dash', 'busybox'].filter((shell) => spawnSync(shell, ['-c', 'true']).error === undefined);
const read = (shell: string, line: string) => execFileSync(shell, [...(shell === 'busybox' ? ['sh'] : []), '-c', line]);
const words = fc.array(
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }).filter((text) => text.isWellFormed() && !text.includes('\0')),
    fc.constantFrom("'", "''", '"', '\\', '$(id)', '`id`', '\n', '\r', ' ', '*', '~', '-rf', ';', '&', '!', '\x01', 'é', '\u{1f600}', ''),
  ),
  { minLength: 1, maxLength: 5 },
);

describe('quoting', () => {
  it.each(shells)('gives %s back every word, byte for byte', (shell) => {
    fc.assert(
      fc.property(words, (list) => {
        expect(read(shell, `printf '%s\\0' ${quote(list)}`)).toEqual(Buffer.from(list.map((word) => `${word}\0`).join('')));
      }),
      { numRuns: 60 },
    );
  });

  it.each([['a\0b'], ['\ud800']])('refuses what no argument can hold: %j', (word) => {
    expect(() => quote(['ok', word])).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });
});

describe('a command line', () => {
  it.each(shells)('announces its process in %s, becomes the command, and hands on its words', (shell) => {
    fc.assert(
      fc.property(words, (list) => {
        const [first = '', ...rest] = read(shell, commandLine({ argv: ['printf', '%s\\0', ...list] }, 'mark'))
          .toString('utf8')
          .split('\n');
        expect(first).toMatch(/^mark \d+$/);
        expect(rest.join('\n')).toBe(list.map((word) => `${word}\0`).join(''));
      }),
      { numRuns: 20 },
    );
  });

  it('is refused when its program would be read as an option, or is nothing', () => {
    for (const program of ['-c', ''])
      expect(() => commandLine({ argv: [program] }, 'mark')).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });
});
