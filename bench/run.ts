import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bucket } from './bucket.ts';
import { delivery } from './delivery.ts';
import { type Benchmark, type Figure, isWithin, ratioOf } from './figures.ts';
import { inventory } from './inventory.ts';
import { memory } from './memory.ts';
import { overhead } from './overhead.ts';
import { root } from './processes.ts';
import { sshUpload } from './ssh-upload.ts';
import { start } from './start.ts';
import { toTable } from './table.ts';
import { throughput } from './throughput.ts';
import { tokens } from './tokens.ts';

/**
 * Measures what DESIGN promises and prints it next to its budget. Numbers never fail the run: they depend on the machine.
 * Exit code 1 means that something could not be measured.
 */
const benchmarks: readonly Benchmark[] = [start, memory, tokens, overhead, throughput, inventory, bucket, delivery, sshUpload];
const names = benchmarks.map(({ name }) => name);

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const only = values.only?.split(',') ?? names;
const unknown = only.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`There is no benchmark ${unknown.join(', ')}; there are: ${names.join(', ')}.\n`);
  process.exit(2);
}

// Below the project, because a temporary folder is often in memory, where making a record durable costs nothing.
const caches = join(root, 'node_modules', '.cache');
mkdirSync(caches, { recursive: true });
const scratch = mkdtempSync(join(caches, 'ziggie-bench-'));
const figures: (Figure & { benchmark: string })[] = [];
const loadBefore = loadavg()[0] ?? 0;

try {
  for (const benchmark of benchmarks.filter(({ name }) => only.includes(name))) {
    const folder = join(scratch, benchmark.name);
    mkdirSync(folder);
    const began = performance.now();
    try {
      for (const figure of await benchmark.run(folder)) figures.push({ benchmark: benchmark.name, ...figure });
    } catch (error) {
      process.exitCode = 1;
      process.stderr.write(`${benchmark.name} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    }
    process.stderr.write(`${benchmark.name}: ${((performance.now() - began) / 1_000).toFixed(1)} s\n`);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

const machine = {
  node: process.version,
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  loadBefore,
  platform: `${process.platform} ${process.arch}`,
};
const results = figures.map((figure) => ({ ...figure, ratio: ratioOf(figure), within: isWithin(figure) }));
const file = join(root, 'bench', 'results.json');
writeFileSync(file, `${JSON.stringify({ at: new Date().toISOString(), machine, results }, undefined, 2)}\n`);

const busy = loadBefore > machine.cores / 2 ? ' The machine was busy: take times with care.' : '';
process.stdout.write(
  `${toTable(figures)}\n\nNode ${machine.node}, ${machine.cores} cores of ${machine.cpu}, load ${loadBefore.toFixed(1)} before.${busy}\nAlso in bench/results.json.\n`,
);
