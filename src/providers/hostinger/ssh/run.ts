/**
 * Invariant: a command that we gave up (cancelled, out of time) does not go on running on the server: its process group is ended there,
 * and where that could not be done the error says so.
 */
import { randomUUID } from 'node:crypto';
import type { ClientChannel } from 'ssh2';
import { CallError } from '../../../call/errors.ts';
import type { CommandEnd, CommandResult, RemoteCommand, RunOptions } from '../../../ports/remote-host.ts';
import { openCommand } from './channel.ts';
import { commandLine, endingLine } from './command-line.ts';
import type { Connection } from './connect.ts';
import { cancelled, connectionLost, rejected, timedOut } from './errors.ts';
import { behindMark, linesTo, Tail } from './output.ts';
import { unlessAborted } from './waiting.ts';

/** After its exit a command may still have output under way; something that it left behind may hold the streams open for ever. */
const afterExitMs = 1_000;
/** Longest time for ending a command on the server. */
const endingMs = 10_000;

export interface RunScope {
  readonly server: string;
  /** Aborts with a `CallError` when the command is to be ended. */
  readonly signal: AbortSignal;
  /** A connection beside the one that the command runs on. */
  another(signal: AbortSignal): Promise<Connection>;
}

/** Resolves with how the command ended, whatever its exit code. @throws CallError */
export async function runCommand(
  connection: Connection,
  command: RemoteCommand,
  options: RunOptions,
  scope: RunScope,
): Promise<CommandResult> {
  const { server, signal } = scope;
  const mark = randomUUID();
  const line = commandLine(command, mark);
  const begun = performance.now();
  let exit: CommandEnd | undefined;
  let onExit = () => {};
  const opening = openCommand(server, connection, line, !options.readOnly, (opened) =>
    opened.once('exit', (code: number | null, name?: string) => {
      exit = code === null ? { kind: 'signal', signal: (name ?? 'unknown').replace(/^SIG/, '') } : { kind: 'exit', code };
      onExit();
    }),
  );
  // A read may be left at any moment; a change is waited for, because it may run from here on.
  const channel = await (options.readOnly ? unlessAborted(opening, signal).catch(leave) : opening);
  const output = collect(channel, mark, options);
  const input = feed(channel, options.stdin);

  const ended = await new Promise<Ended>((resolve) => {
    let quiet: NodeJS.Timeout | undefined;
    const done = (how: Ended) => {
      clearTimeout(quiet);
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      resolve(how);
    };
    const abort = () => done({ kind: 'aborted' });
    const timer = setTimeout(() => done({ kind: 'timeout', afterMs: options.timeoutMs }), options.timeoutMs);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    input.failed.then((error) => done({ kind: 'input', error }));
    const await_ = () => {
      clearTimeout(quiet);
      if (exit) {
        const known = exit;
        quiet = setTimeout(() => done(known), afterExitMs);
      }
    };
    onExit = await_;
    await_();
    channel.on('data', await_);
    channel.stderr.on('data', await_);
    channel.on('close', () => done(exit ?? { kind: 'lost' }));
  });

  input.stop();
  try {
    return await conclude(ended);
  } finally {
    channel.close();
  }

  function leave(error: unknown): never {
    opening.then((late) => late.close()).catch(() => undefined);
    throw error;
  }

  async function conclude(how: Ended): Promise<CommandResult> {
    if (how.kind === 'lost') throw connectionLost(server, !options.readOnly);
    if (how.kind === 'exit' || how.kind === 'signal') {
      if (output.processGroup() === undefined) throw noShell(server, output.preface());
      return { end: how, ...output.end(), durationMs: performance.now() - begun };
    }
    const isGone = await endOnServer(connection, output.processGroup, scope);
    if (!isGone) throw stillRunning(server, how.kind === 'timeout' ? options.timeoutMs : undefined);
    if (how.kind === 'timeout') return { end: how, ...output.end(), durationMs: performance.now() - begun };
    if (how.kind === 'input') throw how.error;
    throw signal.reason instanceof CallError ? signal.reason : cancelled();
  }
}

type Ended = CommandEnd | { readonly kind: 'aborted' } | { readonly kind: 'lost' } | { readonly kind: 'input'; readonly error: CallError };

