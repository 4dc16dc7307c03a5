import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** moto's server on a free port of this machine: AWS over the wire, written by others. */
export interface Moto {
  readonly endpoint: string;
  /** Forgets everything. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

const missing = "moto_server was not found: install it with pip install 'moto[server]'";

/** Throws when moto is not installed or does not answer within half a minute. */
export async function startMoto(): Promise<Moto> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const server = spawn('moto_server', ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  let problem: string | undefined;
  server.on('error', () => {
    problem = missing;
  });
  server.on('exit', (code) => {
    problem ??= `moto_server ended with ${code}; ${missing.split(': ')[1]}`;
  });
  for (const until = Date.now() + 30_000; !(await answers(endpoint)); await pause(50)) {
    if (problem) throw new Error(problem);
    if (Date.now() > until) {
      await stop(server);
      throw new Error(`moto_server did not answer on ${endpoint}`);
    }
  }
  return {
    endpoint,
    reset: async () => {
      await fetch(`${endpoint}/moto-api/reset`, { method: 'POST' });
    },
    close: () => stop(server),
  };
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    return (await fetch(`${endpoint}/moto-api/data.json`)).ok;
  } catch {
    return false;
  }
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'exit');
  server.kill();
  await ended;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
