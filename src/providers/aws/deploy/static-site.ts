/**
 * A site in a bucket. Bytes of all kept releases lie under their hash; a release is a list of paths and hashes. To switch is to copy,
 * within S3, what differs: new files, then changed ones, then the entry documents, the first of them last; it carries the version.
 * Invariant: nothing public is deleted but what a release put there, by its mark, and no entry is switched before all it may refer to.
 */

import { CallError } from '../../../call/errors.ts';
import type { Artifact, DeployDriver, DeployedApp, DriverScope, ReleaseState, StaticSiteTargetSpec } from '../../../ports/deploy.ts';
import { scopeOf } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { type DeployBucket, type ListedObject, openBucket } from './bucket.ts';
import { invalidate, originPathOf } from './cloudfront.ts';
import { forEachOf } from './parallel.ts';
import { checkVersion, type Manifest, manifestOf, noRelease, versionsOf } from './release.ts';
import { contentMark, headersFor, originRoot, reservedFolders, siteKeys, versionMark } from './site-files.ts';

type Site = DeployedApp<StaticSiteTargetSpec>;

export function createStaticSiteDriver(context: AwsContext): DeployDriver<StaticSiteTargetSpec> {
  const open = (app: Site, call: DriverScope) => openBucket(context, app.target, call);
  return {
    inspect: async (app, call) => inspect(await open(app, call), app),
    preflight: (app, artifact, call) => preflight(context, app, artifact, call),
    upload: async (app, artifact, _environment, call) => upload(await open(app, call), app, artifact, call),
    async activate(app, version, _healthy, call) {
      const bucket = await open(app, call);
      const changed = await activate(bucket, app, checkVersion(version), call);
      await forget(context, app, changed, call);
    },
    async check(app, command, call) {
      const path = pathOf(command);
      return (await (await open(app, call)).head(siteKeys(app.target.prefix).page(path))) ? undefined : `${path} is not there`;
    },
    async deactivate(app, call) {
      const changed = await deactivate(await open(app, call), app);
      await forget(context, app, changed, call);
    },
    clean: async (app, keep, call) => clean(await open(app, call), app, keep),
    steps: ({ target: { bucket, prefix, entryDocuments, distribution } }) => [
      `upload files that ${bucket}/${prefix}_objects/ does not have yet`,
      `copy new and changed files to ${bucket}/${prefix}, then ${entryDocuments.join(', ')}`,
      ...(distribution ? [`have CloudFront ${distribution} forget what changed`] : []),
      'delete files of releases that are no longer kept',
    ],
    cost: ({ target: { distribution } }) =>
      `S3 requests (about 0.01 USD for 1,000 files) and storage of the kept releases${distribution ? '; CloudFront invalidations, free up to 1,000 paths a month' : ''}`,
  };
}

async function inspect(bucket: DeployBucket, { target: { prefix, entryDocuments } }: Site): Promise<ReleaseState> {
  const keys = siteKeys(prefix);
  const [entry, releases] = await Promise.all([bucket.head(keys.page(entryDocuments[0] ?? '')), bucket.list(keys.releases)]);
  const serving = entry?.metadata[versionMark];
  return { ...(serving ? { serving } : {}), kept: versionsOf(releases, keys.releases) };
}

async function preflight(context: AwsContext, { health, target }: Site, artifact: Artifact, call: DriverScope): Promise<string[]> {
  const { bucket: name, prefix, entryDocuments, distribution } = target;
  if (health.command) pathOf(health.command);
  const paths = new Set(artifact.files.map(({ path }) => path));
  const missing = entryDocuments.find((path) => !paths.has(path));
  if (missing !== undefined) {
    throw new CallError('provider_rejected', `The artifact has no ${missing}, which is an entry document of the site.`, {
      remedy: 'Check that `source` names the folder with the built site, and `entryDocuments` of the application in ziggie.yaml.',
      provider: { code: 'NoEntryDocument' },
    });
  }
  const reserved = artifact.files.find(({ path }) => reservedFolders.includes(path.split('/')[0] ?? ''));
  if (reserved) {
    throw new CallError(
      'provider_rejected',
      `The artifact has ${reserved.path}; the names ${reservedFolders.join(', ')} are for releases.`,
      {
        remedy: 'Have the build put it into another folder.',
        provider: { code: 'ReservedName' },
      },
    );
  }
  const bucket = await openBucket(context, target, call);
  await bucket.mustExist();
  if (distribution === undefined) return [`bucket ${name} is there`];
  const originPath = await originPathOf(context, scopeOf(context.accounts, target), distribution, name, call);
  refuseOutside(prefix, distribution, originPath);
  return [`bucket ${name} is there`, `CloudFront ${distribution} reads ${name}${originPath || '/'} (site under ${prefix || '/'})`];
}

