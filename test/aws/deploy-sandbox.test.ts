import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CallError } from '../../src/call/errors.ts';
import { isVersion } from '../../src/deploy/version.ts';
import type { DeployDriver, DeployedApp } from '../../src/ports/deploy.ts';
import { deliverScript, environmentFile, quote } from '../../src/providers/aws/deploy/ec2-script.ts';
import { headersFor, invalidationPaths } from '../../src/providers/aws/deploy/site-files.ts';
import { createSandbox } from '../../src/providers/sandbox/index.ts';
import { bucketsOf } from '../../src/providers/sandbox/s3.ts';
import { createRunCommand } from '../../src/providers/sandbox/ssm.ts';
import { World } from '../../src/providers/sandbox/world.ts';
import { appOn, artifactOf, deployment, isHealthy, losing, targets } from './deploy-support.ts';
import { failure, mainAccount, newAws, sandboxAws } from './harness.ts';

const backend = appOn({ ...targets.ec2, tags: { Project: 'Ziggie', Service: 'backend' } });
const fine = (version: string) => artifactOf(version, { 'index.html': version, 'health.json': '{"status":"ok"}' });
const sick = (version: string) => artifactOf(version, { 'index.html': version, 'health.json': '{"status":"failing"}' });

/** What the deployments make of a driver and a health command. */
async function deploy<T extends DeployedApp>(
  driver: DeployDriver<T['target']>,
  app: T,
  artifact: ReturnType<typeof fine>,
  command: [string, ...string[]],
) {
  const call = deployment();
  const healthy = async () => {
    const said = await driver.check(app, command, call);
    if (said) throw new CallError('provider_rejected', said, { remedy: '', provider: { code: 'HealthCheckFailed' } });
  };
  await driver.preflight(app, artifact, call);
  await driver.upload(app, artifact, { GREETING: 'hello' }, call);
  await driver.activate(app, artifact.version, healthy, call);
  await healthy();
  await driver.clean(app, [artifact.version, 'v1'], call);
  return call;
}

