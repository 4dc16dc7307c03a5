/** Invariant: nothing of the login enters an error; the server's own words do, and the road redacts them. */
import { CallError, type ErrorCode, type ProviderError } from '../call/errors.ts';
import type { RefusedRecipient } from '../ports/mail.ts';

/** What nodemailer's connection says of a failure. `originalCode` is the network's or TLS's own: `ECONNREFUSED`. */
export interface SmtpFailure {
  readonly code?: string;
  readonly originalCode?: string;
  readonly response?: string;
  readonly responseCode?: number;
  readonly message?: string;
  /** Whom the reply is about. */
  readonly recipient?: string;
  /** What it answers. */
  readonly command?: string;
}

interface Verdict {
  readonly code: ErrorCode;
  readonly says: string;
  readonly remedy: string;
  readonly retryable?: boolean;
}

const recipientRefused = 'RecipientRefused';

const later = 'Try again in some minutes: this is a matter of the mail server or of the way to it.';

/** What Node and OpenSSL call a certificate that is not to be trusted, and what a server says that has no TLS at that port. */
const untrusted = /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT|ERR_SSL_WRONG_VERSION|EPROTO)/;

/**
 * A failed delivery in our words. Replies from 400 to 499 are for now, from 500 for good (RFC 5321, section 4.2.1).
 * @param where `mail.example.com:587`
 */
export function smtpError(failure: SmtpFailure, where: string): CallError {
  const { code, says, remedy, retryable } = verdictOf(failure, where);
  return new CallError(code, says, {
    remedy,
    ...(retryable ? { retryable: true } : {}),
    provider: providerError(failure),
    cause: failure,
  });
}

function verdictOf({ code, originalCode = '', responseCode = 0, message = '' }: SmtpFailure, where: string): Verdict {
  const isFinal = responseCode >= 500;
  if (code === 'EAUTH' && responseCode < 400) {
    return {
      code: 'provider_denied',
      says: `The mail server ${where} offers no way of signing in that is known here.`,
      remedy: 'Check costs.mail.smtp in ziggie.yaml: host, port and security. Some servers take a user only over TLS.',
    };
  }
  if (code === 'EAUTH' && isFinal) {
    return {
      code: 'provider_denied',
      says: `The mail server ${where} did not accept the user and password.`,
      remedy: 'Check costs.mail.smtp.user in ziggie.yaml, and ZIGGIE_SMTP_PASSWORD or the member password of the secret ziggie/smtp.',
    };
  }
  if (code === 'ETLS' && /STARTTLS/.test(message)) {
    // 454 says that there is none for now (RFC 3207, section 4), and is also said by servers that never have any.
    const isForNow = responseCode === 454;
    return {
      code: isForNow ? 'provider_unavailable' : 'provider_rejected',
      says: `The mail server ${where} does not offer TLS, and mail is not sent without.`,
      remedy: 'Set costs.mail.smtp.port and security to what the server has: usually 587 with starttls, or 465 with tls.',
      retryable: isForNow,
    };
  }
  if (responseCode >= 400 && !isFinal) {
    return { code: 'provider_unavailable', says: `The mail server ${where} does not take mail now.`, remedy: later, retryable: true };
  }
  if (untrusted.test(originalCode)) {
    return {
      code: 'provider_rejected',
      says: `The connection to ${where} cannot be made safe: ${originalCode}.`,
      remedy:
        'Check costs.mail.smtp.security against the port (587 is starttls, 465 is tls), and that the certificate is for this host and of an authority that Node trusts (NODE_EXTRA_CA_CERTS adds one).',
    };
  }
  if (isFinal) {
    return {
      code: 'provider_rejected',
      says: `The mail server ${where} refused the mail.`,
      remedy: 'Do what its answer says: the sender (costs.mail.from) or a recipient may not be allowed there.',
    };
  }
  const lookedUp = code === 'EDNS' ? ' Check costs.mail.smtp.host in ziggie.yaml, and DNS.' : '';
  return {
    code: 'provider_unavailable',
    says: `The mail server ${where} cannot be reached: ${originalCode || code || 'no answer'}.`,
    remedy: `${later}${lookedUp}`,
    retryable: true,
  };
}

function providerError({ code, originalCode, response, responseCode = 0, command }: SmtpFailure): ProviderError {
  const isOfAll = command === 'RCPT TO' && responseCode >= 500;
  return {
    code: isOfAll ? recipientRefused : responseCode ? String(responseCode) : (originalCode ?? code ?? 'unknown'),
    ...(response ? { message: response } : {}),
    ...(responseCode ? { status: responseCode } : {}),
  };
}

/** Some have it, and others do not: to send it again would give it to the first once more. */
export function partlyRefused(refused: readonly RefusedRecipient[], where: string): CallError {
  const names = refused.map(({ to }) => to).join(', ');
  const [first] = refused;
  return new CallError('provider_rejected', `The mail server ${where} refused ${names}, and took the mail for the others.`, {
    remedy: `Do not send it to all again. Correct or remove ${names}, and send it to these alone.`,
    provider: { code: recipientRefused, ...(first ? { message: first.why } : {}) },
  });
}
