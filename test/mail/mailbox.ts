import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** A mail as the server took it. */
export interface TakenMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
  readonly secure: boolean;
  readonly user?: string;
}

export interface Mailbox {
  readonly port: number;
  readonly mails: TakenMail[];
  /** Connections that were made, whatever came of them. */
  readonly connections: () => number;
  close(): Promise<void>;
}

/** A real SMTP server on a free port of loopback. Without options it takes every mail, in the clear and from everybody. */
export async function startMailbox(options: SMTPServerOptions = {}, port = 0): Promise<Mailbox> {
  const mails: TakenMail[] = [];
  let connections = 0;
  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    hideSTARTTLS: true,
    ...options,
    onConnect: (session, done) => {
      connections += 1;
      if (options.onConnect) options.onConnect(session, done);
      else done();
    },
    onData: (stream, session, done) => {
      void textOf(stream).then((raw) => {
        const { envelope, secure, user } = session;
        const from = envelope.mailFrom ? envelope.mailFrom.address : '';
        const taken = {
          from,
          to: envelope.rcptTo.map(({ address }) => address),
          raw,
          secure,
          ...(user === undefined ? {} : { user: String(user) }),
        };
        if (options.onData) {
          options.onData(stream, session, (error) => {
            if (!error) mails.push(taken);
            done(error);
          });
          return;
        }
        mails.push(taken);
        done();
      });
    },
  });
  // Of connections that their clients give up.
  server.on('error', () => undefined);
  server.listen(port, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    connections: () => connections,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** The header of a mail, unfolded (RFC 5322, section 2.2.3). */
export function headerOf(raw: string, name: string): string | undefined {
  const [head = ''] = raw.split('\r\n\r\n');
  const lines = head.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
  return lines.find((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}: `))?.slice(name.length + 2);
}

/** Parts of a mail (MIME), decoded: by media type. */
export function partsOf(raw: string): Map<string, string> {
  const parts = new Map<string, string>();
  const read = (entity: string) => {
    const type = headerOf(entity, 'Content-Type') ?? 'text/plain';
    const [, boundary] = /boundary="([^"]+)"/.exec(type) ?? [];
    const body = entity.slice(entity.indexOf('\r\n\r\n') + 4);
    if (boundary !== undefined) {
      for (const part of body.split(`--${boundary}`).slice(1, -1)) read(part.replace(/^\r\n/, ''));
      return;
    }
    const encoding = headerOf(entity, 'Content-Transfer-Encoding')?.toLowerCase();
    parts.set(type.split(';')[0] ?? type, decoded(body, encoding));
  };
  read(raw);
  return parts;
}

function decoded(body: string, encoding: string | undefined): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8');
  if (encoding !== 'quoted-printable') return body;
  const bytes = body.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
