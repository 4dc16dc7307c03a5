import { CallError } from '../../../call/errors.ts';
import type { InstancePage, InstanceQuery } from '../../../ports/compute.ts';
import type { ServerSpec } from '../../../ports/vps.ts';
import type { AskScope, HostingerApi } from '../api/index.ts';
import { specOf, stateOf, toRow } from './facts.ts';
import { readMachines } from './read.ts';

/** One page, by number. Throws `CallError`, `invalid_input` for a foreign cursor. */
export async function list(api: HostingerApi, servers: readonly ServerSpec[], query: InstanceQuery, call: AskScope): Promise<InstancePage> {
  const after = query.cursor === undefined ? 0 : decode(query.cursor);
  const { state, tag, limit } = query;
  const machines = (await readMachines(api, call))
    .filter((machine) => machine.id > after)
    .filter((machine) => state === undefined || stateOf(machine.state) === state)
    .filter(({ id }) => tag === undefined || specOf(servers, id)?.tags[tag.key] === tag.value)
    .sort((a, b) => a.id - b.id);
  const last = machines.length > limit ? machines[limit - 1] : undefined;
  return {
    instances: machines.slice(0, limit).map((machine) => toRow(machine, servers)),
    ...(last ? { nextCursor: encode(last.id) } : {}),
  };
}

function encode(id: number): string {
  return Buffer.from(JSON.stringify({ after: id })).toString('base64url');
}

function decode(text: string): number {
  try {
    const { after } = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as { after?: unknown };
    if (typeof after === 'number' && Number.isSafeInteger(after) && after > 0) return after;
  } catch {
    // Said below, as for any other text that is no cursor.
  }
  throw new CallError('invalid_input', 'The cursor does not belong to this list.', {
    remedy: 'Pass nextCursor of the previous page unchanged, with the other arguments as they were, or list again without a cursor.',
  });
}
