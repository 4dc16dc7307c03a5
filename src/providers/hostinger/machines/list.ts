import { z } from 'zod';
import { decodeCursor, encodeCursor } from '../../../call/cursor.ts';
import type { InstancePage, InstanceQuery } from '../../../ports/compute.ts';
import type { ServerSpec } from '../../../ports/vps.ts';
import type { AskScope, HostingerApi } from '../api/index.ts';
import { specOf, stateOf, toRow } from './facts.ts';
import { readMachines } from './read.ts';

const position = z.object({ after: z.int().positive() });

/** One page, by number. Throws `CallError`, `invalid_input` for a foreign cursor. */
export async function list(api: HostingerApi, servers: readonly ServerSpec[], query: InstanceQuery, call: AskScope): Promise<InstancePage> {
  const after = query.cursor === undefined ? 0 : decodeCursor(query.cursor, position).after;
  const { state, tag, limit } = query;
  const machines = (await readMachines(api, call))
    .filter((machine) => machine.id > after)
    .filter((machine) => state === undefined || stateOf(machine.state) === state)
    .filter(({ id }) => tag === undefined || specOf(servers, id)?.tags[tag.key] === tag.value)
    .sort((a, b) => a.id - b.id);
  const last = machines.length > limit ? machines[limit - 1] : undefined;
  return {
    instances: machines.slice(0, limit).map((machine) => toRow(machine, servers)),
    ...(last ? { nextCursor: encodeCursor({ after: last.id }) } : {}),
  };
}
