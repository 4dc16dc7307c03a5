import { join } from 'node:path';
import { type AwsStub, bucketSize } from './aws-stub.ts';
import { bundle } from './bundle.ts';
import { type Benchmark, below } from './figures.ts';
import { root, startHelper, stubEnvironment } from './processes.ts';
import type { BucketCosts } from './servers/bucket-calls.ts';

/** A bucket of 100,000 keys behind S3's own protocol, listed through the whole server, which has already answered a call to EC2. */
export const bucket: Benchmark = {
  name: 'bucket',
  async run(scratch) {
    const aws = startHelper('servers/aws.ts');
    try {
      const { port } = await aws.ask<AwsStub>('state', 10_000);
      const program = await bundle('servers/bucket-calls.ts', join(scratch, 'program'));
      const server = startHelper(program, [join(root, 'config')], { env: stubEnvironment(join(scratch, 'state'), port) });
      try {
        const { firstMs, firstBytes, warmMs, rows, walkMs } = await server.ask<BucketCosts>('measure', 120_000);
        if (rows !== bucketSize) throw new Error(`the pages brought ${rows} of ${bucketSize} keys`);
        return [
          {
            what: `first page of ${bucketSize.toLocaleString('en')} keys, first call to S3`,
            value: firstMs,
            unit: 'ms',
            budget: below(1_000),
          },
          { what: 'memory for it', value: firstBytes / 1_000_000, unit: 'MB', budget: below(50) },
          { what: 'first page, warm', value: warmMs, unit: 'ms' },
          { what: 'all pages of 100', value: walkMs, unit: 'ms' },
        ];
      } finally {
        await server.stop();
      }
    } finally {
      await aws.stop();
    }
  },
};
