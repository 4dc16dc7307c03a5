import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { CliError, exit } from './output.ts';

/** A passphrase from a file, from a terminal without echo, or else from the first line of stdin. */
export async function readPassphrase(question: string, file: string | undefined): Promise<string> {
  const passphrase = file === undefined ? await ask(question) : firstLine(file);
  if (!passphrase) throw new CliError(exit.usage, 'A passphrase is needed: type it, pipe it in, or use --passphrase-file.');
  return passphrase;
}

function firstLine(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').split('\n')[0];
  } catch (error) {
    throw new CliError(exit.usage, `${file} cannot be read: ${(error as NodeJS.ErrnoException).code}.`);
  }
}

async function ask(question: string): Promise<string> {
  const terminal = process.stdin.isTTY === true;
  if (terminal) process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal });
  const answer = await new Promise<string>((resolve) => {
    lines.once('line', resolve);
    lines.once('close', () => resolve(''));
  });
  lines.close();
  if (terminal) process.stderr.write('\n');
  return answer.trim();
}
