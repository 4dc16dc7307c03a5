import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { SMTPServerOptions } from 'smtp-server';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createMailer, type MailSettings } from '../../src/mail/index.ts';
import type { Mail } from '../../src/ports/mail.ts';
import { failure, newCall } from '../aws/harness.ts';
import { headerOf, type Mailbox, partsOf, startMailbox } from './mailbox.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const stop of stops.splice(0)) await stop();
});

async function mailbox(...options: Parameters<typeof startMailbox>): Promise<Mailbox> {
  const started = await startMailbox(...options);
  stops.push(() => started.close());
  return started;
}

type SmtpMore = Partial<Extract<MailSettings, { via: 'smtp' }>>;
function mailerTo(port: number, more: SmtpMore = {}, password: string | undefined = undefined) {
  const settings: MailSettings = { from: 'ziggie@example.com', via: 'smtp', host: '127.0.0.1', port, security: 'none', ...more };
  const ses = {
    async send() {
      throw new Error('not by SES');
    },
  };
  return createMailer({ settings, password: async () => password, ses, now: () => Date.parse('2026-11-01T00:00:05Z') });
}

const mail: Mail = { to: ['finance@example.com'], subject: 'Costs – October', text: 'Grüße\n.\nend', id: 'report-2026-10' };

/** A server that says what the test says, line by line; `undefined` hangs up. */
async function rawServer(answer: (line: string) => string | undefined): Promise<{ port: number; lines: string[] }> {
  const lines: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.write('220 test ESMTP\r\n');
    let rest = '';
    socket.on('data', (chunk) => {
      const all = (rest + chunk).split('\r\n');
      rest = all.pop() ?? '';
      for (const line of all) {
        lines.push(line);
        const said = answer(line);
        if (said === undefined) {
          socket.destroy();
          return;
        }
        if (said !== '') socket.write(`${said}\r\n`);
      }
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return { port: (server.address() as AddressInfo).port, lines };
}

/** A server whose answer to EHLO never ends. */
async function startTalker(): Promise<{ port: number }> {
  const talking = new Set<NodeJS.Timeout>();
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write('220 test ESMTP\r\n');
    socket.once('data', () => talking.add(setInterval(() => socket.write('250-and\r\n'), 20)));
    socket.on('close', () => {
      for (const each of talking) clearInterval(each);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(async () => {
    server.close();
    await once(server, 'close');
  });
  return { port: (server.address() as AddressInfo).port };
}

describe('a mail', () => {
  it('arrives whole, under the id that it was given', async () => {
    const { port, mails } = await mailbox();
    const call = newCall();
    const html = '<p>Grüße</p>';
    const attachments = [{ name: 'costs-2026-10.csv', type: 'text/csv; charset=utf-8', content: 'a,b\r\n' }];
    await mailerTo(port).send({ ...mail, to: ['finance@example.com', 'cfo@example.com'], html, attachments }, call);
    expect(mails).toHaveLength(1);
    expect(mails[0]).toMatchObject({ from: 'ziggie@example.com', to: ['finance@example.com', 'cfo@example.com'] });
    const raw = mails[0]?.raw ?? '';
    expect(headerOf(raw, 'Message-ID')).toBe('<report-2026-10@example.com>');
    expect(headerOf(raw, 'To')).toBe('finance@example.com, cfo@example.com');
    expect(headerOf(raw, 'Date')).toBe('Sun, 01 Nov 2026 00:00:05 +0000');
    expect(headerOf(raw, 'Auto-Submitted')).toBe('auto-generated');
    const parts = partsOf(raw);
    expect(parts.get('text/plain')?.replaceAll('\r\n', '\n').trim()).toBe(mail.text);
    expect(parts.get('text/html')).toContain('<p>Grüße</p>');
    expect(parts.get('text/csv')).toBe('a,b\r\n');
    expect(call.attempts).toEqual(['applied']);
  });

  it.each([
    ['a subject', { subject: 'Costs\r\nBcc: thief@example.com' }],
    ['a subject with another line end', { subject: 'Costs\u2028Bcc: thief@example.com' }],
    ['an address', { to: ['finance@example.com\nBcc: thief@example.com'] }],
    ['a second address in one', { to: ['finance@example.com, thief@example.com'] }],
    ['an address with a name', { to: ['Finance <thief@example.com>'] }],
    ['an id', { id: 'report>\r\nBcc: thief@example.com' }],
    ["an attachment's name", { attachments: [{ name: 'a\r\nX: y', type: 'text/csv', content: '' }] }],
    ["an attachment's type", { attachments: [{ name: 'a', type: 'text/csv\r\nX: y', content: '' }] }],
    ['nobody', { to: [] }],
  ])('with %s that would break it is not sent', async (_, change) => {
    const { port, connections } = await mailbox();
    const call = newCall();
    const error = await failure(mailerTo(port).send({ ...mail, ...change }, call));
    expect(error).toMatchObject({ code: 'invalid_input' });
    expect(error.details.effect).toBe('none');
    expect(connections()).toBe(0);
    expect(call.attempts).toEqual([]);
  });

  it('says which setting is lacking', async () => {
    const ses = { send: async () => undefined };
    const error = await failure(
      createMailer({ settings: undefined, password: async () => undefined, ses, now: Date.now }).send(mail, newCall()),
    );
    expect(error.code).toBe('provider_not_configured');
    expect(error.details.remedy).toContain('costs.mail');
  });
});

describe('a server that cannot take it now', () => {
  it('because nothing listens there', async () => {
    const { port, close } = await startMailbox();
    await close();
    const call = newCall();
    const error = await failure(mailerTo(port).send(mail, call));
    expect(error).toMatchObject({ code: 'provider_unavailable' });
    expect(error.message).toContain(`127.0.0.1:${port}`);
    expect(error.message).toContain('ECONNREFUSED');
    expect(error.details).toMatchObject({ retryable: true });
    expect(call.attempts).toEqual(['refused']);
  });

  it('because it says so', async () => {
    const { port, mails } = await mailbox({
      onRcptTo: (_address, _session, done) => done(Object.assign(new Error('Greylisted'), { responseCode: 451 })),
    });
    const call = newCall();
    const error = await failure(mailerTo(port).send(mail, call));
    expect(error).toMatchObject({
      code: 'provider_unavailable',
      details: { retryable: true, provider: { code: '451', message: expect.stringContaining('Greylisted') } },
    });
    expect(error.message).toContain('does not take mail now');
    expect(call.attempts).toEqual(['refused']);
    expect(mails).toEqual([]);
  });

  it('because it does not answer', async () => {
    const { port } = await rawServer((line) => (line.startsWith('EHLO') ? '250 test' : ''));
    const call = newCall({ deadlineAt: Date.now() + 300 });
    const error = await failure(mailerTo(port).send(mail, call));
    expect(error).toMatchObject({ code: 'provider_unavailable', details: { retryable: true } });
    expect(call.attempts).toEqual(['refused']);
  });
});

it('that keeps talking is not listened to beyond the deadline', async () => {
  const { port } = await startTalker();
  const call = newCall({ deadlineAt: Date.now() + 400 });
  const error = await failure(mailerTo(port).send(mail, call));
  expect(error).toMatchObject({ code: 'provider_unavailable', details: { retryable: true } });
  expect(call.attempts).toEqual(['refused']);
});

describe('the effect', () => {
  const until354 = (line: string) =>
    line.startsWith('EHLO')
      ? '250 test'
      : /^(MAIL|RCPT)/.test(line)
        ? '250 ok'
        : line === 'DATA'
          ? '354 go on'
          : line === 'QUIT'
            ? '221 bye'
            : '';

  it('is unknown when the reply to the text is lost', async () => {
    const { port } = await rawServer((line) => (line === '.' ? undefined : until354(line)));
    const call = newCall();
    const error = await failure(mailerTo(port).send(mail, call));
    expect(error).toMatchObject({ code: 'provider_unavailable', details: { retryable: true } });
    expect(call.attempts).toEqual(['unknown']);
  });

  it('is none when the text itself is refused', async () => {
    const { port } = await rawServer((line) => (line === '.' ? '554 looks like spam' : until354(line)));
    const call = newCall();
    const error = await failure(mailerTo(port).send(mail, call));
    expect(error.code).toBe('provider_rejected');
    expect(error.details.retryable).toBeUndefined();
    expect(call.attempts).toEqual(['refused']);
  });

  it('is none for what was cancelled before it left', async () => {
    const call = newCall();
    const { port, lines } = await rawServer((line) => {
      if (line.startsWith('RCPT')) call.cancel();
      return line.startsWith('RCPT') ? '' : until354(line);
    });
    const error = await failure(mailerTo(port).send(mail, call));
    expect(error.code).toBe('cancelled');
    expect(call.attempts).toEqual(['refused']);
    expect(lines).not.toContain('DATA');
  });

  it('is what the server says for what was cancelled later: it is waited for', async () => {
    const call = newCall();
    const { port } = await rawServer((line) => {
      if (line === '.') call.cancel();
      return line === '.' ? '250 taken' : until354(line);
    });
    await mailerTo(port).send(mail, call);
    expect(call.attempts).toEqual(['applied']);
  });

  it('cancelled before it begins, nobody is asked', async () => {
    const { port, connections } = await mailbox();
    const call = newCall();
    call.cancel();
    expect((await failure(mailerTo(port).send(mail, call))).code).toBe('cancelled');
    expect(connections()).toBe(0);
    expect(call.attempts).toEqual([]);
  });
});

describe('recipients that the server refuses', () => {
  const refusesOne = (responseCode: number) => ({
    onRcptTo: ({ address }: { address: string }, _session: unknown, done: (error?: Error) => void) =>
      done(address.startsWith('gone') ? Object.assign(new Error('No such user'), { responseCode }) : undefined),
  });
  const two = { ...mail, to: ['finance@example.com', 'gone@example.com'] };

  it('are named, and the others have it', async () => {
    const { port, mails } = await mailbox(refusesOne(550));
    const call = newCall();
    const error = await failure(mailerTo(port).send(two, call));
    expect(error.code).toBe('provider_rejected');
    expect(error.message).toContain('gone@example.com');
    expect(error.details.retryable).toBeUndefined();
    expect(error.details.provider?.message).toContain('No such user');
    expect(mails.map(({ to }) => to)).toEqual([['finance@example.com']]);
    expect(call.attempts).toEqual(['applied']);
  });

  it.each([
    [450, true],
    [550, false],
  ])('are told to whoever asks, after %i for now: %s', async (code, isForNow) => {
    const { port } = await mailbox(refusesOne(code));
    const refused: unknown[] = [];
    await mailerTo(port).send(two, newCall(), (each) => refused.push(each));
    expect(refused).toEqual([{ to: 'gone@example.com', why: expect.stringContaining('No such user'), isForNow }]);
  });

  it('all of them: nobody has it', async () => {
    const { port } = await mailbox(refusesOne(550));
    const call = newCall();
    const error = await failure(mailerTo(port).send({ ...mail, to: ['gone@example.com'] }, call));
    expect(error.code).toBe('provider_rejected');
    expect(error.details.provider).toMatchObject({ code: 'RecipientRefused', status: 550 });
    expect(call.attempts).toEqual(['refused']);
  });

  it('all of them, for now or with the sender, is no word about them', async () => {
    const forNow = await mailbox(refusesOne(450));
    const gone = { ...mail, to: ['gone@example.com'] };
    expect((await failure(mailerTo(forNow.port).send(gone, newCall()))).details.provider?.code).toBe('450');
    const sender = await mailbox({
      onMailFrom: (_address, _session, done) => done(Object.assign(new Error('Not from there'), { responseCode: 553 })),
    });
    expect((await failure(mailerTo(sender.port).send(gone, newCall()))).details.provider?.code).toBe('553');
  });
});

describe('signing in', () => {
  const password = 'a-password-of-tests';
  const withUsers: SMTPServerOptions = {
    authOptional: false,
    allowInsecureAuth: true,
    onAuth: (auth, _session, done) => {
      if (auth.password === password) done(null, { user: auth.username });
      else done(Object.assign(new Error('Invalid username or password'), { responseCode: 535 }));
    },
  };

  it('is done with the password, which is hidden first', async () => {
    const { port, mails } = await mailbox(withUsers);
    const call = newCall();
    await mailerTo(port, { user: 'ziggie' }, password).send(mail, call);
    expect(mails[0]).toMatchObject({ user: 'ziggie' });
    expect(call.hidden).toEqual([password]);
  });

  it('with a wrong one is not tried again, and the error does not hold it', async () => {
    const { port } = await mailbox(withUsers);
    const wrong = 'another-password-of-tests';
    const call = newCall();
    const error = await failure(mailerTo(port, { user: 'ziggie' }, wrong).send(mail, call));
    expect(error.code).toBe('provider_denied');
    expect(error.details.retryable).toBeUndefined();
    expect(error.details.remedy).toContain('ZIGGIE_SMTP_PASSWORD');
    const all = JSON.stringify([error.message, error.details, { ...(error.cause as object) }, String((error.cause as Error).stack)]);
    for (const form of [wrong, Buffer.from(wrong).toString('base64'), Buffer.from(`\0ziggie\0${wrong}`).toString('base64')])
      expect(all).not.toContain(form);
    expect(call.attempts).toEqual(['refused']);
  });

  it('without one asks for the setting, and nobody else', async () => {
    const { port, connections } = await mailbox(withUsers);
    const error = await failure(mailerTo(port, { user: 'ziggie' }, '').send(mail, newCall()));
    expect(error.code).toBe('provider_not_configured');
    expect(error.details.remedy).toContain('ZIGGIE_SMTP_PASSWORD');
    expect(connections()).toBe(0);
  });

  it('is demanded by a server that is given none', async () => {
    const { port } = await mailbox(withUsers);
    const error = await failure(mailerTo(port).send(mail, newCall()));
    expect(error.code).toBe('provider_rejected');
  });
});

describe('TLS', () => {
  it('is not done without where the server has none', async () => {
    const { port, mails } = await mailbox();
    const error = await failure(mailerTo(port, { security: 'starttls' }).send(mail, newCall()));
    expect(error.code).toBe('provider_rejected');
    expect(error.details.remedy).toContain('costs.mail.smtp');
    expect(mails).toEqual([]);
  });

  it.each(['starttls', 'tls'] as const)('with a certificate that nobody vouches for is no TLS (%s)', async (security) => {
    // It warns of the certificate that it brings, which is the point here.
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const { port, mails } = await mailbox({ hideSTARTTLS: false, secure: security === 'tls' });
    const error = await failure(mailerTo(port, { security }).send(mail, newCall()));
    expect(error.code).toBe('provider_rejected');
    expect(error.message).toMatch(/CERT/);
    expect(error.details.retryable).toBeUndefined();
    expect(mails).toEqual([]);
  });

  it('at a port that has none says so', async () => {
    const { port } = await mailbox();
    const error = await failure(mailerTo(port, { security: 'tls' }).send(mail, newCall()));
    expect(error.code).toBe('provider_rejected');
    expect(error.details.remedy).toContain('465 is tls');
  });
});
