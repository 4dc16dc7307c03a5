import type { SFTPWrapper } from 'ssh2';
import { CallError } from '../../../call/errors.ts';
import { openSftp } from './channel.ts';
import type { Connection } from './connect.ts';
import { connectionLost, rejected } from './errors.ts';
import { unlessAborted } from './waiting.ts';

/** Status codes of draft-ietf-secsh-filexfer-02, section 7, which OpenSSH speaks. */
export const sftpStatus = { endOfFile: 1, noSuchFile: 2, permissionDenied: 3, failure: 4, badMessage: 5, unsupported: 8 } as const;

/** Most bytes of one write: 256 KiB is the longest packet that OpenSSH takes, and ssh2 keeps 2 KiB for what is around it. */
export const longestWrite = 254 * 1_024;

type Reply<T> = (error: (Error & { code?: unknown }) | null | undefined, value: T) => void;

/** Requests of an SFTP session, each answered before the session ends or failing with it. */
export interface Sftp {
  /** @throws CallError; `what` is the path that the error names */
  ask<T>(what: string, send: (sftp: SFTPWrapper, reply: Reply<T>) => void): Promise<T>;
  /** The same for what may well fail: undefined for a status that is named. */
  askUnless<T>(status: number, what: string, send: (sftp: SFTPWrapper, reply: Reply<T>) => void): Promise<T | undefined>;
  has(extension: string): boolean;
  end(): void;
}

/** @throws CallError `provider_unavailable` */
export async function startSftp(server: string, connection: Connection, mayHaveActed: boolean, signal: AbortSignal): Promise<Sftp> {
  const opening = openSftp(server, connection);
  const sftp = await unlessAborted(opening, signal).catch((error) => {
    // Left behind, it would hold a session of the server.
    opening.then(
      (late) => late.end(),
      () => undefined,
    );
    throw error;
  });
  const lost = new Set<(error: CallError) => void>();
  const end = () => {
    for (const fail of lost) fail(connectionLost(server, mayHaveActed));
    lost.clear();
  };
  sftp.on('close', end);
  sftp.on('end', end);
  sftp.on('error', end);
  connection.closed.then(end);

  const raw = <T>(send: (sftp: SFTPWrapper, reply: Reply<T>) => void) =>
    new Promise<T>((resolve, reject) => {
      lost.add(reject);
      const settle = (done: () => void) => {
        lost.delete(reject);
        done();
      };
      try {
        // A request to a channel that is closed is taken and never answered.
        if (!connection.isOpen()) throw connectionLost(server, mayHaveActed);
        // ssh2 writes each packet in three pieces: together they are one system call, and no tiny TCP segments.
        connection.socket.cork();
        send(sftp, (error, value) => settle(() => (error ? reject(error) : resolve(value))));
      } catch (error) {
        settle(() => reject(error));
      } finally {
        connection.socket.uncork();
      }
    });
  return {
    ask: (what, send) => raw(send).catch((error) => Promise.reject(failureOf(server, what, error, mayHaveActed))),
    async askUnless(status, what, send) {
      try {
        return await raw(send);
      } catch (error) {
        if ((error as { code?: unknown }).code === status) return undefined;
        throw failureOf(server, what, error, mayHaveActed);
      }
    },
    // ssh2 keeps what the server announced for itself, and throws for what it did not.
    has: (extension) => extension in ((sftp as unknown as { _extensions?: object })._extensions ?? {}),
    end() {
      sftp.end();
      end();
    },
  };
}

function failureOf(server: string, what: string, error: unknown, mayHaveActed: boolean): CallError {
  if (error instanceof CallError) return error;
  const { code, message = '' } = error as { code?: unknown; message?: string };
  if (code === sftpStatus.noSuchFile) {
    return rejected('NoSuchFile', `There is no ${what} on ${server}.`, 'Check the path; a folder on the way to it may be missing.', {
      as: 'provider_not_found',
    });
  }
  if (code === sftpStatus.permissionDenied) {
    return rejected(
      'PermissionDenied',
      `${server} does not let the SSH user at ${what}.`,
      `Check owner and mode of ${what} on ${server}, or use another SSH user.`,
      {
        as: 'provider_denied',
      },
    );
  }
  // ssh2 gives up requests that are open when their channel closes in words only.
  if (code === undefined) return connectionLost(server, mayHaveActed, error);
  return rejected(
    'SftpFailure',
    `${server} could not do what was asked with ${what}.`,
    `Look at ${what} on ${server}: it may be no file, be in use, or exceed a limit of its file system.`,
    {
      said: message,
    },
  );
}
