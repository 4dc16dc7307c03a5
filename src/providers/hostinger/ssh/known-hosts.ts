/**
 * Invariant: a key is accepted only for the very host and port that its line names; a line that cannot be read names nobody.
 * Format: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export interface KnownKey {
  /** `ssh-ed25519` */
  readonly type: string;
  /** The public key as it goes over the wire. */
  readonly blob: Buffer;
  readonly isRevoked: boolean;
}

/**
 * The keys that a known_hosts file has for a host. Lines marked `@cert-authority` are passed over: certificates are not asked for.
 * @param text of the file
 */
export function knownKeysOf(text: string, host: string, port: number): KnownKey[] {
  // Only ports other than 22 are written out.
  const name = (port === 22 ? host : `[${host}]:${port}`).toLowerCase();
  return text.split(/\r?\n/).flatMap((line) => {
    const words = line.trim().split(/[ \t]+/);
    if (words[0] === '' || words[0]?.startsWith('#')) return [];
    const marker = words[0]?.startsWith('@') ? words.shift() : undefined;
    if (marker !== undefined && marker !== '@revoked') return [];
    const [hosts, type, encoded] = words;
    if (!hosts || !type || !encoded || !matches(hosts, name)) return [];
    const blob = Buffer.from(encoded, 'base64');
    return typeInside(blob) === type ? [{ type, blob, isRevoked: marker === '@revoked' }] : [];
  });
}

/** The type that a public key itself begins with; undefined for what is no key (RFC 4253, 6.6). */
export function typeInside(blob: Buffer): string | undefined {
  if (blob.length < 4) return undefined;
  const length = blob.readUInt32BE(0);
  return length > 64 || blob.length < 4 + length ? undefined : blob.toString('latin1', 4, 4 + length);
}

function matches(hosts: string, name: string): boolean {
  if (hosts.startsWith('|1|')) return matchesHashed(hosts, name);
  let isNamed = false;
  for (const pattern of hosts.toLowerCase().split(',')) {
    if (pattern.startsWith('!')) {
      // One exception outweighs every match.
      if (matchesPattern(pattern.slice(1), name)) return false;
    } else if (matchesPattern(pattern, name)) isNamed = true;
  }
  return isNamed;
}

/** HMAC-SHA1 of the name, keyed with the salt. */
function matchesHashed(entry: string, name: string): boolean {
  const [, , salt = '', hash = ''] = entry.split('|');
  const expected = Buffer.from(hash, 'base64');
  const actual = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return salt !== '' && expected.length === actual.length && timingSafeEqual(expected, actual);
}

/** `*` stands for any number of characters, `?` for one. Walks back to the last star, so that no pattern takes long. */
function matchesPattern(pattern: string, name: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let index = 0;
  while (index < name.length) {
    if (pattern[at] === '*') {
      star = at;
      at += 1;
      resume = index;
    } else if (pattern[at] === '?' || pattern[at] === name[index]) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      at = star + 1;
      resume += 1;
      index = resume;
    } else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}
