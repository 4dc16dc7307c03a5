import { type Benchmark, median, ratioAtLeast } from './figures.ts';
import { loadHttpPair } from './http-pair.ts';

const clients = 16;

/** Calls a second over HTTP, everything included, against the SDK's own handler. */
export const throughput: Benchmark = {
  name: 'throughput',
  async run(scratch) {
    const rounds = await loadHttpPair(scratch, clients, 5, 1_000);
    const middle = (pick: (round: (typeof rounds)[number]) => number) => median(rounds.map(pick));
    return [
      {
        what: `HTTP calls, ${clients} clients`,
        value: middle(({ governed }) => governed.callsPerSecond),
        unit: 'calls/s',
        baseline: middle(({ bare }) => bare.callsPerSecond),
        budget: ratioAtLeast(0.5),
      },
      { what: 'of them p50', value: middle(({ governed }) => governed.p50Ms), unit: 'ms', baseline: middle(({ bare }) => bare.p50Ms) },
      { what: 'of them p99', value: middle(({ governed }) => governed.p99Ms), unit: 'ms', baseline: middle(({ bare }) => bare.p99Ms) },
    ];
  },
};