describe('deployments in the sandbox', () => {
  it('bring a backend to its instances, and one that is sick no further than the first', async () => {
    const { ec2 } = await sandboxAws().deployDrivers();
    const command: [string, ...string[]] = ['systemctl', 'is-active', '--quiet', 'ziggie-backend'];
    expect(await ec2.check(backend, command, deployment())).toContain('nothing is active');
    await deploy(ec2, backend, fine('v1'), command);
    const error = await failure(deploy(ec2, backend, sick('v2'), command));
    expect(error.message).toBe('i-0a1b2c3d4e5f60003: exit code 3: v2 is failed');
    await ec2.activate(backend, 'v1', isHealthy, deployment());
    expect(await ec2.check(backend, command, deployment())).toBeUndefined();
    expect(await ec2.inspect(backend, deployment())).toEqual({ serving: 'v1', kept: ['v2', 'v1'] });
    await ec2.deactivate(backend, deployment());
    expect((await ec2.inspect(backend, deployment())).serving).toBeUndefined();
  });

  it('refuse tags that nothing running carries', async () => {
    const { ec2 } = await sandboxAws().deployDrivers();
    const staging = appOn({ ...targets.ec2, tags: { Environment: 'staging' } });
    const error = await failure(ec2.preflight(staging, fine('v1'), deployment()));
    expect([error.details.provider?.code, error.details.remedy]).toEqual(['NoInstances', expect.stringContaining('instances_start')]);
  });

  it('switch a site in front of CloudFront, and put back the one that was there', async () => {
    const drivers = await sandboxAws().deployDrivers();
    const site = appOn({ ...targets.site, distribution: 'E1SANDBOXSITE' });
    await deploy(drivers['static-site'], site, fine('v1'), ['exists', 'index.html']);
    await deploy(drivers['static-site'], site, fine('v2'), ['exists', 'index.html']);
    expect(await drivers['static-site'].inspect(site, deployment())).toEqual({ serving: 'v2', kept: ['v2', 'v1'] });
    expect(await drivers['static-site'].check(site, ['exists', 'nothing.html'], deployment())).toBe('nothing.html is not there');
  });

  it('switch the entry document of a site last', async () => {
    const aws = sandboxAws();
    const driver = (await aws.deployDrivers())['static-site'];
    await deploy(driver, appOn(targets.site), artifactOf('v1', { 'index.html': 'one', 'style.css': 'one' }), ['exists', 'index.html']);
    await driver.upload(
      appOn(targets.site),
      artifactOf('v2', { 'index.html': 'two', 'new.css': 'new', 'style.css': 'two' }),
      {},
      deployment(),
    );
    const call = deployment();
    const cut = {
      ...call,
      progress: (_done: number, _total: number | undefined, text: string) => void (text.includes('next') && call.cancel()),
    };
    expect((await failure(driver.activate(appOn(targets.site), 'v2', isHealthy, cut))).code).toBe('cancelled');
    expect((await driver.inspect(appOn(targets.site), deployment())).serving).toBe('v1');
    for (const path of ['new.css', 'style.css'])
      expect(await driver.check(appOn(targets.site), ['exists', path], deployment())).toBeUndefined();
    await driver.activate(appOn(targets.site), 'v2', isHealthy, deployment());
    expect((await driver.inspect(appOn(targets.site), deployment())).serving).toBe('v2');
  });

  it('move the alias of a function, back to the version of somebody else if need be', async () => {
    const { lambda } = await sandboxAws().deployDrivers();
    const app = appOn({ ...targets.lambda, shift: { percent: 10, seconds: 1 } });
    const error = await failure(deploy(lambda, app, sick('v1'), ['invoke', '{}']));
    expect(error.message).toContain('Unhealthy');
    await lambda.deactivate(app, deployment());
    expect(await lambda.check(app, ['invoke'], deployment())).toBeUndefined();
    await deploy(lambda, app, fine('v2'), ['invoke', '{"ping":true}']);
    expect((await lambda.inspect(app, deployment())).serving).toBe('v2');
  });

  it('are refused by Lambda when somebody else moved the alias meanwhile', async () => {
    const aws = sandboxAws();
    const { lambda } = await aws.deployDrivers();
    await deploy(lambda, appOn(targets.lambda), fine('v1'), ['invoke']);
    const app = appOn({ ...targets.lambda, shift: { percent: 10, seconds: 1 } });
    await lambda.upload(app, fine('v2'), {}, deployment());
    const other = () => lambda.activate(appOn(targets.lambda), 'v1', isHealthy, deployment());
    const error = await failure(lambda.activate(app, 'v2', other, deployment()));
    expect([error.code, error.details.provider?.code]).toEqual(['provider_conflict', 'PreconditionFailedException']);
  });

  it('take nothing for the release but its own bytes, whatever others put into the bucket', async () => {
    const aws = sandboxAws();
    const drivers = await aws.deployDrivers();
    await drivers.ec2.upload(backend, fine('v1'), {}, deployment());
    const folder = `ziggie-releases/${backend.name}/`;
    const evil = Buffer.from('bytes of somebody else');
    const archiveSha256 = createHash('sha256').update(evil).digest('hex');
    const manifest = JSON.stringify({ version: 'v1', digest: fine('v1').digest, files: [], archiveSha256 });
    const intruder = appOn({ ...targets.site, prefix: folder });
    const foreign = artifactOf('x', { 'index.html': '', 'v1.tar.gz': evil, 'v1.json': manifest });
    await drivers['static-site'].upload(intruder, foreign, {}, deployment());
    await drivers['static-site'].activate(intruder, 'x', isHealthy, deployment());
    const again = deployment();
    await drivers.ec2.upload(backend, fine('v1'), {}, again);
    expect(again.messages).toContain('the archive of v1 is stored');
    await drivers.ec2.activate(backend, 'v1', isHealthy, deployment());
    expect(await drivers.ec2.check(backend, ['true'], deployment())).toBeUndefined();
    const last = deployment();
    await drivers.ec2.upload(backend, fine('v1'), {}, last);
    expect(last.messages).not.toContain('the archive of v1 is stored');
  });

  it('tell Lambda once, though the answer to it was lost', async () => {
    const lost: string[] = [];
    const sandbox = createSandbox({ region: 'eu-north-1', settleMs: 10 });
    const middleware = losing(sandbox.middleware, ['UpdateAliasCommand', 'CreateAliasCommand'], lost);
    const aws = newAws({
      accounts: [mainAccount({ credentials: sandbox.credentials })],
      middleware,
      requestHandler: sandbox.requestHandler,
    });
    const { lambda } = await aws.deployDrivers();
    const app = appOn({ ...targets.lambda, shift: { percent: 10, seconds: 1 } });
    await deploy(lambda, app, fine('v1'), ['invoke']);
    await deploy(lambda, appOn({ ...targets.lambda, alias: 'new' }), fine('v2'), ['invoke']);
    expect(lost).toEqual(['UpdateAliasCommand', 'UpdateAliasCommand', 'CreateAliasCommand']);
    expect((await lambda.inspect(app, deployment())).serving).toBe('v1');
  });

  it('are refused by Lambda when somebody else takes the share of calls away that they are about to give', async () => {
    const sandbox = createSandbox({ region: 'eu-north-1', settleMs: 10 });
    let meanwhile: (() => Promise<void>) | undefined;
    const aws = newAws({
      accounts: [mainAccount({ credentials: sandbox.credentials })],
      requestHandler: sandbox.requestHandler,
      middleware: (at) => ({
        applyToStack(stack) {
          sandbox.middleware(at).applyToStack(stack);
          stack.add(
            (next, context) => async (args) => {
              const act = context.commandName === 'UpdateAliasCommand' ? meanwhile : undefined;
              if (act) meanwhile = undefined;
              await act?.();
              return next(args);
            },
            { step: 'initialize', name: 'somebodyElse' },
          );
        },
      }),
    });
    const { lambda } = await aws.deployDrivers();
    await deploy(lambda, appOn(targets.lambda), fine('v1'), ['invoke']);
    const app = appOn({ ...targets.lambda, shift: { percent: 10, seconds: 1 } });
    await lambda.upload(app, fine('v2'), {}, deployment());
    meanwhile = () => lambda.activate(appOn(targets.lambda), 'v1', isHealthy, deployment());
    expect((await failure(lambda.activate(app, 'v2', isHealthy, deployment()))).code).toBe('provider_conflict');
    expect((await lambda.inspect(app, deployment())).serving).toBe('v1');
  });

  it('are refused for a site that its CloudFront does not show', async () => {
    const { 'static-site': site } = await sandboxAws().deployDrivers();
    for (const prefix of ['', 'docs/', 'webshop/']) {
      const outside = appOn({ ...targets.site, prefix, distribution: 'E1SANDBOXSITE' });
      expect((await failure(site.preflight(outside, fine('v1'), deployment()))).details.provider?.code).toBe('OutsideOrigin');
    }
    const below = appOn({ ...targets.site, prefix: 'web/docs/', distribution: 'E1SANDBOXSITE' });
    expect(await site.preflight(below, fine('v1'), deployment())).toHaveLength(2);
  });

  it('take the versions that the other clouds take', async () => {
    const { lambda } = await sandboxAws().deployDrivers();
    for (const version of ['v'.repeat(65), 'v1..2', '_v1', '-v1', '']) {
      const error = await failure(lambda.upload(appOn(targets.lambda), fine(version), {}, deployment()));
      expect([isVersion(version), error.code]).toEqual([false, 'invalid_input']);
    }
    await lambda.upload(appOn(targets.lambda), fine('v'.repeat(64)), {}, deployment());
    expect(isVersion('v'.repeat(64))).toBe(true);
  });

  it('change nothing without a declaration of what they ask for', async () => {
    const drivers = await sandboxAws().deployDrivers();
    const call = deployment({ iam: ['s3:ListBucket', 's3:GetObject', 'sts:GetCallerIdentity'] });
    const error = await failure(drivers['static-site'].upload(appOn(targets.site), fine('v1'), {}, call));
    expect([error.code, call.attempts]).toEqual(['internal', []]);
  });

  it('say beforehand what they will do', async () => {
    const drivers = await sandboxAws().deployDrivers();
    for (const [driver, app] of [
      [drivers.ec2, backend],
      [drivers.lambda, appOn(targets.lambda)],
      [drivers['static-site'], appOn(targets.site)],
    ] as [DeployDriver, DeployedApp][]) {
      expect(driver.steps(app).length).toBeGreaterThanOrEqual(3);
      expect(driver.cost(app)).not.toBe('');
    }
  });
});

