/**
 * Invariant: nobody but the holder of this process's own key is let in, only loopback is listened on, and what is sent is read by an
 * emulator: no shell and no process is ever started.
 */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import type { AuthContext, Connection, ParsedKey, ServerChannel, Session } from 'ssh2';
import { execute } from './machine.ts';
import type { Machine } from './program.ts';
import { serveSftp } from './sftp.ts';

export const sandboxUser = 'root';
/** Larger input than this is no list of checksums. */
const longestStdin = 8 * 1_024 * 1_024;

export interface SandboxServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Listens on a free port of loopback; keeps no process alive.
 * @param hostKey its private key, in OpenSSH's format
 * @param clientKey the one public key that is let in
 */
export async function listen(machine: Machine, hostKey: string, clientKey: ParsedKey): Promise<SandboxServer> {
  const { default: ssh2 } = await import('ssh2');
  const ssh = new ssh2.Server({ hostKeys: [hostKey], ident: 'ziggie-sandbox' }, (connection) => serve(connection, machine, clientKey));
  const sockets = new Set<Socket>();
  const listener = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket.unref());
    socket.on('close', () => sockets.delete(socket));
    ssh.injectSocket(socket);
  });
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(0, '127.0.0.1', resolve);
  });
  listener.unref();
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('the sandbox listens on no port');
  return {
    port: address.port,
    async close() {
      const closed = new Promise((resolve) => listener.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function serve(connection: Connection, machine: Machine, clientKey: ParsedKey): void {
  connection.on('authentication', (context) => (isOurs(context, clientKey) ? context.accept() : context.reject(['publickey'])));
  connection.on('session', (accept) => {
    const session: Session = accept();
    session.on('exec', (acceptExec, _reject, { command }) => run(acceptExec(), machine, command));
    session.on('sftp', (acceptSftp) => serveSftp(acceptSftp(), machine.tree));
  });
  // Whoever goes away without a word has gone: nothing of ours waits for it.
  connection.on('error', () => connection.end());
}

function isOurs(context: AuthContext, key: ParsedKey): boolean {
  if (context.method !== 'publickey' || context.username !== sandboxUser) return false;
  const known = key.getPublicSSH();
  if (context.key.data.length !== known.length || !timingSafeEqual(context.key.data, known)) return false;
  // Without a signature the client only asks whether the key would do (RFC 4252, section 7).
  return !(context.signature && context.blob) || key.verify(context.blob, context.signature, context.hashAlgo) === true;
}

function run(channel: ServerChannel, machine: Machine, command: string): void {
  const chunks: Buffer[] = [];
  let size = 0;
  channel.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= longestStdin) chunks.push(chunk);
  });
  // A client that goes away in the middle of it gets nothing, and needs nothing.
  channel.on('error', () => channel.destroy());
  channel.on('end', () => {
    const { code, stdout = '', stderr = '' } = execute(machine, command, Buffer.concat(chunks));
    if (stderr !== '') channel.stderr.write(stderr);
    channel.write(stdout, () => {
      channel.exit(code);
      channel.end();
    });
  });
}