/** What CloudFront cannot reach it would never be told to forget. */
function refuseOutside(prefix: string, distribution: string, originPath: string): void {
  const root = originRoot(originPath);
  if (prefix.startsWith(root)) return;
  throw new CallError('provider_rejected', `CloudFront ${distribution} shows only what is under ${root}: ${prefix || 'the root'} is not.`, {
    remedy: `Give the application a \`prefix\` that begins with ${root} in ziggie.yaml, or correct the origin path of the distribution.`,
    provider: { code: 'OutsideOrigin' },
  });
}

async function upload(bucket: DeployBucket, { target: { prefix } }: Site, artifact: Artifact, call: DriverScope): Promise<void> {
  const keys = siteKeys(prefix);
  const version = checkVersion(artifact.version);
  const there = await bucket.list(keys.objects);
  const files = new Map(artifact.files.map((file) => [file.sha256, file]));
  const missing = [...files.values()].filter(({ sha256 }) => !there.has(keys.object(sha256)));
  let done = 0;
  await forEachOf(missing, async (file) => {
    await bucket.put(keys.object(file.sha256), await artifact.open(file), { ContentType: 'application/octet-stream' });
    done += 1;
    call.progress(done, missing.length, `${done} of ${missing.length} new files stored`);
  });
  const manifest: Manifest = { version, digest: artifact.digest, files: artifact.files.map(({ path, sha256 }) => ({ path, sha256 })) };
  await bucket.putJson(keys.manifest(version), manifest);
}

/** Keys whose content is another now. */
async function activate(bucket: DeployBucket, app: Site, version: string, call: DriverScope): Promise<string[]> {
  const { prefix, entryDocuments } = app.target;
  const keys = siteKeys(prefix);
  const manifest = await readManifest(bucket, app, version);
  const [there, main] = await Promise.all([bucket.list(prefix), bucket.head(keys.page(entryDocuments[0] ?? ''))]);
  const lost = manifest.files.find(({ sha256 }) => !there.has(keys.object(sha256)));
  if (lost) {
    throw new CallError(
      'provider_conflict',
      `The release ${version} of ${app.name} is no longer whole: the content of ${lost.path} is gone.`,
      {
        remedy: 'Deploy the version again: that stores what is missing.',
      },
    );
  }
  // Objects in parts or under KMS have other ETags as copies: they are copied again, which does no harm.
  const differs = ({ path, sha256 }: Manifest['files'][number]) =>
    there.get(keys.page(path))?.etag !== there.get(keys.object(sha256))?.etag;
  const different = manifest.files.filter(differs);
  const isEntry = (path: string) => entryDocuments.includes(path);
  // Entries are put there anew even when they are the same.
  const covered = manifest.files.filter((file) => isEntry(file.path) || differs(file));
  if (!main?.metadata[versionMark]) await saveEarlier(bucket, keys, covered, there);

  const assets = different.filter(({ path }) => !isEntry(path));
  const isNew = ({ path }: { path: string }) => !there.has(keys.page(path));
  const publish = (file: Manifest['files'][number]) =>
    bucket.copy(keys.object(file.sha256), keys.page(file.path), headersFor(file, isEntry(file.path), version));
  await forEachOf(assets.filter(isNew), publish);
  await forEachOf(
    assets.filter((file) => !isNew(file)),
    publish,
  );
  call.progress(assets.length, assets.length, `${assets.length} files switched, entry documents next`);
  const entries = [...entryDocuments].reverse().flatMap((path) => manifest.files.find((file) => file.path === path) ?? []);
  for (const entry of entries) await publish(entry);
  return [...entries, ...assets.filter((file) => !isNew(file))].map(({ path }) => keys.page(path));
}

/** What the first release covers was put there by somebody else: it is kept until a release has proven itself. */
async function saveEarlier(
  bucket: DeployBucket,
  keys: ReturnType<typeof siteKeys>,
  files: Manifest['files'],
  there: ReadonlyMap<string, ListedObject>,
): Promise<void> {
  const covered = files.filter(({ path }) => there.has(keys.page(path)) && !there.has(keys.earlier(path)));
  await forEachOf(covered, async ({ path }) => {
    // What a switch that broke off put there is no more than the release.
    if ((await bucket.head(keys.page(path)))?.metadata[contentMark] === undefined) await bucket.copy(keys.page(path), keys.earlier(path));
  });
}

