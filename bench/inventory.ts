import { join } from 'node:path';
import { type AwsStub, fleetSize } from './aws-stub.ts';
import { bundle } from './bundle.ts';
import { atMost, type Benchmark } from './figures.ts';
import { root, startHelper, stubEnvironment } from './processes.ts';
import type { InventoryCosts } from './servers/inventory-calls.ts';

/** A fleet of 10,000 behind EC2's own protocol, listed through the whole server. */
export const inventory: Benchmark = {
  name: 'inventory',
  async run(scratch) {
    const aws = startHelper('servers/aws.ts');
    try {
      const { port } = await aws.ask<AwsStub>('state', 10_000);
      const program = await bundle('servers/inventory-calls.ts', join(scratch, 'program'));
      const server = startHelper(program, [join(root, 'config')], { env: stubEnvironment(join(scratch, 'state'), port) });
      try {
        const { firstMs, loadedBytes, warmMs, rows, walkMs, aboveIdleBytes, walkBytes } = await server.ask<InventoryCosts>(
          'measure',
          60_000,
        );
        if (rows !== fleetSize) throw new Error(`the pages brought ${rows} of ${fleetSize} instances`);
        return [
          { what: `first page of ${fleetSize.toLocaleString('en')}, warm`, value: warmMs, unit: 'ms', budget: atMost(300) },
          { what: 'memory above idle, at most', value: aboveIdleBytes / 1_000_000, unit: 'MB', budget: atMost(150) },
          { what: 'of it loaded by the first call', value: loadedBytes / 1_000_000, unit: 'MB' },
          { what: 'first page, first call of all', value: firstMs, unit: 'ms' },
          { what: 'all pages of 100', value: walkMs, unit: 'ms' },
          { what: 'memory with them', value: walkBytes / 1_000_000, unit: 'MB' },
        ];
      } finally {
        await server.stop();
      }
    } finally {
      await aws.stop();
    }
  },
};
