import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  CreateFunctionCommand,
  GetAliasCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
  ListVersionsByFunctionCommand,
} from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CallError } from '../../src/call/errors.ts';
import type { AwsProvider } from '../../src/providers/aws/index.ts';
import { appOn, artifactOf, deployment, isHealthy, targets } from './deploy-support.ts';
import { exampleKeys, failure, newAws } from './harness.ts';
import { type Moto, startMoto } from './moto.ts';

let moto: Moto;
let aws: AwsProvider;
let lambda: LambdaClient;
beforeAll(async () => {
  moto = await startMoto();
}, 60_000);
afterAll(() => moto.close());
beforeEach(async () => {
  await moto.reset();
  await fetch(`${moto.endpoint}/moto-api/config`, { method: 'POST', body: JSON.stringify({ lambda: { use_docker: false } }) });
  const config = { endpoint: moto.endpoint, region: 'eu-north-1', credentials: exampleKeys };
  const { Role } = await new IAMClient(config).send(new CreateRoleCommand({ RoleName: 'functions', AssumeRolePolicyDocument: '{}' }));
  lambda = new LambdaClient(config);
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'ziggie-report',
      Role: Role?.Arn,
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Code: { ZipFile: Buffer.from('nothing yet') },
      Environment: { Variables: { FROM_TERRAFORM: 'stays' } },
      Publish: true,
    }),
  );
  aws = newAws({ endpoint: moto.endpoint });
});

const app = appOn(targets.lambda);
const v1 = artifactOf('v1', { 'index.mjs': 'export const handler = () => 1' });
const v2 = artifactOf('v2', { 'index.mjs': 'export const handler = () => 2' });
const driver = async () => (await aws.deployDrivers()).lambda;
const FunctionName = 'ziggie-report';
const alias = () => lambda.send(new GetAliasCommand({ FunctionName, Name: 'live' }));
const versions = async () =>
  ((await lambda.send(new ListVersionsByFunctionCommand({ FunctionName }))).Versions ?? [])
    .filter(({ Version }) => Version !== '$LATEST')
    .map(({ Version, Description }) => `${Version} ${Description?.split(' ')[1] ?? ''}`.trim());

async function deploy(artifact = v1, which = app, environment: Record<string, string> = {}) {
  const call = deployment();
  const functions = await driver();
  await functions.preflight(which, artifact, call);
  await functions.upload(which, artifact, environment, call);
  await functions.activate(which, artifact.version, isHealthy, call);
  return call;
}

