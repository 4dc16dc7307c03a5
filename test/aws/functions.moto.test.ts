import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateAliasCommand, CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeFunctions, functionsDifferences } from './functions-contract.ts';
import { functionOf } from './functions-support.ts';
import { exampleKeys, newAws, newCall } from './harness.ts';
import { type Moto, startMoto } from './moto.ts';

let moto: Moto;
beforeAll(async () => {
  moto = await startMoto();
  await makeFunctions(moto.endpoint);
}, 60_000);
afterAll(() => moto.close());

/** Without Docker, moto answers an invocation with what it was sent, or with what was put down for it. */
async function makeFunctions(endpoint: string): Promise<void> {
  await fetch(`${endpoint}/moto-api/config`, { method: 'POST', body: JSON.stringify({ lambda: { use_docker: false } }) });
  const config = { endpoint, region: 'eu-north-1', credentials: exampleKeys };
  const { Role } = await new IAMClient(config).send(new CreateRoleCommand({ RoleName: 'functions', AssumeRolePolicyDocument: '{}' }));
  const lambda = new LambdaClient(config);
  for (const FunctionName of ['ziggie-report', 'ziggie-second', 'legacy-import']) {
    await lambda.send(
      new CreateFunctionCommand({
        FunctionName,
        Role: Role?.Arn,
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        MemorySize: 256,
        Timeout: 30,
        Code: { ZipFile: Buffer.from('no code is run here') },
        Environment: { Variables: { REPORT_BUCKET: 'ziggie-deployments' } },
        Tags: { Project: 'Ziggie' },
        Publish: true,
      }),
    );
  }
  await lambda.send(new CreateAliasCommand({ FunctionName: 'ziggie-report', Name: 'live', FunctionVersion: '1' }));
}

describeFunctions('moto', async () => newAws({ endpoint: moto.endpoint }), functionsDifferences.moto);

describe('what a function returned, over moto', () => {
  it.each([
    ['JSON', '{"made":3}', { made: 3 }],
    ['text', 'done', 'done'],
    ['null', 'null', 'null'],
  ])('%s', async (_name, result, expected) => {
    const body = JSON.stringify({ results: [result], region: 'eu-north-1' });
    await fetch(`${moto.endpoint}/moto-api/static/lambda-simple/response`, { method: 'POST', body });
    const aws = newAws({ endpoint: moto.endpoint });
    const target = await functionOf(aws, { name: 'ziggie-report' });
    expect((await aws.functions.invoke(target, { mode: 'sync' }, newCall())).result).toEqual(expected);
  });
});
