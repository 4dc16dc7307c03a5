import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { root } from './processes.ts';

/** A server on stdio, asked as an IDE asks it: `initialize`, then the whole tool list. */
export interface Started {
  readonly pid: number;
  /** From before the spawn to the parsed reply, in milliseconds. */
  readonly initializedMs: number;
  readonly listedMs: number;
  readonly tools: readonly Record<string, unknown>[];
  /** Ends it as an IDE does, by closing its stdin. */
  stop(): Promise<void>;
}

const patienceMs = 20_000;

/** A client as small as can be, so that what is measured is the server. */
export async function startOnStdio(args: readonly string[], env: Record<string, string>): Promise<Started> {
  const began = performance.now();
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['pipe', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  // A server that went away shows in its missing reply.
  child.stdin.on('error', () => undefined);
  try {
    const lines = replies(child);
    child.stdin.write(
      `${JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } },
      })}\n`,
    );
    if ((await lines.next()).done) throw new Error('it ended');
    const initializedMs = performance.now() - began;
    child.stdin.write(
      `${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n${JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/list', params: {} })}\n`,
    );
    const { value } = await lines.next();
    const listedMs = performance.now() - began;
    const tools = (value?.result as { tools?: Record<string, unknown>[] } | undefined)?.tools;
    if (!tools || tools.length === 0) throw new Error(`no tools in ${JSON.stringify(value)}`);
    return { pid: child.pid ?? 0, initializedMs, listedMs, tools, stop: () => stop(child) };
  } catch (error) {
    await stop(child);
    throw new Error(`${args.join(' ')} did not list its tools: ${(error as Error).message}. ${errors.slice(0, 500)}`);
  }
}

/** Replies in their order; notifications are passed over. */
async function* replies(
  child: ChildProcessWithoutNullStreams,
): AsyncGenerator<{ id: number; result?: unknown; error?: unknown }, undefined> {
  let rest = '';
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  try {
    for await (const chunk of child.stdout) {
      rest += chunk;
      for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
        const message = JSON.parse(rest.slice(0, end));
        rest = rest.slice(end + 1);
        if (message.id !== undefined && message.method === undefined) {
          timer.refresh();
          yield message;
        }
      }
    }
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

async function stop(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.stdin.end();
  child.stdout.resume();
  const late = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  await exited;
  clearTimeout(late);
}
