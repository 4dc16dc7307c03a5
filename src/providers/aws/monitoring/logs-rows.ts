import type { LogsResult } from '../../../ports/monitoring.ts';

/** Of one reply, in bytes: below 5,000 tokens, even of ids and digits. */
const mostText = 8_500;
/** Of one value, in characters: what the projection shows of it, at most. */
const mostOfValue = 2_000;

type Row = LogsResult['rows'][number];

/** As many rows as fit a reply, and what to say of the others. Values stay whole: they are cut behind the redaction. */
export function fit(rows: readonly Row[], limit: number, more: boolean): Pick<LogsResult, 'rows' | 'note'> {
  let room = mostText;
  const wanted = rows.slice(0, limit);
  const fitting = wanted.findIndex((row) => {
    room -= sizeOf(row);
    return room < 0;
  });
  const shown = fitting < 0 ? wanted : wanted.slice(0, Math.max(1, fitting));
  const left = wanted.length - shown.length;
  if (left > 0)
    return { rows: shown, note: `${left} rows were left out, because the reply would be too long: choose fewer fields or rows.` };
  if (more || rows.length > limit) return { rows: shown, note: 'More matches: raise limit, or narrow time or filter.' };
  return { rows: shown };
}

function sizeOf(row: Row): number {
  return Object.entries(row).reduce((sum, [key, value]) => sum + Buffer.byteLength(key + value.slice(0, mostOfValue)) + 6, 0);
}
