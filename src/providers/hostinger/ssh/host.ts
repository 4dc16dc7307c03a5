/** One server: its connection, made when needed and dropped when idle, and the sessions on it. */

import { CallError } from '../../../call/errors.ts';
import type { Guard } from '../../../ports/guard.ts';
import type { HostSpec } from '../../../ports/remote-host.ts';
import { type Connection, connect } from './connect.ts';
import { cancelled } from './errors.ts';
import { createSessions } from './sessions.ts';
import { unlessAborted, type Waiting, within } from './waiting.ts';

export interface HostTimes {
  /** A connection that nobody uses is dropped after this. */
  readonly idleMs: number;
  /** Between two signs of life while it is used; two that stay out end it. */
  readonly keepaliveMs: number;
}

/** Of one connection, retries included; whoever waits for it may give up earlier. */
const connectMs = 30_000;

export interface Host {
  /** Runs work on the connection in a session of its own, with a signal that the call's cancellation and deadline abort. */
  session<T>(call: Waiting, work: (connection: Connection, signal: AbortSignal) => Promise<T>): Promise<T>;
  /** The same without a session: for what opens no channel. */
  connected<T>(call: Waiting, work: (connection: Connection, signal: AbortSignal) => Promise<T>): Promise<T>;
  /** A connection beside the pool's, which the caller ends. */
  another(signal: AbortSignal): Promise<Connection>;
  close(): Promise<void>;
}

interface Connecting {
  readonly promise: Promise<Connection>;
  readonly abort: AbortController;
  waiters: number;
}

export function createHost(spec: HostSpec, guard: Guard, { idleMs, keepaliveMs }: HostTimes): Host {
  let current: Connection | undefined;
  let connecting: Connecting | undefined;
  let idleTimer: NodeJS.Timeout | undefined;
  let keepaliveTimer: NodeJS.Timeout | undefined;
  let isClosed = false;

  const sessions = createSessions(spec.sessions, () => rest());
  const rest = () => {
    clearInterval(keepaliveTimer);
    clearTimeout(idleTimer);
    keepaliveTimer = undefined;
    const connection = current;
    if (!connection) return;
    // Neither an idle connection nor its timer keeps the process from ending.
    connection.socket.unref();
    idleTimer = setTimeout(() => hangUp(connection), idleMs);
    idleTimer.unref();
  };
  const wake = (connection: Connection) => {
    clearTimeout(idleTimer);
    connection.socket.ref();
    keepaliveTimer ??= keepAlive(connection, keepaliveMs);
  };
  const hangUp = (connection: Connection) => {
    if (current === connection) current = undefined;
    connection.client.end();
  };

  const open = (signal: AbortSignal): Promise<Connection> => {
    const key = { provider: 'hostinger', account: 'hostinger', region: spec.name, service: 'ssh' } as const;
    return guard.run(key, { deadlineAt: Date.now() + connectMs, signal }, (guarded) => openWithRetries(spec, guarded));
  };
  const adopt = (connection: Connection) => {
    current = connection;
    clearInterval(keepaliveTimer);
    keepaliveTimer = undefined;
    sessions.reset();
    connection.closed.then(() => {
      if (current === connection) current = undefined;
    });
    return connection;
  };
  /** One attempt serves all who wait; it ends when the last of them has gone. */
  const obtain = async (signal: AbortSignal): Promise<Connection> => {
    if (isClosed) throw cancelled();
    if (current?.isOpen()) return current;
    if (!connecting) {
      const abort = new AbortController();
      const promise = open(abort.signal).then(adopt);
      connecting = { promise, abort, waiters: 0 };
      const mine = connecting;
      const done = () => {
        if (connecting === mine) connecting = undefined;
      };
      promise.then(done, done);
    }
    const shared = connecting;
    shared.waiters += 1;
    try {
      return await unlessAborted(shared.promise, signal);
    } finally {
      shared.waiters -= 1;
      if (shared.waiters === 0) shared.abort.abort();
    }
  };

  const once = (call: Waiting, work: (connection: Connection, signal: AbortSignal) => Promise<unknown>) =>
    within(call, `${spec.name} did not get to it before the deadline.`, async (signal) => {
      const giveBack = await sessions.take(signal);
      try {
        const connection = await obtain(signal);
        wake(connection);
        return await work(connection, signal);
      } catch (error) {
        if (isRefusedChannel(error)) sessions.refused();
        throw error;
      } finally {
        giveBack();
      }
    });

  return {
    async session(call, work) {
      try {
        return (await once(call, work)) as Awaited<ReturnType<typeof work>>;
      } catch (error) {
        // More sessions than the server lets one connection have: nothing was run. Fewer from now on, and once more when one is free.
        if (!isRefusedChannel(error)) throw error;
        return (await once(call, work)) as Awaited<ReturnType<typeof work>>;
      }
    },
    connected: (call, work) =>
      within(call, `${spec.name} did not answer before the deadline.`, async (signal) => {
        const connection = await obtain(signal);
        wake(connection);
        try {
          return await work(connection, signal);
        } finally {
          if (sessions.inUse() === 0) rest();
        }
      }),
    another: open,
    async close() {
      isClosed = true;
      connecting?.abort.abort();
      const connection = current;
      if (!connection) return;
      hangUp(connection);
      const impatient = setTimeout(() => connection.socket.destroy(), 1_000);
      await connection.closed;
      clearTimeout(impatient);
    },
  };
}

/** Only what failed before anything of ours was sent, and may go better in a moment. */
async function openWithRetries(spec: HostSpec, signal: AbortSignal): Promise<Connection> {
  const { default: pRetry } = await import('p-retry');
  return pRetry(async () => connect(spec.name, await spec.settings(), signal), {
    retries: 2,
    minTimeout: 250,
    factor: 3,
    randomize: true,
    signal,
    shouldRetry: ({ error }) => error instanceof CallError && error.code === 'provider_unavailable' && error.details.retryable === true,
  });
}

/** A server that vanished without a word is noticed by its silence. */
function keepAlive(connection: Connection, everyMs: number): NodeJS.Timeout {
  let unanswered = 0;
  return setInterval(() => {
    if (unanswered >= 2) return void connection.socket.destroy();
    unanswered += 1;
    connection.ping().then(
      () => {
        unanswered = 0;
      },
      () => undefined,
    );
  }, everyMs).unref();
}

function isRefusedChannel(error: unknown): boolean {
  return error instanceof CallError && error.details.provider?.code === 'ChannelRefused';
}