describe('the delivery that the sandbox emulates', () => {
  const bytes = Buffer.from('no archive at all');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  it.each([
    ['is not there', 'missing.tar.gz', sha256, 65],
    ['is another', 'v1.tar.gz', '0'.repeat(64), 64],
    ['cannot be unpacked', 'v1.tar.gz', sha256, 63],
  ])('ends as the script would when the archive %s', (_, key, expected, code) => {
    const world = new World({ home: 'eu-north-1', now: Date.now, settleMs: 10 });
    const buckets = bucketsOf('eu-north-1', Date.now);
    buckets.get('ziggie-deployments')?.put('v1.tar.gz', bytes, undefined);
    const answers = createRunCommand(world, buckets);
    const [id] = world.all('eu-north-1').flatMap((machine) => (machine.state === 'running' ? [machine.id] : []));
    const url = `https://ziggie-deployments.s3.eu-north-1.amazonaws.com/${key}?X-Amz-Signature=0`;
    const script = deliverScript(backend.target, { version: 'v1', url, sha256: expected, unpackedBytes: 1 });
    const sent = answers.SendCommandCommand?.('eu-north-1', { InstanceIds: [id], Parameters: { commands: [script] } } as never);
    const { CommandId } = (sent as { Command: { CommandId: string } }).Command;
    const seen = answers.ListCommandInvocationsCommand?.('eu-north-1', { CommandId } as never);
    expect(seen).toMatchObject({ CommandInvocations: [{ Status: 'Failed', CommandPlugins: [{ ResponseCode: code }] }] });
  });
});

