/**
 * Invariant: `takesProtected` is true whenever a value of an NS record, or of any record at the apex (`@`), is in the first zone and
 * not in the second. New values and other TTLs take nothing; a value that is switched off is gone, for whoever asks.
 */
import type { DnsRecord, WantedRecord } from '../../../ports/dns.ts';
import type { ZoneRemoval } from '../../../ports/domain.ts';
import { canonicalValue, relativeName } from './canonical.ts';

/** One value of one name and type. */
export interface Entry {
  /** Relative to the zone, `@` for the zone itself. */
  readonly name: string;
  readonly type: string;
  /** Seconds. */
  readonly ttl: number;
  readonly content: string;
  readonly disabled: boolean;
}

export type Zone = readonly Entry[];

/** What hPanel gives a new record. */
const usualTtl = 14_400;

const setKey = ({ name, type }: { name: string; type: string }) => `${type} ${name}`;
const valueKey = (entry: Entry) => `${setKey(entry)} ${canonicalValue(entry.type, entry.content)}`;
const entryKey = (entry: Entry) => `${entry.ttl} ${entry.disabled} ${valueKey(entry)}`;

export function sameSet(a: { name: string; type: string }, b: { name: string; type: string }): boolean {
  return setKey(a) === setKey(b);
}

/** `A www 300 203.0.113.7`, with a zone file's comment behind what is switched off. */
export function lineOf({ type, name, ttl, content, disabled }: Entry): string {
  return `${type} ${name} ${ttl} ${content}${disabled ? ' ; disabled' : ''}`;
}

/** What has to be added and taken away to make one zone the other; a new TTL does both. */
export function difference(before: Zone, after: Zone): { added: Entry[]; removed: Entry[] } {
  return { added: without(after, before), removed: without(before, after) };
}

export function sameZone(a: Zone, b: Zone): boolean {
  const { added, removed } = difference(a, b);
  return added.length === 0 && removed.length === 0;
}

function without(zone: Zone, other: Zone): Entry[] {
  const known = new Set(other.map(entryKey));
  return zone.filter((entry) => !known.has(entryKey(entry)));
}

export function takesProtected(before: Zone, after: Zone): boolean {
  const left = new Set(after.map(valueKey));
  const served = new Set(after.filter(({ disabled }) => !disabled).map(valueKey));
  return before.some((entry) => (entry.type === 'NS' || entry.name === '@') && !(entry.disabled ? left : served).has(valueKey(entry)));
}

/** The zone without what a change would take from it. Of a restored snapshot that is not known before it is read. */
export function applyRemoval(zone: Zone, removal: Extract<ZoneRemoval, { kind: 'records' }>): Zone {
  return zone.filter((entry) => !removal.records.some((each) => sameSet(each, entry) && !isGiven(entry, each.but ?? [])));
}

/** The zone as it will be; disabled values that are wanted are switched on. */
export function applyUpsert(zone: Zone, records: readonly WantedRecord[], replace: boolean): Zone {
  return records.reduce((result, record) => {
    const ttl = ttlOf(zone, record);
    const kept = result
      .filter((entry) => !sameSet(record, entry) || (!replace && !isGiven(entry, record.values)))
      .map((entry) => (sameSet(record, entry) ? { ...entry, ttl } : entry));
    const { name, type } = record;
    return [...kept, ...unique(record).map((content) => ({ name, type, ttl, content, disabled: false }))];
  }, zone);
}

export function ttlOf(zone: Zone, { ttl, ...set }: WantedRecord): number {
  return ttl ?? zone.find((entry) => sameSet(set, entry))?.ttl ?? usualTtl;
}

/** Values of which none is another spelling of one before it. */
export function unique({ type, values }: Pick<WantedRecord, 'type' | 'values'>): string[] {
  return [...new Map(values.map((value) => [canonicalValue(type, value), value])).values()];
}

/** Of the wanted values those that nobody is answered with now. */
export function newValues(zone: Zone, record: WantedRecord): string[] {
  const served = zone.filter((entry) => sameSet(entry, record) && !entry.disabled).map(valueKey);
  return unique(record).filter((value) => !served.includes(`${setKey(record)} ${canonicalValue(record.type, value)}`));
}

function isGiven(entry: Entry, values: readonly string[]): boolean {
  const key = canonicalValue(entry.type, entry.content);
  return values.some((value) => canonicalValue(entry.type, value) === key);
}

/** What the API answers: records of one name and type together. Every field that is read is checked. */
interface RecordReply {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly records: readonly { readonly content: string; readonly is_disabled?: boolean | undefined }[];
}

export function toZone(reply: readonly RecordReply[], zone: string): Zone {
  return reply.flatMap(({ name, type, ttl, records }) =>
    records.map(({ content, is_disabled: disabled = false }) => ({
      name: relativeName(name, zone),
      type: type.toUpperCase(),
      ttl,
      content,
      disabled,
    })),
  );
}

/** Rows of one name and type, the apex first, then by name and type. */
export function toRecords(zone: Zone): DnsRecord[] {
  const sets = new Map<string, DnsRecord>();
  for (const { name, type, ttl, content, disabled } of zone) {
    const set = sets.get(setKey({ name, type })) ?? { name, type, ttl, values: [] };
    sets.set(setKey(set), set);
    if (disabled) set.disabled = [...(set.disabled ?? []), content];
    else set.values.push(content);
  }
  return [...sets.values()].sort((a, b) => order(a, b));
}

export function order(a: { name: string; type: string }, b: { name: string; type: string }): number {
  const rank = ({ name, type }: { name: string; type: string }) => `${name === '@' ? '' : name} ${type}`;
  return rank(a) < rank(b) ? -1 : Number(rank(a) > rank(b));
}
