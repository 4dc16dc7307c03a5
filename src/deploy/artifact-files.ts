/**
 * Invariant: what is deployed is what was hashed. A file is opened without following links, and its stream fails at the end where the
 * bytes are other than the ones that were hashed.
 */
import { createHash } from 'node:crypto';
import { constants, open } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Artifact, ArtifactFile } from '../ports/deploy.ts';
import { artifactRefused } from './artifact-path.ts';
import { refused } from './failures.ts';

const mostFiles = 50_000;
export const mostBytes = 2 * 1024 ** 3;
const chunkBytes = 256 * 1024;

/** Counts what is found of an artifact. @throws CallError `provider_rejected` `ArtifactRefused` beyond its bounds */
export function createBounds() {
  let files = 0;
  let bytes = 0;
  return {
    addEntry() {
      files += 1;
      if (files > mostFiles) throw artifactRefused(`The artifact has more than ${mostFiles} files and folders.`);
    },
    addBytes(count: number) {
      bytes += count;
      if (bytes > mostBytes) throw artifactRefused(`The artifact has more than ${mostBytes / 1024 ** 3} GiB.`);
    },
  };
}
type Bounds = ReturnType<typeof createBounds>;

/** An artifact of files that lie below a folder. @throws CallError `provider_rejected` `ArtifactRefused` when there are none */
export function artifactOf(version: string, folder: string, found: readonly ArtifactFile[], dispose: () => Promise<void>): Artifact {
  if (found.length === 0) throw artifactRefused(`The artifact of ${version} is empty.`);
  const files = [...found].sort((a, b) => (a.path < b.path ? -1 : 1));
  return {
    version,
    digest: digestOf(files),
    files,
    totalBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    open: (file) => openVerified(join(folder, file.path), file),
    dispose,
  };
}

/** One line a file, by path: paths hold no line breaks, so that no two artifacts have the same text. */
function digestOf(files: readonly ArtifactFile[]): string {
  const hash = createHash('sha256');
  for (const { mode, sha256, path } of files) hash.update(`${mode.toString(8)} ${sha256} ${path}\n`);
  return hash.digest('hex');
}

/** Whether anybody may run it is all that is kept of its permissions. */
export function modeOf(mode: number): number {
  return mode & 0o111 ? 0o755 : 0o644;
}

/** Passes bytes on and hashes them. */
export function hashing(onBytes: (count: number) => void, atEnd: (sha256: string) => Error | undefined): Transform {
  const hash = createHash('sha256');
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        onBytes(chunk.length);
      } catch (error) {
        return done(error as Error);
      }
      hash.update(chunk);
      done(null, chunk);
    },
    flush: (done) => done(atEnd(hash.digest('hex')) ?? null),
  });
}

/** Reads a file of a folder for its hash. @throws CallError `ArtifactChanged` when it is no plain file any more */
export async function readFileFacts(folder: string, path: string, bounds: Bounds): Promise<ArtifactFile> {
  const handle = await openPlain(join(folder, path), path);
  try {
    const { mode } = await handle.stat();
    const hash = createHash('sha256');
    let sizeBytes = 0;
    for await (const chunk of handle.createReadStream({ highWaterMark: chunkBytes, autoClose: false })) {
      bounds.addBytes(chunk.length);
      sizeBytes += chunk.length;
      hash.update(chunk);
    }
    return { path, sizeBytes, sha256: hash.digest('hex'), mode: modeOf(mode) };
  } finally {
    await handle.close();
  }
}

async function openVerified(at: string, file: ArtifactFile): Promise<Readable> {
  const handle = await openPlain(at, file.path);
  let bytes = 0;
  const checked = hashing(
    (count) => {
      bytes += count;
      if (bytes > file.sizeBytes) throw changed(file.path);
    },
    (sha256) => (sha256 === file.sha256 ? undefined : changed(file.path)),
  );
  // Whoever reads the one sees the failure of the other.
  pipeline(handle.createReadStream({ highWaterMark: chunkBytes }), checked).catch(() => {});
  return checked;
}

async function openPlain(at: string, path: string) {
  try {
    // Without waiting: a pipe in its place would otherwise hold the process until somebody writes.
    const handle = await open(at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch (error) {
    throw changed(path, error);
  }
  throw changed(path);
}

function changed(path: string, cause?: unknown) {
  return refused(
    'provider_conflict',
    'ArtifactChanged',
    `The artifact changed while it was read: ${JSON.stringify(path)} is not what it was.`,
    'Let the build finish, then call deploy_plan and deploy again.',
    cause,
  );
}
