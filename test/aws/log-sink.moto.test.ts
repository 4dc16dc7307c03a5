import { afterAll, beforeAll } from 'vitest';
import { newAws } from './harness.ts';
import { describeLogSink } from './log-sink-contract.ts';
import { type Moto, startMoto } from './moto.ts';

let moto: Moto;
beforeAll(async () => {
  moto = await startMoto();
}, 40_000);
afterAll(() => moto.close());

describeLogSink(
  'moto',
  async () => (logGroup) => newAws({ endpoint: moto.endpoint, audit: { account: 'main', region: 'eu-north-1', logGroup } }).logSink,
  0,
);
