import { CallError } from '../call/errors.ts';
import type { AuditPage, AuditQuery, AuditRecord } from '../ports/audit.ts';
import { listSegments, listWriters, paths, segmentStat } from './journal-folder.ts';
import { decodeLine, isAuditRecord } from './line.ts';
import { readLinesBackwards } from './line-reader.ts';

/** A record and its place among those of all writers. */
interface Hit {
  record: AuditRecord;
  /** Epoch milliseconds; never rises as a writer's journal is read backwards, whatever its clock did. */
  at: number;
}

interface Filter {
  /** Bytes that a matching line must contain: spares the parsing of most lines. */
  needles: Buffer[];
  matches: (record: AuditRecord) => boolean;
  since: number;
}

/** File times and record times are not taken together. */
const slackMs = 60_000;

/**
 * One page of the records on this host, newest first, over all writers of a folder. Reads backwards in chunks, so memory does
 * not grow with the journals. Lines that are not sound are passed over: `verifyAudit` names them.
 * @throws `CallError` `invalid_input` for a cursor or time that is none
 */
export async function searchJournals(folder: string, query: AuditQuery): Promise<AuditPage> {
  const after = query.cursor === undefined ? undefined : parseCursor(query.cursor);
  const filter = filterOf(query);
  const streams: AsyncGenerator<Hit>[] = [];
  const heads = new Map<AsyncGenerator<Hit>, Hit>();
  const waiting = await writersByAge(folder);
  const records: AuditRecord[] = [];
  let lastHit: Hit | undefined;
  const open = async (stream: AsyncGenerator<Hit>) => {
    const next = await stream.next();
    if (next.done) heads.delete(stream);
    else heads.set(stream, next.value);
  };
  try {
    for (;;) {
      let best = newest(heads);
      while (waiting.length > 0 && (waiting.at(-1)?.modifiedAt ?? 0) + slackMs >= (best?.[1].at ?? Number.NEGATIVE_INFINITY)) {
        const stream = hits(folder, waiting.pop()?.writerId ?? '', filter);
        streams.push(stream);
        await open(stream);
        best = newest(heads);
      }
      if (!best) return { records };
      const [stream, hit] = best;
      if (!after || comesAfter(hit, after)) {
        if (records.length === query.limit) return { records, ...(lastHit ? { nextCursor: formatCursor(lastHit) } : {}) };
        records.push(hit.record);
        lastHit = hit;
      }
      await open(stream);
    }
  } finally {
    for (const stream of streams) await stream.return(undefined);
  }
}

/** The oldest first, so that the newest is popped. */
async function writersByAge(folder: string): Promise<{ writerId: string; modifiedAt: number }[]> {
  const writers: { writerId: string; modifiedAt: number }[] = [];
  for (const writerId of await listWriters(folder)) {
    const last = (await listSegments(folder, writerId)).at(-1);
    const stat = last === undefined ? undefined : await segmentStat(folder, writerId, last);
    if (stat) writers.push({ writerId, modifiedAt: stat.modifiedAt });
  }
  return writers.sort((a, b) => a.modifiedAt - b.modifiedAt);
}

async function* hits(folder: string, writerId: string, filter: Filter): AsyncGenerator<Hit> {
  let at = Number.POSITIVE_INFINITY;
  for (const segment of (await listSegments(folder, writerId)).reverse()) {
    const stat = await segmentStat(folder, writerId, segment);
    if (!stat) continue;
    if (stat.modifiedAt + slackMs < filter.since) return;
    for await (const { bytes } of readLinesBackwards(paths.segment(folder, writerId, segment), stat.size)) {
      if (!filter.needles.every((needle) => bytes.includes(needle))) continue;
      const { line, problem } = decodeLine(bytes);
      if (!line || problem || !isAuditRecord(line) || !filter.matches(line)) continue;
      at = Math.min(at, Date.parse(line.ts));
      yield { record: line, at };
    }
  }
}

function filterOf(query: AuditQuery): Filter {
  const { principal, tool, callId, phase, errorCode } = query;
  const wanted = Object.entries({ principal, tool, callId, phase, errorCode }).filter(([, value]) => value !== undefined);
  const since = query.since === undefined ? Number.NEGATIVE_INFINITY : parseTime(query.since, 'since');
  const until = query.until === undefined ? Number.POSITIVE_INFINITY : parseTime(query.until, 'until');
  return {
    needles: wanted.map(([key, value]) => Buffer.from(`${JSON.stringify(key)}:${JSON.stringify(value)}`)),
    matches: (record) => {
      const time = Date.parse(record.ts);
      return time >= since && time <= until && wanted.every(([key, value]) => record[key as keyof AuditRecord] === value);
    },
    since,
  };
}

interface Place {
  at: number;
  writerId: string;
  seq: number;
}

function placeOf({ at, record }: Hit): Place {
  return { at, writerId: record.writerId, seq: record.seq };
}

/** Order of the result: newest first, one writer's records of the same moment together. */
function comesAfter(hit: Hit, place: Place): boolean {
  const own = placeOf(hit);
  if (own.at !== place.at) return own.at < place.at;
  return own.writerId === place.writerId ? own.seq < place.seq : own.writerId < place.writerId;
}

function newest(heads: Map<AsyncGenerator<Hit>, Hit>): [AsyncGenerator<Hit>, Hit] | undefined {
  let best: [AsyncGenerator<Hit>, Hit] | undefined;
  for (const head of heads) if (!best || comesAfter(best[1], placeOf(head[1]))) best = head;
  return best;
}

function formatCursor(hit: Hit): string {
  const { at, writerId, seq } = placeOf(hit);
  return Buffer.from(JSON.stringify([at, writerId, seq])).toString('base64url');
}

function parseCursor(cursor: string): Place {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(parts)) {
      const [at, writerId, seq] = parts as unknown[];
      if (typeof at === 'number' && typeof writerId === 'string' && typeof seq === 'number') return { at, writerId, seq };
    }
  } catch {
    // Falls through to the one answer for every cursor that is not ours.
  }
  throw new CallError('invalid_input', 'The cursor is not one of this search', {
    remedy: 'Leave the cursor out to begin with the newest records.',
  });
}

function parseTime(value: string, name: string): number {
  const time = Date.parse(value);
  if (!Number.isNaN(time)) return time;
  throw new CallError('invalid_input', `${name} is not a time`, { remedy: 'Write it like 2026-01-31T08:00:00Z.' });
}
