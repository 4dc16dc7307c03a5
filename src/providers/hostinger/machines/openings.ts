import { isIP } from 'node:net';
import { type AddressRange, parseCidr } from '../../aws/security/cidr.ts';
import type { Opening } from '../../aws/security/ports-open.ts';
import type { FirewallRule } from './shapes.ts';

/** Protocols of Hostinger's rules that stand for a port; the others are named as they are (API reference, firewall rules). */
const services: Readonly<Record<string, number>> = { SSH: 22, HTTP: 80, HTTPS: 443, MYSQL: 3306, POSTGRESQL: 5432 };
/** Numbers of protocols without ports (IANA). */
const numbers: Readonly<Record<string, string>> = { GRE: '47', ESP: '50', AH: '51' };
const highest = 65_535;

/**
 * What a rule lets in; undefined for what lets nothing in, and for ping.
 * A rule that cannot be read counts as open to everybody, so that it is looked at.
 */
export function openingOf({ action, protocol, port, source, source_detail }: FirewallRule): Opening | undefined {
  const name = protocol.toUpperCase();
  if ((action ?? 'accept') !== 'accept' || name.startsWith('ICMP')) return undefined;
  const sources = source === 'any' ? everybody : rangesOf(source_detail ?? 'any');
  const service = services[name];
  if (service !== undefined) return { protocol: 'tcp', ...portsFrom(port ?? '', service), sources };
  if (name === 'TCP' || name === 'UDP') return { protocol: name.toLowerCase(), ...portsFrom(port ?? ''), sources };
  return { protocol: name === 'ANY' ? '-1' : (numbers[name] ?? '-1'), from: 0, to: highest, sources };
}

/** `22`, `1024:2048` or `1024-2048`; anything else is every port, unless the protocol stands for one. */
function portsFrom(text: string, service?: number): { from: number; to: number } {
  const [, first, last] = /^(\d{1,5})(?:[:-](\d{1,5}))?$/.exec(text.trim()) ?? [];
  if (first === undefined) return { from: service ?? 0, to: service ?? highest };
  return { from: Number(first), to: Number(last ?? first) };
}

type Source = Opening['sources'][number];

const everybody: readonly Source[] = ['0.0.0.0/0', '::/0'].flatMap((cidr) => one(cidr));

/** An address, a block, or a range `a-b`; several with commas between. */
function rangesOf(detail: string): readonly Source[] {
  const parts = detail.split(',').map((part) => part.trim());
  const sources = parts.map((part) => (part === 'any' ? [] : one(part)));
  return sources.some((each) => each.length === 0) ? everybody : sources.flat();
}

function one(text: string): Source[] {
  const [from = '', to = from] = text.split('-').map((part) => blockOf(part.trim()));
  const first = parseCidr(from);
  const last = parseCidr(to);
  if (!first || !last || first.family !== last.family || last.last < first.first) return [];
  const range: AddressRange = { family: first.family, first: first.first, last: last.last };
  return [{ cidr: text, range }];
}

function blockOf(text: string): string {
  const family = isIP(text);
  return family === 0 ? text : `${text}/${family === 4 ? 32 : 128}`;
}
