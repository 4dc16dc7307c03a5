import type { CallScope } from './call-scope.ts';
import type { DnsZoneTarget, Resolved } from './domain.ts';
import type { Plan } from './plan.ts';

/** All records of one name and type. */
export interface DnsRecord {
  /** `@` for the zone itself, else the labels below it: `www`. */
  name: string;
  type: string;
  /** Seconds. */
  ttl: number;
  /** Contents in their zone-file form. */
  values: string[];
  /** Contents that are kept, but switched off: nobody is answered with them. */
  disabled?: string[];
}

export interface WantedRecord {
  readonly name: string;
  readonly type: string;
  /** Seconds; absent: what the name and type have now, else Hostinger's usual 14400. */
  readonly ttl?: number | undefined;
  readonly values: readonly string[];
}

export interface DnsPage {
  records: DnsRecord[];
  nextCursor?: string;
}

export interface DnsChange {
  zone: string;
  /** `A www 300 203.0.113.7`, one value a line, of the whole zone as it was read before and after. */
  added: string[];
  removed: string[];
  /** Snapshot that holds the zone as it was before; absent when nothing had to change, in a dry run, and where Hostinger has none. */
  snapshot?: number;
  /** False in a dry run too, where `added` and `removed` say what would be. */
  changed: boolean;
  /** How to undo it where no snapshot was found. */
  note?: string;
  plan?: Plan;
}

export interface DnsSnapshot {
  id: number;
  createdAt: string;
  reason: string;
}

export interface DnsSnapshotPage {
  /** Newest first. */
  snapshots: DnsSnapshot[];
  nextCursor?: string;
}

export interface DnsQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly name?: string | undefined;
  readonly type?: string | undefined;
}

/**
 * DNS zones at Hostinger. What a change would write is validated by the API first; a change that would take records from NS or the
 * apex, which the resolved target does not say, is refused. Throws `CallError` and nothing else.
 */
export interface DnsPort {
  records(zone: Resolved<DnsZoneTarget>, query: DnsQuery, call: CallScope): Promise<DnsPage>;
  /** @param replace whether values that are there and not given go away; otherwise values are added and TTLs set */
  upsert(zone: Resolved<DnsZoneTarget>, records: readonly WantedRecord[], replace: boolean, call: CallScope): Promise<DnsChange>;
  /** All values of these names and types. */
  delete(zone: Resolved<DnsZoneTarget>, records: readonly { name: string; type: string }[], call: CallScope): Promise<DnsChange>;
  snapshots(zone: Resolved<DnsZoneTarget>, query: Pick<DnsQuery, 'limit' | 'cursor'>, call: CallScope): Promise<DnsSnapshotPage>;
  restore(zone: Resolved<DnsZoneTarget>, id: number, call: CallScope): Promise<DnsChange>;
}
