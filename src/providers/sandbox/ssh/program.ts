import { codeOf, type Tree } from './tree.ts';
import type { Units } from './units.ts';

/** What an emulated program may see and say. */
export interface Machine {
  readonly name: string;
  readonly tree: Tree;
  readonly units: Units;
  readonly startedAt: number;
}

export interface Ended {
  readonly code: number;
  readonly stdout?: string | Buffer;
  readonly stderr?: string;
}

/** One program: its arguments without its name, and what stands on its standard input. It may throw file system errors. */
export type Program = (machine: Machine, args: readonly string[], stdin: Buffer) => Ended;

export function said(stdout: string): Ended {
  return { code: 0, stdout: stdout === '' || stdout.endsWith('\n') ? stdout : `${stdout}\n` };
}

export function failed(stderr: string, code = 1): Ended {
  return { code, stderr: `${stderr}\n` };
}

/** The words of strerror(3), as far as they occur. */
const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  ENOTDIR: 'Not a directory',
  EISDIR: 'Is a directory',
  EEXIST: 'File exists',
  ENOTEMPTY: 'Directory not empty',
  ELOOP: 'Too many levels of symbolic links',
  EINVAL: 'Invalid argument',
  ENOSPC: 'No space left on device',
  ENAMETOOLONG: 'File name too long',
};

export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  return reasons[code] ?? code;
}

export interface Options {
  readonly flags: ReadonlySet<string>;
  readonly values: Readonly<Record<string, string>>;
  readonly operands: readonly string[];
}

/** Options that the emulation does not know: it says so rather than doing something else. */
export class UnknownOption extends Error {}

/**
 * Splits arguments as getopt_long(3) does: `-la`, `-n 5`, `-n5`, `--lines=5`; `--` ends the options.
 * @param known letters and long names that stand alone
 * @param valued letters and long names that take a value
 * @throws UnknownOption
 */
export function parseOptions(args: readonly string[], known: readonly string[], valued: readonly string[] = []): Options {
  const flags = new Set<string>();
  const values: Record<string, string> = {};
  const operands: string[] = [];
  const ahead = [...args];
  for (let arg = ahead.shift(); arg !== undefined; arg = ahead.shift()) {
    if (arg === '--') {
      operands.push(...ahead);
      break;
    }
    if (arg.startsWith('--')) {
      const [, name = '', value] = /^--([^=]*)(?:=(.*))?$/s.exec(arg) ?? [];
      if (valued.includes(name)) values[name] = value ?? ahead.shift() ?? '';
      else if (known.includes(name) && value === undefined) flags.add(name);
      else throw new UnknownOption(arg);
    } else if (arg.startsWith('-') && arg.length > 1) {
      for (let at = 1; at < arg.length; at += 1) {
        const letter = arg.charAt(at);
        if (valued.includes(letter)) {
          values[letter] = arg.slice(at + 1) || (ahead.shift() ?? '');
          break;
        }
        if (!known.includes(letter)) throw new UnknownOption(arg);
        flags.add(letter);
      }
    } else {
      operands.push(arg);
    }
  }
  return { flags, values, operands };
}

/** Does it for each operand in turn, and says which failed, as the core utilities do. */
export function forEach(program: string, operands: readonly string[], act: (operand: string) => string | undefined): Ended {
  let stdout = '';
  let stderr = '';
  for (const operand of operands) {
    try {
      stdout += act(operand) ?? '';
    } catch (error) {
      stderr += `${program}: ${operand}: ${reasonOf(error)}\n`;
    }
  }
  return { code: stderr === '' ? 0 : 1, stdout, stderr };
}
