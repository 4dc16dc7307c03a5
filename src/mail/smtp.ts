/**
 * Invariant: a mail leaves only over TLS, unless the settings say `none` (which they may for loopback alone), and only while its call
 * has not been cancelled; once its text has begun to leave it is waited for, until the call's deadline. The password is hidden before it is used.
 */
import { Readable } from 'node:stream';
import { CallError } from '../call/errors.ts';
import type { AttemptOutcome, CallScope } from '../ports/call-scope.ts';
import type { RefusedRecipient } from '../ports/mail.ts';
import { type SmtpFailure, smtpError } from './errors.ts';

export interface SmtpSettings {
  readonly host: string;
  readonly port: number;
  readonly security: 'tls' | 'starttls' | 'none';
  readonly user?: string;
}

export interface Envelope {
  readonly from: string;
  readonly to: readonly string[];
}

/** Of each step until the text leaves; nobody waits longer for a server that has forgotten us. */
const silenceMs = 15_000;
const farewellMs = 2_000;

/**
 * One mail over one connection. Nothing is repeated here.
 * @param password asked for only where the settings name a user
 * @returns who was refused while others have it; where all were, it throws
 * @throws CallError retryable where a later attempt may do
 */
export async function sendBySmtp(
  settings: SmtpSettings,
  password: () => Promise<string | undefined>,
  { from, to }: Envelope,
  mime: Uint8Array,
  call: CallScope,
): Promise<RefusedRecipient[]> {
  const login = settings.user === undefined ? undefined : await loginOf(settings.user, password, call);
  const { default: SMTPConnection } = await import('nodemailer/lib/smtp-connection');
  refuseCancelled(call);
  const where = `${settings.host}:${settings.port}`;
  const leftMs = Math.max(1, call.deadlineAt - Date.now());
  const stepMs = Math.min(silenceMs, leftMs);
  const connection = new SMTPConnection({
    host: settings.host,
    port: settings.port,
    secure: settings.security === 'tls',
    requireTLS: settings.security === 'starttls',
    ignoreTLS: settings.security === 'none',
    connectionTimeout: stepMs,
    greetingTimeout: stepMs,
    dnsTimeout: stepMs,
    // What has begun to leave has the rest of the call; the timer below ends everything else.
    socketTimeout: leftMs,
  });
  const settle = call.ledger.attempt();
  let outcome: AttemptOutcome = 'refused';
  const { promise: stopped, reject: stop } = Promise.withResolvers<never>();
  // It may lose the race below.
  stopped.catch(() => undefined);
  connection.on('error', (error) => stop(smtpError(error as SmtpFailure, where)));
  const cancel = () => {
    if (outcome === 'refused') stop(cancelled());
  };
  call.signal.addEventListener('abort', cancel);
  const deadline = setTimeout(() => stop(smtpError({ code: 'ETIMEDOUT' }, where)), leftMs);
  /** A step, as a promise that ends with the connection too. */
  const step = <T>(begin: (done: (error: unknown, value?: T) => void) => void): Promise<T | undefined> =>
    Promise.race([
      stopped,
      new Promise<T | undefined>((resolve, reject) => {
        begin((error, value) => (error ? reject(smtpError(error as SmtpFailure, where)) : resolve(value)));
      }),
    ]);
  try {
    await step((done) => connection.connect((error) => done(error)));
    if (login) await step((done) => connection.login(login, (error) => done(error)));
    // It is read when the server has taken sender and recipients, and asks for the text.
    const text = Readable.from(
      (function* () {
        outcome = 'unknown';
        yield Buffer.from(mime);
      })(),
    );
    const sent = await step<Sent>((done) =>
      connection.send({ from, to: [...to], size: mime.byteLength }, text, (error, info) => {
        if (error && hasAnswer(error)) outcome = 'refused';
        done(error, info);
      }),
    );
    outcome = 'applied';
    return ((sent?.rejectedErrors ?? []) as SmtpFailure[]).map(refusal);
  } finally {
    settle(outcome);
    clearTimeout(deadline);
    call.signal.removeEventListener('abort', cancel);
    if (outcome === 'applied') {
      connection.quit();
      // A server that does not answer to the farewell keeps nobody waiting.
      setTimeout(() => connection.close(), farewellMs).unref();
    } else connection.close();
  }
}

interface Sent {
  readonly rejectedErrors?: unknown[];
}

function refusal({ recipient = '', response = '', responseCode = 0 }: SmtpFailure): RefusedRecipient {
  return { to: recipient, why: response, isForNow: responseCode < 500 };
}

/** A reply to the text itself says that the mail was not taken; 421 is said by a server that goes away, in answer to whatever. */
function hasAnswer({ responseCode = 0 }: SmtpFailure): boolean {
  return responseCode >= 400 && responseCode !== 421;
}

async function loginOf(user: string, password: () => Promise<string | undefined>, { hide }: CallScope) {
  const pass = await password();
  if (pass === undefined || pass === '') {
    throw new CallError('provider_not_configured', `There is no password for the user ${user} of the mail server.`, {
      remedy: 'Set ZIGGIE_SMTP_PASSWORD, or the member password of the secret ziggie/smtp; or take costs.mail.smtp.user away.',
      effect: 'none',
    });
  }
  hide(pass);
  return { user, pass };
}

function refuseCancelled({ signal }: CallScope): void {
  if (signal.aborted) throw cancelled();
}

function cancelled(): CallError {
  return new CallError('cancelled', 'The call was cancelled before the mail was sent.', { remedy: 'Call again if you still want it.' });
}
