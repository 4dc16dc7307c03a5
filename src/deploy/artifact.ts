import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { CallError } from '../call/errors.ts';
import type { CallScope } from '../ports/call-scope.ts';
import type { AppSpec, Artifact, ArtifactFile, ArtifactStore } from '../ports/deploy.ts';
import { artifactOf, mostBytes } from './artifact-files.ts';
import { readFolder } from './artifact-folder.ts';
import { artifactRefused } from './artifact-path.ts';
import { placeOf } from './artifact-place.ts';
import { isTarballName, unpack } from './artifact-tarball.ts';
import { withVersion } from './version.ts';

export interface ArtifactPlaces {
  /** Paths of sources are relative to it. */
  readonly configFolder: string;
  /** Tarballs are unpacked below it, for their owner alone. */
  readonly temporaryFolder: string;
  readonly store: ArtifactStore;
}

/** What a process that was killed has left is taken away by the next, once nobody can still be at it. */
const leftoverMs = 24 * 3_600_000;
const prefix = 'artifact-';

/**
 * The files of a version, read and hashed.
 * @throws CallError `target_unresolved` for a version that is not there; `provider_rejected` `ArtifactRefused` for one that cannot be used;
 * `cancelled`
 */
export async function openArtifact(
  app: Pick<AppSpec, 'name' | 'source'>,
  version: string,
  places: ArtifactPlaces,
  call: CallScope,
): Promise<Artifact> {
  try {
    return await read(app, version, places, call);
  } catch (error) {
    if (!(error instanceof CallError) && call.signal.aborted) throw cancelled();
    throw error;
  }
}

async function read(
  { name, source }: Pick<AppSpec, 'name' | 'source'>,
  version: string,
  places: ArtifactPlaces,
  call: CallScope,
): Promise<Artifact> {
  if (source.kind === 's3') {
    const key = withVersion(source.key, version);
    checkTarballName(key);
    const { body, sizeBytes } = await places.store.open(source, key, call);
    return unpacked(version, { body, sizeBytes, name: key }, places, call.signal);
  }
  const place = await placeOf(name, source.path, version, places.configFolder);
  const found = await stat(place);
  if (source.kind === 'folder') {
    if (!found.isDirectory()) throw artifactRefused(`The artifact of ${name} ${version} is no folder.`);
    return artifactOf(version, place, await readFolder(place, call.signal), async () => {});
  }
  checkTarballName(place);
  if (!found.isFile()) throw artifactRefused(`The artifact of ${name} ${version} is no file.`);
  return unpacked(version, { body: createReadStream(place), sizeBytes: found.size, name: place }, places, call.signal);
}

async function unpacked(
  version: string,
  { body, sizeBytes, name }: { body: Readable; sizeBytes: number; name: string },
  { temporaryFolder }: ArtifactPlaces,
  signal: AbortSignal,
): Promise<Artifact> {
  let folder: string | undefined;
  const dispose = async () => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  };
  try {
    if (sizeBytes > mostBytes) throw artifactRefused(`The artifact has more than ${mostBytes / 1024 ** 3} GiB.`);
    await mkdir(temporaryFolder, { recursive: true, mode: 0o700 });
    await removeLeftovers(temporaryFolder);
    folder = await mkdtemp(join(temporaryFolder, prefix));
    const files: ArtifactFile[] = await unpack(body, name.slice(name.lastIndexOf('/') + 1), folder, signal);
    return artifactOf(version, folder, files, dispose);
  } catch (error) {
    body.destroy();
    await dispose();
    throw error;
  }
}

async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > leftoverMs) await rm(path, { recursive: true, force: true });
  }
}

function checkTarballName(name: string): void {
  if (isTarballName(name)) return;
  throw new CallError('provider_not_configured', `The source ${JSON.stringify(name)} is no tarball by its name.`, {
    remedy: 'Let source in ziggie.yaml end in .tar, .tar.gz or .tgz.',
    effect: 'none',
  });
}

function cancelled(): CallError {
  return new CallError('cancelled', 'The call was cancelled while the artifact was read. Nothing was changed.', {
    remedy: 'Call again if you still want it.',
    effect: 'none',
  });
}