function collect(channel: ClientChannel, mark: string, { maxBytes, onOutput }: RunOptions) {
  const tails = { stdout: new Tail(maxBytes), stderr: new Tail(maxBytes) };
  const lines = onOutput ? { stdout: linesTo(onOutput), stderr: linesTo(onOutput) } : undefined;
  const front = behindMark(mark, (piece) => {
    tails.stdout.add(piece);
    lines?.stdout.add(piece);
  });
  channel.on('data', (piece: Buffer) => front.add(piece));
  channel.stderr.on('data', (piece: Buffer) => {
    tails.stderr.add(piece);
    lines?.stderr.add(piece);
  });
  return {
    processGroup: front.processGroup,
    preface: front.preface,
    end() {
      lines?.stdout.end();
      lines?.stderr.end();
      const stdout = tails.stdout.end();
      const stderr = tails.stderr.end();
      return { stdout: stdout.text, stderr: stderr.text, cut: stdout.isCut || stderr.isCut };
    },
  };
}

/** Hands the command its input, no faster than it reads. A command need not read it to the end. */
function feed(channel: ClientChannel, stdin: RunOptions['stdin']): { failed: Promise<CallError>; stop(): void } {
  const never = new Promise<CallError>(() => undefined);
  // Of writing to a channel that the command has closed.
  channel.on('error', () => undefined);
  if (stdin === undefined || typeof stdin === 'string') {
    channel.end(stdin);
    return { failed: never, stop: () => undefined };
  }
  const failed = new Promise<CallError>((resolve) =>
    stdin.on('error', (error) =>
      resolve(
        error instanceof CallError
          ? error
          : new CallError('internal', 'The input of the command could not be read to its end, so the command was ended.', {
              remedy: 'Report it with the call id; the log has the details.',
              cause: error,
            }),
      ),
    ),
  );
  stdin.pipe(channel);
  return {
    failed,
    stop() {
      stdin.unpipe(channel);
      stdin.destroy();
    },
  };
}

/**
 * sshd does what a `signal` request asks only for users other than root (OpenSSH 9.2 wants privilege separation for it), and tells
 * nobody: a second command ends the first, on a connection of its own where this one has no session left.
 * @returns whether nothing of it is left
 */
async function endOnServer(connection: Connection, processGroup: () => number | undefined, scope: RunScope): Promise<boolean> {
  const patience = AbortSignal.timeout(endingMs);
  const group = await announced(processGroup, connection, patience);
  if (group === undefined || !Number.isSafeInteger(group) || group < 2) return false;
  try {
    return await endVia(connection, group, scope.server, patience);
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
  }
  try {
    const own = await scope.another(patience);
    try {
      return await endVia(own, group, scope.server, patience);
    } finally {
      own.client.end();
    }
  } catch (error) {
    if (error instanceof CallError) return false;
    throw error;
  }
}

/** A command that was given up at once may not have said yet who it is. */
async function announced(
  processGroup: () => number | undefined,
  connection: Connection,
  patience: AbortSignal,
): Promise<number | undefined> {
  while (processGroup() === undefined && connection.isOpen() && !patience.aborted) {
    // What the server has sent before its answer has arrived with the answer; a slow login shell takes a few rounds.
    await connection.ping().catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return processGroup();
}

async function endVia(connection: Connection, group: number, server: string, patience: AbortSignal): Promise<boolean> {
  let code: number | null = null;
  const channel = await openCommand(server, connection, endingLine(group), true, (opened) =>
    opened.once('exit', (exit: number | null) => {
      code = exit;
    }),
  );
  channel.resume().stderr.resume();
  channel.end();
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      channel.close();
      resolve(false);
    };
    patience.addEventListener('abort', giveUp, { once: true });
    channel.on('close', () => {
      patience.removeEventListener('abort', giveUp);
      if (!connection.isOpen()) reject(connectionLost(server, true));
      else resolve(code === 0);
    });
  });
}

function stillRunning(server: string, timeoutMs: number | undefined): CallError {
  const why = timeoutMs === undefined ? 'was cancelled' : `took longer than ${timeoutMs / 1_000} s`;
  return timedOut(
    `The command on ${server} ${why}, and could not be ended there: it may still be running.`,
    `Look for it on ${server} before running it again.`,
  );
}

/** A login shell that runs nothing (nologin), or a forced command. */
function noShell(server: string, said: string): CallError {
  return rejected(
    'NoShell',
    `${server} did not run the command: the login shell of the user gave no sign of it.`,
    'Check the login shell of the SSH user, and its authorized_keys for a forced command.',
    {
      said: said.trim(),
    },
  );
}
