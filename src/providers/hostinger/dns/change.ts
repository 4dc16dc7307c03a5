/**
 * Invariant: a change is sent only if the zone, as it is read just before, loses no NS or apex record that the decided target does not
 * admit to losing; what it writes was validated by Hostinger; and it is called done only when the zone reads as asked.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { cleanText } from '../../../call/canonical.ts';
import { CallError } from '../../../call/errors.ts';
import type { CallScope } from '../../../ports/call-scope.ts';
import type { DnsChange } from '../../../ports/dns.ts';
import type { DnsZoneTarget, Resolved } from '../../../ports/domain.ts';
import type { Plan } from '../../../ports/plan.ts';
import type { HostingerApi, HostingerRequest } from '../api/index.ts';
import { readSnapshot, readSnapshots, readZone } from './read.ts';
import { difference, lineOf, sameSet, sameZone, takesProtected, type Zone } from './zone.ts';

export interface Change {
  /** What the zone will be. */
  after(before: Zone): Zone;
  /** What Hostinger validates first; undefined where nothing is written. */
  validation(before: Zone, after: Zone): HostingerRequest<'DNS_validateDNSRecordsV1'> | undefined;
  send(before: Zone, after: Zone): { readonly request: HostingerRequest; readonly retry: 'natural' | 'never' };
  /** Whether a zone shows the change. */
  isDone(zone: Zone): boolean;
}

export interface Pace {
  /** Before the second look at a changed zone, in milliseconds; doubles with each. */
  readonly pollMs: number;
}

/** Replies say no more than that the request was accepted. */
const accepted = z.looseObject({ message: z.string().optional() });

/** Snapshots that are looked into for the zone as it was. Hostinger takes them by itself, of the zone before or behind the change. */
const mostSnapshots = 3;
const longestWaitMs = 20_000;
/** For the search of the snapshot, in milliseconds: the change is made, and whoever waits for its answer should not wait for more. */
const longestSearchMs = 10_000;

export async function makeChange(
  api: HostingerApi,
  target: Resolved<DnsZoneTarget>,
  change: Change,
  { pollMs }: Pace,
  call: CallScope,
): Promise<DnsChange> {
  const zone = target.id;
  const before = await readZone(api, zone, call);
  const after = change.after(before);
  const planned = toLines(zone, before, after);
  const plan = (providerChecked: boolean) => (call.dryRun ? { plan: toPlan(before, after, providerChecked) } : {});
  if (sameZone(before, after)) return { ...planned, changed: false, ...plan(false) };
  if (takesProtected(before, after) && !target.removesProtected) throw changedMeanwhile(zone);

  const validation = change.validation(before, after);
  if (validation) await api.ask(validation, accepted, call);
  if (call.dryRun) return { ...planned, changed: false, ...plan(validation !== undefined) };

  const { request, retry } = change.send(before, after);
  await api.change(request, accepted, retry, call);
  const now = await untilDone(api, zone, change, after, pollMs, call);
  const snapshot = await snapshotOf(api, zone, before, call);
  return {
    ...toLines(zone, before, now),
    changed: true,
    ...(snapshot === undefined
      ? { note: 'Hostinger shows no snapshot of the zone as it was. To undo: delete the lines in added, put back those in removed.' }
      : { snapshot }),
  };
}

/** The zone once it shows the change, which Hostinger may make a moment after it accepted it. */
async function untilDone(api: HostingerApi, zone: string, change: Change, after: Zone, pollMs: number, call: CallScope): Promise<Zone> {
  const until = Math.min(Date.now() + Math.min(call.waitMs, longestWaitMs), call.deadlineAt - 1_000);
  try {
    for (let waitMs = pollMs; ; waitMs *= 2) {
      const now = await readZone(api, zone, call);
      if (change.isDone(now)) return now;
      if (Date.now() + waitMs > until) throw notAsAsked(zone, now, after);
      call.progress(0, undefined, `${zone} does not show the change yet`);
      await pause(waitMs, undefined, { signal: call.signal });
    }
  } catch (error) {
    throw call.signal.aborted ? waitCancelled(zone) : error;
  }
}

function waitCancelled(zone: string): CallError {
  return new CallError('cancelled', `The wait for ${zone} was cancelled; Hostinger had accepted the change before.`, {
    remedy: 'Do not repeat it. Read the zone with dns_list_records.',
  });
}

/** Newest snapshot with the records of the zone as it was. Not knowing it does not undo a change that is made. */
async function snapshotOf(api: HostingerApi, zone: string, before: Zone, call: CallScope): Promise<number | undefined> {
  const scope = { ...call, deadlineAt: Math.min(call.deadlineAt, Date.now() + longestSearchMs) };
  try {
    for (const { id } of (await readSnapshots(api, zone, scope)).slice(0, mostSnapshots)) {
      if (sameZone(await readSnapshot(api, zone, id, scope), before)) return id;
    }
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
  }
  return undefined;
}

function toLines(zone: string, before: Zone, after: Zone): Pick<DnsChange, 'zone' | 'added' | 'removed'> {
  const { added, removed } = difference(before, after);
  return { zone, added: added.map(lineOf), removed: removed.map(lineOf) };
}

/** Only the names and types that change, under `A www`. */
function toPlan(before: Zone, after: Zone, providerChecked: boolean): Plan {
  const { added, removed } = difference(before, after);
  const sets = [...removed, ...added];
  const side = (zone: Zone, none: string) =>
    Object.fromEntries(
      sets.map((set) => {
        const entries = zone.filter((entry) => sameSet(entry, set));
        const text = entries.map(({ content, disabled }) => content + (disabled ? ' (disabled)' : '')).join(', ');
        return [cleanText(`${set.type} ${set.name}`, 300), entries[0] ? cleanText(`${entries[0].ttl} ${text}`, 500) : none];
      }),
    );
  return { current: side(before, 'none'), change: side(after, 'removed'), providerChecked };
}

function changedMeanwhile(zone: string): CallError {
  return new CallError(
    'provider_conflict',
    `${zone} has changed since the call was decided: NS or apex records would go that were not there.`,
    {
      remedy: 'Read the zone with dns_list_records and call again: it is then decided on the records that are there now.',
    },
  );
}

function notAsAsked(zone: string, now: Zone, after: Zone): CallError {
  const { added, removed } = difference(now, after);
  const list = (lines: string[]) =>
    cleanText(
      lines
        .slice(0, 5)
        .map((line) => `\`${line}\``)
        .join(', '),
      1_000,
    );
  const missing = added.length > 0 ? ` Not there: ${list(added.map(lineOf))}.` : '';
  const extra = removed.length > 0 ? ` Still there: ${list(removed.map(lineOf))}.` : '';
  return new CallError('provider_conflict', `Hostinger accepted the change, but ${zone} does not read as asked.${missing}${extra}`, {
    remedy: 'Read the zone with dns_list_records in a minute: Hostinger may be late, or somebody else changed the zone at the same time.',
  });
}
