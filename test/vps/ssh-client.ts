import ssh2, { type Client, type ConnectConfig, type SFTPWrapper } from 'ssh2';
import type { SshSettings } from '../../src/ports/remote-host.ts';

/** A bare SSH client, for what a well-behaved one would not send. */
export interface BareClient {
  exec(command: string, stdin?: string): Promise<{ code: number; stdout: string; stderr: string }>;
  sftp: SFTPWrapper;
  close(): void;
}

export function textKey({ key }: SshSettings): string {
  if (key.kind !== 'text') throw new Error('expected the key itself');
  return key.text;
}

export async function connectBare(settings: SshSettings, options: ConnectConfig = {}): Promise<BareClient> {
  const { host, port, user: username } = settings;
  const client: Client = await new Promise((resolve, reject) => {
    const made = new ssh2.Client();
    made.on('ready', () => resolve(made.setNoDelay(true))).on('error', reject);
    made.connect({ host, port, username, privateKey: textKey(settings), ...options });
  });
  const sftp = await new Promise<SFTPWrapper>((resolve, reject) => client.sftp((error, made) => (error ? reject(error) : resolve(made))));
  return {
    sftp,
    exec: (command, stdin = '') =>
      new Promise((resolve, reject) => {
        client.exec(command, (error, channel) => {
          if (error) return reject(error);
          let stdout = '';
          let stderr = '';
          let code = -1;
          channel.on('data', (chunk: Buffer) => {
            stdout += chunk;
          });
          channel.stderr.on('data', (chunk: Buffer) => {
            stderr += chunk;
          });
          channel.on('exit', (given: number) => {
            code = given;
          });
          channel.on('close', () => resolve({ code, stdout, stderr }));
          channel.end(stdin);
        });
      }),
    close: () => client.end(),
  };
}

/** An SFTP request as a promise. */
export function ask<T>(start: (done: (error: Error | null | undefined, answer: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => start((error, answer) => (error ? reject(error) : resolve(answer))));
}
