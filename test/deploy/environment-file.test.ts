import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { environmentFile } from '../../src/deploy/drivers/environment-file.ts';

it('is read as it was meant, whatever the values hold', () => {
  const value = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => !/[\p{Cc}--\t]/v.test(text));
  fc.assert(
    fc.property(fc.record({ FIRST: value, SECOND: value }), (environment) => {
      // sh(1) reads double quotes as systemd does, and there is no systemd to ask here.
      const script = `${environmentFile(environment)}printf '%s\\n%s' "$FIRST" "$SECOND"`;
      expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(`${environment.FIRST}\n${environment.SECOND}`);
    }),
    { numRuns: 60 },
  );
});

it.each(['a\nb', 'a\rb', 'a\0b', '\u001b[0m', 'a\u0085b'])('refuses %j without saying it', (value) => {
  expect(() => environmentFile({ KEY: value })).toThrow(
    expect.objectContaining({ code: 'provider_rejected', message: expect.not.stringContaining(value) }),
  );
});
