import { type ChildProcess, fork, type Serializable } from 'node:child_process';
import { once } from 'node:events';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processEnvironment } from '../src/config/environment.ts';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Only what a program needs to run: what else the caller's shell has set must not change what is measured. */
export function cleanEnvironment(extra: Record<string, string>): Record<string, string> {
  const { PATH = '', HOME = '', SystemRoot = '' } = processEnvironment();
  return { PATH, HOME, ...(SystemRoot ? { SystemRoot } : {}), ...extra };
}

/** A program in a process of its own, which answers one message at a time. */
export interface Helper {
  /** @param timeoutMs after which it counts as hung */
  ask<T>(message: Serializable, timeoutMs: number): Promise<T>;
  stop(): Promise<void>;
}

export interface HelperOptions {
  readonly env?: Record<string, string>;
  readonly nodeOptions?: readonly string[];
}

/** @param file below this folder, or anywhere when the path is absolute */
export function startHelper(file: string, args: readonly string[] = [], options: HelperOptions = {}): Helper {
  const { env = {}, nodeOptions = [] } = options;
  const child = fork(resolve(root, 'bench', file), args, {
    execArgv: [...nodeOptions],
    env: cleanEnvironment(env),
    serialization: 'advanced',
  });
  return {
    async ask<T>(message: Serializable, timeoutMs: number) {
      const answered = answerOf(child, file, timeoutMs);
      child.send(message);
      // The helper is ours: what it answers to this message is part of its file.
      return (await answered) as T;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      if (child.connected) child.disconnect();
      const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await exited;
      clearTimeout(late);
    },
  };
}

/** Answers the messages of `startHelper`'s owner until it lets go. */
export function answerMessages(answer: (message: never) => Promise<Serializable>, close: () => Promise<void> | void): void {
  process.on('message', (message) => {
    answer(message as never).then(
      (result) => process.send?.({ result }),
      (error: Error) => process.send?.({ error: error.stack ?? error.message }),
    );
  });
  process.once('disconnect', () => {
    void Promise.resolve(close()).finally(() => process.exit(0));
  });
}

async function answerOf(child: ChildProcess, file: string, timeoutMs: number): Promise<unknown> {
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(new Error(`${file} did not answer within ${timeoutMs} ms`)), timeoutMs);
  const exited = (code: number | null) => end.abort(new Error(`${file} ended with code ${code}`));
  child.once('exit', exited);
  try {
    const [message] = (await once(child, 'message', { signal: end.signal })) as [{ result?: unknown; error?: string }];
    if (message.error !== undefined) throw new Error(`${file}: ${message.error}`);
    return message.result;
  } catch (error) {
    throw end.signal.aborted ? end.signal.reason : error;
  } finally {
    clearTimeout(timer);
    child.off('exit', exited);
  }
}

/** Surroundings of a server whose AWS is the stub on that port. */
export function stubEnvironment(state: string, port: number): Record<string, string> {
  return {
    ZIGGIE_STATE: state,
    ZIGGIE_ENV: 'development',
    AWS_REGION: 'eu-north-1',
    AWS_ACCOUNT_ID: '123456789012',
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
  };
}
