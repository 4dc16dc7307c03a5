/**
 * Tagged instances, reached through Systems Manager. Each has `releases/<version>` and the link `current`, with the environment in
 * `current/.env`; S3 has the archive of every kept release, and what the fleet serves.
 * Invariant: a version is switched on one instance, then on batches of the rest, each proved healthy before the next; what went wrong in
 * between is undone by switching all of them back, which leaves those alone that were not reached. Values of the environment are in no
 * command, and in S3 only until every instance has them. What instances unpack has the hash of the artifact at hand: others may write
 * to the bucket, so that nothing it says of an archive is believed.
 */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import * as z from 'zod';
import { CallError } from '../../../call/errors.ts';
import type { Artifact, DeployDriver, DriverScope, Ec2TargetSpec } from '../../../ports/deploy.ts';
import { scopeOf } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { type DeployBucket, openBucket } from './bucket.ts';
import { type InstanceCommand, mostAtOnce, type Ran, refuseFailures, runOn } from './ec2-commands.ts';
import { type Ec2App, fleetOf, refuseUnmanaged } from './ec2-fleet.ts';
import {
  activateScript,
  cleanScript,
  commandLine,
  deactivateScript,
  deliverScript,
  environmentFile,
  environmentName,
} from './ec2-script.ts';
import { checkVersion, type Manifest, noRelease, versionsOf } from './release.ts';
import { tarballOf } from './tarball.ts';
import { sumsOf } from './upload-stream.ts';

/** Of addresses, made anew for each batch: long enough for fifty instances to begin their downloads. */
const addressSeconds = 600;
const deliverSeconds = 900;
const switchSeconds = 120;

/** What is known of the whole fleet, kept beside the archives. */
const stateSchema = z.strictObject({
  /** What all instances had when a switch was finished last. */
  serving: z.string().optional(),
  /** A switch that was begun: to which version, and the instances that were reached last. */
  activating: z.string().optional(),
  batch: z.array(z.string()).default([]),
});
type State = z.infer<typeof stateSchema>;

const keysOf = ({ name }: Ec2App) => ({
  all: `ziggie-releases/${name}/`,
  state: `ziggie-releases/${name}/_state.json`,
  archive: (version: string) => `ziggie-releases/${name}/${version}.tar.gz`,
  manifest: (version: string) => `ziggie-releases/${name}/${version}.json`,
  environments: `ziggie-releases/${name}/_environment-`,
  environment: () => `ziggie-releases/${name}/_environment-${randomUUID()}`,
});
type Run = (app: Ec2App, ids: readonly string[], command: InstanceCommand, call: DriverScope) => Promise<Ran[]>;

