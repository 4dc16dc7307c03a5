import { afterAll, beforeAll } from 'vitest';
import { newAws } from './harness.ts';
import { type Moto, startMoto } from './moto.ts';
import { describeSecrets, secretsDifferences } from './secrets-contract.ts';

let moto: Moto;
beforeAll(async () => {
  moto = await startMoto();
}, 40_000);
afterAll(() => moto.close());

describeSecrets('moto', async () => newAws({ endpoint: moto.endpoint }), secretsDifferences.moto);
