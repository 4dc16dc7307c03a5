import { CallError } from '../../../call/errors.ts';
import { commandLine, endingLine } from '../../hostinger/ssh/command-line.ts';
import { splitWords } from './words.ts';

/** What a command line asks for. Our own client wraps what it sends in a script that says its process group; others send it bare. */
export type Asked =
  | { readonly kind: 'run'; readonly words: readonly string[]; readonly mark?: string }
  /** To end a command that is still running: here none ever is. */
  | { readonly kind: 'end' }
  | { readonly kind: 'nothing plain' };

/** A line is the client's own if the client would write it so, letter by letter. */
export function readLine(line: string): Asked {
  const words = splitWords(line);
  if (!words) return { kind: 'nothing plain' };
  const [exec, , , , name, first = '', ...argv] = words;
  if (exec !== 'exec' || name !== 'ziggie') return { kind: 'run', words };
  if (endingLine(Number(first)) === line) return { kind: 'end' };
  const [program, ...args] = argv;
  if (program === undefined || wrapped([program, ...args], first) !== line) return { kind: 'run', words };
  return { kind: 'run', words: argv, mark: first };
}

function wrapped(argv: readonly [string, ...string[]], mark: string): string | undefined {
  try {
    return commandLine({ argv }, mark);
  } catch (error) {
    if (error instanceof CallError) return undefined;
    throw error;
  }
}
