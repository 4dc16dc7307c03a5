import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, startNode } from './cli.ts';
import { isolatedEnvironment, repository } from './folders.ts';

/** Path of a command that a development dependency installs. @throws saying how to install it */
export function commandOf(name: string, packageName: string): string {
  const file = join(repository, 'node_modules', '.bin', name);
  if (existsSync(file)) return file;
  throw new Error(`${name} is missing. Install it with: npm install --save-dev ${packageName}`);
}

/** Runs such a command to its end, with nothing of the caller's environment. */
export async function runCommand(file: string, args: readonly string[], home: string): Promise<Finished> {
  const running = startNode([file, ...args], isolatedEnvironment(home));
  running.child.stdin.end();
  const code = await running.exited;
  return { code, stdout: running.lines.join('\n'), stderr: running.stderr() };
}
