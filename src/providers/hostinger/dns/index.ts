/**
 * Invariant: `overwrite` is in every request that writes records, since Hostinger takes its absence for true and erases what was there.
 *
 * Hostinger takes a snapshot of a zone by itself at every change ("Zone records update request"); no request takes one. The
 * snapshot that holds the zone as it was is looked for by its contents (`change.ts`).
 */
import type { DnsPort, DnsRecord, WantedRecord } from '../../../ports/dns.ts';
import type { TargetResolvers } from '../../../ports/resolve.ts';
import type { HostingerApi } from '../api/index.ts';
import { relativeName } from './canonical.ts';
import { makeChange, type Pace } from './change.ts';
import { pageOf } from './page.ts';
import { readSnapshot, readSnapshots, readZone } from './read.ts';
import { resolveZone } from './resolver.ts';
import { applyRemoval, applyUpsert, difference, newValues, order, sameSet, sameZone, toRecords, ttlOf, unique, type Zone } from './zone.ts';

export interface DnsOptions extends Partial<Pace> {
  readonly api: HostingerApi;
  /** Of ziggie.yaml: lower case, no final dot. */
  readonly zones: readonly string[];
}

/** DNS zones behind the port. Creating it asks nobody. */
export function createDns({ api, zones, pollMs = 500 }: DnsOptions): { port: DnsPort; resolvers: Pick<TargetResolvers, 'DnsZone'> } {
  const pace = { pollMs };
  const port: DnsPort = {
    async records({ id }, { name, type, ...page }, call) {
      const rows = toRecords(await readZone(api, id, call)).filter(
        (row) => (name === undefined || row.name === relativeName(name, id)) && (type === undefined || row.type === type),
      );
      const keyOf = (row: DnsRecord) => [row.name, row.type] as const;
      const shown = pageOf(rows, page, keyOf, (row, [lastName, lastType]) => order(row, { name: lastName, type: lastType }) > 0);
      return { records: shown.rows, ...(shown.nextCursor ? { nextCursor: shown.nextCursor } : {}) };
    },

    async upsert(zone, given, replace, call) {
      const path = { domain: zone.id };
      const records = given.map((record) => ({ ...record, name: relativeName(record.name, zone.id) }));
      const body = (before: Zone, after: Zone) => ({ overwrite: replace, zone: toSend(before, after, records, replace) });
      return makeChange(
        api,
        zone,
        {
          after: (before) => applyUpsert(before, records, replace),
          validation: (before, after) => ({ tool: 'DNS_validateDNSRecordsV1', path, body: body(before, after) }),
          send: (before, after) => ({
            request: { tool: 'DNS_updateDNSRecordsV1', path, body: body(before, after) },
            retry: 'natural',
          }),
          isDone: (now) => sameZone(now, applyUpsert(now, records, replace)),
        },
        pace,
        call,
      );
    },

    async delete(zone, given, call) {
      const records = given.map(({ name, type }) => ({ name: relativeName(name, zone.id), type }));
      return makeChange(
        api,
        zone,
        {
          after: (before) => applyRemoval(before, { kind: 'records', records }),
          validation: () => undefined,
          send: (before) => {
            const filters = records.filter((record) => before.some((entry) => sameSet(entry, record)));
            return { request: { tool: 'DNS_deleteDNSRecordsV1', path: { domain: zone.id }, body: { filters } }, retry: 'natural' };
          },
          isDone: (now) => sameZone(now, applyRemoval(now, { kind: 'records', records })),
        },
        pace,
        call,
      );
    },

    async snapshots({ id: zone }, page, call) {
      const rows = await readSnapshots(api, zone, call);
      const shown = pageOf(
        rows,
        page,
        ({ id }) => ['id', String(id)],
        ({ id }, [, last]) => id < Number(last),
      );
      return { snapshots: shown.rows, ...(shown.nextCursor ? { nextCursor: shown.nextCursor } : {}) };
    },

    async restore(zone, id, call) {
      const held = await readSnapshot(api, zone.id, id, call);
      const path = { domain: zone.id };
      return makeChange(
        api,
        zone,
        {
          after: () => held,
          validation: (before) => {
            // Sets that come back, whole; the SOA record is Hostinger's own.
            const sets = toRecords(difference(before, held).added).filter(({ type }) => type !== 'SOA');
            const body = { overwrite: true, zone: wholeSets(held, sets) };
            return body.zone.length > 0 ? { tool: 'DNS_validateDNSRecordsV1', path, body } : undefined;
          },
          send: () => ({ request: { tool: 'DNS_restoreDNSSnapshotV1', path: { ...path, snapshotId: id } }, retry: 'never' }),
          isDone: (now) => sameZone(now, held),
        },
        pace,
        call,
      );
    },
  };
  return { port, resolvers: { DnsZone: (ref, call) => resolveZone(api, zones, ref, call) } };
}

/** Records of one name and type, as the API takes them. */
interface RecordBody {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly records: { readonly content: string }[];
}

/**
 * Only what changes: of a set that is replaced all its values, of one that is added to the new values, or where only the TTL is
 * new those that were given.
 */
function toSend(before: Zone, after: Zone, wanted: readonly WantedRecord[], replace: boolean): RecordBody[] {
  const changed = difference(before, after);
  return wanted
    .filter((record) => [...changed.added, ...changed.removed].some((entry) => sameSet(entry, record)))
    .map((record) => {
      const fresh = newValues(before, record);
      const contents = replace || fresh.length === 0 ? unique(record) : fresh;
      return { name: record.name, type: record.type, ttl: ttlOf(before, record), records: contents.map((content) => ({ content })) };
    });
}

function wholeSets(zone: Zone, sets: readonly { name: string; type: string }[]): RecordBody[] {
  return sets.flatMap((set) => {
    const entries = zone.filter((entry) => sameSet(entry, set) && !entry.disabled);
    const [first] = entries;
    return first ? [{ name: set.name, type: set.type, ttl: first.ttl, records: entries.map(({ content }) => ({ content })) }] : [];
  });
}
