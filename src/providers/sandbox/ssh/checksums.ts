import { createHash } from 'node:crypto';
import { readWhole } from './files.ts';
import { type Ended, forEach, type Machine, type Program, parseOptions } from './program.ts';

/** sha256sum(1), with its escapes for names that hold a line break or a backslash. */
export const sha256sum: Program = (machine, args, stdin) => {
  const { flags, operands } = parseOptions(args, ['c', 'check', 'strict', 'quiet', 'status', 'b', 't']);
  const files = operands.length > 0 ? operands : ['-'];
  if (flags.has('c') || flags.has('check')) {
    const lists = files.map((path) => (path === '-' ? stdin : readWhole(machine.tree.find(path))));
    return check(machine, Buffer.concat(lists).toString(), flags);
  }
  return forEach('sha256sum', files, (path) => {
    const content = path === '-' ? stdin : readWhole(machine.tree.find(path));
    const escaped = path.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
    return `${escaped === path ? '' : '\\'}${digestOf(content)}  ${escaped}\n`;
  });
};

function check({ tree }: Machine, list: string, flags: ReadonlySet<string>): Ended {
  let stdout = '';
  let bad = 0;
  let unreadable = 0;
  let malformed = 0;
  const lines = list.split('\n').filter((line) => line !== '');
  for (const line of lines) {
    const [, slash, expected = '', name = ''] = /^(\\?)([0-9a-f]{64}) [ *](.+)$/s.exec(line) ?? [];
    if (expected === '') {
      malformed += 1;
      continue;
    }
    const path = slash ? name.replace(/\\([\\n])/g, (_, letter: string) => (letter === 'n' ? '\n' : '\\')) : name;
    try {
      const matches = digestOf(readWhole(tree.find(path))) === expected;
      if (!matches) bad += 1;
      if (!matches || !(flags.has('quiet') || flags.has('status'))) stdout += `${name}: ${matches ? 'OK' : 'FAILED'}\n`;
    } catch {
      unreadable += 1;
      stdout += `${name}: FAILED open or read\n`;
    }
  }
  const none = malformed === lines.length;
  const stderr = [
    ...(none ? ['sha256sum: no properly formatted checksum lines found'] : []),
    ...(malformed > 0 && !none ? [`sha256sum: WARNING: ${malformed} lines are improperly formatted`] : []),
    ...(unreadable > 0 ? [`sha256sum: WARNING: ${unreadable} listed files could not be read`] : []),
    ...(bad > 0 ? [`sha256sum: WARNING: ${bad} computed checksums did NOT match`] : []),
  ];
  const isBad = none || bad > 0 || unreadable > 0 || (malformed > 0 && flags.has('strict'));
  return { code: isBad ? 1 : 0, stdout: flags.has('status') ? '' : stdout, stderr: stderr.map((line) => `${line}\n`).join('') };
}

function digestOf(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
