import { type Benchmark, below, median, ratioAtMost } from './figures.ts';
import { preparePair } from './pair.ts';

const rounds = 15;

/** From spawn to the whole tool list over stdio, ours and the bare server in turns. */
export const start: Benchmark = {
  name: 'start',
  async run(scratch) {
    const pair = await preparePair(scratch);
    const ours: number[] = [];
    const bare: number[] = [];
    const cachedBare: number[] = [];
    const oursInitialized: number[] = [];
    const bareInitialized: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const a = await pair.ours();
      await a.stop();
      const b = await pair.bare();
      await b.stop();
      const c = await pair.cachedBare();
      await c.stop();
      cachedBare.push(c.listedMs);
      ours.push(a.listedMs);
      bare.push(b.listedMs);
      oursInitialized.push(a.initializedMs);
      bareInitialized.push(b.initializedMs);
    }
    const listed = { value: median(ours), unit: 'ms', baseline: median(bare) };
    return [
      { what: 'spawn to tools/list, against bare', ...listed, budget: ratioAtMost(1.25) },
      { what: 'spawn to tools/list', ...listed, budget: below(200) },
      { what: 'of it up to initialize', value: median(oursInitialized), unit: 'ms', baseline: median(bareInitialized) },
      { what: 'against bare with a compile cache, too', value: median(ours), unit: 'ms', baseline: median(cachedBare) },
      { what: 'fastest of all', value: Math.min(...ours), unit: 'ms', baseline: Math.min(...bare) },
    ];
  },
};
