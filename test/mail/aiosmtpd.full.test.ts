import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { createMailer, type MailSettings } from '../../src/mail/index.ts';
import { failure, newCall } from '../aws/harness.ts';
import { temporaryFolder } from '../support/folders.ts';
import { until } from '../support/until.ts';
import { headerOf, partsOf } from './mailbox.ts';

/** A mail server that nobody here wrote (Debian's aiosmtpd), with TLS by a certificate of this test's own authority. */

const run = promisify(execFile);
const missing = 'aiosmtpd was not found: install it with apt-get install python3-aiosmtpd';
let folder = '';
const authorities = tls.getCACertificates('default');
const running: ChildProcess[] = [];

beforeAll(async () => {
  try {
    await run('aiosmtpd', ['--version']);
  } catch {
    throw new Error(missing);
  }
  folder = temporaryFolder();
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
  await run('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    ...subject,
    ...files,
  ]);
});
afterEach(async () => {
  tls.setDefaultCACertificates(authorities);
  for (const server of running.splice(0)) {
    if (server.exitCode !== null) continue;
    const ended = once(server, 'exit');
    server.kill();
    await ended;
  }
});
afterAll(() => tls.setDefaultCACertificates(authorities));

const trusted = () => tls.setDefaultCACertificates([...authorities, readFileSync(join(folder, 'cert.pem'), 'utf8')]);

/** Debian's daemon, which files what it takes in a maildir. */
async function startDaemon(name: string, ...more: string[]): Promise<{ port: number; mails: () => string[] }> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  const box = join(folder, name);
  const server = spawn('aiosmtpd', ['-n', '-l', `127.0.0.1:${port}`, ...more, '-c', 'aiosmtpd.handlers.Mailbox', box], { stdio: 'ignore' });
  running.push(server);
  await until('aiosmtpd listens', async () => {
    const socket = createConnection(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return true;
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  });
  const mails = () => readdirSync(join(box, 'new')).map((file) => readFileSync(join(box, 'new', file), 'utf8').replace(/\r?\n/g, '\r\n'));
  return { port, mails };
}

const withTls = () => ['--tlscert', join(folder, 'cert.pem'), '--tlskey', join(folder, 'key.pem')];
const withSmtps = () => ['--smtpscert', join(folder, 'cert.pem'), '--smtpskey', join(folder, 'key.pem')];

function mailerTo(port: number, security: 'tls' | 'starttls' | 'none') {
  const settings: MailSettings = { from: 'ziggie@example.com', via: 'smtp', host: 'localhost', port, security };
  return createMailer({ settings, password: async () => undefined, ses: { send: async () => undefined }, now: Date.now });
}

const long = `${'ä'.repeat(2_000)}\n.\n..\nend`;
const mail = {
  to: ['finance@example.com', 'cfo@example.com'],
  subject: 'Costs – October 2026',
  text: long,
  html: `<p>${'x'.repeat(5_000)}</p>`,
  attachments: [{ name: 'costs-2026-10.csv', type: 'text/csv; charset=utf-8', content: 'name,amount\r\nä,1.00\r\n' }],
  id: 'report-1',
};

it.each([
  ['none', () => []],
  ['starttls', withTls],
  ['tls', withSmtps],
] as const)('takes a mail (%s), and has it as it was written', async (security, options) => {
  const { port, mails } = await startDaemon(`box-${security}`, ...options());
  trusted();
  const call = newCall();
  await mailerTo(port, security).send(mail, call);
  expect(call.attempts).toEqual(['applied']);
  const [raw = '', ...others] = mails();
  expect(others).toEqual([]);
  expect(headerOf(raw, 'Message-ID')).toBe('<report-1@example.com>');
  expect(headerOf(raw, 'To')).toBe('finance@example.com, cfo@example.com');
  const parts = partsOf(raw);
  expect(parts.get('text/plain')?.replaceAll('\r\n', '\n').trim()).toBe(long);
  expect(parts.get('text/html')?.trim()).toBe(mail.html);
  expect(parts.get('text/csv')).toBe('name,amount\r\nä,1.00\r\n');
});

it.each([
  ['starttls', withTls],
  ['tls', withSmtps],
] as const)('gets nothing while its certificate is not trusted (%s)', async (security, options) => {
  const { port, mails } = await startDaemon(`untrusted-${security}`, ...options());
  const error = await failure(mailerTo(port, security).send(mail, newCall()));
  expect(error.code).toBe('provider_rejected');
  expect(error.details.remedy).toContain('NODE_EXTRA_CA_CERTS');
  expect(mails()).toEqual([]);
});

it('gets nothing where it offers no TLS', async () => {
  const { port, mails } = await startDaemon('plain');
  trusted();
  // It answers 454, which is for now.
  const error = await failure(mailerTo(port, 'starttls').send(mail, newCall()));
  expect(error).toMatchObject({
    code: 'provider_unavailable',
    details: { retryable: true, remedy: expect.stringContaining('costs.mail.smtp') },
  });
  expect(mails()).toEqual([]);
});
