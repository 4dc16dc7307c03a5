import { join } from 'node:path';
import { atMost, type Benchmark, type Figure, median } from './figures.ts';
import { loadHttpPair } from './http-pair.ts';
import { startHelper } from './processes.ts';
import type { CallCosts } from './servers/governed-calls.ts';

/** What a call costs beside the provider, one after the other: in process, and over HTTP as a client sees it. */
export const overhead: Benchmark = {
  name: 'overhead',
  async run(scratch) {
    return [...(await inProcess(join(scratch, 'process'))), ...(await overHttp(join(scratch, 'http')))];
  },
};

async function inProcess(state: string): Promise<Figure[]> {
  const helper = startHelper('servers/governed-calls.ts', [], { env: { ZIGGIE_STATE: state } });
  try {
    const { governed, port, unrecorded } = await helper.ask<CallCosts>('measure', 60_000);
    return [
      { what: 'added to a call, p50', value: governed.p50Ms - port.p50Ms, unit: 'ms', budget: atMost(1.2) },
      { what: 'added to a call, p99', value: governed.p99Ms - port.p99Ms, unit: 'ms', budget: atMost(5) },
      { what: 'of p50, the two records on disk', value: governed.p50Ms - unrecorded.p50Ms, unit: 'ms' },
    ];
  } finally {
    await helper.stop();
  }
}

async function overHttp(state: string): Promise<Figure[]> {
  const rounds = await loadHttpPair(state, 1, 3, 1_000);
  const middle = (pick: (round: (typeof rounds)[number]) => number) => median(rounds.map(pick));
  return [
    { what: 'HTTP call, p50', value: middle(({ governed }) => governed.p50Ms), unit: 'ms', baseline: middle(({ bare }) => bare.p50Ms) },
    { what: 'HTTP call, p99', value: middle(({ governed }) => governed.p99Ms), unit: 'ms', baseline: middle(({ bare }) => bare.p99Ms) },
  ];
}
