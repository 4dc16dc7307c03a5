import { z } from 'zod';
import { CallError } from '../../../call/errors.ts';
import type { AskScope, HostingerApi } from '../api/index.ts';
import { toZone, type Zone } from './zone.ts';

const records = z.array(
  z.looseObject({
    name: z.string(),
    type: z.string().regex(/^[A-Za-z0-9]{1,12}$/),
    ttl: z.int(),
    records: z.array(z.looseObject({ content: z.string(), is_disabled: z.boolean().optional() })),
  }),
);

const snapshotRow = z.looseObject({ id: z.int().positive(), reason: z.string().default(''), created_at: z.string() });
const snapshotWithContent = z.looseObject({ ...snapshotRow.shape, snapshot: records });

export interface SnapshotRow {
  readonly id: number;
  readonly reason: string;
  /** ISO. */
  readonly createdAt: string;
}

export async function readZone(api: HostingerApi, zone: string, call: AskScope): Promise<Zone> {
  return toZone(await api.ask({ tool: 'DNS_getDNSRecordsV1', path: { domain: zone } }, records, call), zone);
}

/** Newest first. */
export async function readSnapshots(api: HostingerApi, zone: string, call: AskScope): Promise<SnapshotRow[]> {
  const rows = await api.ask({ tool: 'DNS_getDNSSnapshotListV1', path: { domain: zone } }, z.array(snapshotRow), call);
  return rows.map(({ id, reason, created_at }) => ({ id, reason, createdAt: toIso(created_at) })).sort((a, b) => b.id - a.id);
}

/** What a snapshot holds. Throws `target_unresolved` when the zone has no such one. */
export async function readSnapshot(api: HostingerApi, zone: string, id: number, call: AskScope): Promise<Zone> {
  try {
    const path = { domain: zone, snapshotId: id };
    const { snapshot } = await api.ask({ tool: 'DNS_getDNSSnapshotV1', path }, snapshotWithContent, call);
    return toZone(snapshot, zone);
  } catch (error) {
    if (!(error instanceof CallError) || error.code !== 'provider_not_found') throw error;
    throw new CallError('target_unresolved', `${zone} has no snapshot ${id}.`, {
      remedy: 'List the snapshots with dns_list_snapshots and use one of their ids.',
      cause: error,
    });
  }
}

/** Times without a zone are UTC at Hostinger. */
function toIso(text: string): string {
  const time = Date.parse(/(Z|[+-]\d{2}:?\d{2})$/.test(text) ? text : `${text}Z`);
  return Number.isNaN(time) ? '' : new Date(time).toISOString();
}
