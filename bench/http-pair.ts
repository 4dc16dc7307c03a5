import { type Helper, startHelper } from './processes.ts';
import type { Load, LoadResult } from './servers/load.ts';
import type { Served } from './servers/serve.ts';

export interface Round {
  readonly governed: LoadResult;
  readonly bare: LoadResult;
}

/**
 * Both HTTP servers under the same load, in turns, each in a process of its own and the clients in a third.
 * @param rounds how often each has its turn, after one turn to warm up
 */
export async function loadHttpPair(scratch: string, clients: number, rounds: number, roundMs: number): Promise<Round[]> {
  const helpers: Helper[] = [];
  const begin = (file: string, env: Record<string, string> = {}) => {
    const helper = startHelper(`servers/${file}`, [], { env });
    helpers.push(helper);
    return helper;
  };
  try {
    const load = begin('load.ts');
    const governedAt = await begin('governed-http.ts', { ZIGGIE_STATE: scratch }).ask<Served>('port', 20_000);
    const bareAt = await begin('bare-http.ts').ask<Served>('port', 20_000);
    const put = (served: Served, durationMs: number) => {
      const message: Load = { ...served, clients, durationMs };
      return load.ask<LoadResult>({ ...message }, durationMs + 20_000);
    };
    const results: Round[] = [];
    for (let round = 0; round <= rounds; round += 1) {
      const governed = await put(governedAt, roundMs);
      const bare = await put(bareAt, roundMs);
      if (round > 0) results.push({ governed, bare });
    }
    return results;
  } finally {
    await Promise.all(helpers.map((helper) => helper.stop()));
  }
}
