import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isolatedEnvironment, repository } from './folders.ts';
import { until } from './until.ts';

export const cliFile = join(repository, 'src', 'cli.ts');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running command whose output is kept line by line. */
export interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly lines: readonly string[];
  readonly stderr: () => string;
  /** Resolves with the first line that matches, also one printed before. */
  line(pattern: RegExp): Promise<RegExpExecArray>;
  readonly exited: Promise<number | null>;
  /** Ends it and waits for it. */
  stop(): Promise<number | null>;
}

const children = new Set<ChildProcessWithoutNullStreams>();
// A test that gave up waiting leaves nothing running behind it.
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

export function startNode(args: readonly string[], environment: Readonly<Record<string, string>>): Running {
  const child = spawn(process.execPath, [...args], { cwd: repository, env: { ...environment } });
  children.add(child);
  child.once('close', () => children.delete(child));
  const lines: string[] = [];
  let stderr = '';
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // A child that is gone closes our end of its stdin; its exit code says what happened.
  child.stdin.on('error', () => undefined);
  const exited = once(child, 'close').then(([code]) => code as number | null);
  return {
    child,
    lines,
    stderr: () => stderr,
    line: (pattern) =>
      until(`a line like ${pattern}`, () => {
        for (const line of lines) {
          const found = pattern.exec(line);
          if (found) return found;
        }
        if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode}: ${stderr}`);
        return undefined;
      }),
    exited,
    stop: () => {
      if (child.exitCode === null) child.kill('SIGTERM');
      return exited;
    },
  };
}

/** Starts `ziggie-cloud` from its sources, with nothing of the caller's environment. */
export function startCli(state: string, args: readonly string[], extra: Readonly<Record<string, string>> = {}): Running {
  return startNode([cliFile, ...args], isolatedEnvironment(state, extra));
}

/** Runs a `ziggie-cloud` command to its end. */
export async function runCli(state: string, args: readonly string[], extra: Readonly<Record<string, string>> = {}): Promise<Finished> {
  const running = startCli(state, args, extra);
  running.child.stdin.end();
  const code = await running.exited;
  return { code, stdout: running.lines.join('\n'), stderr: running.stderr() };
}