describe('a function behind an alias', () => {
  it('is published without touching the alias, then switched, and can go back', async () => {
    const functions = await driver();
    await functions.upload(app, v1, { KEY: 'one' }, deployment());
    await expect(alias()).rejects.toThrow();
    await functions.activate(app, 'v1', isHealthy, deployment());
    expect(await functions.inspect(app, deployment())).toEqual({ serving: 'v1', kept: ['v1'] });
    await deploy(v2, app, { KEY: 'two' });
    expect(await functions.inspect(app, deployment())).toEqual({ serving: 'v2', kept: ['v2', 'v1'] });
    await functions.activate(app, 'v1', isHealthy, deployment());
    expect(await functions.inspect(app, deployment())).toEqual({ serving: 'v1', kept: ['v2', 'v1'] });
    const { FunctionVersion } = await alias();
    const { Environment } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName, Qualifier: FunctionVersion }));
    expect(Environment?.Variables).toEqual({ FROM_TERRAFORM: 'stays', KEY: 'one', ZIGGIE_VARIABLES: 'KEY', ZIGGIE_VERSION: 'v1' });
  });

  it('loses the variables that ziggie.yaml no longer has, and no others', async () => {
    const latest = async () => (await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }))).Environment?.Variables;
    await deploy(v1, app, { KEY: 'one', OLD_TOKEN: 'value' });
    await deploy(v2, app, { KEY: 'two' });
    expect(await latest()).toEqual({ FROM_TERRAFORM: 'stays', KEY: 'two', ZIGGIE_VARIABLES: 'KEY', ZIGGIE_VERSION: 'v2' });
    await deploy(artifactOf('v3', { 'index.mjs': '3' }));
    expect(await latest()).toEqual({ FROM_TERRAFORM: 'stays', ZIGGIE_VERSION: 'v3' });
  });

  it('is not published twice, unless its environment is another', async () => {
    await deploy(v1, app, { KEY: 'one' });
    const before = await versions();
    const again = deployment();
    await (await driver()).upload(app, v1, { KEY: 'one' }, again);
    expect(again.attempts).toEqual([]);
    expect(await versions()).toEqual(before);
    await deploy(v1, app, { KEY: 'rotated' });
    expect(await versions()).toHaveLength(before.length + 1);
    expect(await (await driver()).inspect(app, deployment())).toEqual({ serving: 'v1', kept: ['v1'] });
  });

  it('is sent as the same bytes each time, in whatever order its files come', async () => {
    const files = { 'b.mjs': 'b', 'a/a.mjs': 'a' };
    await deploy(artifactOf('v1', files));
    const first = (await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }))).CodeSha256;
    await deploy(v2);
    await deploy(artifactOf('v3', { 'a/a.mjs': 'a', 'b.mjs': 'b' }));
    expect((await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }))).CodeSha256).toBe(first);
  });

  it('gives a part of the calls to the new version first, and all of them when it stays healthy', async () => {
    await deploy(v1);
    const shifting = appOn({ ...targets.lambda, shift: { percent: 20, seconds: 1 } });
    const functions = await driver();
    await functions.upload(shifting, v2, {}, deployment());
    const seen: (Record<string, number> | undefined)[] = [];
    const look = async () => void seen.push((await alias()).RoutingConfig?.AdditionalVersionWeights);
    await functions.activate(shifting, 'v2', look, deployment());
    expect(seen.length).toBeGreaterThanOrEqual(1);
    expect(Object.values(seen[0] ?? {})).toEqual([0.2]);
    expect((await alias()).RoutingConfig?.AdditionalVersionWeights ?? {}).toEqual({});
    expect((await functions.inspect(shifting, deployment())).serving).toBe('v2');
  });

  it('takes no more calls when it does not stay healthy', async () => {
    await deploy(v1);
    const shifting = appOn({ ...targets.lambda, shift: { percent: 20, seconds: 60 } });
    const functions = await driver();
    await functions.upload(shifting, v2, {}, deployment());
    const sick = async () => {
      throw new CallError('provider_rejected', 'v2 is not healthy', { remedy: '', provider: { code: 'HealthCheckFailed' } });
    };
    expect((await failure(functions.activate(shifting, 'v2', sick, deployment()))).details.provider?.code).toBe('HealthCheckFailed');
    expect((await functions.inspect(shifting, deployment())).serving).toBe('v1');
    await functions.activate(shifting, 'v1', sick, deployment());
    expect((await alias()).RoutingConfig?.AdditionalVersionWeights ?? {}).toEqual({});
  });

  it('stops waiting when the call is cancelled', async () => {
    await deploy(v1);
    const shifting = appOn({ ...targets.lambda, shift: { percent: 20, seconds: 600 } });
    const functions = await driver();
    await functions.upload(shifting, v2, {}, deployment());
    const call = deployment();
    expect((await failure(functions.activate(shifting, 'v2', async () => call.cancel(), call))).code).toBe('cancelled');
  });

  it('goes back to what the alias named before the first release', async () => {
    const { CreateAliasCommand } = await import('@aws-sdk/client-lambda');
    await lambda.send(new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '1' }));
    await deploy(v1);
    expect((await alias()).FunctionVersion).not.toBe('1');
    const functions = await driver();
    await functions.deactivate(app, deployment());
    expect((await alias()).FunctionVersion).toBe('1');
    expect((await functions.inspect(app, deployment())).serving).toBeUndefined();
  });

  it('loses the alias when the first release goes wrong and there was none', async () => {
    await deploy(v1);
    await (await driver()).deactivate(app, deployment());
    await expect(alias()).rejects.toThrow();
  });

  it('keeps what is to be kept, what an alias names, and what others published', async () => {
    for (const version of ['v1', 'v2', 'v3', 'v4']) await deploy(artifactOf(version, { 'index.mjs': version }));
    await (await driver()).clean(app, ['v3'], deployment());
    expect(await versions()).toEqual(['1', '4 v3', '5 v4']);
  });

  it('asks for its health by invoking it', async () => {
    await deploy(v1);
    const functions = await driver();
    const body = JSON.stringify({ results: ['fine'], region: 'eu-north-1' });
    await fetch(`${moto.endpoint}/moto-api/static/lambda-simple/response`, { method: 'POST', body });
    expect(await functions.check(app, ['invoke', '{"ping":true}'], deployment())).toBeUndefined();
    expect((await failure(functions.check(app, ['systemctl', 'is-active'], deployment()))).code).toBe('invalid_input');
  });

  it('refuses what it cannot do, each with its own words', async () => {
    const functions = await driver();
    const missing = appOn({ ...targets.lambda, function: 'ziggie-nowhere' });
    const errors = await Promise.all([
      failure(functions.preflight(missing, v1, deployment())),
      failure(functions.preflight(app, { ...v1, totalBytes: 300 * 1024 * 1024 }, deployment())),
      failure(functions.activate(app, 'v404', isHealthy, deployment())),
      failure(functions.upload(app, v1, { LONG: 'secret'.repeat(1_000) }, deployment())),
    ]);
    expect(errors.map(({ code, details }) => [code, details.provider?.code])).toEqual([
      ['provider_not_found', 'ResourceNotFoundException'],
      ['provider_rejected', 'CodeTooLarge'],
      ['provider_not_found', 'NoSuchRelease'],
      ['provider_rejected', 'EnvironmentTooLarge'],
    ]);
    expect(JSON.stringify(errors.map((error) => error.toBody('', 'none')))).not.toContain('secretsecret');
  });

  it('refuses an archive that is larger than Lambda takes, and sends none of it', async () => {
    const { randomBytes } = await import('node:crypto');
    const call = deployment();
    const big = artifactOf('big', { a: randomBytes(30 * 1024 * 1024), b: randomBytes(30 * 1024 * 1024) });
    expect((await failure((await driver()).upload(app, big, {}, call))).details.provider?.code).toBe('RequestEntityTooLarge');
    expect(call.attempts).toEqual([]);
  });
});
