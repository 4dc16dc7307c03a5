import { isIPv4, isIPv6 } from 'node:net';
import { type Answer, type Asked, found, problem, type Routes } from './routes.ts';

interface RecordSet {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly records: readonly { readonly content: string; readonly is_disabled: boolean }[];
}

interface Snapshot {
  readonly id: number;
  readonly reason: string;
  readonly created_at: string;
  readonly snapshot: readonly RecordSet[];
}

interface SandboxZone {
  sets: readonly RecordSet[];
  serial: number;
  readonly snapshots: Snapshot[];
}

interface NewSet {
  readonly name: string;
  readonly type: string;
  readonly ttl?: number;
  readonly records: readonly { readonly content: string }[];
}

interface DnsRoutesOptions {
  /** Names of the zones that there are; the sandbox has no others. */
  readonly zones: readonly string[];
  /** Where the apex points to. */
  readonly ip: string;
  readonly now: () => number;
}

const usualTtl = 14_400;
const done = found({ message: 'Request accepted' });

/** Zones as Hostinger makes them for a new domain with mail; every change is kept as a snapshot of what the zone became. */
export function createDnsRoutes({ zones, ip, now }: DnsRoutesOptions): Routes {
  let snapshots = 53_513_052;
  const known = new Map(zones.map((name): [string, SandboxZone] => [name, { sets: newZone(name, ip), serial: 1, snapshots: [] }]));

  const keep = (zone: SandboxZone, reason: string, sets: readonly RecordSet[]): Answer => {
    zone.serial += 1;
    const serial = String(zone.serial);
    zone.sets = sets.map((set) => (set.type === 'SOA' ? { ...set, records: set.records.map((each) => withSerial(each, serial)) } : set));
    snapshots += 1;
    const created_at = `${new Date(now()).toISOString().slice(0, 19)}Z`;
    zone.snapshots.unshift({ id: snapshots, reason, created_at, snapshot: zone.sets });
    return done;
  };
  for (const zone of known.values()) keep(zone, 'Zone created', zone.sets);

  const on =
    (answer: (zone: SandboxZone, asked: Asked) => Answer) =>
    (asked: Asked): Answer => {
      const zone = known.get(asked.path.domain ?? '');
      return zone ? answer(zone, asked) : problem(404, 'Domain not found.');
    };

  const onSnapshot = (answer: (zone: SandboxZone, snapshot: Snapshot) => Answer) =>
    on((zone, { path }) => {
      const snapshot = zone.snapshots.find(({ id }) => String(id) === path.snapshotId);
      return snapshot ? answer(zone, snapshot) : problem(404, 'Snapshot not found.');
    });

  return {
    DNS_getDNSRecordsV1: on(({ sets }) => found(sets)),
    DNS_validateDNSRecordsV1: on(({ sets }, { body }) => {
      const next = updated(sets, body);
      return Array.isArray(next) ? done : next;
    }),
    DNS_updateDNSRecordsV1: on((zone, { body }) => {
      const next = updated(zone.sets, body);
      return Array.isArray(next) ? keep(zone, 'Zone records update request', next) : next;
    }),
    DNS_deleteDNSRecordsV1: on((zone, { body }) => {
      const filters = (body as { filters?: { name: string; type: string }[] } | undefined)?.filters ?? [];
      if (filters.length === 0) return invalid('filters', 'The filters field is required.');
      const left = zone.sets.filter((set) => !filters.some((filter) => same(filter, set)));
      return left.length === zone.sets.length ? done : keep(zone, 'Zone records delete request', left);
    }),
    DNS_getDNSSnapshotListV1: on((zone) => found(zone.snapshots.map(({ snapshot: _, ...row }) => row))),
    DNS_getDNSSnapshotV1: onSnapshot((_, snapshot) => found(snapshot)),
    DNS_restoreDNSSnapshotV1: onSnapshot((zone, { snapshot }) => keep(zone, 'Snapshot restore request', snapshot)),
  };
}

function newZone(zone: string, ip: string): RecordSet[] {
  const set = (name: string, type: string, ttl: number, ...contents: string[]): RecordSet => ({
    name,
    type,
    ttl,
    records: contents.map((content) => ({ content, is_disabled: false })),
  });
  return [
    set('@', 'NS', 86_400, 'ns1.dns-parking.com.', 'ns2.dns-parking.com.'),
    set('@', 'SOA', 3_600, 'ns1.dns-parking.com. dns.hostinger.com. 1 10000 2400 604800 600'),
    set('@', 'A', usualTtl, ip),
    set('www', 'CNAME', 300, `${zone}.`),
    set('@', 'MX', usualTtl, '5 mx1.hostinger.com.', '10 mx2.hostinger.com.'),
    set('@', 'TXT', usualTtl, '"v=spf1 include:_spf.mail.hostinger.com ~all"'),
    set('_dmarc', 'TXT', usualTtl, '"v=DMARC1; p=none"'),
  ];
}

/** What an update makes of a zone, or why not. Without `overwrite` it is true, and values that are not given go away. */
function updated(sets: readonly RecordSet[], body: unknown): RecordSet[] | Answer {
  const { overwrite = true, zone = [] } = (body ?? {}) as { overwrite?: boolean; zone?: NewSet[] };
  if (zone.length === 0) return invalid('zone', 'The zone field is required.');
  const next = zone.reduce<RecordSet[]>(
    (all, { name, type, ttl = usualTtl, records }) => {
      const old = all.find((set) => same(set, { name, type }));
      const fresh = records.map(({ content }) => ({ content, is_disabled: false }));
      const kept = overwrite ? [] : (old?.records ?? []).filter(({ content }) => !records.some((record) => record.content === content));
      return [...all.filter((set) => set !== old), { name, type, ttl, records: [...kept, ...fresh] }];
    },
    [...sets],
  );
  for (const [index, { name, type, records }] of zone.entries()) {
    const wrong = records.findIndex(({ content }) => !isContent(type, content));
    if (wrong >= 0) return invalid(`zone.${index}.records.${wrong}.content`, `The content is no valid ${type} record.`);
    const all = next.filter((set) => set.name === name);
    const isAlone = all.length === 1 && all[0]?.records.length === 1;
    if (all.some((set) => set.type === 'CNAME') && !isAlone)
      return invalid(`zone.${index}.name`, 'A CNAME record stands alone at its name.');
  }
  return next;
}

const host = /^(?=.{1,254}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.?$/i;
const shapes: Readonly<Record<string, RegExp>> = {
  CNAME: host,
  ALIAS: host,
  NS: host,
  MX: /^\d{1,5} \S+$/,
  SRV: /^\d{1,5} \d{1,5} \d{1,5} \S+$/,
  CAA: /^\d{1,3} [a-z0-9]+ "?[^"]*"?$/i,
};

function isContent(type: string, content: string): boolean {
  if (type === 'A') return isIPv4(content);
  if (type === 'AAAA') return isIPv6(content);
  return content !== '' && (shapes[type]?.test(content) ?? true);
}

function same(a: { name: string; type: string }, b: { name: string; type: string }): boolean {
  return a.name === b.name && a.type === b.type;
}

function withSerial({ content, is_disabled }: RecordSet['records'][number], serial: string): RecordSet['records'][number] {
  return { content: content.replace(/^(\S+ \S+) \d+/, `$1 ${serial}`), is_disabled };
}

function invalid(field: string, why: string): Answer {
  return problem(422, 'The given data was invalid.', { [field]: [why] });
}
