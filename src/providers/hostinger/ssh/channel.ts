import type { ClientChannel, SFTPWrapper } from 'ssh2';
import type { Connection } from './connect.ts';
import { channelRefused, connectionLost } from './errors.ts';

/**
 * Starts a command line on the server. Resolves when the server has started it.
 * @param opened is given the channel at once: its exit may come with the same bytes, before a promise is
 * @throws CallError `provider_unavailable`: `ChannelRefused` (nothing was run) or `ConnectionLost`
 */
export function openCommand(
  server: string,
  connection: Connection,
  line: string,
  mayHaveActed: boolean,
  opened: (channel: ClientChannel) => void,
): Promise<ClientChannel> {
  return openChannel<ClientChannel>(server, connection, mayHaveActed, (taken) =>
    connection.client.exec(line, (error, channel) => {
      if (!error) opened(channel);
      taken(error, channel);
    }),
  );
}

/** A session of the SFTP subsystem. @throws CallError as `openCommand` */
export function openSftp(server: string, connection: Connection): Promise<SFTPWrapper> {
  return openChannel(server, connection, false, (taken) => connection.client.sftp(taken));
}

function openChannel<T>(
  server: string,
  connection: Connection,
  mayHaveActed: boolean,
  open: (taken: (error: Error | undefined, channel: T) => void) => unknown,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const lost = (cause?: unknown) => reject(connectionLost(server, mayHaveActed, cause));
    try {
      open((error, channel) => {
        if (!error) resolve(channel);
        // The client is told that the connection has gone before it is told so itself.
        else if (!connection.isOpen() || /No response|Not connected/.test(error.message)) lost(error);
        else reject(channelRefused(server));
      });
    } catch (error) {
      // Not connected any more: nothing was sent.
      reject(connectionLost(server, false, error));
    }
  });
}
