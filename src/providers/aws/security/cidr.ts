import { isIP } from 'node:net';

/** A block of addresses of one family, both ends included. */
export interface AddressRange {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

const bits = { 4: 32, 6: 128 } as const;

/** `203.0.113.0/24` or `2001:db8::/32`; bits behind the prefix are taken as zero. Undefined for anything else. */
export function parseCidr(text: string): AddressRange | undefined {
  const [, address = '', length = ''] = /^([^/%]+)\/(\d{1,3})$/.exec(text) ?? [];
  const family = isIP(address);
  if (family !== 4 && family !== 6) return undefined;
  const prefix = Number(length);
  if (prefix > bits[family]) return undefined;
  const size = 1n << BigInt(bits[family] - prefix);
  const value = family === 4 ? fromV4(address) : fromV6(address);
  const first = value - (value % size);
  return { family, first, last: first + size - 1n };
}

/** Whether every address of a block is in one of the others, which may share it among them. */
export function isCovered(range: AddressRange, others: readonly AddressRange[]): boolean {
  let next = range.first;
  for (const { first, last } of others.filter(({ family }) => family === range.family).sort((a, b) => (a.first < b.first ? -1 : 1))) {
    if (first > next) return false;
    if (last >= next) next = last + 1n;
    if (next > range.last) return true;
  }
  return false;
}

/** RFC 1918, and unique local addresses (RFC 4193). */
const privateRanges = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'].map(known);
const widestV4 = 1n << 24n;
const widestV6 = 1n << 112n;

/**
 * Whether a block is as good as everybody: all addresses, or a public part of them that nobody owns as a whole (wider than /8, or /16
 * of IPv6). `0.0.0.0/1` and its other half are the usual way around a search for `0.0.0.0/0`.
 */
export function isWorld(range: AddressRange): boolean {
  const size = range.last - range.first + 1n;
  return size > (range.family === 4 ? widestV4 : widestV6) && !isCovered(range, privateRanges);
}

function known(text: string): AddressRange {
  const range = parseCidr(text);
  if (!range) throw new TypeError(`${text} is no range of addresses`);
  return range;
}

function fromV4(address: string): bigint {
  return address.split('.').reduce((value, part) => (value << 8n) + BigInt(part), 0n);
}

/** `::` stands for as many zeros as are missing; the last 32 bits may be written as IPv4 (RFC 4291, 2.2). */
function fromV6(address: string): bigint {
  const [head = '', tail] = address.split('::');
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: 8 - front.length - back.length }, () => 0n);
  return [...front, ...zeros, ...back].reduce((value, group) => (value << 16n) + group, 0n);
}

function groups(text: string): bigint[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [BigInt(`0x${part}`)];
    const value = fromV4(part);
    return [value >> 16n, value & 0xffffn];
  });
}