/** Text of what a shell would read, and of anything else. */
const nasty = fc
  .array(
    fc.oneof(
      fc.constantFrom("'", "''", '"', '{', '{{', '}}', '$(', '`', ';', '&&', '\n', '-', '--', '\\', ' ', '*', '~', '#', '!'),
      fc.string({ unit: 'binary', maxLength: 5 }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''))
  .filter((text) => !text.includes('\0') && text.isWellFormed());

describe('what reaches a shell', () => {
  it('is one word, whatever it is (random text)', () => {
    fc.assert(
      fc.property(fc.array(nasty, { minLength: 1, maxLength: 8 }), (words) => {
        const out = execFileSync('sh', ['-c', `for each in ${words.map(quote).join(' ')}; do printf '%s\\0' "$each"; done`]);
        expect(out.toString('utf8').split('\0').slice(0, -1)).toEqual(words);
        expect(words.map(quote).join(' ')).not.toContain('{{');
      }),
      { numRuns: 60 },
    );
  });

  it('comes back from the environment file as it was (random values)', () => {
    const value = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((text) => !/[\p{Cc}]/u.test(text));
    fc.assert(
      fc.property(value, (text) => {
        const out = execFileSync('sh', ['-c', `${environmentFile({ NAME: text })}printf %s "$NAME"`]);
        expect(out.toString('utf8')).toBe(text);
      }),
      { numRuns: 40 },
    );
    expect(() => environmentFile({ NAME: 'a\nB=c' })).toThrow(CallError);
  });
});

describe('what caches are told', () => {
  it.each([
    ['assets/app.3f2a9c1b.js', 'immutable'],
    ['index-77aa10ff.css', 'immutable'],
    ['main.3f2a9c1b0d4e.chunk.js', 'immutable'],
    ['style.css', 'no-cache'],
    ['my-component.js', 'no-cache'],
    ['icon-1024x1024.png', 'no-cache'],
    // Words with a number, and dates.
    ['img/team-holiday2024.jpg', 'no-cache'],
    ['css/style.mobile2x.css', 'no-cache'],
    ['report-20241224.pdf', 'no-cache'],
    ['3f2a9c1b.js', 'no-cache'],
    // By what they are.
    ['guide.3f2a9c1b.html', 'no-cache'],
    ['feed.3f2a9c1b.xml', 'no-cache'],
    ['data-3f2a9c1b.json', 'no-cache'],
    ['notes-3f2a9c1b.txt', 'no-cache'],
    ['sw.3f2a9c1b.js', 'no-cache'],
    ['ngsw-worker.3f2a9c1b.js', 'no-cache'],
    ['service-worker.3f2a9c1b.mjs', 'no-cache'],
  ])('%s: %s', (path, expected) => {
    expect(headersFor({ path, sha256: '' }, false, 'v1').CacheControl).toContain(expected);
    expect(headersFor({ path, sha256: '' }, true, 'v1').CacheControl).toBe('no-cache');
  });

  it('is by address, and by one star for many', () => {
    expect(invalidationPaths(['web/index.html', 'web/a b/ü.txt'], '/web')).toEqual(['/index.html', '/', '/a%20b/%C3%BC.txt']);
    expect(invalidationPaths(['web/docs/index.html'], '')).toEqual(['/web/docs/index.html', '/web/docs/']);
    expect(
      invalidationPaths(
        Array.from({ length: 16 }, (_, index) => `web/${index}.txt`),
        '/web',
      ),
    ).toEqual(['/*']);
  });
});