export function createEc2Driver(context: AwsContext): DeployDriver<Ec2TargetSpec> {
  const open = (app: Ec2App, call: DriverScope) => openBucket(context, app.target, call);
  const run: Run = (app, ids, command, call) => runOn(context, scopeOf(context.accounts, app.target), ids, command, call);
  return {
    async inspect(app, call) {
      const bucket = await open(app, call);
      const [{ serving }, listed] = await Promise.all([stateOf(bucket, app), bucket.list(keysOf(app).all)]);
      return { ...(serving === undefined ? {} : { serving }), kept: versionsOf(listed, keysOf(app).all) };
    },
    async preflight(app, artifact, call) {
      refuseOwnEnvironment(app, artifact);
      if (app.health.command) commandLine(app.health.command);
      const [{ running, stopped }, bucket] = await Promise.all([fleetOf(context, app, call), open(app, call)]);
      await Promise.all([refuseUnmanaged(context, app, running, call), bucket.mustExist()]);
      const tags = Object.entries(app.target.tags).map(([key, value]) => `${key}=${value}`);
      return [
        `${running.length} running instances with ${tags.join(', ')}, all reached by Systems Manager`,
        ...(stopped.length > 0 ? [`${stopped.length} more are stopped and keep what they have until it is deployed again`] : []),
        `bucket ${app.target.bucket} is there`,
      ];
    },
    async upload(app, artifact, environment, call) {
      const bucket = await open(app, call);
      const { running } = await fleetOf(context, app, call);
      const sha256 = await storeArchive(bucket, app, artifact, call);
      const comment = `ziggie: bring ${app.name} ${artifact.version}`;
      const deliver = async (environmentKey: string | undefined) => {
        const ran: Ran[] = [];
        for (const batch of batchesOf(running)) {
          const script = deliverScript(app.target, {
            version: artifact.version,
            url: await bucket.address(keysOf(app).archive(artifact.version), addressSeconds),
            sha256,
            unpackedBytes: artifact.totalBytes,
            ...(environmentKey === undefined ? {} : { environmentUrl: await bucket.address(environmentKey, addressSeconds) }),
          });
          ran.push(...(await run(app, batch, { script, timeoutSeconds: deliverSeconds, comment }, call)));
        }
        refuseFailures(ran, 'The delivery');
      };
      if (Object.keys(environment).length === 0) await deliver(undefined);
      else await withEnvironment(context, app, environment, bucket, deliver, call);
    },
    async activate(app, version, healthy, call) {
      checkVersion(version);
      const bucket = await open(app, call);
      if ((await bucket.head(keysOf(app).manifest(version))) === undefined) throw noRelease(app.name, version);
      const [{ running }, { serving }] = await Promise.all([fleetOf(context, app, call), stateOf(bucket, app)]);
      const state = (next: State) => bucket.putJson(keysOf(app).state, next);
      const before = serving === undefined ? {} : { serving };
      const comment = `ziggie: switch ${app.name} to ${version}`;
      const command = { script: activateScript(app.target, version), timeoutSeconds: switchSeconds, comment, toTheEnd: true };
      if (version === serving) {
        // Back to what served is a way out of trouble: nobody waits between batches, and every instance is told, whatever others say.
        await state({ ...before, activating: version, batch: running });
        await runAll(run, app, running, command, call);
      } else {
        let done = 0;
        for (const batch of [running.slice(0, 1), ...batchesOf(running.slice(1))]) {
          await state({ ...before, activating: version, batch });
          refuseFailures(await run(app, batch, command, call), 'The switch');
          done += batch.length;
          call.note(`${done} of ${running.length} instances have ${version}`);
          await healthy(version);
        }
      }
      await state({ serving: version, batch: [] });
    },
    async check(app, command, call) {
      const bucket = await open(app, call);
      const { activating, batch } = await stateOf(bucket, app);
      const asked = activating !== undefined && batch.length > 0 ? batch : (await fleetOf(context, app, call)).running;
      const comment = `ziggie: health of ${app.name}`;
      const timeoutSeconds = Math.max(30, app.health.withinSeconds);
      const ran = await run(app, asked, { script: commandLine(command), timeoutSeconds, comment }, call);
      return unwell(ran);
    },
    async deactivate(app, call) {
      const bucket = await open(app, call);
      const { running } = await fleetOf(context, app, call);
      const comment = `ziggie: take ${app.name} out of service`;
      const command = { script: deactivateScript(app.target), timeoutSeconds: switchSeconds, comment, toTheEnd: true };
      refuseFailures(await run(app, running, command, call), 'Taking it out of service');
      await bucket.putJson(keysOf(app).state, { batch: [] });
    },
    clean: (app, keep, call) => clean(context, app, keep, run, call),
    steps: ({ name, target: { bucket, folder, service, tags } }) => [
      `store the archive in ${bucket}/ziggie-releases/${name}/`,
      `have every running instance with ${Object.entries(tags)
        .map(([key, value]) => `${key}=${value}`)
        .join(', ')} fetch it to ${folder}/releases/ and compare checksums`,
      `switch ${folder}/current${service ? ` and restart ${service}` : ''} on one instance, then on batches of ${mostAtOnce}, each proved healthy`,
      'remove releases that are no longer kept',
    ],
    cost: () => 'S3 storage and transfer of the archives; Systems Manager commands are free',
  };
}

function batchesOf(ids: readonly string[]): string[][] {
  const batches: string[][] = [];
  for (let from = 0; from < ids.length; from += mostAtOnce) batches.push(ids.slice(from, from + mostAtOnce));
  return batches;
}

/** Sends to every batch, also behind one that could not be sent to. @throws CallError for what went wrong first, when all have ended */
async function runAll(run: Run, app: Ec2App, ids: readonly string[], command: InstanceCommand, call: DriverScope): Promise<void> {
  const ran: Ran[] = [];
  let unsent: { error: unknown } | undefined;
  for (const batch of batchesOf(ids)) {
    try {
      ran.push(...(await run(app, batch, command, call)));
    } catch (error) {
      unsent ??= { error };
    }
  }
  if (unsent) throw unsent.error;
  refuseFailures(ran, 'The switch');
}

function unwell(ran: readonly Ran[]): string | undefined {
  const sick = ran.find(({ status }) => status !== 'Success');
  if (!sick) return undefined;
  const how = sick.exitCode === undefined ? sick.status : `exit code ${sick.exitCode}`;
  return `${sick.instance}: ${how}${sick.said ? `: ${sick.said}` : ''}`;
}

