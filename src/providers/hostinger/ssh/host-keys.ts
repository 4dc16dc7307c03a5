/**
 * Invariant: a server that does not show a key which configuration names gets nothing from us but the key exchange itself: no user
 * name, no authentication. There is no trust on first use; what is not known is not connected to.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { SshSettings } from '../../../ports/remote-host.ts';
import { hostKeyUnknown } from './errors.ts';
import { type KnownKey, knownKeysOf } from './known-hosts.ts';

/** Which keys a server may show. */
export interface Pins {
  /** `SHA256:…` of every key that is accepted. */
  readonly expected: readonly string[];
  /** Types of those keys, as far as they are known: a fingerprint does not tell. */
  readonly types: readonly string[];
  judge(blob: Buffer): 'accepted' | 'unknown' | 'revoked';
}

/** @throws CallError `provider_not_configured` when nothing says which key the server has */
export async function readPins(server: string, settings: SshSettings): Promise<Pins> {
  const { host, port, hostKeys, knownHostsFile } = settings;
  const known = knownHostsFile === undefined ? [] : await readKnownHosts(server, knownHostsFile, host, port);
  const trusted = known.filter(({ isRevoked }) => !isRevoked);
  const revoked = known.filter(({ isRevoked }) => isRevoked);
  const expected = [...new Set([...hostKeys, ...trusted.map(({ blob }) => fingerprintOf(blob))])];
  if (expected.length === 0) {
    const where = knownHostsFile === undefined ? 'no host key is configured' : `known_hosts has no key for ${host}, port ${port}`;
    throw hostKeyUnknown(server, `${server} is not connected to: ${where}.`);
  }
  return {
    expected,
    types: trusted.map(({ type }) => type),
    judge(blob) {
      if (revoked.some((key) => key.blob.equals(blob))) return 'revoked';
      return expected.includes(fingerprintOf(blob)) ? 'accepted' : 'unknown';
    },
  };
}

/** As `ssh-keygen -lf` prints it: SHA-256 of the public key, base64 without padding. */
export function fingerprintOf(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

async function readKnownHosts(server: string, path: string, host: string, port: number): Promise<KnownKey[]> {
  try {
    return knownKeysOf(await readFile(path, 'utf8'), host, port);
  } catch (cause) {
    throw hostKeyUnknown(server, `${server} is not connected to: the known_hosts file cannot be read (${codeOf(cause)}).`, cause);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown error';
}
