import type { AwsStub } from './aws-stub.ts';
import { atLeast, atMost, type Benchmark } from './figures.ts';
import { startHelper } from './processes.ts';
import type { DeliveryCosts, OutageCosts } from './servers/delivery.ts';

const toDeliver = 50_000;
const duringOutage = 50_000;
/** Held in memory those records would take over 40 MB. */
const flatMegabytes = 8;

/** Records to CloudWatch Logs over the real adapter, and what piles up in memory while nobody answers. */
export const delivery: Benchmark = {
  name: 'delivery',
  async run(scratch) {
    const aws = startHelper('servers/aws.ts');
    try {
      const { port } = await aws.ask<AwsStub>('state', 10_000);
      const journal = startHelper('servers/delivery.ts', [scratch, String(port)], { nodeOptions: ['--expose-gc'] });
      try {
        const outage = await journal.ask<OutageCosts>({ endpoint: 'down', records: duringOutage }, 60_000);
        if (outage.undelivered < duringOutage) throw new Error(`${outage.undelivered} records wait, not ${duringOutage}`);
        const { recordsPerSecond } = await journal.ask<DeliveryCosts>({ endpoint: 'up', records: toDeliver }, 60_000);
        const { eventsTaken } = await aws.ask<AwsStub>('state', 10_000);
        if (eventsTaken < toDeliver) throw new Error(`${eventsTaken} records arrived, not ${toDeliver}`);
        return [
          { what: 'delivered to a local endpoint', value: recordsPerSecond, unit: 'records/s', budget: atLeast(5_000) },
          {
            what: `held after ${duringOutage.toLocaleString('en')} records of an outage`,
            value: outage.heldBytes / 1_000_000,
            unit: 'MB',
            budget: atMost(flatMegabytes),
          },
          { what: 'resident memory after them', value: outage.residentBytes / 1_000_000, unit: 'MB' },
          { what: 'recorded during the outage, 500 at once', value: outage.appendedPerSecond, unit: 'records/s' },
        ];
      } finally {
        await journal.stop();
      }
    } finally {
      await aws.stop();
    }
  },
};