/** SHA-256 in hex of the archive of the artifact at hand. It is not sent again if S3 says that the very same bytes are there. */
async function storeArchive(bucket: DeployBucket, app: Ec2App, artifact: Artifact, call: DriverScope): Promise<string> {
  const keys = keysOf(app);
  const version = checkVersion(artifact.version);
  const { sha256, checksum } = await sumsOf(await tarballOf(artifact));
  if ((await bucket.head(keys.archive(version)))?.checksum !== checksum) {
    call.progress(0, artifact.totalBytes, `the archive of ${version} is stored`);
    await bucket.put(keys.archive(version), await tarballOf(artifact), { ContentType: 'application/gzip' });
  }
  const files = artifact.files.map(({ path, sha256: hash }) => ({ path, sha256: hash }));
  const manifest: Manifest = { version, digest: artifact.digest, files };
  await bucket.putJson(keys.manifest(version), manifest);
  return sha256;
}

function refuseOwnEnvironment({ environment }: Ec2App, { files, version }: Artifact): void {
  if (Object.keys(environment).length === 0 || !files.some(({ path }) => path === environmentName)) return;
  throw new CallError(
    'provider_rejected',
    `${version} brings a ${environmentName} of its own, and ziggie.yaml gives an environment as well.`,
    {
      remedy: `Leave ${environmentName} out of the artifact, or \`environment\` out of ziggie.yaml.`,
      provider: { code: 'TwoEnvironments' },
    },
  );
}

/** Time to take the environment away, whatever became of the call. */
const removalMs = 30_000;

async function withEnvironment(
  context: AwsContext,
  app: Ec2App,
  environment: Readonly<Record<string, string>>,
  bucket: DeployBucket,
  deliver: (key: string) => Promise<void>,
  call: DriverScope,
): Promise<void> {
  const key = keysOf(app).environment();
  const body = Readable.from([Buffer.from(environmentFile(environment))]);
  const { versionId } = await bucket.put(key, body, { ContentType: 'text/plain' });
  const remove = async () => {
    const own = { ...call, signal: new AbortController().signal, deadlineAt: Date.now() + removalMs };
    // With its version: a bucket that keeps versions would keep the values.
    await (await openBucket(context, app.target, own)).remove(key, versionId);
  };
  try {
    await deliver(key);
  } catch (error) {
    await remove().catch(() =>
      call.note(`The environment could not be deleted: have ${app.target.bucket}/${key} deleted, with its versions.`),
    );
    throw error;
  }
  await remove().catch((cause: unknown) => {
    throw new CallError('provider_rejected', `The environment of ${app.name} could not be deleted from ${app.target.bucket}.`, {
      remedy: `Have ${key} deleted there, with all its versions: it holds values of secrets. Then deploy again.`,
      provider: { code: 'EnvironmentLeft' },
      cause,
    });
  });
}

async function stateOf(bucket: DeployBucket, app: Ec2App): Promise<State> {
  const { data } = stateSchema.safeParse(await bucket.json(keysOf(app).state));
  return data ?? { batch: [] };
}

async function clean(context: AwsContext, app: Ec2App, keep: readonly string[], run: Run, call: DriverScope): Promise<void> {
  const bucket = await openBucket(context, app.target, call);
  const keys = keysOf(app);
  const { serving, activating } = await stateOf(bucket, app);
  const staying = [...keep, ...(serving === undefined ? [] : [serving]), ...(activating === undefined ? [] : [activating])].map(
    checkVersion,
  );
  const wanted = new Set([keys.state, ...staying.flatMap((version) => [keys.archive(version), keys.manifest(version)])]);
  const unwanted = [...(await bucket.list(keys.all)).keys()].filter((key) => !wanted.has(key));
  // What a delivery that was cut off left. With its version: a bucket that keeps versions would keep the values.
  for (const key of unwanted.filter((each) => each.startsWith(keys.environments))) {
    await bucket.remove(key, (await bucket.head(key))?.versionId);
  }
  for (const key of unwanted.filter((each) => !each.startsWith(keys.environments))) await bucket.remove(key);
  // S3 first: values must go even when no instance runs.
  const { running } = await fleetOf(context, app, call);
  const comment = `ziggie: remove old releases of ${app.name}`;
  const ran = await run(app, running, { script: cleanScript(app.target, staying), timeoutSeconds: switchSeconds, comment }, call);
  refuseFailures(ran, 'Removing old releases');
}
