import { afterAll, beforeAll } from 'vitest';
import { describeCompute, differences } from './compute-contract.ts';
import { newAws } from './harness.ts';
import { type Moto, startMoto } from './moto.ts';

let moto: Moto;
beforeAll(async () => {
  moto = await startMoto();
}, 40_000);
afterAll(() => moto.close());

describeCompute('moto', async () => newAws({ endpoint: moto.endpoint }), differences.moto);
