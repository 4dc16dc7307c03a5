/**
 * Invariant: two spellings of one record compare as one, and two records never do. What decides on protection and on whether a change
 * happened compares these forms only; what is sent and shown keeps its own spelling.
 */
import { isIPv6 } from 'node:net';

/** Types whose content ends in the name of a host (RFC 1035 3.3, RFC 2782): case and the final dot make no difference. */
const endInHost = new Set(['CNAME', 'ALIAS', 'NS', 'MX', 'SRV', 'SOA']);

/** A name as it stands below its zone: lower case, `@` for the zone itself, however it was written. */
export function relativeName(name: string, zone: string): string {
  const bare = name.toLowerCase().replace(/\.$/, '');
  if (bare === '' || bare === '@' || bare === zone) return '@';
  return bare.endsWith(`.${zone}`) ? bare.slice(0, -zone.length - 1) : bare;
}

/** Content as it compares. The serial of a SOA record, which moves with every change, is left out. */
export function canonicalValue(type: string, content: string): string {
  if (type === 'TXT') return textOf(content);
  const words = content.trim().split(/\s+/).join(' ');
  if (type === 'AAAA') return isIPv6(words) ? new URL(`http://[${words}]`).hostname : words.toLowerCase();
  if (type === 'CAA') return words.replaceAll('"', '');
  if (!endInHost.has(type)) return words;
  const hosts = words
    .toLowerCase()
    .split(' ')
    .map((word) => word.replace(/\.$/, ''));
  if (type === 'SOA') hosts.splice(2, 1);
  return hosts.join(' ');
}

/**
 * The octets of TXT content, a character each. Hostinger shows and takes it both bare and as quoted strings (RFC 1035 5.1: `\"`, and
 * `\228` for an octet); strings that follow each other are one text (RFC 7208 3.3).
 */
function textOf(content: string): string {
  const octets = Buffer.from(content).toString('latin1');
  const trimmed = octets.trim();
  if (!/^"(?:[^"\\]|\\.)*"(?:\s+"(?:[^"\\]|\\.)*")*$/s.test(trimmed)) return octets;
  const strings = [...trimmed.matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map(([, inner = '']) => inner);
  return strings
    .join('')
    .replace(/\\(\d{3}|.)/gs, (_, escaped: string) => (escaped.length === 3 ? String.fromCharCode(Number(escaped)) : escaped));
}
