/** Invariant: no error holds a private key, a passphrase or what a key file said. */
import { CallError, type ErrorCode } from '../../../call/errors.ts';

const asPerson = (server: string) => `by a person: ziggie-cloud doctor --trust-host ${server}`;

export const connectionLostCode = 'ConnectionLost';

/** @param code of the network (`ECONNREFUSED`), or of ours */
export function unreachable(server: string, code: string, cause?: unknown): CallError {
  const isName = code === 'ENOTFOUND' || code === 'EAI_AGAIN';
  return new CallError('provider_unavailable', `${server} cannot be reached over SSH: ${code}.`, {
    remedy: isName
      ? `Check the host name of ${server} in ziggie.yaml or HOSTINGER_VPS_HOST, and the DNS.`
      : `Check that ${server} is running (instances_get), that its firewall lets this machine in (security_review_network), and its SSH port.`,
    retryable: code !== 'ENOTFOUND',
    provider: { code },
    cause,
  });
}

/** @param mayHaveActed whether something that changes the server was under way */
export function connectionLost(server: string, mayHaveActed: boolean, cause?: unknown): CallError {
  return new CallError('provider_unavailable', `The SSH connection to ${server} was lost.`, {
    remedy: mayHaveActed
      ? `Read the state of ${server} before repeating the change: what was begun may still be running there, or be done.`
      : 'Try again in a moment.',
    retryable: !mayHaveActed,
    provider: { code: connectionLostCode },
    cause,
  });
}

export function isConnectionLost(error: unknown): boolean {
  return error instanceof CallError && error.details.provider?.code === connectionLostCode;
}

/** Never retried: the answer would be the same. */
export function noCommonAlgorithm(server: string, what: string): CallError {
  return new CallError('provider_unavailable', `${server} offers no ${what} that is accepted here, so nothing was sent to it.`, {
    remedy: `Update OpenSSH on ${server}, or allow curve25519-sha256, aes128-gcm@openssh.com and an ed25519 host key in its sshd_config.`,
    provider: { code: 'NoCommonAlgorithm' },
  });
}

export function notSsh(server: string, cause: unknown): CallError {
  return new CallError('provider_unavailable', `What answers at the SSH port of ${server} does not speak SSH as it should.`, {
    remedy: `Check host and port of ${server} in ziggie.yaml, and any proxy on the way.`,
    provider: { code: 'ProtocolError' },
    cause,
  });
}

/** @param seen fingerprints that the server showed */
export function hostKeyMismatch(server: string, seen: readonly string[], expected: readonly string[], isRevoked: boolean): CallError {
  const shown = `It showed ${seen.join(' and ')}`;
  const wanted = isRevoked ? 'which known_hosts has revoked' : `expected was ${expected.join(' or ')}`;
  return new CallError('provider_denied', `What answers as ${server} has not the host key that it should have. ${shown}, ${wanted}.`, {
    remedy: `Somebody may be in between: do not go on. If the server was reinstalled, its new key is compared at its console and trusted ${asPerson(server)}`,
    provider: { code: 'HostKeyMismatch' },
  });
}

export function hostKeyUnknown(server: string, message: string, cause?: unknown): CallError {
  return notConfigured(
    'HostKeyUnknown',
    message,
    `The host key is compared at the server's console and trusted ${asPerson(server)}`,
    cause,
  );
}

export function authenticationFailed(server: string, user: string): CallError {
  return new CallError('provider_denied', `${server} did not let ${user} in with the configured key.`, {
    remedy: `Check that the public key is in ~/.ssh/authorized_keys of ${user} on ${server}, and that ssh.key and ssh.user of ${server} in ziggie.yaml, or HOSTINGER_SSH_KEY and HOSTINGER_SSH_USER, name the right ones.`,
    provider: { code: 'AuthenticationFailed' },
  });
}

export function notConfigured(code: string, message: string, remedy: string, cause?: unknown): CallError {
  return new CallError('provider_not_configured', message, { remedy, provider: { code }, ...(cause === undefined ? {} : { cause }) });
}

export function channelRefused(server: string): CallError {
  return new CallError('provider_unavailable', `${server} refuses another session on its connection. Nothing was run.`, {
    remedy: `Set hostinger.servers[].ssh.sessions of ${server} in ziggie.yaml below MaxSessions of its sshd_config, and try again.`,
    retryable: true,
    provider: { code: 'ChannelRefused' },
  });
}

export function cancelled(): CallError {
  return new CallError('cancelled', 'The call was cancelled.', { remedy: 'Nothing to do, unless it is still wanted: then call again.' });
}

export function timedOut(message: string, remedy = 'Try again, or with less to do at once.'): CallError {
  return new CallError('timeout', message, { remedy, retryable: true });
}

/** @param code names the reason: `NoSpace` */
export function rejected(
  code: string,
  message: string,
  remedy: string,
  options: { as?: ErrorCode; said?: string; cause?: unknown } = {},
): CallError {
  const { as = 'provider_rejected', said, cause } = options;
  return new CallError(as, message, {
    remedy,
    provider: { code, ...(said ? { message: said } : {}) },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Nothing was sent: it never got a session. */
export function overloaded(): CallError {
  return new CallError('overloaded', 'Too many calls are waiting for this server.', {
    remedy: 'Try again in a moment, with fewer calls at once.',
    retryable: true,
    retryAfterMs: 1_000,
  });
}
