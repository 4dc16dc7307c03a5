/**
 * Invariant: what stands in an argument reaches the program as that argument, byte for byte; a shell never reads it. This is the one
 * place where words are quoted for a server.
 */
import { CallError } from '../../../call/errors.ts';

/**
 * Words as one command line for a POSIX shell (XCU 2.2.2: between single quotes every character stands for itself; a single quote is
 * put in by leaving them). bash, dash, ksh, zsh and busybox read it alike; csh and fish do not, and their users cannot be served.
 * @throws CallError `invalid_input` for NUL, which no argument can hold (execve takes C strings), and for text that UTF-8 cannot say
 */
export function quote(words: readonly string[]): string {
  return words.map(quoteWord).join(' ');
}

function quoteWord(word: string): string {
  if (word.includes('\0')) throw refused('holds a NUL character');
  if (!word.isWellFormed()) throw refused('holds a lone surrogate, which is not text');
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function refused(problem: string): CallError {
  return new CallError('invalid_input', `An argument of the command ${problem}. Nothing was sent.`, {
    remedy: 'Leave the character out; data that needs it goes into a file or on standard input.',
  });
}
