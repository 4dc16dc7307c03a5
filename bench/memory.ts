import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { atMost, type Benchmark, median } from './figures.ts';
import { preparePair } from './pair.ts';
import type { Started } from './stdio-client.ts';

const rounds = 5;

/** Resident memory right after `tools/list` was answered. */
export const memory: Benchmark = {
  name: 'memory',
  async run(scratch) {
    const pair = await preparePair(scratch);
    const measure = async (started: Promise<Started>) => {
      const server = await started;
      const megabytes = residentMegabytes(server.pid);
      await server.stop();
      return megabytes;
    };
    const ours: number[] = [];
    const bare: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      ours.push(await measure(pair.ours()));
      bare.push(await measure(pair.bare()));
    }
    return [{ what: 'resident after tools/list', value: median(ours), unit: 'MB', baseline: median(bare), budget: atMost(110) }];
  },
};

/** In units of 1,000,000 bytes. */
function residentMegabytes(pid: number): number {
  const kibibytes =
    process.platform === 'linux'
      ? /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
      : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  return (Number(kibibytes) * 1_024) / 1_000_000;
}