/** Paths at which the bytes of these releases still are, as a release put them there: others' files are theirs, even the same ones. */
async function publishedBy(bucket: DeployBucket, prefix: string, files: Manifest['files']): Promise<string[]> {
  const hashes = Map.groupBy(files, ({ path }) => path);
  const found: string[] = [];
  await forEachOf(hashes, async ([path, each]) => {
    const mark = (await bucket.head(siteKeys(prefix).page(path)))?.metadata[contentMark];
    if (each.some(({ sha256 }) => sha256 === mark)) found.push(path);
  });
  return found;
}

async function deactivate(bucket: DeployBucket, app: Site): Promise<string[]> {
  const { prefix, entryDocuments } = app.target;
  const keys = siteKeys(prefix);
  const serving = (await bucket.head(keys.page(entryDocuments[0] ?? '')))?.metadata[versionMark];
  const there = await bucket.list(prefix);
  const manifest = serving === undefined ? undefined : await readManifest(bucket, app, serving);
  const earlier = [...there.keys()].filter((key) => key.startsWith(keys.before)).map((key) => key.slice(keys.before.length));
  const isEntry = (path: string) => entryDocuments.includes(path);
  // Entries first: what they refer to stays until nobody is sent there.
  const back = [...earlier.filter(isEntry), ...earlier.filter((path) => !isEntry(path))];
  for (const path of back) await bucket.copy(keys.earlier(path), keys.page(path));
  const files = (manifest?.files ?? []).filter(({ path }) => !earlier.includes(path) && there.has(keys.page(path)));
  const ours = await publishedBy(bucket, prefix, files);
  for (const path of ours.filter(isEntry)) await bucket.remove(keys.page(path));
  await forEachOf(
    ours.filter((path) => !isEntry(path)),
    (path) => bucket.remove(keys.page(path)),
  );
  await forEachOf(earlier, (path) => bucket.remove(keys.earlier(path)));
  return [...back, ...ours].map((path) => keys.page(path));
}

async function clean(bucket: DeployBucket, app: Site, keep: readonly string[]): Promise<void> {
  const { prefix } = app.target;
  const keys = siteKeys(prefix);
  const { serving, kept } = await inspect(bucket, app);
  const staying = kept.filter((version) => keep.includes(version) || version === serving);
  const going = kept.filter((version) => !staying.includes(version));
  const manifests = async (versions: readonly string[]) => {
    const files: Manifest['files'] = [];
    await forEachOf(versions, async (version) => void files.push(...(await readManifest(bucket, app, version)).files));
    return files;
  };
  const [stays, goes] = await Promise.all([manifests(staying), manifests(going)]);
  const paths = new Set(stays.map(({ path }) => path));
  const hashes = new Set(stays.map(({ sha256 }) => keys.object(sha256)));
  // Manifests last but one: as long as they are there, a repetition knows what else has to go.
  const gone = await publishedBy(
    bucket,
    prefix,
    goes.filter(({ path }) => !paths.has(path)),
  );
  await forEachOf(gone, (path) => bucket.remove(keys.page(path)));
  await forEachOf(going, (version) => bucket.remove(keys.manifest(version)));
  const [objects, earlier] = await Promise.all([bucket.list(keys.objects), bucket.list(keys.before)]);
  await forEachOf([...new Set(objects.keys()).difference(hashes), ...(serving ? earlier.keys() : [])], (key) => bucket.remove(key));
}

async function readManifest(bucket: DeployBucket, { name, target: { prefix } }: Site, version: string): Promise<Manifest> {
  const key = siteKeys(prefix).manifest(version);
  const stored = await bucket.json(key);
  if (stored === undefined) throw noRelease(name, version);
  return manifestOf(stored, key);
}

async function forget(context: AwsContext, { target }: Site, keys: readonly string[], call: DriverScope): Promise<void> {
  const { distribution } = target;
  if (distribution === undefined || keys.length === 0) return;
  const scope = scopeOf(context.accounts, target);
  const originPath = await originPathOf(context, scope, distribution, target.bucket, call);
  await invalidate(context, scope, { distribution, originPath, keys }, call);
}

/** A site runs nothing: its command asks whether a file is public. */
function pathOf([verb, path, ...rest]: readonly string[]): string {
  if (verb === 'exists' && path !== undefined && rest.length === 0) return path;
  throw new CallError('invalid_input', 'A static site runs no commands.', {
    remedy:
      'Give `health.url` of the application in ziggie.yaml, or the command [exists, index.html], which looks for that file in the bucket.',
  });
}
